"""POST /github/webhook: GitHub tells what is over. Nobody is known here but by the signature of the body.

Whatever GitHub signed is acknowledged, whether or not it has an effect. Neither body nor signature is ever logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from atmosphere import observability, wiring
from atmosphere.contract import Metric
from atmosphere.core import webhook
from atmosphere.core.errors import Refused
from atmosphere.handlers import start
from atmosphere.handlers.announcing import ended
from atmosphere.handlers.http import Reply, answered, raw_body
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.github import Issuer
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.wiring import App


_FORM: Final = b"payload="
"""How a delivery of content type `application/x-www-form-urlencoded` begins, and no JSON does."""


def handle(event: Mapping[str, Any], app: App) -> Reply:
    """Authenticate, read, reclaim; raises a `Refused` or `Unreachable`."""
    body = raw_body(event)
    given = webhook.signature(body, _signatures(event))  # what has none costs no read
    snapshot = app.snapshots.load()
    try:
        issuer = _issuer(body, given, snapshot, app)
    except Refused:
        observability.count(Metric.WEBHOOK_REJECTED)
        raise
    completed = webhook.read(_document(body), issuer)
    if completed is None:
        return Reply(body={}, line={"issuer": issuer, "reason": "nothing that is over"})
    number = app.reclaimer(snapshot, ended=ended(app)).reclaim(completed)
    observability.count(Metric.RECLAIMED, number)
    line: observability.Line = {
        "issuer": issuer,
        "event": completed.kind,
        "repositoryId": completed.repository_id,
        "runId": completed.run_id,
        "attempt": completed.run_attempt,
        "ended": number,
    }
    return Reply(body={}, line=line)


def _issuer(body: bytes, given: str, snapshot: Snapshot, app: App) -> Issuer:
    try:
        return webhook.authenticate(body, given, _secrets(snapshot, app))
    except webhook.SharedSecret:
        observability.line("webhook", reason="several issuers have this secret: give each its own")
        raise


def _secrets(snapshot: Snapshot, app: App) -> dict[Issuer, tuple[bytes, ...]]:
    """All of them, so that one that two issuers share is seen; raises `Unreachable`, also when none has a value."""
    found = {issuer: app.webhook_secrets.of(issuer) for issuer in snapshot.settings.senders}
    if not any(found.values()):
        raise Unreachable("no webhook's secret has a value: give it one, e.g. with get-random-password")
    return found


def _document(body: bytes) -> bytes:
    """The JSON of a delivery of either content type; anything else as it is.

    No header is signed, so the body itself says which it is. Source: docs.github.com, "Creating webhooks".
    """
    if not body.startswith(_FORM):
        return body
    try:
        payloads = parse_qs(body, max_num_fields=1)
    except ValueError:
        return body
    return payloads.get(b"payload", [body])[0]


def _signatures(event: Mapping[str, Any]) -> list[str]:
    """Every value of the header, which may come in any case and, from whoever tries, more than once."""
    several = event.get("multiValueHeaders") or {name: [value] for name, value in (event.get("headers") or {}).items()}
    return [value for name, values in several.items() if name.lower() == webhook.SIGNATURE_HEADER for value in values]


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The Lambda handler."""
    del context
    app = wiring.app()
    return answered(event, app, lambda: handle(event, app))


start.ready(lambda app: (app.snapshots, app.store, app.cleaner, app.webhook_secrets))
