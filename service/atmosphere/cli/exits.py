"""Exit codes of the command. Those of `run` leave room for the ones of the command that it runs."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from atmosphere.client.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGNALLED: Final = 128  # plus the signal's number, as shells report it


class Exit(IntEnum):
    """Exit codes of every subcommand."""

    FINE = 0
    PROBLEMS = 1
    USAGE = 2
    UNKNOWN = 3
    """Something could not be scanned or compared, or did not happen in time."""
    CHANGES = 4
    """There is something to do (`config plan`)."""
    INTERRUPTED = 130


class RunExit(IntEnum):
    """Exit codes of `run` that are not its command's, as `env`, `timeout` and `sysexits.h` have them."""

    BUSY = 75
    OVER = 124
    FAILED = 125
    NOT_EXECUTABLE = 126
    NOT_FOUND = 127


def of_failure(words: Sequence[str], failure: Exception) -> int:
    """The exit code of a subcommand that raised this."""
    if subcommand(words) != "run":
        return Exit.PROBLEMS
    return RunExit.BUSY if isinstance(failure, Busy) else RunExit.FAILED


def subcommand(words: Sequence[str]) -> str:
    """Which one is called."""
    return next((word for word in words if not word.startswith("-")), "")


def own(words: Sequence[str]) -> Sequence[str]:
    """The words before `--`, which are this command's own."""
    return words[: words.index("--")] if "--" in words else words
