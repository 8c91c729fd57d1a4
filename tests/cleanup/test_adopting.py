"""What an operator adopted is read as a capture reads it, or not yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from atmosphere.cleanup.baseline.adopting import adopt
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.model import GLOBAL, Resource
from atmosphere.cleanup.state.baseline import Baseline, BaselineRepository, Revision
from atmosphere.cleanup.state.store import MemoryTexts
from tests.cleanup.context import a_context
from tests.cleanup.test_contents import KEY, NOW, REGION, TRUST, Room

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = Resource("AWS::IAM::Role", "App", GLOBAL)
WORD = Revision(at=NOW, by="me", why="so")


@pytest.fixture(autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


def test_what_could_not_be_listed_is_read_by_a_later_cleanup() -> None:
    room = Room()
    skipped = tuple(entry.name for entry in CATALOGUE if entry.name != ROLE.type)
    room.assignment = replace(room.assignment, settings=replace(room.assignment.settings, skipped_types=skipped))
    role = room.root("iam").create_role(RoleName="App", AssumeRolePolicyDocument=str(TRUST).replace("'", '"'))["Role"]
    book = BaselineRepository(MemoryTexts(), KEY)
    book.capture(Baseline(items={}, types=(ROLE.type,), regions=(REGION,)), WORD)
    baseline = book.amend(lambda before: before.adopting([ROLE]), WORD)

    def read() -> Baseline:
        return adopt(book, a_context(room.assignment, room.account, room.clock, baseline=baseline))

    room.broken |= {"DescribeStacks": "InternalError", "ListRoles": "InternalError"}
    assert read().adopted == {ROLE}
    del room.broken["ListRoles"]
    assert (read().adopted, read().items[ROLE]) == (frozenset(), role["RoleId"])
