"""What the pytest plugin holds: this process's allocation and, in the controller of xdist, those of the workers.

Every allocation has its id and its release token before it is asked for, made by the process that answers for it. A
file with the id marks that it may be held: workers create it before they ask, whoever gives it back removes it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest

from atmosphere.client import shorthand, spans
from atmosphere.client.connect import from_variables
from atmosphere.client.errors import NotConnected, ServiceError, UnknownAllocation
from atmosphere.client.held import SUCCESS, Held
from atmosphere.client.proof import ReleaseToken
from atmosphere.client.requester import requester
from atmosphere.contract import ALLOCATE_IN_FLIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.client.asking import Options, Waiting
    from atmosphere.client.client import AtmosphereClient

_HEARTBEAT_SECONDS: Final = 180  # a killed session is back within three minutes; a beat each minute
_SHARED: Final = "shared"
_OUTCOMES: Final = {
    pytest.ExitCode.OK: SUCCESS,
    pytest.ExitCode.NO_TESTS_COLLECTED: SUCCESS,
    pytest.ExitCode.TESTS_FAILED: "failed: tests failed",
    pytest.ExitCode.INTERRUPTED: "failed: interrupted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options and ini lines, as texts; empty where nothing is set."""

    pool: str
    endpoint: str
    requester: str
    duration: str
    wait: str
    role: str
    environments: str
    constraints: tuple[str, ...] = ()

    def options(self) -> Options:
        """What is asked for; raises `ValueError`."""
        options: Options = {"constraints": [shorthand.constraint(text) for text in self.constraints]}
        if self.role:
            options["role"] = self.role
        if self.duration:
            options["duration_seconds"] = round(spans.seconds(self.duration))
        if self.wait:
            options["wait_seconds"] = spans.seconds(self.wait)
        return options


@dataclass(frozen=True, slots=True)
class Slot:
    """One allocation that may be held."""

    key: str
    secret: str
    mark: Path

    @classmethod
    def new(cls, place: Path) -> Slot:
        """With an id and a token of its own."""
        key = str(uuid4())
        return cls(key, secrets.token_urlsafe(32), place / key)


class Lending:
    """What one process of a test session lends to its tests, and answers for."""

    def __init__(self, settings: Settings, config: pytest.Config, given: Mapping[str, str] | None) -> None:
        self._settings = settings
        self._config = config
        self._client: AtmosphereClient | None = None
        self._held: Held | None = None
        self._workers: dict[str, Slot] = {}
        self._place = Path(given["mark"]).parent if given else Path(tempfile.mkdtemp(prefix="atmosphere-"))
        self._own = Slot(given["key"], given["secret"], Path(given["mark"])) if given else Slot.new(self._place)
        self._is_worker = given is not None
        self._listen()

    @property
    def _is_shared(self) -> bool:
        return self._settings.environments == _SHARED

    def take(self) -> Held:
        """The allocation of this process; fails the test that needs it if there is none."""
        if self._held is None:
            try:
                self._held = self._asked()
            except (ServiceError, NotConnected, ValueError) as refusal:
                pytest.fail(f"no environment was allocated: {refusal}", pytrace=False)
        return self._held

    def _asked(self) -> Held:
        settings, slot = self._settings, self._own
        if not settings.pool:
            raise NotConnected("no pool is named: give --atmosphere-pool, or set atmosphere_pool in the ini file")
        options = settings.options()
        options["key"], options["release_token"] = slot.key, ReleaseToken(slot.secret)
        options["heartbeat_seconds"] = _HEARTBEAT_SECONDS
        options["on_wait"] = self._tell
        held = Held(self._connected(), settings.pool, settings.requester or requester(), options)
        slot.mark.parent.mkdir(exist_ok=True)  # a worker on another machine has no such directory yet
        slot.mark.touch()
        try:
            return held.take()
        except BaseException:
            if not self._is_shared:  # nothing is held, or that was tried already; of a shared one others may know
                slot.mark.unlink(missing_ok=True)
            raise

    def _connected(self) -> AtmosphereClient:
        if self._client is None:
            self._client = from_variables(self._settings.endpoint or None)
        return self._client

    def check(self) -> None:
        """Fails a test that would use an environment that is no longer ours."""
        if self._held is not None and self._held.ended is not None:
            pytest.fail(f"the environment's allocation has ended: {self._held.ended}", pytrace=False)

    def for_worker(self, name: str) -> dict[str, str]:
        """What a worker needs to hold an allocation that this controller answers for."""
        slot = self._own if self._is_shared else Slot.new(self._place)
        self._workers[name] = slot
        return {"key": slot.key, "secret": slot.secret, "mark": str(slot.mark)}

    def worker_crashed(self, name: str) -> None:
        """Give back what it held, unless others share it."""
        slot = self._workers.get(name)
        if slot is not None and not self._is_shared:
            self._give_back(slot, "failed: the worker crashed", in_flight=True)

    def finish(self, exit_status: int) -> None:
        """Give back all that this process answers for."""
        outcome = _OUTCOMES.get(exit_status, f"failed: exit status {exit_status}")  # type: ignore[call-overload]
        if self._held is not None:
            self._held.leave()
        if self._is_worker and self._is_shared:
            return
        self._give_back(self._own, outcome, in_flight=False)
        for slot in self._workers.values():
            self._give_back(slot, outcome, in_flight=True)
        if not self._is_worker:
            shutil.rmtree(self._place, ignore_errors=True)

    def _give_back(self, slot: Slot, outcome: str, *, in_flight: bool) -> None:
        """End what may be held; `in_flight` if its allocate request may still be on its way."""
        if not slot.mark.exists():
            return
        token, patience = ReleaseToken(slot.secret), ALLOCATE_IN_FLIGHT if in_flight else 0
        try:
            self._connected().end(slot.key, token, outcome=outcome, may_yet_come_seconds=patience)
        except UnknownAllocation:
            slot.mark.unlink(missing_ok=True)
        except (ServiceError, NotConnected) as failure:
            self._say(f"allocation {slot.key} was not released ({failure}); missing heartbeats or its deadline end it")
        else:
            slot.mark.unlink(missing_ok=True)

    def _tell(self, waiting: Waiting) -> None:
        place = f", position {waiting.position}" if waiting.position is not None else ""
        estimate = "" if waiting.estimate is None else ", about {} to {} s more".format(*waiting.estimate)
        self._say(f"{waiting.code}{place}: waited {waiting.waited:.0f} s{estimate}")

    def _say(self, text: str) -> None:
        """A line that people see while tests run, whatever pytest captures."""
        with self._uncaptured():
            sys.stderr.write(f"\natmosphere: {text}\n")
            sys.stderr.flush()

    def _uncaptured(self) -> contextlib.AbstractContextManager[None]:
        capturing: Any = self._config.pluginmanager.getplugin("capturemanager")
        if capturing is None:
            return contextlib.nullcontext()
        uncaptured: contextlib.AbstractContextManager[None] = capturing.global_and_fixture_disabled()
        return uncaptured

    def _listen(self) -> None:
        """SIGTERM and SIGHUP end the session as Ctrl-C does, instead of the process at once, unless others handle them.

        SIGHUP comes from a terminal that is closed, and is all that tests get from `act` when it is stopped.
        """
        if threading.current_thread() is not threading.main_thread() or os.name != "posix":
            return
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _terminated)
                self._config.add_cleanup(partial(_no_longer, number))


def _terminated(number: int, _: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def _no_longer(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
