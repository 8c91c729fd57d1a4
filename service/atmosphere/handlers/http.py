"""The door of the API: gateway event in, JSON reply out, on every path. Who is asking is read in `identity`."""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from atmosphere import observability, wiring
from atmosphere.contract import GITHUB_ROOT, Metric
from atmosphere.core import access, strict_json
from atmosphere.core.errors import AlreadyEnded, Code, Forbidden, InvalidRequest, Refused
from atmosphere.handlers.identity import ReleaseToken, identify
from atmosphere.operations.unanswered import unanswered
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.errors import Place
    from atmosphere.core.model import Json
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.handlers.identity import Identity
    from atmosphere.wiring import App

STATUS: Final[dict[Code, int]] = {
    Code.INVALID_REQUEST: 400,
    Code.UNSATISFIABLE: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.UNKNOWN_ALLOCATION: 404,
    Code.UNKNOWN_ENVIRONMENT: 404,
    Code.ALREADY_ENDED: 409,
    Code.CONFLICT: 409,
    Code.TOO_LARGE: 413,
    Code.KEY_REUSED: 422,
    Code.POOL_BUSY: 423,
    Code.QUOTA_REACHED: 423,
    Code.ALL_DIRTY: 423,
    Code.UNAVAILABLE: 503,
}
INTERNAL: Final = "internal"
BY_TOKEN: Final = "release-token"  # noqa: S105 a word of the log, no token
_HEADERS: Final = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
_READ: Final = frozenset({"idempotency-key"})  # the headers that handlers see; the others may hold tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a handler may see of a request; `route` is without the tree's root.

    The body stays bytes until its parser asks for it.
    """

    route: str
    identity: Identity
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw_body: bytes = field(default=b"", repr=False)

    def body(self) -> dict[str, Json]:
        """The body as a JSON object; raises a `Refused`."""
        return strict_json.parse_object(self.raw_body)

    def no_body(self) -> None:
        """Raise `InvalidRequest` unless the body is empty or `{}`."""
        if self.raw_body and self.body():
            raise InvalidRequest("this request takes no body: send none, or {}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of a known caller, with the configuration in force."""

    request: Request
    caller: VerifiedCaller
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAsked:
    """A request of somebody who only showed a release token."""

    request: Request
    token: ReleaseToken
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A status and a JSON body; `line` is what the request's log line says besides the usual."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    line: observability.Line = field(default_factory=observability.Line)


def entry(
    handle: Callable[[Asked, App], Reply], *, release: Callable[[TokenAsked, App], Reply] | None = None
) -> Callable[[dict[str, Any], object], dict[str, Any]]:
    """The Lambda handler for `handle`: one App a container, one log line a request, and no exception passes.

    `release` answers release tokens; without it they are refused.
    """

    def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
        del context
        return respond(event, wiring.app(), handle, release=release)

    return handler


def respond(
    event: dict[str, Any],
    app: App,
    handle: Callable[[Asked, App], Reply],
    *,
    release: Callable[[TokenAsked, App], Reply] | None = None,
) -> dict[str, Any]:
    """Parse, let `handle` or `release` answer, and turn whatever comes of it into a proxy response."""
    return answered(event, app, lambda: _answer(parse(event), app, handle, release))


def answered(event: dict[str, Any], app: App, answer: Callable[[], Reply]) -> dict[str, Any]:
    """The proxy response for whatever comes of `answer`, and the request's log line; no exception passes."""
    started = app.clock.now()
    try:
        reply = answer()
    except Refused as refusal:
        reply = refused(refusal)
    except Unreachable as down:
        observability.fault_line("a dependency did not answer", down)
        reply = refused(unanswered(down))
    except Exception as fault:  # noqa: BLE001 -- the outermost door: every reply is JSON and tells nothing of the fault
        observability.fault_line("fault", fault)
        reply = Reply(status=500, body={"message": "something went wrong in the service", "code": INTERNAL})
    milliseconds = int((app.clock.now() - started).total_seconds() * 1000)
    _log(event, reply, milliseconds)
    return _proxy_response(event, reply)


def _answer(
    request: Request,
    app: App,
    handle: Callable[[Asked, App], Reply],
    release: Callable[[TokenAsked, App], Reply] | None,
) -> Reply:
    snapshot = app.snapshots.load()
    if not isinstance(request.identity, ReleaseToken):
        access.known(snapshot.access, request.identity)
        return handle(Asked(request=request, caller=request.identity, snapshot=snapshot), app)
    if release is None:
        raise Forbidden
    return release(TokenAsked(request=request, token=request.identity, snapshot=snapshot), app)


def parse(event: dict[str, Any]) -> Request:
    """The request in a REST proxy event of either tree; raises `Forbidden` where its identity is not plain."""
    return Request(
        route=f"{event.get('httpMethod', '')} {str(event.get('resource', '')).removeprefix(GITHUB_ROOT)}",
        identity=identify(event),
        path=event.get("pathParameters") or {},
        query=_query(event),
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items() if name.lower() in _READ},
        raw_body=raw_body(event),
    )


def _query(event: dict[str, Any]) -> dict[str, str]:
    several: Mapping[str, list[str]] = event.get("multiValueQueryStringParameters") or {}
    if repeated := sorted(name for name, values in several.items() if len(values) > 1):
        raise InvalidRequest(f"the query names {repeated!r} more than once: name each once")
    return dict(event.get("queryStringParameters") or {})


def raw_body(event: Mapping[str, Any]) -> bytes:
    """The body as it was sent; raises `InvalidRequest` where the gateway's wrapping cannot be undone."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as broken:
        raise InvalidRequest("the body cannot be read") from broken


def refused(refusal: Refused) -> Reply:
    """A refusal on the wire: `message`, `code` and, where trying again can help, when."""
    body: dict[str, Any] = {"message": refusal.message, "code": refusal.code}
    headers: dict[str, str] = {}
    if isinstance(refusal, AlreadyEnded) and refusal.outcome is not None:
        body["outcome"] = refusal.outcome
    if refusal.retry_after is not None:
        seconds = max(1, math.ceil(refusal.retry_after.total_seconds()))
        body["retryAfterSeconds"] = seconds
        headers["Retry-After"] = str(seconds)
    if refusal.place is not None:
        body |= _place(refusal.place)
    return Reply(status=STATUS[refusal.code], body=body, headers=headers)


def _place(place: Place) -> dict[str, Any]:
    body: dict[str, Any] = {"position": place.position, "waiting": place.waiting}
    if place.estimate is not None:
        least, most = place.estimate
        body["estimatedWaitSeconds"] = {"from": least, "to": most}
    return body


def _proxy_response(event: dict[str, Any], reply: Reply) -> dict[str, Any]:
    return {
        "statusCode": reply.status,
        "headers": {**_HEADERS, "X-Request-Id": _context(event, "requestId"), **reply.headers},
        "body": json.dumps(reply.body, ensure_ascii=True, separators=(",", ":")),
        "isBase64Encoded": False,
    }


def _context(event: dict[str, Any], name: str) -> str:
    return str((event.get("requestContext") or {}).get(name, ""))


def _log(event: dict[str, Any], reply: Reply, milliseconds: int) -> None:
    code = reply.body.get("code")
    known: observability.Line = {
        "route": f"{event.get('httpMethod', '')} {event.get('resource', '')}",
        "status": reply.status,
        "milliseconds": milliseconds,
        "requestId": _context(event, "requestId"),
        "extendedRequestId": _context(event, "extendedRequestId"),
    }
    if code:
        known["code"] = str(code)
        observability.count(Metric.REFUSED, code=str(code))
    observability.line("request", **(known | reply.line))
