"""Cleanups that are killed, throttled, not answered, or joined by a neighbour, at every call in turn."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError
from moto import mock_aws

from atmosphere.cleanup.aws.budget import Budget
from atmosphere.cleanup.aws.guard import is_read
from atmosphere.cleanup.aws.protected import Protected
from atmosphere.cleanup.contents.settings import SETTING
from atmosphere.cleanup.engine import PassResult
from atmosphere.cleanup.model import GLOBAL, Finished, Resource, Verdict
from atmosphere.cleanup.revoke.denial import Denials
from atmosphere.cleanup.revoke.imposing import Imposing
from atmosphere.cleanup.revoke.lingering import cut_off_others
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from tests.cleanup.conftest import ACCOUNT
from tests.cleanup.context import a_context
from tests.cleanup.faults import Crash
from tests.cleanup.land import TRUST, TYPES, Land, LandAccounts, make_admin_role, root, sow
from tests.cleanup.scene import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.cleanup.engine import PassResult

ROLE = "AWS::IAM::Role"


@contextmanager
def a_land(*types: str) -> Iterator[Land]:
    with mock_aws():
        make_admin_role()
        yield Land(*types)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")


# --- killed -----------------------------------------------------------------------------------------------------------


def kill_before(number: int) -> Callable[[str, dict[str, Any]], str | None]:
    """The process dies when it is about to send its change of that number."""
    changes = iter(range(1, 1_000_000))

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        if not is_read(operation) and next(changes) == number:
            raise Crash
        return None

    return judge


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_cleanup_killed_at_any_change_ends_in_the_same_state_as_one_that_was_not(moment):
    changes = 0
    killed = True
    while killed:
        changes += 1
        with a_land(*TYPES) as land:
            before = land.there()
            sow()
            land.faulty(**({"judge": kill_before(changes)} if moment == "before" else {"crash_after": changes}))
            try:
                result = land.clean()
            except Crash:
                land.faulty()
                result = land.clean()
            else:
                killed = False
            assert result.verdict is Verdict.CLEAN, f"killed {moment} change {changes}: {result}"
            assert land.there() == before, f"killed {moment} change {changes}"
    assert changes > 20


# --- throttled and not answered ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_that_throttles_a_tenth_of_all_calls_to_the_end_passes(seed):
    """To the end: also each of the three times that botocore repeats a call, so more than half of all requests."""
    with a_land(*TYPES) as land:
        before = land.there()
        sow()
        dice = random.Random(seed)  # noqa: S311
        land.faulty(judge=lambda _operation, _names: "ThrottlingException" if dice.random() < 0.1 else None)
        assert land.clean().verdict is Verdict.CLEAN
        assert land.there() == before


class Unheard(LandAccounts):
    """A third of all changes happen, and nobody hears of it."""

    dice = random.Random(3)  # noqa: S311

    def _after(self, **event: Any) -> None:
        super()._after(**event)
        if not is_read(event["model"].name) and self.dice.random() < 0.3:
            raise ConnectionClosedError(endpoint_url="https://lost")


def test_changes_whose_replies_are_lost_are_found_done_and_counted_once():
    with a_land(*TYPES) as land:
        before = land.there()
        sow()
        unheard = land.faulty(Unheard)
        result = land.clean()
        assert result.verdict is Verdict.CLEAN
        assert land.there() == before
        assert len(land.operations()) == len(unheard.mutations) == result.state.mutations


# --- neighbours -------------------------------------------------------------------------------------------------------


class Superseded(Exception):
    """What a heartbeat raises when the cleanup counted on being alone in its account and is not."""


class Neighbour(LandAccounts):
    """At the call of that number another environment of the account is registered and allocated, and its test works."""

    at = 1
    operation = ""  # if it is a call of this operation that counts
    calls = 0
    came = False

    def watch(self, session: Any) -> None:
        super().watch(session)
        session.register("before-call", self._maybe)

    def _maybe(self, **event: Any) -> None:
        if self.operation not in ("", event["model"].name):
            return
        self.calls += 1
        if self.calls == self.at:
            self.came = True
            root("iam").create_role(RoleName="neighbours", AssumeRolePolicyDocument=TRUST)
            root("iam").create_account_alias(AccountAlias="neighbours")
            root("sqs", "eu-west-1").create_queue(QueueName="neighbours")


def neighbours_things() -> tuple[bool, bool]:
    roles = {role["RoleName"] for role in root("iam").list_roles()["Roles"]}
    queues = root("sqs", "eu-west-1").list_queues().get("QueueUrls", ())
    return "neighbours" in roles, bool(queues)


def clean_beside(land: Land, neighbour: Neighbour) -> PassResult:
    """As the state machine and the reconciler do: a superseded pass is followed by an attempt that knows better."""

    def beat() -> None:
        if neighbour.came and land.assignment().sweep_globals:
            raise Superseded

    land.beat = beat
    try:
        return land.clean()
    except Superseded:
        land.changes |= {"attempt": 2, "sweep_globals": False}
        return land.clean()


@pytest.mark.slow
def test_a_neighbour_registered_and_allocated_at_any_call_loses_nothing():
    at, came = 0, True
    while came:
        at += 1
        with a_land(ROLE) as land:
            root("iam").create_role(RoleName="leftover", AssumeRolePolicyDocument=TRUST)
            root("sqs").create_queue(QueueName="leftover")
            neighbour = land.faulty(Neighbour)
            neighbour.at = at
            result = clean_beside(land, neighbour)
            came = neighbour.came
            assert result.verdict is Verdict.CLEAN
            assert not came or neighbours_things() == (True, True), f"at call {at}"
            named = [str(entry["names"]) for entry in land.journal()]
            assert not [names for names in named if "neighbours" in names]
    assert at > 15


def test_what_a_neighbour_changed_is_not_put_back():
    with a_land() as land:
        before = Baseline.from_json(land.store.texts[baseline_name(KEY)])
        alias = Resource(SETTING, "iam/alias", GLOBAL)
        land.store.put(baseline_name(KEY), replace(before, contents={alias: None}).to_json())
        neighbour = land.faulty(Neighbour)
        neighbour.operation = "ListAccountAliases"
        assert clean_beside(land, neighbour).verdict is Verdict.CLEAN
        assert neighbour.came
        assert root("iam").list_account_aliases()["AccountAliases"] == ["neighbours"]


def test_the_sessions_of_a_neighbour_that_came_meanwhile_are_not_ended():
    with a_land() as land:
        trust: Any = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
        root("iam").create_role(RoleName="shared", AssumeRolePolicyDocument=json.dumps(trust))
        contents = {Resource(ROLE, "shared", GLOBAL): {"trust": trust}}
        baseline = Baseline(items={}, types=(), regions=(), contents=contents)

        def beat() -> None:
            raise Superseded

        budget = Budget(land.clock, timedelta(minutes=1))
        account = land.accounts().open(land.assignment(), budget, protected=Protected())
        assert not isinstance(account, Finished)
        context = a_context(land.assignment(), account, land.clock, baseline=baseline, beat=beat)
        with pytest.raises(Superseded):
            cut_off_others(context, Imposing(context, Denials.of(context.assignment)), land.clock.now())
        assert root("iam").list_role_policies(RoleName="shared")["PolicyNames"] == []


def test_beside_a_neighbour_what_belongs_to_the_account_is_left_and_the_report_says_so():
    with a_land(ROLE) as land:
        land.changes["sweep_globals"] = False
        root("iam").create_role(RoleName="neighbours", AssumeRolePolicyDocument=TRUST)
        root("sqs").create_queue(QueueName="leftover")
        result = land.clean()
        assert (result.verdict, land.operations()) == (Verdict.CLEAN, ["DeleteQueue"])
        assert land.report(result)["skipped"][f"{ROLE}@global"] == "the account has other environments"


def test_alone_in_the_account_what_belongs_to_it_goes():
    with a_land(ROLE) as land:
        root("iam").create_role(RoleName="leftover", AssumeRolePolicyDocument=TRUST)
        assert (land.clean().verdict, land.left()) == (Verdict.CLEAN, set())
