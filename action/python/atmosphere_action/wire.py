"""One HTTP request: no redirects, a limit of time and size, proxies as the environment names them."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Mapping
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from atmosphere_action.errors import Unanswered
from atmosphere_action.forms import is_loopback

PATIENCE = 30.0  # seconds; the gateway gives up after 29
_CONNECT = 5.0  # seconds; with the gateway's 29 it bounds how long after it was noted a request may take effect
_LARGEST = 1 << 20  # bytes
_CHUNK = 1 << 16  # bytes


class _NotConnected(OSError):
    """There was no connection to this place, a host or its proxy (the cause says why), so nothing was sent."""


class _Quick(http.client.HTTPConnection):
    """Connects within less time than a reply may take, and tells a failure of that from a later one."""

    def connect(self) -> None:
        """As the base class, with a time limit of its own."""
        patience = float(self.timeout or _CONNECT)
        self.timeout = min(patience, _CONNECT)
        try:
            super().connect()
        except OSError as lost:
            raise _NotConnected(f"{self.host}:{self.port}") from lost
        self.sock.settimeout(patience)


class _QuickTls(_Quick, http.client.HTTPSConnection):
    """The same with TLS."""


class _Http(HTTPHandler):
    def http_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_Quick, req)


class _Https(HTTPSHandler):
    def https_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_QuickTls, req, context=ssl.create_default_context())


@dataclass(frozen=True)
class Reply:
    """What came back, whatever its status. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | None = None,
    patience: float = PATIENCE,
    direct: bool = False,
) -> Reply:
    """The reply to one request; `direct` passes no proxy, like everything on loopback. Raises `Unanswered`."""
    parts = urlsplit(url)
    give_up = time.monotonic() + patience
    request = Request(url, data=content, headers=dict(headers), method=method)  # noqa: S310 other schemes have no handler
    try:
        with _opener(direct=direct or is_loopback(parts.hostname or "")).open(request, timeout=patience) as response:
            body = _read(response, give_up)
            names: dict[str, str] = {name.lower(): value for name, value in response.headers.items()}
            return Reply(status=response.status, headers=names, content=body)
    except (OSError, http.client.HTTPException, ValueError) as lost:
        raise _unanswered(parts.netloc.rpartition("@")[2], lost) from lost


def _opener(*, direct: bool) -> OpenerDirector:
    """Without handlers for errors and redirects: every status is a reply."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler({} if direct else None),
        _Http(),
        _Https(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _read(response: http.client.HTTPResponse, give_up: float) -> bytes:
    """The whole body; a body that comes drop by drop or without end is no answer."""
    parts: list[bytes] = []
    size = 0
    while True:
        part = response.read1(_CHUNK)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > _LARGEST:
            raise http.client.HTTPException(f"more than {_LARGEST} bytes")
        if time.monotonic() > give_up:
            raise socket.timeout("the reply took too long")


def _unanswered(place: str, lost: Exception) -> Unanswered:
    reason = lost.reason if isinstance(lost, URLError) else lost
    if not isinstance(reason, _NotConnected):
        return Unanswered(f"{place} did not answer ({type(reason).__name__})", sent=True)
    cause = reason.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        cure = "trust its certificate authority on this machine (SSL_CERT_FILE), or correct the address"
        text = f"{place} presents an untrusted certificate ({cause.verify_message}): {cure}"
        return Unanswered(text, sent=False, lasting=True)
    why = next((text for kind, text in _WHY if isinstance(cause, kind)), f"cannot be reached ({type(cause).__name__})")
    return Unanswered(f"{reason} {why}", sent=False)


_WHY: tuple[tuple[type[OSError], str], ...] = (
    (socket.gaierror, "has an unknown host name"),
    (ConnectionRefusedError, "refuses connections"),
    (socket.timeout, "does not accept connections"),
)
