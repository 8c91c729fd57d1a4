"""The post step: tidy up what main left in the job, and give the allocation back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, Mapping

from atmosphere_action import identity, inputs, lease, previous, profile
from atmosphere_action.errors import ActionError, NotReleased
from atmosphere_action.proof import Proof, ReleaseToken
from atmosphere_action.release import BUDGET, Releasing
from atmosphere_action.service import Service

if TYPE_CHECKING:
    from atmosphere_action.pace import Pace
    from atmosphere_action.runner import Runner

NOT_RELEASED = 3  # the exit code after which the shim tries by itself


def post(environ: Mapping[str, str], runner: Runner, pace: Pace) -> int:
    """The exit code: 0 if nothing is held any more, 3 if that is not certain, which the shim warns of if it has to."""
    if not _state(environ, "asked") or _state(environ, "refused") == "1":
        return 0
    started = pace.now()
    allocation = environ["ATMOSPHERE_ACTION_ALLOCATION"]
    _tidy(environ, runner, allocation)
    releasing = Releasing(
        service=Service(_state(environ, "endpoint")),
        runner=runner,
        pace=pace,
        allocation=allocation,
        outcome=inputs.given("job-status", environ) or str(inputs.INPUTS["job-status"].default),
        asked=float(_state(environ, "asked")),
        budget=BUDGET - (pace.now() - started),
    )
    try:
        how = releasing.release(_owner(environ, runner), ReleaseToken(environ["ATMOSPHERE_ACTION_SECRET"]))
    except NotReleased as failure:
        runner.say(f"{failure.title}: {failure}; trying another way")
        return NOT_RELEASED
    runner.say(f"{how} (allocation {allocation})")
    return 0


def _state(environ: Mapping[str, str], name: str) -> str:
    return environ.get(f"STATE_{name}", "")


def _owner(environ: Mapping[str, str], runner: Runner) -> Proof | None:
    """The proof of main's identity, if it can be had."""
    try:
        kept: dict[str, Any] = {name: _state(environ, name) for name in ("endpoint", "tree", "audience")}
        kept["signing"] = json.loads(_state(environ, "signing") or "null")
        return identity.again(kept, environ=environ, mask=runner.mask)
    except (ActionError, ValueError) as none:
        runner.say(f"Using the release token, because the job cannot authenticate ({none})")
        return None


def _tidy(environ: Mapping[str, str], runner: Runner, allocation: str) -> None:
    """Each part by itself, and none of them may keep the environment from being given back."""
    parts: tuple[tuple[str, Callable[[], None]], ...] = (
        ("AWS_* variables not restored", lambda: previous.restore(_state(environ, "previous"), runner)),
        ("Profiles not removed", lambda: _remove_profiles(_state(environ, "profiles"))),
        ("Lease files not removed", lambda: lease.remove(lease.directory(environ, allocation))),
    )
    for title, part in parts:
        try:
            part()
        except (ActionError, OSError, ValueError, KeyError, TypeError) as broken:
            text = str(broken) if isinstance(broken, ActionError) else type(broken).__name__
            runner.warning(title, f"{text}; this has no other effect")


def _remove_profiles(kept: str) -> None:
    if kept:
        profile.remove(json.loads(kept))
