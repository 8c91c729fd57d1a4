"""The Lambda functions over one driver's service: every call that leaves the process passes the driver's line.

What is outside (the bucket, the bus, the topic, used tokens) outlives a process that dies; the functions do not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere import wiring
from atmosphere.adapters.memory import (
    MemoryEvents,
    MemoryNotices,
    MemoryObjects,
    MemoryReports,
    MemorySecrets,
    MemorySignatures,
    MemorySnapshot,
    MemorySnapshots,
    MemoryUsedTokens,
)
from atmosphere.cleanup.baseline.amendments import Amendments
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.contract import ROOTS, Tree
from atmosphere.core.github import GITHUB_COM
from atmosphere.handlers import reconcile
from atmosphere.wiring import App
from tests.builders import HUB
from tests.handlers.door import HANDLERS, WEBHOOK_SECRET, Who, an_event, find, hub_signature, signed, workflow
from tests.machine.invariants import check_nothing_overdue
from tests.operations.line import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atmosphere.cleanup.engine import PassResult
    from atmosphere.cleanup.model import Assignment
    from tests.machine.driver import Driver
    from tests.machine.setting import Trouble

WHO: Final = {
    "runner": signed("runner"),
    "neighbour": signed("neighbour"),
    "operator": signed("operator"),
    "run": workflow(),
    "rerun": workflow(run_attempt="2", check_run_id="6000000009"),
}
"""The callers of the driver, as the gateway tells of them."""
_ENOUGH_MINUTES: Final = 40
_LATER: Final = timedelta(minutes=5)


@dataclass
class Outside:
    """What is there beside the rows, whoever dies."""

    bus: MemoryEvents = field(default_factory=MemoryEvents)
    mail: MemoryNotices = field(default_factory=MemoryNotices)
    reports: MemoryReports = field(default_factory=MemoryReports)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    deployed: MemorySnapshots = field(default_factory=MemorySnapshots)
    texts: MemoryTexts = field(default_factory=MemoryTexts)
    used: MemoryUsedTokens = field(default_factory=MemoryUsedTokens)
    signatures: MemorySignatures = field(default_factory=MemorySignatures)

    def written(self) -> str:
        """All that anybody can read there later."""
        return json.dumps(
            [self.bus.heard, self.mail.sent, self.reports.reports, self.texts.texts, str(self.objects._objects)]
        )


class Functions(App):
    """All functions as one App."""

    def __init__(self, driver: Driver) -> None:
        super().__init__({})
        self.driver = driver
        self.outside = out = Outside()
        world = driver.world
        self.clock, self.ids = world.clock, world.ids
        self.store, self.credentials, self.cleaner = world.store, world.credentials, world.cleaner
        self.configuration = MemorySnapshot(world.snapshot)
        self.verdict: PassResult | None = None  # of the engine
        self.routes: set[tuple[str, str]] = set()  # method and path of each that was asked
        parts = {
            "snapshots": self.configuration,
            "reports": out.reports,
            "events": out.bus,
            "notices": out.mail,
            "own_objects": out.objects,
            "deployed": out.deployed,
            "texts": out.texts,
            "used_tokens": out.used,
            "token_signatures": out.signatures,
            "webhook_secrets": MemorySecrets({GITHUB_COM: (WEBHOOK_SECRET,)}),
        }
        for name, part in parts.items():
            setattr(self, name, Watched(part, world.line))
        self.baselines = Amendments(self.texts)

    def objects(self, bucket: str) -> Any:
        """Every bucket is the same one here."""
        return self.own_objects

    def run_pass(self, todo: Assignment, *_: object, **asked: Any) -> PassResult:
        """The engine comes to the verdict that it is given (its own calls: tests/cleanup/test_cuts.py)."""
        asked["beat"]()
        asked["held"]()
        assert self.verdict is not None
        return self.verdict

    # --- how they are invoked -----------------------------------------------------------------------------------------

    def ask(self, caller: str | Who, method: str, path: str, body: object = None, **event: Any) -> Any:
        """What the function of a route replies; `key` is the Idempotency-Key."""
        who = WHO[caller] if isinstance(caller, str) else caller
        key = event.pop("key", None)
        headers = event.pop("headers", {}) | ({"Idempotency-Key": key} if key else {})
        made = an_event(who, method, path, body, headers=headers, **event)
        self.routes.add((method, made["resource"].removeprefix(ROOTS[who.tree])))
        return self.invoke(HANDLERS[find(method, path, who.tree)[0]], made)

    def deliver(self, message: object) -> Any:
        """What GitHub's message comes to."""
        text = json.dumps(message)
        headers = {"X-Hub-Signature-256": hub_signature(text)}
        return self.ask(Who(tree=Tree.WEBHOOK), "POST", "/webhook", text, headers=headers)

    def invoke(self, handler: Callable[[dict[str, Any], Any], Any], event: dict[str, Any]) -> Any:
        """What a function's entry point makes of an event."""
        context = SimpleNamespace(invoked_function_arn=f"arn:aws:lambda:eu-west-1:{HUB}:function:any")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(wiring, "app", lambda: self)
            return handler(event, context)

    # --- what happens to them -----------------------------------------------------------------------------------------

    def run(self, doing: str, of: object, call: Callable[[], Any], trouble: Trouble | None = None) -> Sequence[str]:
        """Do it, checked as the driver checks everything; the calls that left the process."""
        calls: list[str] = []

        def recorded() -> object:
            try:
                return call()
            finally:
                calls.extend(self.driver.world.line.calls)

        self.driver._do(doing, of, trouble, recorded)
        return calls

    def settle(self) -> None:
        """Time passes with the two schedules alone: nothing stays past its deadline (P2)."""
        driver = self.driver
        driver.store.catch_up()
        for _ in range(_ENOUGH_MINUTES):
            if driver.store.waking(driver.world.clock.now(), 1):
                self.run("reconcile", None, partial(reconcile.handle, self))
            check_nothing_overdue(driver.store, driver.world.clock.now())
            if not any(row.deadline for row in driver.store.environments()):
                break
            driver.world.clock.advance(timedelta(seconds=60))
        driver.world.clock.advance(_LATER)
        self.run("measure", None, partial(reconcile.measure, self))
