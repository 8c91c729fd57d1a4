"""The load of a storm: lives of allocations; a thread repeats what got no clear answer, as clients do.

Revocations that AWS refuses leave dirty environments, which wait for a person. So there is one: without it, a storm
of some minutes would be a queue for the last free environment.
"""

from __future__ import annotations

import itertools
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final

from atmosphere.core.model import Status
from bench.race.board import Held
from bench.race.load import Caller, Load
from bench.race.seen import OK, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.race.seen import Answered

_TRIES: Final = 12
_HELD: Final = 0.25  # of the environments, an operator holds and resumes while they are in use
_PAUSE: Final = 0.3  # seconds between two tries
_WAITING: Final = frozenset({423, 429})
_TURN: Final = 1.0  # seconds until it asks again whether it is its turn
_PATIENCE: Final = 90.0  # seconds that it waits for its turn
_TENDED: Final = 0.1  # of the turns of those who wait, an operator cleans what is dirty
_UNCLEAR: Final = frozenset({0, 500, 502, 503, 504})


class Storm(Load):
    """`requests` lives. A life is an allocation with its key, a heartbeat, fresh credentials, and the release."""

    def run(self) -> None:
        """Live so many lives; raises what a thread raises."""
        numbers, ended = itertools.count(), itertools.count(1)

        def lives(thread: int) -> None:
            dice = random.Random(f"{self.seed}-{thread}")  # noqa: S311 -- dice
            with closing(Caller(self, dice)) as caller:
                while next(numbers) < self.requests:
                    self._live(caller)
                    self.progress(next(ended))

        with ThreadPoolExecutor(self.threads, thread_name_prefix="storm") as pool:
            for _ in pool.map(lives, range(self.threads)):
                continue

    def _live(self, caller: Caller) -> None:
        asked = caller.draw(keyless=self.scene.keyless)
        kinds = itertools.chain([Kind.ALLOCATE], itertools.repeat(Kind.AGAIN))
        tries = _TRIES if asked.key else 1
        got = _until_clear(
            lambda: self._in_turn(caller, lambda: caller.allocate(asked, next(kinds), waits=False)), tries
        )
        if got.status != OK:
            if asked.key:
                _until_clear(lambda: caller.release(Held(asked.key, asked.tree)))
            return
        held = Held(got.allocation, asked.tree)
        if caller.rolls(_HELD):
            for act in (Kind.HOLD, Kind.RESUME):
                _until_clear(partial(caller.act, act, got.environments[0]))
        for kind in (Kind.HEARTBEAT, Kind.REFRESH) if "heartbeatSeconds" in asked.body else (Kind.REFRESH,):
            caller.keep(held, kind)
        _until_clear(lambda: caller.release(held))

    def _in_turn(self, caller: Caller, ask: Callable[[], Answered]) -> Answered:
        """Ask until it is no longer told to wait, within the patience."""
        end = time.monotonic() + _PATIENCE
        while (answer := ask()).status in _WAITING and time.monotonic() < end:
            if caller.rolls(_TENDED):
                self._tend(caller)
            time.sleep(_TURN)
        return answer

    def tend(self) -> None:
        """An operator cleans what is dirty."""
        with closing(Caller(self, random.Random(self.seed))) as caller:  # noqa: S311 -- dice
            self._tend(caller)

    def _tend(self, caller: Caller) -> None:
        for row in self.service.store().environments():
            if row.pool in self.scene.pools and row.status is Status.DIRTY:
                _until_clear(partial(caller.act, Kind.CLEAN, row.key.path))


def _until_clear(ask: Callable[[], Answered], tries: int = _TRIES) -> Answered:
    for _ in range(tries - 1):
        answer = ask()
        if answer.status not in _UNCLEAR:
            return answer
        time.sleep(_PAUSE)
    return ask()
