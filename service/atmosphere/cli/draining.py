"""`environment list --wait-gone`: watches an environment drain until its row disappears, or says why it will not.

Only the service's own "there is no such environment" counts as gone; a question without an answer is asked again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from atmosphere.cli.exits import Exit
from atmosphere.cli.output import harmless, note, print_json, shown
from atmosphere.client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.results import EnvironmentState

EVERY: Final = 5.0  # seconds between two questions
_GONE: Final = "unknown-environment"
_MAY_PASS: Final = (0, 429)  # no reply; too many requests
_FAULTS: Final = 500  # this HTTP status and those above are the service's own faults
_STUCK: Final = {
    "dirty": "it is dirty because of {why}, and stays until you clean, reinstate or discard it",
    "held": "an operator holds it, and it stays until you resume it",
}


def wait_gone(
    client: AtmosphereClient,
    environment: tuple[str, str],
    *,
    seconds: float,
    as_json: bool,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Return once the environment is gone. Raises `ServiceError`, or exits: 1 if it stays, 3 if time is up."""
    place = f"aws://{'/'.join(environment)}"
    give_up, last = now() + seconds, ""
    while line := _standing(client, environment, place, asked_before=bool(last)):
        if line != last:
            note(f"{place}: {line}")
            last = line
        if now() >= give_up:
            raise _TimeIsUp(f"{place} is still there after {seconds:.0f} s: {line}")
        sleep(min(EVERY, max(0.0, give_up - now())))
    if as_json:
        print_json({"account": environment[0], "region": environment[1], "gone": True})
    else:
        print(f"{place} is gone")


class _Stays(click.ClickException):
    """It is there, and waiting longer makes no sense."""

    exit_code = Exit.PROBLEMS


class _TimeIsUp(click.ClickException):
    """It is there still."""

    exit_code = Exit.UNKNOWN


def _standing(client: AtmosphereClient, environment: tuple[str, str], place: str, *, asked_before: bool) -> str:
    """How far it has drained; empty once it is gone. A service that answered before may be silent for a while."""
    try:
        state = client.environment(*environment)
    except ServiceError as refusal:
        if refusal.code == _GONE:
            return ""
        if asked_before and (refusal.status in _MAY_PASS or refusal.status >= _FAULTS):
            return f"not known at the moment: {refusal}"
        raise
    if stays := why_it_stays(state):
        raise _Stays(f"{place} will not disappear by itself: {harmless(stays)}")
    return _progress(state)


def why_it_stays(state: EnvironmentState) -> str:
    """What keeps an environment from disappearing until somebody acts; empty if nothing does."""
    if state.registration != "deregistering":
        return "the configuration in force names it; deploy one without it first"
    if state.status == "dirty" and state.retry_at:
        return ""  # it is cleaned again by itself then
    return _STUCK.get(state.status or "", "").format(why=state.dirty_reason or "an unknown reason")


def _progress(state: EnvironmentState) -> str:
    parts = [str(state.status)]
    if state.allocation and state.status == "in-use":
        parts.append(f"by allocation {state.allocation}")
    if until := shown(state.deadline or state.retry_at):
        parts.append(f"until {until}")
    return " ".join(parts)
