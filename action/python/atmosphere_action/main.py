"""The main step: read the inputs, prove who the job is, ask, wait, hand over. Giving back is the post step's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Mapping

from atmosphere_action import grant, identity, inputs, previous
from atmosphere_action.allocate import Asking
from atmosphere_action.deliver import Delivery
from atmosphere_action.errors import ActionError, Unreadable
from atmosphere_action.explain import explained
from atmosphere_action.proof import ReleaseToken
from atmosphere_action.service import Service

if TYPE_CHECKING:
    from atmosphere_action.pace import Pace
    from atmosphere_action.runner import Runner


def main(environ: Mapping[str, str], runner: Runner, pace: Pace) -> int:
    """The exit code; raises `ActionError`."""
    wanted = inputs.read(environ)
    previous.guard(wanted, environ)
    who = identity.chosen(
        wanted.auth, endpoint=wanted.endpoint, audience=wanted.audience, environ=environ, mask=runner.mask
    )
    common: dict[str, Any] = {"endpoint": wanted.endpoint, "tree": who.tree, "audience": wanted.audience}
    for name, value in common.items():
        runner.state(name, value)
    if who.signing is not None:
        runner.state("signing", json.dumps(who.signing))
        common["signing"] = who.signing
    asking = _asking(wanted, who, environ, runner, pace)
    try:
        reply = asking.reply()
    except ActionError as failure:
        raise explained(failure, wanted, who.tree, environ) from failure
    for secret in grant.secrets_in(reply):
        runner.mask(secret)
    granted = grant.read(reply)
    if granted.id != asking.allocation:
        raise Unreadable(
            "the service returned a different allocation than requested: is there a proxy in between?", status=200
        )
    Delivery(
        grant=granted,
        inputs=wanted,
        environ=environ,
        runner=runner,
        pace=pace,
        common=common,
        waited=asking.waited,
    ).deliver()
    return 0


def _asking(
    wanted: inputs.Inputs, who: identity.Identity, environ: Mapping[str, str], runner: Runner, pace: Pace
) -> Asking:
    token = ReleaseToken(environ["ATMOSPHERE_ACTION_SECRET"])
    return Asking(
        service=Service(wanted.endpoint),
        proof=who.proof,
        runner=runner,
        pace=pace,
        allocation=environ["ATMOSPHERE_ACTION_ALLOCATION"],
        body={**wanted.request, "releaseTokenHash": token.hash},
        wait_seconds=wanted.wait_seconds,
    )
