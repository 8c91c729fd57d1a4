"""The authorizer of the GitHub tree: `Authorization` in, a policy for exactly this call out.

Who is refused is told 401 or 403 and nothing else; why stands in the log: `reason`, and `rule` and `claim` where a
genuine token met no rule. Neither line nor exception ever holds a token, nor of its claims more than ids.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import atmosphere.adapters.token_signatures  # noqa: F401 -- loaded while the function starts, not in its first request
from atmosphere import observability, wiring
from atmosphere.contract import AUTHORIZER_FAILED, BY_RELEASE_TOKEN, GITHUB_ROOT, RELEASE_SCHEME, REPOSITORY_RENAMED
from atmosphere.core.access import caller_from_run
from atmosphere.core.errors import Forbidden, Unauthenticated
from atmosphere.core.github import run_of, run_to_texts
from atmosphere.core.tokens import RefusedToken
from atmosphere.operations.authorize import NoRule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import NoReturn

    from atmosphere.core.github import RunIdentity
    from atmosphere.operations.authorize import Admission
    from atmosphere.wiring import App

_SCHEME: Final = "Bearer "
_RELEASE: Final = re.compile(re.escape(RELEASE_SCHEME) + r"[A-Za-z0-9_-]{43}")
# arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH
_BY_RELEASE_TOKEN: Final = re.compile(
    rf"[^/]+/[^/]+/(?:{'|'.join(m + GITHUB_ROOT + re.sub(r'{[a-z]+}', '[^/]+', p) for m, p in BY_RELEASE_TOKEN)})"
)
_NOBODY: Final = "nobody"
_CLOSEST: Final = 10  # rules in one log line


class Undecided(Exception):
    """The token can be neither accepted nor refused now: the gateway makes it 503."""


def handle(event: dict[str, Any], app: App, *, request_id: str = "") -> dict[str, Any]:
    """The policy of an authorizer event: Allow with what the handlers need to know, or Deny (403).

    Raises an exception that is exactly `Unauthorized`, as the gateway wants it (401), or `Undecided` (503).
    """
    line: observability.Line = {"requestId": request_id}
    started = app.clock.now()
    try:
        principal, context, known = _let_in(event, app)
        _log(app, started, line | known)
        return _policy(event, "Allow", principal, context)
    except Forbidden as refusal:
        _log(app, started, line | _why_forbidden(refusal))
        return _policy(event, "Deny", _NOBODY, {})
    except Unauthenticated as refusal:
        _log(app, started, line | _why_unauthenticated(refusal))
        raise Exception("Unauthorized") from None  # noqa: TRY002 -- the gateway knows it by this text
    except Exception as fault:  # noqa: BLE001 -- the outermost door: Lambda would log the text of whatever passes it
        _undecided(fault, request_id)


def _let_in(event: dict[str, Any], app: App) -> tuple[str, dict[str, str], observability.Line]:
    token = _bearer(event.get("authorizationToken"))
    if _RELEASE.fullmatch(token):
        return _release(str(event["methodArn"]))
    admission = app.authorizer().admit(token, snapshot=app.snapshots.load())
    for rule in admission.renamed:
        observability.count(REPOSITORY_RENAMED)
        observability.line("repository renamed", rule=rule, claim="repository", runId=admission.claims.run_id)
    run = run_of(admission.claims)
    known: observability.Line = {
        "status": 200,
        "rule": ",".join(admission.rules),
        "repositoryId": run.repository_id,
        "runId": run.run_id,
    }
    return caller_from_run(run, admission.rules).owner, _context(run, admission), known


def _bearer(header: object) -> str:
    if not isinstance(header, str) or not header.startswith(_SCHEME):
        raise RefusedToken("token is missing: send Authorization: Bearer")
    return header.removeprefix(_SCHEME)


def _release(method_arn: str) -> tuple[str, dict[str, str], observability.Line]:
    """Let a release token through to the routes that know what to compare it with."""
    if not _BY_RELEASE_TOKEN.fullmatch(method_arn):
        raise Forbidden
    return "release", {"auth": "release"}, {"status": 200, "reason": "release token"}


def _context(run: RunIdentity, admission: Admission) -> dict[str, str]:
    """What handlers get to know of the caller; strings only, empty where the token says nothing."""
    return {"auth": "github", "rules": ",".join(admission.rules), **run_to_texts(run)}


def _policy(event: Mapping[str, Any], effect: str, principal: str, context: Mapping[str, str]) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": dict(context),
    }


def _why_forbidden(refusal: Forbidden) -> observability.Line:
    known: observability.Line = {"status": 403, "code": refusal.code}
    if not isinstance(refusal, NoRule):
        return known | {"reason": "a release token only ends an allocation or keeps it alive"}
    known |= {
        "reason": "no rule matches",
        "repositoryId": refusal.claims.repository_id,
        "runId": refusal.claims.run_id,
    }
    closest = list(refusal.explained.items())[:_CLOSEST]
    if closest:
        known |= {"rule": closest[0][0], "claim": closest[0][1], "unmatched": {str(rule): why for rule, why in closest}}
    return known


def _why_unauthenticated(refusal: Unauthenticated) -> observability.Line:
    known: observability.Line = {"status": 401, "code": refusal.code}
    if isinstance(refusal, RefusedToken):
        known |= {"reason": refusal.reason, "claim": refusal.claim}
    return known


def _undecided(fault: Exception, request_id: str) -> NoReturn:
    observability.fault_line("the authorizer cannot decide", fault, requestId=request_id, status=503)
    observability.count(AUTHORIZER_FAILED)
    raise Undecided("keys, table or configuration cannot be asked: see the log line before this") from None


def _log(app: App, started: datetime, line: observability.Line) -> None:
    line["milliseconds"] = int((app.clock.now() - started).total_seconds() * 1000)
    if code := line.get("code"):
        observability.count("Refused", code=code)
    observability.line("authorize", **line)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The Lambda entry point; the request id is this function's own, which the API's access log has too."""
    return handle(event, wiring.app(), request_id=str(getattr(context, "aws_request_id", "")))
