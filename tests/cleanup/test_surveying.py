"""Plans and verifications: what a cleanup would find, without a single call that changes something."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from moto import mock_aws

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.aws.accounts import Accounts
from atmosphere.cleanup.aws.budget import Budget
from atmosphere.cleanup.aws.guard import is_read
from atmosphere.cleanup.aws.protected import Protected
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.model import GLOBAL, Finished, MutationRefused
from atmosphere.cleanup.report.describing import CALLS, replaced
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.cleanup.surveying import Answer, survey
from atmosphere.core.model import Region
from tests.cleanup.conftest import REGION
from tests.cleanup.empty import EmptyAccounts
from tests.cleanup.land import TYPES, Land, LandAccounts, make_admin_role, sow
from tests.cleanup.scene import KEY, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.surveying import Survey

ABROAD = Region("eu-west-1")
PAGE = Path(__file__).parents[2] / "docs" / "cleanup.md"


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")


@pytest.fixture
def land() -> Iterator[Land]:
    with mock_aws():
        make_admin_role()
        yield Land(*TYPES)


def look(land: Land, *, plan: bool = True) -> Survey:
    accounts = land.faulty(LandAccounts, plan=plan)
    return survey(land.assignment(), aws=accounts, store=land.store, clock=land.clock)


def test_an_account_as_it_was_is_clean(land: Land):
    found = look(land)
    assert (found.answer, found.mutations, found.report["blockers"]) == (Answer.CLEAN, 0, [])
    assert {entry["why"] for entry in found.report["kept"]} == {"part of the baseline"}


def test_a_plan_names_everything_that_would_go_and_changes_and_writes_nothing(land: Land):
    sow()
    before, texts = land.there(), dict(land.store.texts)
    left = land.left()
    found = look(land)
    assert found.answer is Answer.LEFTOVERS
    assert {(each["type"], each["id"]) for each in found.report["blockers"]} == {(item.type, item.id) for item in left}
    assert (found.mutations, land.there(), land.store.texts) == (0, before, texts)


def test_what_is_planned_is_what_a_cleanup_then_does(land: Land):
    sow()
    planned = look(land).report["totals"]["left"]
    land.faulty()
    assert land.report(land.clean())["totals"] == {"found": planned, "removed": planned, "left": {}}


def test_a_listing_that_fails_makes_the_answer_unknown(land: Land):
    def judge(operation: str, _names: object) -> str | None:
        return "AccessDenied" if operation == "ListQueues" else None

    accounts = land.faulty(LandAccounts, plan=True, judge=judge)
    found = survey(land.assignment(), aws=accounts, store=land.store, clock=land.clock)
    assert found.answer is Answer.UNKNOWN
    assert "AWS::SQS::Queue@us-east-1" in found.report["unknown"]


def test_without_a_baseline_nothing_can_be_told(land: Land):
    del land.store.texts[baseline_name(KEY)]
    found = look(land)
    assert (found.answer, found.report["reason"]) == (Answer.UNKNOWN, "no-baseline")


def test_accounts_that_could_be_changed_are_refused(land: Land):
    with pytest.raises(ValueError, match="to_look_at"):
        look(land, plan=False)
    assert Accounts.to_look_at().plan


# --- every type of the catalogue --------------------------------------------------------------------------------------


def an_account(*, may_mutate: bool) -> tuple[Account, EmptyAccounts]:
    accounts = EmptyAccounts(plan=not may_mutate)
    assignment = an_assignment((REGION,))
    budget = Budget(FakeClock(datetime.now(UTC)), timedelta(hours=1))
    account = accounts.open(assignment, budget, protected=Protected())
    assert not isinstance(account, Finished)
    return account, accounts


def an_assignment(regions: tuple[Region, ...], **changes: Any) -> Assignment:
    scene = Scene(regions=regions)
    settings = replace(scene.assignment().settings, skipped_types=())
    deadline = datetime.now(UTC) + timedelta(hours=1)
    return replace(scene.assignment(), settings=settings, sweep_globals=True, deadline=deadline, **changes)


IDS = ("one", "one|two", "one|two|three", "one/two", "one/two/three", "arn:aws:x:us-east-1:222222222222:one/two/three")


def an_id(entry: Any) -> str:
    """One that the type's operations can be named with."""
    parts = getattr(entry, "parts", ".*")
    return next((text for text in IDS if (found := re.fullmatch(parts, text)) and all(found.groups())), IDS[-1])


def test_a_plan_can_list_every_type_and_delete_none():
    account, accounts = an_account(may_mutate=False)
    refused = set()
    for entry in CATALOGUE:
        region = GLOBAL if entry.scope is Scope.GLOBAL else REGION
        assert list(entry.list(account, region)) == []
        for act in (entry.freeze, entry.prepare, entry.delete):
            try:
                act(account, region, an_id(entry), lambda: None)
            except MutationRefused:
                refused.add(entry.name)
            except (ClientError, BotoCoreError, LookupError, TypeError, ValueError):
                pass  # an AWS that has nothing at all surprises some; what counts is what got through to it
    assert [call for call in accounts.seen if not is_read(call[1]) and call[0] != "sts"] == []
    assert (account.guard.count, account.guard.taken()) == (0, [])
    assert len(refused) > len(CATALOGUE) / 2, sorted({entry.name for entry in CATALOGUE} - refused)


def calls(regions: tuple[Region, ...]) -> int:
    accounts = EmptyAccounts(plan=True)
    store = MemoryTexts()
    types = tuple(entry.name for entry in CATALOGUE)
    store.put(baseline_name(KEY), Baseline(items={}, types=types, regions=regions).to_json())
    started = datetime.now(UTC) - timedelta(hours=1)
    clock = FakeClock(datetime.now(UTC))
    found = survey(an_assignment(regions, started=started), aws=accounts, store=store, clock=clock)
    assert found.answer is Answer.CLEAN, found.report
    return accounts.reads.total()


def test_a_look_at_an_empty_account_takes_as_many_calls_as_the_page_says():
    one, two = calls((REGION,)), calls((REGION, ABROAD))
    assert {Scope.REGION: two - one, Scope.GLOBAL: 2 * one - two} == CALLS, "correct CALLS of describing.py"
    assert f"{two - one} calls in each region and {2 * one - two} for the account" in PAGE.read_text()


def test_the_page_has_the_catalogue_as_it_is():
    text = PAGE.read_text()
    assert replaced(text) == text, "run: atmosphere cleanup types --write docs/cleanup.md"
    with pytest.raises(ValueError, match="no place"):
        replaced("# a page")
