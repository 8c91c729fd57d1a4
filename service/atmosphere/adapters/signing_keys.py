"""The public keys with which issuers sign, fetched over https and kept for a container's life (RFC 7517).

Keys are fresh for 10 minutes and usable for 24 hours: an issuer that is down or answers nonsense does not lock anybody
out at once, and a key that it withdrew does not live on. A flood of unknown key ids costs one fetch in 10 seconds,
because every attempt arms the cool-down, not only those that succeed. Nothing is ever replaced by an empty set.
"""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from urllib.parse import SplitResult

    from atmosphere.ports import Clock

FRESH: Final = timedelta(minutes=10)
USABLE: Final = timedelta(hours=24)
COOL_DOWN: Final = timedelta(seconds=10)
TIMEOUT: Final = 3.0  # seconds
MAX_BYTES: Final = 256 * 1024
MIN_BITS: Final = 2048
_LOOPBACK: Final = "127.0.0.1"
_BLOCK: Final = 64 * 1024
_OK: Final = 200

KEY_CHECKS: Final[dict[str, Callable[[Mapping[str, Any]], bool]]] = {
    "use": lambda entry: entry.get("use", "sig") == "sig",
    "alg": lambda entry: entry.get("alg", "RS256") == "RS256",
}
"""What a published key must be besides RSA; one that is not is left out, and the others are used."""


def fetch_keys(url: str) -> bytes:
    """What is published at an https URL (http on 127.0.0.1 only); follows no redirect. Raises `Unreachable`."""
    parts = urlsplit(url)
    deadline = time.monotonic() + TIMEOUT
    connection = _connection(parts)
    try:
        connection.request("GET", parts.path or "/", headers={"Accept": "application/json"})
        response = connection.getresponse()
        if response.status != _OK:
            raise Unreachable(f"the issuer's keys: answered {response.status}, wanted {_OK}")
        return _capped(response, deadline)
    except (OSError, HTTPException) as fault:
        raise Unreachable(f"the issuer's keys: {type(fault).__name__}: is the URL in settings.yaml right?") from fault
    finally:
        connection.close()


def _connection(parts: SplitResult) -> HTTPConnection:
    if parts.scheme == "https" and parts.hostname:
        return HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT, context=ssl.create_default_context())
    if parts.scheme == "http" and parts.hostname == _LOOPBACK:
        return HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)
    raise Unreachable("the issuer's keys: not an https URL: correct jwks_url in settings.yaml")


def _capped(response: HTTPResponse, deadline: float) -> bytes:
    body = bytearray()
    while block := response.read1(_BLOCK):
        body += block
        if len(body) > MAX_BYTES:
            raise Unreachable(f"the issuer's keys: more than {MAX_BYTES} bytes")
        if time.monotonic() > deadline:
            raise Unreachable(f"the issuer's keys: not there after {TIMEOUT} s")
    return bytes(body)


def usable_keys(published: bytes) -> dict[str, RSAPublicKey]:
    """The keys of a JWK set that may sign tokens, by key id; none if it is no JWK set."""
    try:
        entries = json.loads(published)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    if not isinstance(entries, list):
        return {}
    return {entry["kid"]: key for entry in entries if isinstance(entry, dict) and (key := _usable(entry))}


def _usable(entry: dict[str, Any]) -> RSAPublicKey | None:
    if not isinstance(entry.get("kid"), str) or not all(holds(entry) for holds in KEY_CHECKS.values()):
        return None
    try:
        key = RSAAlgorithm.from_jwk(entry)
    except (InvalidKeyError, ValueError, TypeError, KeyError):
        return None
    # a private key that was published is nobody's any more
    return key if isinstance(key, RSAPublicKey) and key.key_size >= MIN_BITS else None


@dataclass
class _Kept:
    """What is known of one issuer's keys; `attempted` is the last fetch, `fetched` the last that brought keys."""

    keys: Mapping[str, RSAPublicKey] = field(default_factory=dict)
    fetched: datetime | None = None
    attempted: datetime | None = None


class SigningKeys:
    """The keys of every issuer, by the URL where they are published."""

    def __init__(self, *, clock: Clock, fetch: Callable[[str], bytes] = fetch_keys) -> None:
        self._clock = clock
        self._fetch = fetch
        self._kept: dict[str, _Kept] = {}
        self._lock = Lock()

    def key(self, url: str, kid: str) -> RSAPublicKey | None:
        """The key of this id, None if the issuer has none.

        Raises `Unreachable` when that cannot be told: no keys are usable, or the id is unknown and the last attempt to
        ask for new ones failed.
        """
        with self._lock:
            kept, now = self._kept.setdefault(url, _Kept()), self._clock.now()
            if not (_younger(kept.fetched, now, FRESH) and kid in kept.keys) and not _younger(
                kept.attempted, now, COOL_DOWN
            ):
                self._refetch(kept, url, now)
            if not _younger(kept.fetched, now, USABLE):
                raise Unreachable("the issuer's keys are not known and cannot be had: try again")
            if kid not in kept.keys and kept.attempted != kept.fetched:
                raise Unreachable("the issuer's newest keys cannot be had: try again")
            return kept.keys.get(kid)

    def _refetch(self, kept: _Kept, url: str, now: datetime) -> None:
        """Ask once; what is no answer leaves what was known, and the moment of the attempt tells."""
        kept.attempted = now
        try:
            keys = usable_keys(self._fetch(url))
        except Unreachable:
            return
        if keys:
            kept.keys, kept.fetched = keys, now


def _younger(since: datetime | None, now: datetime, limit: timedelta) -> bool:
    return since is not None and now - since < limit
