"""The command of `atmosphere run` while it runs: it gets the signals that this process gets, and ends with its lease.

It stays in the process group of this one, so that it can use the terminal. There Ctrl-C reaches both, and is not sent
to the command a second time, which most tools take as "at once".
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli.attempt import Done, Signal
from atmosphere.cli.exits import SIGNALLED, RunExit
from atmosphere.cli.output import note
from atmosphere.client.errors import Ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.cli.attempt import Attempt
    from atmosphere.client.errors import ServiceError

FORWARDED: Final = ("SIGQUIT", "SIGUSR1", "SIGUSR2")  # beside those that every attempt hears
_FROM_TERMINAL: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name))
_GRACE: Final = 10.0  # seconds between SIGTERM and SIGKILL for a command whose environment is gone


@dataclass(frozen=True, slots=True)
class Over:
    """The event that the allocation has ended under the command."""

    end: ServiceError


@dataclass(frozen=True, slots=True)
class Ending:
    """How it went: the exit code of `run`, and the outcome of the allocation."""

    code: int
    outcome: str


class NotStarted(click.ClickException):
    """The command cannot be started; the exit code says which way."""

    def __init__(self, message: str, code: RunExit) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc] # as click's own errors do with theirs


def check_command(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
    """Raises `NotStarted` before anything is allocated for a command that is not there."""
    name = words[0]
    if shutil.which(name, path=environ.get("PATH")) is None:
        found = os.path.exists(name) if os.path.dirname(name) else shutil.which(name, os.F_OK, environ.get("PATH"))  # noqa: PTH110, PTH120 a word of a shell
        raise _not_started(name, RunExit.NOT_EXECUTABLE if found else RunExit.NOT_FOUND)


def _not_started(name: str, code: RunExit, why: str = "") -> NotStarted:
    if code is RunExit.NOT_FOUND:
        return NotStarted(f"{name!r} was not found: check the command after `--`, and PATH", code)
    reason = why or "permission denied"
    return NotStarted(f"{name!r} cannot be executed ({reason}): make it executable, or name its interpreter", code)


@dataclass(slots=True)
class Child:
    """The command as a process; `attempt` has the events."""

    attempt: Attempt
    words: Sequence[str]
    environ: Mapping[str, str]
    _over: bool = field(default=False, init=False)

    def run(self) -> Ending:
        """Start it, and return how it ended."""
        try:
            process = subprocess.Popen(self.words, env=dict(self.environ))
        except FileNotFoundError:
            return self._failed(_not_started(self.words[0], RunExit.NOT_FOUND))
        except OSError as broken:
            return self._failed(_not_started(self.words[0], RunExit.NOT_EXECUTABLE, broken.strerror or "unknown"))
        self.attempt.start(process.wait)
        while True:
            event = self.attempt.next_event()
            if isinstance(event, Done):
                return self._ending(event)
            self._meanwhile(process, event)

    @staticmethod
    def _failed(why: NotStarted) -> Ending:
        note(why.format_message())
        return Ending(why.exit_code, "failed: the command was not started")

    def _meanwhile(self, process: subprocess.Popen[bytes], event: Any) -> None:
        if isinstance(event, Signal):
            if not (event.number in _FROM_TERMINAL and _in_foreground()):
                _send(process, event.number)
        elif isinstance(event, Over) and not self._over:
            self._over = True
            note(
                f"the allocation is over ({_why(event.end)}): its environment is no longer yours; stopping the command"
            )
            _send(process, signal.SIGTERM)
            timer = threading.Timer(_GRACE, process.kill)
            timer.daemon = True
            timer.start()

    def _ending(self, done: Done) -> Ending:
        if done.failure is not None:
            raise done.failure
        code: int = done.value
        if self._over:
            return Ending(RunExit.OVER, "failed: the allocation ended first")
        if code < 0:
            return Ending(SIGNALLED - code, f"failed: {_name(-code)}")
        return Ending(code, f"failed: exit code {code}" if code else "success")


def _why(end: ServiceError) -> str:
    return f"outcome {end.outcome!r}" if isinstance(end, Ended) and end.outcome else str(end)


def _send(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):  # it has ended, which is the next event
        process.send_signal(number)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _in_foreground() -> bool:
    """Whether this process has the terminal, so that its keys reach the command too."""
    if not hasattr(os, "tcgetpgrp"):
        return True  # Windows sends Ctrl-C to all processes of a console
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
