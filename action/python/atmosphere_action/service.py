"""The service's API: addresses, proofs, and replies as values or typed errors (docs/api/openapi.yaml)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping
from urllib.parse import quote

from atmosphere_action import wire
from atmosphere_action.errors import Refused, Unreadable
from atmosphere_action.runner import plain

if TYPE_CHECKING:
    from atmosphere_action.proof import Proof

_OK = 200
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "atmosphere-action"}
_REQUEST_IDS = ("x-request-id", "x-amzn-requestid")


@dataclass(frozen=True)
class Service:
    """One deployment of the service."""

    endpoint: str

    def ask(
        self,
        method: str,
        *path: str,
        proof: Proof,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        patience: float = wire.PATIENCE,
    ) -> dict[str, Any]:
        """The JSON object of a 200; raises `Refused`, `Unanswered`, `Unreadable` and what the proof raises.

        `path` are the segments below the tree that understands the proof; `patience` is in seconds.
        """
        segments = (*proof.root, *path)
        url = "/".join((self.endpoint, *(quote(part, safe="") for part in segments)))
        content = json.dumps(body).encode()
        plain_headers = {**_HEADERS, **(headers or {})}
        proven = proof.headers(method, url, content, plain_headers)
        return _value(wire.send(method, url, headers=proven, content=content, patience=patience))


def _value(reply: wire.Reply) -> dict[str, Any]:
    try:
        value = json.loads(reply.content)
    except ValueError:  # told below with the status, which says more
        value = None
    if not isinstance(value, dict):
        text = f"the reply (HTTP {reply.status}) is not this API's JSON: is the endpoint right, with its stage?"
        raise Unreadable(text, status=reply.status)
    if reply.status == _OK:
        return value
    after = _seconds(reply.headers.get("retry-after"))
    raise Refused(
        reply.status,
        plain(value.get("code") or "unknown", 60),
        plain(value.get("message") or value.get("Message") or "the service returned no reason"),
        retry_after=_seconds(value.get("retryAfterSeconds")) if after is None else after,
        details=value,
        request_id=plain(next((reply.headers[name] for name in _REQUEST_IDS if name in reply.headers), ""), 60),
    )


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):  # absent or a date: the caller has a pause of its own
        return None
    return seconds if 0 <= seconds < 86400 else None  # noqa: PLR2004 a day, which also drops infinity and NaN
