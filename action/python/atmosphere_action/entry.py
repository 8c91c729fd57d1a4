"""From a command line to an exit code: every expected failure is one annotation, a bug tells where and no values."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Callable, Sequence

from atmosphere_action import credentials, watch
from atmosphere_action.errors import ActionError, BadInputs
from atmosphere_action.main import main
from atmosphere_action.pace import Pace
from atmosphere_action.post import post
from atmosphere_action.runner import Runner

_FAILED = 1
_USAGE = 2


def run(arguments: Sequence[str]) -> int:
    """Run `main`, `post` or `credentials FILE`."""
    if arguments and arguments[0] == "credentials" and len(arguments) == 2:  # noqa: PLR2004 the command and its file
        return _credentials(arguments[1])
    step = _STEPS.get(arguments[0]) if len(arguments) == 1 else None
    if step is None:
        sys.stderr.write("usage: main | post | credentials LEASE_FILE\n")
        return _USAGE
    return step()


def _main() -> int:
    watch.end_with_parent()
    runner = Runner(os.environ)
    return _reported(runner, lambda: main(os.environ, runner, Pace()))


def _post() -> int:
    watch.finish_first()
    runner = Runner(os.environ, unheard=True)
    return _reported(runner, lambda: post(os.environ, runner, Pace()))


def _reported(runner: Runner, step: Callable[[], int]) -> int:
    try:
        return step()
    except BadInputs as wrong:
        for problem in wrong.problems:
            runner.error(wrong.title, problem)
    except ActionError as failure:
        runner.error(failure.title, str(failure))
    except Exception as bug:  # noqa: BLE001 the last line of defence: a traceback's values may be secrets
        runner.error("Atmosphere: a bug", _where(bug))
    return _FAILED


def _credentials(path: str) -> int:
    """Standard output is the answer, so failures go to standard error, which the tools show."""
    try:
        return credentials.command(path, environ=os.environ, pace=Pace())
    except ActionError as failure:
        sys.stderr.write(f"{failure.title}: {failure}\n")
    except Exception as bug:  # noqa: BLE001 as above
        sys.stderr.write(f"Atmosphere: a bug: {_where(bug)}\n")
    return _FAILED


def _where(bug: Exception) -> str:
    frames = (f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__))
    return f"{type(bug).__name__} at {' > '.join(frames)}: please report it"


_STEPS: dict[str, Callable[[], int]] = {"main": _main, "post": _post}
