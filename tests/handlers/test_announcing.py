"""What happened is published after its commit, and what could not be is published later, with the same id."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.adapters.sns import MOST_BLOCKERS, message
from atmosphere.core.changes import Put
from atmosphere.core.model import Mark, Status
from atmosphere.core.queue import PRESENT
from atmosphere.handlers import reconcile
from atmosphere.handlers.announcing import gone
from tests.builders import ALLOCATION, KEY, NOW, POOL, a_key, a_registration, a_waiter, an_environment
from tests.contract.outside_contract import DIRTY
from tests.handlers.conftest import Api
from tests.handlers.events import an_identity
from tests.operations.world import World, a_configuration, a_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.model import Environment, Json

OPERATOR: Final = an_identity("operator")
ACT: Final = "POST /environments/{account}/{region}/{act}"
BLOCKER: Final[dict[str, Json]] = {
    "type": "AWS::S3::Bucket",
    "id": "left",
    "region": "eu-west-1",
    "stack": None,
    "attempts": 3,
    "code": "AccessDenied",
    "message": "no",
    "next": {"what": "delete it", "command": f"atmosphere cleanup run {KEY.path} --reason WHY"},
}
REPORT: Final[dict[str, Json]] = {
    "environment": str(KEY),
    "verdict": "dirty",
    "reason": "blocked:AWS::S3::Bucket",
    "allocation": ALLOCATION,
    "attempt": 1,
    "at": "2026-11-22T12:00:00Z",
    "passes": 1,
    "mutations": 0,
    "explanation": "",
    "blockers": [BLOCKER],
    "unknown": {"AWS::KMS::Key@eu-west-1": "AccessDenied"},
    **{name: [] for name in ("deferred", "uncovered", "unexplained", "skipped")},
}


def metrics(text: str, name: str) -> list[dict[str, Any]]:
    """What was emitted under a name, without what every line has."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [
        {key: value for key, value in line.items() if key not in {"_aws", "service"}} for line in lines if name in line
    ]


def an_api(*rows: Environment) -> Api:
    world = World(a_configuration(*(a_registration(row.key) for row in rows)))
    world.clock.advance(NOW - world.clock.now())
    world.put(*rows)
    return Api(world)


def overdue(**changes: Any) -> Environment:
    """An environment whose cleanup is past its deadline."""
    row = an_environment(KEY, status=Status.CLEANING, since=NOW - timedelta(hours=1), report="r.json", **changes)
    return replace(row, deadline=NOW, wake_at=NOW)


# --- by the reconciler --------------------------------------------------------------------------------------------


def test_an_environment_that_the_reconciler_made_dirty_is_published_mailed_and_counted(
    printed: Callable[[], str],
) -> None:
    api = an_api(overdue())
    api.app.reports.reports["r.json"] = REPORT  # type: ignore[attr-defined]
    reconcile.handle(api.app)
    ((kind, detail),) = api.bus.heard
    assert (kind, detail["environment"], detail["reason"]) == ("Environment Dirty", str(KEY), "cleanup-timeout")
    resources = [blocker["resource"] for blocker in detail["blockers"]]  # type: ignore[index,union-attr,call-overload]
    assert resources == ["AWS::S3::Bucket:left@eu-west-1", "AWS::KMS::Key@eu-west-1"]
    ((subject, _),) = api.mail.sent
    assert subject == f"Atmosphere: Environment Dirty: {KEY}"
    assert len(metrics(printed(), "BecameDirty")) == 1
    assert api.world.row(KEY).told == detail["id"]


def test_an_allocation_past_its_deadline_is_published_with_what_it_held(printed: Callable[[], str]) -> None:
    api = Api(a_world(1))
    allocation = api.world.allocate(requester="build 7")
    api.world.clock.advance(timedelta(hours=4))
    reconcile.handle(api.app)
    ((kind, detail),) = api.bus.heard
    assert (kind, detail["allocation"], detail["requester"]) == ("Allocation Timed Out", allocation.id, "build 7")
    assert (detail["environments"], detail["outcome"]) == ([str(a_key(1))], "timeout")
    assert api.mail.sent == []
    text = printed()
    assert metrics(text, "Ended") == [{"pool": POOL, "by": "timeout", "Ended": [1.0]}]
    assert metrics(text, "Hold") == [{"pool": POOL, "Hold": [4 * 3600.0]}]


def test_an_allocation_whose_heartbeats_ended_is_published_as_lost(printed: Callable[[], str]) -> None:
    api = Api(a_world(1))
    allocation = api.world.allocate(requester="build 7", heartbeatSeconds=60)
    api.world.clock.advance(timedelta(seconds=90))
    reconcile.handle(api.app)
    ((kind, detail),) = api.bus.heard
    assert (kind, detail["allocation"], detail["outcome"]) == ("Allocation Lost", allocation.id, "lost")
    assert metrics(printed(), "Ended") == [{"pool": POOL, "by": "lost", "Ended": [1.0]}]


def test_what_a_test_ends_itself_is_counted_and_not_published(printed: Callable[[], str]) -> None:
    api = Api(a_world(1))
    body = api.ask("POST /allocations", body={"pool": POOL, "requester": "me"}).body
    api.world.clock.advance(timedelta(minutes=3))
    for _ in range(2):
        assert api.ask("DELETE /allocations/{id}", path={"id": body["id"]}, body={"outcome": "ok"}).status == 200
    assert api.bus.heard == []
    text = printed()
    assert metrics(text, "Ended") == [{"pool": POOL, "by": "owner", "Ended": [1.0]}], "the second one ended nothing"
    assert metrics(text, "Hold") == [{"pool": POOL, "Hold": [180.0]}]


@pytest.mark.parametrize("broken", ["bus", "mail"])
def test_what_could_not_be_published_is_counted_and_published_later_with_the_same_id(
    broken: str, printed: Callable[[], str]
) -> None:
    api = an_api(overdue())
    getattr(api, broken).failing = True
    reconcile.handle(api.app)
    assert (api.world.status(KEY), api.world.row(KEY).told) == (Status.DIRTY, None)
    assert metrics(printed(), "EventNotPublished") == [{"kind": "Environment Dirty", "EventNotPublished": [1.0]}]
    first = [detail["id"] for _, detail in api.bus.heard]
    getattr(api, broken).failing = False
    for _ in range(3):
        api.world.clock.advance(timedelta(minutes=5))
        reconcile.measure(api.app)
    assert len(api.bus.heard) == len(first) + 1
    assert {detail["id"] for _, detail in api.bus.heard} == {api.world.row(KEY).told}
    assert len(api.mail.sent) == 1


def test_a_pool_is_exhausted_once_and_its_gauges_are_emitted_each_time(printed: Callable[[], str]) -> None:
    api = an_api(an_environment(KEY, status=Status.IN_USE))
    waiter = a_waiter(1, last_ask=NOW, present_until=NOW + PRESENT)
    api.world.rows.commit([Put(row=waiter)], token="waits")
    for _ in range(2):
        assert reconcile.measure(api.app) == {"pools": 1}
    ((kind, detail),) = api.bus.heard
    assert (kind, detail["pool"], detail["waiting"]) == ("Pool Exhausted", POOL, 1)
    assert detail["counts"] == {"free": 0, "in-use": 1, "cleaning": 0, "dirty": 0, "held": 0}
    assert [subject for subject, _ in api.mail.sent] == [f"Atmosphere: Pool Exhausted: {POOL}"]
    text = printed()
    assert metrics(text, "Waiting") == [{"pool": POOL, "Waiting": [1.0]}] * 2
    gauges = {line["status"]: line["Environments"] for line in metrics(text, "Environments")}
    assert gauges == {"free": [0.0], "in-use": [1.0], "cleaning": [0.0], "dirty": [0.0], "held": [0.0]}


def test_for_how_long_a_pool_is_exhausted_is_a_gauge_that_falls_to_zero_when_nobody_waits(
    printed: Callable[[], str],
) -> None:
    api = an_api(an_environment(KEY, status=Status.IN_USE))
    waiter = a_waiter(1, last_ask=NOW, present_until=NOW + timedelta(minutes=12))
    api.world.rows.commit([Put(row=waiter)], token="waits")
    for _ in range(3):
        reconcile.measure(api.app)
        api.world.clock.advance(timedelta(minutes=7))
    assert [line["ExhaustedMinutes"] for line in metrics(printed(), "ExhaustedMinutes")] == [[0.0], [7.0], [0.0]]


def test_an_exhaustion_that_could_not_be_published_is_published_by_the_next_run() -> None:
    api = an_api(an_environment(KEY, status=Status.IN_USE))
    api.world.rows.commit([Put(row=a_waiter(1, last_ask=NOW, present_until=NOW + PRESENT))], token="waits")
    api.bus.failing = True
    reconcile.measure(api.app)
    api.bus.failing = False
    reconcile.measure(api.app)
    reconcile.measure(api.app)
    assert [kind for kind, _ in api.bus.heard] == ["Pool Exhausted"]


def test_each_schedule_asks_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    api = an_api(overdue())
    monkeypatch.setattr("atmosphere.wiring.app", lambda: api.app)
    assert reconcile.handler({"do": "measure"}, None) == {"pools": 1}
    assert reconcile.handler({}, None) == {"cleanup-timeout": 1}


# --- by operators and deployments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "row", "kind"),
    [
        ("reinstate", {"status": Status.DIRTY}, "Environment Reinstated"),
        ("reinstate", {"status": Status.DIRTY, "hold": True}, "Environment Held"),
        ("reinstate", {"status": Status.DIRTY, "mark": Mark.DEREGISTERING}, "Environment Deregistered"),
        ("discard", {"status": Status.DIRTY, "mark": Mark.DEREGISTERING}, "Environment Deregistered"),
        ("hold", {"status": Status.FREE}, "Environment Held"),
        ("resume", {"status": Status.HELD}, "Environment Resumed"),
        ("clean", {"status": Status.DIRTY}, None),
        ("hold", {"status": Status.CLEANING}, None),
    ],
)
def test_an_act_is_published_once_with_who_and_why(act: str, row: dict[str, Any], kind: str | None) -> None:
    api = an_api(an_environment(KEY, **row))
    path = {"account": KEY.account, "region": KEY.region, "act": act}
    dry = api.ask(ACT, path=path, body={"dryRun": True}, identity=OPERATOR)
    assert (dry.body["changed"], api.bus.heard) == (True, [])
    done = api.ask(ACT, path=path, body={"reason": "I looked"}, identity=OPERATOR)
    started = {"allocation"}  # a cleanup without an allocation is fenced by an id of its own
    assert {**done.body, **dict.fromkeys(started)} == {**dry.body, **dict.fromkeys(started)}
    assert [name for name, _ in api.bus.heard] == ([kind] if kind else [])
    for _, detail in api.bus.heard:
        assert (detail["reason"], detail["environment"]) == ("I looked", str(KEY))
        assert str(detail["who"]).endswith("role/operator")


def test_an_act_that_changes_nothing_says_so_and_publishes_nothing() -> None:
    api = an_api(an_environment(KEY))
    path = {"account": KEY.account, "region": KEY.region, "act": "reinstate"}
    assert api.ask(ACT, path=path, body={"reason": "to be sure"}, identity=OPERATOR).body["changed"] is False
    assert api.bus.heard == []
    assert api.ask(ACT, path=path, body={}, identity=OPERATOR).status == 400, "only a dry run needs no reason"


def test_an_operator_releases_what_a_test_holds(printed: Callable[[], str]) -> None:
    api = Api(a_world(1))
    granted = api.ask("POST /allocations", body={"pool": POOL, "requester": "me"}).body
    path = {"account": a_key(1).account, "region": a_key(1).region, "act": "release"}
    first = api.ask(ACT, path=path, body={"reason": "it hangs"}, identity=OPERATOR).body
    assert (first["status"], first["changed"]) == ("cleaning", True)
    assert api.ask(ACT, path=path, body={"reason": "it hangs"}, identity=OPERATOR).body["changed"] is False
    found = api.ask("GET /allocations/{id}", path={"id": granted["id"]}).body
    assert (found["endedBy"], found["outcome"]) == ("operator", "released")
    assert metrics(printed(), "Ended") == [{"pool": POOL, "by": "operator", "Ended": [1.0]}]


def test_an_environment_that_a_deployment_removes_is_published() -> None:
    row = an_environment(KEY)
    api = an_api(row)
    register = api.app.registrar(gone=gone(api.app))
    for _ in range(2):
        register.register(replace(api.world.snapshot, environments=()))
    ((kind, detail),) = api.bus.heard
    assert (kind, detail["environment"]) == ("Environment Deregistered", str(KEY))


# --- allocations --------------------------------------------------------------------------------------------------


def test_replies_to_allocate_requests_are_counted_by_pool_and_code_with_the_wait(printed: Callable[[], str]) -> None:
    api = Api(a_world(1))
    ask = {"pool": POOL, "requester": "me"}
    key = {"Idempotency-Key": "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"}
    for headers in (key, key, {}):
        api.ask("POST /allocations", body=ask, headers=headers)
    api.ask("POST /allocations", body={"pool": "made-up-by-a-caller", "requester": "me"})
    text = printed()
    found = [(line["pool"], line["code"]) for line in metrics(text, "Allocations")]
    assert found == [(POOL, "allocated"), (POOL, "repeated"), (POOL, "pool-busy")]
    assert metrics(text, "Wait") == [{"pool": POOL, "Wait": [0.0]}]
    assert "made-up-by-a-caller" not in "".join(line for line in text.splitlines() if "_aws" in line)


def test_the_wait_is_from_the_first_request_on(printed: Callable[[], str]) -> None:
    api = Api(a_world(1, taken=0))
    held = api.world.allocate()
    ask = {"pool": POOL, "requester": "me"}
    assert api.ask("POST /allocations", body=ask).status == 423
    api.world.deallocate(held.id)
    api.world.clock.advance(timedelta(seconds=42))
    api.world.cleaning(api.world.cleanups.started[0]).free(report=None)
    assert api.ask("POST /allocations", body=ask).status == 200
    assert metrics(printed(), "Wait") == [{"pool": POOL, "Wait": [42.0]}]


# --- the text of a mail -------------------------------------------------------------------------------------------


def test_a_mail_has_the_blockers_and_the_commands_that_fix_them() -> None:
    assert message(DIRTY) == (
        f"aws://{KEY.path} is dirty (`blocked:AWS::S3::Bucket`) after `build 7`.\n"
        f"Pool {POOL}, allocation {ALLOCATION}, attempt 3.\n"
        "\n"
        "What keeps it from being clean:\n"
        "\n"
        "- AWS::S3::Bucket:left\uff20eu-west-1\n"
        "  AccessDenied: no\n"
        "  Delete it:\n"
        f"  atmosphere cleanup run {KEY.path} --reason WHY\n"
        "\n"
        "Next:\n"
        "\n"
        f"  atmosphere environment show {KEY.path}\n"
        f"  atmosphere cleanup run {KEY.path} --reason WHY\n"
        f"  atmosphere environment reinstate {KEY.path} --reason WHY\n"
        "\n"
        "docs/operations.md explains each reason and what to do about it.\n"
        f"Event {DIRTY.id}.\n"
    )


NASTY: Final = (
    "https://evil.example/login www.evil.example a@evil.example <b>x</b>\r\nBcc: x@evil.example \u202e ![](//e)"
)


def test_nothing_that_a_test_chose_is_a_link_an_address_or_a_line_of_its_own_in_a_mail() -> None:
    (blocker,) = DIRTY.blockers
    command = f"atmosphere baseline adopt {KEY.path} 'AWS::Logs::LogGroup:www.evil.example/login@eu-west-1'"
    odd = replace(blocker, resource=NASTY, error=NASTY, what="adopt it", command=command)
    text = message(replace(DIRTY, requester=NASTY, reason=NASTY, blockers=(odd,)))
    assert "evil.example" not in text
    assert "//evil" not in text
    assert not [line for line in text.splitlines() if line.startswith("Bcc")]
    assert [line for line in text.splitlines() if "@" in line] == []
    assert f"  atmosphere environment show {KEY.path}\n" in text.partition("Next:")[0], "instead of the command"


@pytest.mark.parametrize(
    ("item", "is_copied"),
    [
        ("AWS::IAM::Role:deploy@global", True),
        ("'AWS::IAM::Role:with space@eu-west-1'", True),
        ("AWS::IAM::Role:a@evil.example@global", False),
        ("AWS::Logs::LogGroup:evil.example@eu-west-1", False),
        ("AWS::Logs::LogGroup:/aws/lambda/x@eu-west-1", False),
    ],
)
def test_a_command_is_mailed_as_it_is_unless_a_test_could_have_put_an_address_into_it(
    item: str, *, is_copied: bool
) -> None:
    (blocker,) = DIRTY.blockers
    command = f"atmosphere baseline adopt {KEY.path} {item} --reason WHY"
    text = message(replace(DIRTY, blockers=(replace(blocker, command=command),)))
    assert (command in text) is is_copied


def test_a_mail_of_many_blockers_says_how_many_more_there_are() -> None:
    text = message(replace(DIRTY, blockers=DIRTY.blockers * (MOST_BLOCKERS + 3)))
    assert text.count("- AWS::S3::Bucket") == MOST_BLOCKERS
    assert "And 3 more in the report." in text
