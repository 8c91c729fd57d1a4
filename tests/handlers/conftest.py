"""One service in memory behind its handlers, and everything that it prints."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere import observability
from atmosphere.adapters.memory import MemoryReports, MemorySnapshot
from atmosphere.cleanup.baseline.amendments import Amendments
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.handlers import allocate, deallocate, heartbeat, operate, query, refresh
from atmosphere.handlers.http import respond
from atmosphere.wiring import App
from tests.handlers.events import an_event
from tests.operations.world import World, a_world

if TYPE_CHECKING:
    from collections.abc import Callable

HANDLES: dict[str, Any] = {
    "POST /allocations": allocate.handle,
    "DELETE /allocations/{id}": deallocate.handle,
    "POST /allocations/{id}/credentials": refresh.handle,
    "POST /allocations/{id}/heartbeat": heartbeat.handle,
    "POST /environments/{account}/{region}/{act}": operate.handle,
    "POST /pools/{pool}/resume": operate.handle,
    "POST /environments/{account}/{region}/baseline": operate.handle,
}


class Answer:
    """A proxy response as the client sees it."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.raw: str = response["body"]
        self.status: int = response["statusCode"]
        self.headers: dict[str, str] = response["headers"]
        self.body: dict[str, Any] = json.loads(response["body"])

    @property
    def code(self) -> str | None:
        return self.body.get("code")


class Api:
    """The handlers over one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.app = App({})
        self.app.store = world.store
        self.app.credentials = world.credentials
        self.app.cleaner = world.cleaner
        self.app.clock = world.clock
        self.app.ids = world.ids
        self.app.snapshots = MemorySnapshot(world.snapshot)
        self.app.reports = MemoryReports()
        self.app.baselines = Amendments(MemoryTexts())

    def send(self, event: dict[str, Any]) -> Answer:
        """Hand an event to the handler of its route."""
        route = f"{event.get('httpMethod')} {event.get('resource')}"
        return Answer(respond(event, self.app, HANDLES.get(route, query.handle)))

    def ask(self, route: str, **parts: Any) -> Answer:
        """Send a request as the gateway would."""
        return self.send(an_event(route, **parts))


@pytest.fixture
def api() -> Api:
    """A service with three free environments."""
    return Api(a_world(3))


class _Stdout:
    """Whatever stdout is when something is written."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture(autouse=True)
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Everything printed so far. The logger kept the stdout of its import; here it prints where the test looks."""
    (handler,) = observability._logger.handlers
    monkeypatch.setattr(handler, "stream", _Stdout())
    texts: list[str] = []

    def read() -> str:
        captured = capsys.readouterr()
        texts.append(captured.out + captured.err)
        return "".join(texts)

    return read
