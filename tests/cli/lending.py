"""A service of one pool without limits, which keeps its allocations: an allocate takes its time before and after it
takes effect, and an owner's DELETE of an id that is not known yet keeps that id from ever being allocated."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any

from tests.client.conftest import Answer, Service, entry, granted, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.client.conftest import Arrived

LONGEST = 0.02  # seconds that one half of an allocate takes


class Lending(Service):
    """`held` is what is in use now, `outcomes` how the others ended, `beats` what still lives.

    `first` are answers before the first grant. `on_allocate`, `on_beat` and `on_end` are called with each request's id;
    the first two may give an answer of their own. `heartbeat` is what the service says, None if it knows no heartbeats.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held: set[str] = set()
        self.outcomes: dict[str, str] = {}
        self.beats: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.first: list[Any] = []
        self.heartbeat: float | None = 180
        self.on_allocate: Callable[[str], Any] = lambda _: None
        self.on_beat: Callable[[str], Any] = lambda _: None
        self.on_end: Callable[[str], Any] = lambda _: None
        self._lock = threading.Lock()
        self._random = random.Random(12)  # noqa: S311 delays
        self.script = [self._serve]

        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # who was killed does not read

    def _serve(self, arrived: Arrived) -> Any:
        last = arrived.path.rpartition("/")[2]
        if arrived.method == "DELETE":
            return self._end(last, arrived.body["outcome"])
        if last == "heartbeat":
            return self._beat(arrived.path.split("/")[-2])
        if last == "credentials":
            return self._granted(arrived.path.split("/")[-2], {})
        if last == "pools":
            return Answer(body={"pools": [{"pool": "demo", "counts": {"free": 1}}]})
        if arrived.method == "GET":
            return refused(403, "forbidden")
        return self._allocate(arrived)

    def _allocate(self, arrived: Arrived) -> Any:
        time.sleep(self._random.uniform(0, LONGEST))
        id_ = arrived.headers["idempotency-key"]
        with self._lock:
            self.asked.append(arrived.body)
            if self.first:
                answer = self.first.pop(0)
                return answer(arrived) if callable(answer) else answer
            if "heartbeatSeconds" in arrived.body and self.heartbeat is None:
                return Answer(
                    400, {"message": "the body has keys that are not known: ['heartbeatSeconds']", "code": "x"}
                )
            if id_ in self.outcomes:
                return refused(409, "already-ended")
            self.held.add(id_)
        answer = self.on_allocate(id_) or self._granted(id_, arrived.body)
        time.sleep(self._random.uniform(0, LONGEST))
        return answer

    def _granted(self, id_: str, body: dict[str, Any]) -> Answer:
        wanted = body.get("environments") or [{"name": "default"}]
        places = [entry(each["name"], f"{222222222222 + index}") for index, each in enumerate(wanted)]
        for place in places:
            place["credentials"]["expiration"] = "2099-11-22T11:00:00Z"
        beating = {"heartbeatSeconds": self.heartbeat} if "heartbeatSeconds" in body else {}
        return Answer(body={**granted(*places).body, "id": id_, "expiresAt": "2099-11-22T13:00:00Z", **beating})

    def _beat(self, id_: str) -> Any:
        self.beats.append(id_)
        answer = self.on_beat(id_)
        if answer is not None:
            return answer
        with self._lock:
            if id_ in self.held:
                until = {"expiresAt": "2099-11-22T13:00:00Z", "nextHeartbeatBy": "2099-11-22T12:00:00Z"}
                return Answer(body={"id": id_, **until, "heartbeatSeconds": self.heartbeat})
            if id_ in self.outcomes:
                return refused(409, "already-ended", outcome=self.outcomes[id_])
        return refused(404, "unknown-allocation")

    def lose(self, id_: str) -> None:
        """The reconciler ends what no heartbeat came for."""
        with self._lock:
            self.held.discard(id_)
            self.outcomes[id_] = "lost"

    def _end(self, id_: str, outcome: str) -> Answer:
        self.on_end(id_)
        with self._lock:
            known = id_ in self.held or id_ in self.outcomes
            self.held.discard(id_)
            self.outcomes.setdefault(id_, outcome)
            return Answer() if known else refused(404, "unknown-allocation")
