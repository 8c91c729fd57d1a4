"""What one pass came to is committed, told to the state machine, and counted where somebody must hear of it."""

from __future__ import annotations

import gc
import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.adapters.memory import MemoryEvents, MemoryNotices, MemoryReports, MemorySnapshot
from atmosphere.cleanup.engine import PassResult
from atmosphere.cleanup.model import PassState, Verdict
from atmosphere.cleanup.state.counts import Counts
from atmosphere.contract import Metric
from atmosphere.core.breaker import POOL_HELD
from atmosphere.core.changes import MAX_BLOCKED, Put
from atmosphere.core.model import AccountId, Mark, OwnerKey, RuleName, Status
from atmosphere.handlers import cleanup
from atmosphere.ports import CleanupOrder
from atmosphere.wiring import App
from tests.builders import ALLOCATION, NOW, POOL, a_key, an_allocation, an_environment, an_id, an_item
from tests.operations.world import World, a_configuration

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.model import Assignment
    from atmosphere.core.model import Json

KEY: Final = a_key(1)
HUB: Final = AccountId("111111111111")
REPORT: Final[dict[str, Json]] = {
    "environment": str(KEY),
    "verdict": "dirty",
    "reason": None,
    "allocation": ALLOCATION,
    "attempt": 1,
    "at": "2026-11-22T12:00:00Z",
    "passes": 1,
    "mutations": 0,
    "explanation": "",
    "blockers": [],
    **{name: [] for name in ("unknown", "deferred", "uncovered", "unexplained", "skipped")},
}
EVENT: Final = {"allocation": ALLOCATION, "account": KEY.account, "region": KEY.region, "attempt": 1}


class OneVerdict(App):
    """An App whose engine comes to the verdict that it is given, and remembers what it was asked."""

    def __init__(self, world: World, verdict: Verdict) -> None:
        super().__init__({})
        self.store, self.clock, self.ids = world.store, world.clock, world.ids
        self.snapshots = MemorySnapshot(world.snapshot)
        self.reports = self.written = MemoryReports()
        self.written.reports["r.json"] = REPORT
        self.events = self.bus = MemoryEvents()
        self.notices = self.mail = MemoryNotices()
        self.verdict = verdict
        self.reason = "blocked:T"
        self.things: tuple[str, ...] = ()
        self.retry_at: datetime | None = None
        self.todo: list[Assignment] = []
        self.answers: list[str | None] = []
        self.before_beat: Callable[[], None] = lambda: None
        self.before_verdict: Callable[[], object] = lambda: None

    def run_pass(
        self, todo: Assignment, state: PassState, *, beat: Callable[[], None], held: Callable[[], str | None]
    ) -> PassResult:
        self.before_beat()
        beat()
        self.answers.append(held())
        self.todo.append(todo)
        self.before_verdict()
        wait = timedelta(seconds=7)
        tally = Counts(started=NOW, at=NOW, attempt=1, removed={"AWS::S3::Bucket": 1})
        reason = None if self.verdict is Verdict.CLEAN else self.reason
        return PassResult(
            verdict=self.verdict,
            state=state,
            reason=reason,
            report_key="r.json",
            wait=wait,
            counts=tally,
            things=self.things,
            retry_at=self.retry_at,
        )


def at_work(**changes: Any) -> World:
    world = World(a_configuration())
    world.clock.advance(NOW - world.clock.now())
    world.put(an_environment(KEY, status=Status.CLEANING, **changes))
    return world


def run(world: World, verdict: Verdict, **event: Any) -> dict[str, Any]:
    return cleanup.handle(EVENT | event, OneVerdict(world, verdict), service_account=HUB)


def test_a_verdict_with_a_date_is_dirty_until_then() -> None:
    world = at_work()
    app = OneVerdict(world, Verdict.DIRTY)
    app.retry_at = world.clock.now() + timedelta(hours=24)
    cleanup.handle(EVENT, app, service_account=HUB)
    assert (world.status(KEY), world.row(KEY).wake_at) == (Status.DIRTY, app.retry_at)


def test_a_pass_that_is_not_done_asks_for_the_next_one(capsys: pytest.CaptureFixture[str]) -> None:
    world = at_work()
    told = run(world, Verdict.AGAIN)
    assert (told["next"], told["waitSeconds"], world.status(KEY)) == ("wait", 7, Status.CLEANING)
    assert Metric.BECAME_DIRTY not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("verdict", "blocked", "status", "alarmed"),
    [
        (Verdict.CLEAN, 0, Status.FREE, False),
        (Verdict.DIRTY, 0, Status.DIRTY, True),
        (Verdict.BLOCKED, 0, Status.CLEANING, False),
        (Verdict.BLOCKED, MAX_BLOCKED - 1, Status.DIRTY, True),
    ],
)
def test_a_verdict_ends_the_execution_and_what_becomes_dirty_is_counted(
    verdict: Verdict, blocked: int, status: Status, *, alarmed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    world = at_work(blocked=blocked)
    told = run(world, verdict)
    assert (told["next"], world.status(KEY), world.row(KEY).report) == ("done", status, "r.json")
    assert (Metric.BECAME_DIRTY in capsys.readouterr().out) is alarmed


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("attempt", [1, 2])
def test_every_answer_has_what_the_state_machine_reads(verdict: Verdict, attempt: int) -> None:
    told = run(at_work(), verdict, attempt=attempt)
    assert told["next"] in {"wait", "done"}
    assert type(told["waitSeconds"]) is int
    assert told["waitSeconds"] >= 1


@pytest.mark.parametrize(
    ("verdict", "blocked", "over"),
    [
        (Verdict.AGAIN, 0, False),
        (Verdict.BLOCKED, 0, False),
        (Verdict.BLOCKED, MAX_BLOCKED - 1, True),
        (Verdict.CLEAN, 0, True),
        (Verdict.DIRTY, 0, True),
    ],
)
def test_what_was_left_behind_is_counted_once_when_no_further_attempt_follows(
    verdict: Verdict, blocked: int, *, over: bool, printed: Callable[[], str]
) -> None:
    run(at_work(blocked=blocked), verdict)
    assert ("cleaned up after" in printed()) is over


def test_a_pass_that_was_superseded_is_done_and_runs_nothing() -> None:
    world = at_work()
    app = OneVerdict(world, Verdict.CLEAN)
    told = cleanup.handle(EVENT | {"attempt": 2}, app, service_account=HUB)
    assert (told["next"], app.todo, world.status(KEY)) == ("done", [], Status.CLEANING)


@pytest.mark.parametrize("alone", [True, False])
def test_what_belongs_to_the_account_is_swept_only_where_the_environment_is_alone(*, alone: bool) -> None:
    world = at_work()
    if not alone:
        world.put(an_environment(a_key(1, "us-east-1")))
    app = OneVerdict(world, Verdict.AGAIN)
    cleanup.handle(dict(EVENT), app, service_account=HUB)
    assert [todo.sweep_globals for todo in app.todo] == [alone]
    assert [todo.neighbours for todo in app.todo] == [() if alone else ("us-east-1",)]


def test_a_pass_that_counted_on_being_alone_and_is_not_any_more_is_superseded_by_its_next_beat() -> None:
    world = at_work()
    app = OneVerdict(world, Verdict.CLEAN)
    app.before_beat = lambda: world.put(an_environment(a_key(1, "us-east-1")))
    told = cleanup.handle(dict(EVENT), app, service_account=HUB)
    assert (told["next"], app.todo, world.status(KEY)) == ("done", [], Status.CLEANING)


def test_a_pass_is_told_all_that_the_row_and_its_allocation_say() -> None:
    world = at_work(deadline=NOW + timedelta(minutes=7))
    allocation = an_allocation(a_key(2), KEY, started=NOW - timedelta(hours=1))
    world.rows.commit([Put(row=allocation)], token=world.ids.new())
    app = OneVerdict(world, Verdict.AGAIN)
    cleanup.handle(dict(EVENT), app, service_account=HUB)
    [todo] = app.todo
    item = an_item(KEY)
    assert (todo.allocation, todo.key, todo.attempt, todo.service_account) == (ALLOCATION, KEY, 1, HUB)
    assert (todo.roles_used, todo.requester) == (((item.role_arn, item.external_id),), allocation.requester)
    assert (todo.started, todo.deadline) == (allocation.started, NOW + timedelta(minutes=7))


@pytest.mark.parametrize("capture", [False, True])
def test_a_birth_is_only_captured(*, capture: bool) -> None:
    app = OneVerdict(at_work(capture=capture), Verdict.AGAIN)
    cleanup.handle(dict(EVENT), app, service_account=HUB)
    assert [(todo.capture_only, todo.roles_used) for todo in app.todo] == [(capture, ())]


@pytest.mark.parametrize(
    ("verdict", "row", "kind"),
    [
        (Verdict.CLEAN, {}, "Environment Free"),
        (Verdict.CLEAN, {"hold": True}, "Environment Held"),
        (Verdict.CLEAN, {"mark": Mark.DEREGISTERING}, "Environment Deregistered"),
        (Verdict.DIRTY, {}, "Environment Dirty"),
        (Verdict.BLOCKED, {"blocked": MAX_BLOCKED - 1}, "Environment Dirty"),
    ],
)
def test_what_an_environment_has_become_is_published(verdict: Verdict, row: dict[str, Any], kind: str) -> None:
    app = OneVerdict(at_work(**row), verdict)
    cleanup.handle(dict(EVENT), app, service_account=HUB)
    ((told, detail),) = app.bus.heard
    assert told == kind
    assert (detail["environment"], detail["allocation"], detail["attempt"]) == (str(KEY), ALLOCATION, 1)
    assert detail["reason"] == (None if verdict is Verdict.CLEAN else "blocked:T")
    assert (detail["report"], str(detail["markdown"]).splitlines()[0]) == ("r.json", f"# {KEY}: dirty")


@pytest.mark.parametrize("verdict", [Verdict.AGAIN, Verdict.BLOCKED])
def test_a_cleanup_that_goes_on_publishes_nothing(verdict: Verdict) -> None:
    app = OneVerdict(at_work(), verdict)
    cleanup.handle(dict(EVENT), app, service_account=HUB)
    assert app.bus.heard == []


def test_what_another_run_of_the_same_pass_has_committed_is_not_published_again() -> None:
    world = at_work()
    app = OneVerdict(world, Verdict.DIRTY)
    app.before_verdict = lambda: world.cleaning(CleanupOrder(ALLOCATION, KEY, 1)).give_up(reason="x", report=None)
    cleanup.handle(dict(EVENT), app, service_account=HUB)
    assert app.bus.heard == []


def test_what_nobody_could_be_told_is_committed_logged_and_counted(printed: Callable[[], str]) -> None:
    world = at_work()
    app = OneVerdict(world, Verdict.CLEAN)
    app.bus.failing = True
    told = cleanup.handle(dict(EVENT), app, service_account=HUB)
    assert (told["next"], world.status(KEY)) == ("done", Status.FREE)
    lines = [json.loads(line) for line in printed().splitlines()]
    (line,) = [line for line in lines if line.get("message") == "event not published"]
    assert (line["environment"], line["event"], line["fault"]) == (KEY.path, "Environment Free", "Unreachable")
    assert [line["kind"] for line in lines if "EventNotPublished" in line] == ["Environment Free"]


def test_an_event_whose_report_cannot_be_read_goes_without_its_text_and_names_it(printed: Callable[[], str]) -> None:
    app = OneVerdict(at_work(), Verdict.DIRTY)
    app.written.failing = True
    cleanup.handle(dict(EVENT), app, service_account=HUB)
    ((_, detail),) = app.bus.heard
    assert (detail["report"], detail["markdown"]) == ("r.json", "")
    assert "event without report" in printed()


def dirty_in_turn(count: int) -> tuple[OneVerdict, World]:
    """So many environments of a pool became dirty for the same thing, each after another run; two rules name it."""
    world = World(a_configuration())
    world.clock.advance(NOW - world.clock.now())
    app = OneVerdict(world, Verdict.DIRTY)
    app.things = ("AWS::IAM::Role:x@global",)
    for number in range(1, count + 1):
        owner, rule = OwnerKey(f"o{number}"), RuleName(f"r{number}")
        allocation = an_allocation(a_key(number), id=an_id(number), owner=owner, rule=rule)
        world.put(an_environment(a_key(number), status=Status.CLEANING, allocation=an_id(number)))
        world.rows.commit([Put(row=allocation)], token=world.ids.new())
        cleanup.handle(an_event(number), app, service_account=HUB)
    return app, world


def an_event(number: int) -> dict[str, Any]:
    return EVENT | {"allocation": an_id(number), "account": a_key(number).account}


def test_one_environment_too_many_for_the_same_thing_raises_one_alarm_and_one_event(
    printed: Callable[[], str],
) -> None:
    app, _ = dirty_in_turn(5)
    held = [detail for kind, detail in app.bus.heard if kind == "Pool Held"]
    environments = [str(a_key(number)) for number in range(1, 5)]
    assert [(each["environments"], each["reason"], each["pool"]) for each in held] == [
        (environments, "AWS::IAM::Role:x@global", POOL)
    ]
    assert held[0]["next"] == [f"atmosphere pool show {POOL}", f"atmosphere pool resume {POOL} --clean --reason WHY"]
    assert [name for name, _ in app.mail.sent if "Pool Held" in name] == [f"Atmosphere: Pool Held: {POOL}"]
    assert sum(Metric.POOLS_HELD in line for line in printed().splitlines()) == 1


def test_an_environment_that_is_held_with_its_pool_adds_neither_an_event_nor_to_the_alarm_of_dirty_ones(
    printed: Callable[[], str],
) -> None:
    world = at_work()
    app = OneVerdict(world, Verdict.DIRTY)
    app.reason = POOL_HELD
    cleanup.handle(dict(EVENT), app, service_account=HUB)
    assert (world.status(KEY), world.row(KEY).dirty_reason, app.bus.heard) == (Status.DIRTY, POOL_HELD, [])
    text = printed()
    assert Metric.POOLS_HELD in text
    assert Metric.BECAME_DIRTY not in text


def test_the_engine_may_ask_whether_the_pool_is_held() -> None:
    app, world = dirty_in_turn(4)
    world.put(an_environment(a_key(9), status=Status.CLEANING, allocation=an_id(9)))
    app.verdict = Verdict.AGAIN
    cleanup.handle(an_event(9), app, service_account=HUB)
    assert [answer is not None for answer in app.answers] == [False] * 4 + [True]


def test_a_pass_does_not_walk_over_the_models_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(cleanup, "handle", lambda *_, **__: seen.append(gc.get_threshold()[0]))
    context = SimpleNamespace(invoked_function_arn="arn:aws:lambda:us-east-1:111111111111:function:cleanup")
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    try:
        cleanup.handler({}, context)
    finally:
        gc.set_threshold(*before)
    assert seen == [20_000]
