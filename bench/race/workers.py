"""Ends workers of the service's functions while they work, as Lambda may lose a machine: SIGKILL, by process id only.

A worker is a child of the embedded AWS whose command line names the directory of one of our functions. One that has not
called AWS yet is spared: the embedded AWS ends all workers of a function when one of them dies while it starts.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.race.seen import Killed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from atmosphere.local.service import LocalService

_LOOK: Final = 0.05  # seconds
_CHILD: Final = re.compile(r"\s*(\d+)\s+(\d+)\s+(.*)")


def workers(parent: int, functions: Mapping[str, str]) -> dict[int, str]:
    """The function of each worker, by process id. `functions` are the deployed names by our own."""
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    found: dict[int, str] = {}
    for pid, ppid, command in (match.groups() for line in listing.splitlines() if (match := _CHILD.match(line))):
        names = [name for name, deployed in functions.items() if f"ministack-lambda-{deployed}-" in command]
        if int(ppid) == parent and names:
            found[int(pid)] = names[0]
    return found


def has_called(pid: int) -> bool:
    """Whether a process has a connection; True where the system does not tell."""
    opened = Path(f"/proc/{pid}/fd")
    if not Path("/proc/self/fd").exists():
        return True
    try:
        return any(str(link.readlink()).startswith("socket:") for link in opened.iterdir())
    except OSError:  # it has ended
        return False


class Killer:
    """Kills a worker drawn by `random` whenever `due` says so, from `start` to `stop`."""

    def __init__(self, service: LocalService, random: Random, due: Callable[[int], bool]) -> None:
        self._service = service
        self._random = random
        self._due = due
        self._functions: Mapping[str, str] = service.description["functions"]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)
        self.killed: list[Killed] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK):
            if self._due(len(self.killed)):
                self._kill()

    def _kill(self) -> None:
        found = workers(self._service.emulator.pid, self._functions)
        working = [pid for pid in sorted(found) if has_called(pid)]
        if not working:
            return
        pid = self._random.choice(working)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed.append(Killed(datetime.now(UTC), found[pid], pid))
