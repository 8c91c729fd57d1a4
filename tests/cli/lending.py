"""A service of one pool without limits, which keeps its allocations: an allocate takes its time before and after it
takes effect, and an owner's DELETE of an id that is not known yet keeps that id from ever being allocated."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from tests.client.conftest import Answer, Service, granted, refused

if TYPE_CHECKING:
    from tests.client.conftest import Arrived

LONGEST = 0.02  # seconds that one half of an allocate takes


class Lending(Service):
    """`held` is what is in use now."""

    def __init__(self) -> None:
        super().__init__()
        self.held: set[str] = set()
        self._ended: set[str] = set()
        self._lock = threading.Lock()
        self._random = random.Random(12)  # noqa: S311 delays
        self.script = [self._serve]

        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # who was killed does not read

    def _serve(self, arrived: Arrived) -> Answer:
        if arrived.method == "DELETE":
            return self._end(arrived.path.rpartition("/")[2])
        time.sleep(self._random.uniform(0, LONGEST))
        answer = self._allocate(arrived.headers["idempotency-key"])
        time.sleep(self._random.uniform(0, LONGEST))
        return answer

    def _allocate(self, id_: str) -> Answer:
        with self._lock:
            if id_ in self._ended:
                return refused(409, "already-ended")
            self.held.add(id_)
            return Answer(body={**granted().body, "id": id_, "expiresAt": "2099-11-22T13:00:00Z"})

    def _end(self, id_: str) -> Answer:
        with self._lock:
            known = id_ in self.held or id_ in self._ended
            self.held.discard(id_)
            self._ended.add(id_)
            return Answer() if known else refused(404, "unknown-allocation")
