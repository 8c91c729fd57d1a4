"""An environment full of leftovers that AWS refuses to delete, each by a line of docs/cleanup.md, frees itself."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.model import Verdict
from atmosphere.faults import code_of
from tests.cleanup.catalogue.demands import DEMANDS
from tests.cleanup.catalogue.demands_compute import IN_THE_WAY
from tests.cleanup.catalogue.derived import derived
from tests.cleanup.catalogue.frame import TYPES
from tests.cleanup.catalogue.models import operations
from tests.cleanup.catalogue.page import LINES
from tests.cleanup.catalogue.test_demands import strange
from tests.cleanup.fakes.crowd import Crowd
from tests.cleanup.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cleanup.fakes.refusing import Demand

ALONE: Final = {(demand.type, demand.what) for demand in DEMANDS}
"""Lines that are told by hand, with all that they need."""

AHEAD: Final = {
    ("AWS::CloudFront::Distribution", "its policy of continuous deployment is off"),
    ("AWS::DynamoDB::Table", "deletion protection off, also on the replicas"),
    ("AWS::DynamoDB::Table", "its replicas are deleted"),
    ("AWS::DynamoDB::Table", "strongly consistent: both replicas go in one call"),
    ("AWS::IAM::Role", "no policies; in no instance profile"),
    ("AWS::S3::Bucket", "no objects, versions and delete markers"),
    ("AWS::EC2::DHCPOptions", "in no VPC"),
    ("AWS::EC2::NetworkAcl", "on no subnet"),
}
"""Lines of types whose own code does what is demanded before it deletes, so that nothing is refused."""


def by_hand() -> Iterator[Demand]:
    """Those told by hand that can be told apart in one account: no two of a service have a name in common."""
    taken: dict[str, frozenset[str]] = {}
    for demand in DEMANDS:
        service = TYPES[demand.type].service
        if demand.names.isdisjoint(taken.get(service, ())):
            taken[service] = demand.names | taken.get(service, frozenset())
            yield demand


@cache
def by_the_table(copies: int) -> list[Demand]:
    return derived([line for line in LINES if (line.type, line.demands) not in ALONE], copies)


def is_refused(demand: Demand) -> bool:
    """Whether it is more than in the way of another."""
    return bool(demand.clears or demand.after or demand.tries)


def is_done_ahead(demand: Demand) -> bool:
    """Whether its type's own steps do all that it demands, before AWS could refuse anything."""
    row = TYPES[demand.type]
    ahead = {step.call.operation for step in (*row.halt, *row.unprotect, *row.strip)} if isinstance(row, Row) else set()
    return not demand.after and not demand.tries and {clearing.operation for clearing in demand.clears} <= ahead


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")


def test_two_hundred_leftovers_of_a_hundred_types_go_without_a_person() -> None:
    scene = Scene(types=tuple(TYPES.keys() - {"AWS::S3::Bucket", "AWS::SQS::Queue"}))
    scene.changes["sweep_globals"] = True
    crowd = Crowd([*by_the_table(copies=2), *by_hand(), *IN_THE_WAY], scene.clock)
    scene.accounts = lambda: crowd
    refusing = [demand for demand in crowd.left() if is_refused(demand)]
    assert len(refusing) >= 200
    assert len({demand.type for demand in refusing}) >= 100

    result = scene.clean()

    assert result.verdict is Verdict.CLEAN, scene.blockers(result)
    assert [(demand.type, demand.what) for demand in crowd.left()] == []
    refusals = Counter((demand.type, demand.what) for demand, member in crowd.sown for _ in range(member.refusals))
    never = {(demand.type, demand.what) for demand in refusing if not is_done_ahead(demand)} - refusals.keys()
    assert never == AHEAD
    assert [demand.what for demand, member in crowd.sown if member.is_held] == []


@pytest.mark.parametrize(
    "demand", [demand for demand in by_the_table(copies=1) if is_refused(demand)], ids=lambda d: d.id
)
def test_the_table_refuses_and_answers_as_the_models_say(demand: Demand) -> None:
    crowd = Crowd([demand, *(each for each in by_the_table(copies=1) if each.type in demand.after)], Scene().clock)
    [member] = [member for each, member in crowd.sown if each is demand]
    with pytest.raises(ClientError) as refused:
        getattr(member, demand.removes)()
    assert code_of(refused.value) == demand.refused[demand.removes]
    of = operations(TYPES[demand.type].service)
    for operation, reply in (*demand.there.items(), *demand.held.items()):
        assert list(strange(reply, of[operation].output_shape)) == [], operation
