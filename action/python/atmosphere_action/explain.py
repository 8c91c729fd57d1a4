"""Failures with their cure: refusals by one table of the service's codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping

from atmosphere_action.errors import ActionError, Explained, Refused, Unanswered
from atmosphere_action.identity import GITHUB
from atmosphere_action.runner import plain

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
        (
            "waiting does not help: {role}request less in `constraints`, `environments` or `accounts`, or use another "
            "`pool`"
        ),
    ),
    "invalid-request": ("The service does not accept the request", "correct the inputs that the message names"),
    "already-ended": ("The allocation was ended", "it was released during the request: run the job again"),
    "key-reused": ("The allocation's id was used before", "run the job again"),
    "conflict": ("The allocation's id belongs to another caller", "run the job again"),
    "too-large": ("The request is too large", "shorten `constraints`, `environments` or `session-policy`"),
}
_CALLERS: dict[bool, str] = {True: "this workflow run", False: "the AWS role that signed"}
_NO_SUCH_PLACE = (403, 404)
_SIGNERS = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")


def explained(failure: ActionError, inputs: Inputs, tree: str, environ: Mapping[str, str]) -> ActionError:
    """The same failure, with a title and a cure where we know one."""
    if isinstance(failure, Unanswered) and not failure.lasting:
        return Explained(failure.title, f"{failure}: check that `endpoint` is right and the service is up")
    if not isinstance(failure, Refused):
        return failure
    known = _CURES.get(failure.code)
    if known is not None:
        title, cure = known
        words = {
            "pool": inputs.pool,
            "audience": inputs.audience,
            "caller": _CALLERS[tree == GITHUB],
            "role": _roles(inputs),
        }
        return Explained(title, f"{failure}: {cure.format(**words)}{_of_this_run(failure, inputs, tree, environ)}")
    if failure.status in _NO_SUCH_PLACE:
        cure = "check that `endpoint` is the service's address, with its stage and without /allocations"
        return Explained("No service at the endpoint", f"{failure}: {cure}")
    return failure


def _roles(inputs: Inputs) -> str:
    """The likeliest cause, where a role is asked for by name."""
    asked = [inputs.request.get("role"), *(entry.get("role") for entry in inputs.request.get("environments") or ())]
    roles = " and ".join(f"`{plain(role, 60)}`" for role in asked if role)
    return f"check that the pool's environments have the role {roles}, which is the likeliest cause; " if roles else ""


def _of_this_run(refusal: Refused, inputs: Inputs, tree: str, environ: Mapping[str, str]) -> str:
    """What about this run a rule may not allow, and whether AWS credentials would have done."""
    if tree != GITHUB or refusal.code not in ("forbidden", "unauthenticated"):
        return ""
    text = ""
    if refusal.code == "forbidden":
        event, ref = plain(environ.get("GITHUB_EVENT_NAME", "unknown"), 60), plain(environ.get("GITHUB_REF", ""), 200)
        text = f". This run is for the event {event!r} on the ref {ref!r}"
        if event.startswith("pull_request"):
            text += ": rules allow pull requests only if `events` names them, and their ref only without `refs`"
    if inputs.auth == "auto" and any(environ.get(name) for name in _SIGNERS):
        text += ". This job also has AWS credentials: if a rule allows their role instead, set `auth: iam`"
    return text
