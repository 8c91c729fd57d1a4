"""Failures with their cure: refusals by one table of the service's codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping

from atmosphere_action.errors import ActionError, Explained, Refused, Unanswered
from atmosphere_action.identity import GITHUB

if TYPE_CHECKING:
    from atmosphere_action.inputs import Inputs

# code -> title, cure. `{pool}`, `{audience}` and `{caller}` are filled in.
_CURES: Mapping[str, tuple[str, str]] = {
    "unauthenticated": (
        "The service does not accept the job's token",
        (
            "the usual reason is the audience, which was {audience!r}: set the input `audience` to the `audience` of "
            "the service's config/settings.yaml"
        ),
    ),
    "forbidden": (
        "No access to the pool",
        (
            "pool {pool!r} is unknown, or not open to {caller}: check its name, or ask the service's operators for a "
            "rule in config/access.yaml; the request id shows them what did not match (docs/access.md)"
        ),
    ),
    "unsatisfiable": (
        "The pool has no matching environment",
        "waiting does not help: request less in `constraints`, `environments` or `accounts`, or use another `pool`",
    ),
    "invalid-request": ("The service does not accept the request", "correct the inputs that the message names"),
    "already-ended": ("The allocation was ended", "it was released during the request: run the job again"),
    "key-reused": ("The allocation's id was used before", "run the job again"),
    "conflict": ("The allocation's id belongs to another caller", "run the job again"),
    "too-large": ("The request is too large", "shorten `constraints`, `environments` or `session-policy`"),
}
_CALLERS: dict[bool, str] = {True: "this workflow run", False: "the AWS role that signed"}
_NO_SUCH_PLACE = (403, 404)


def explained(failure: ActionError, inputs: Inputs, tree: str) -> ActionError:
    """The same failure, with a title and a cure where we know one."""
    if isinstance(failure, Unanswered) and not failure.lasting:
        return Explained(failure.title, f"{failure}: check that `endpoint` is right and the service is up")
    if not isinstance(failure, Refused):
        return failure
    known = _CURES.get(failure.code)
    if known is not None:
        title, cure = known
        words = {"pool": inputs.pool, "audience": inputs.audience, "caller": _CALLERS[tree == GITHUB]}
        return Explained(title, f"{failure}: {cure.format(**words)}")
    if failure.status in _NO_SUCH_PLACE:
        cure = "check that `endpoint` is the service's address, with its stage and without /allocations"
        return Explained("No service at the endpoint", f"{failure}: {cure}")
    return failure
