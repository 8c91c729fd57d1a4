"""One JSON request, repeated until it has an answer: 5xx, 429 and lost connections, within a budget of time.

Every request of the API may arrive twice without a further effect, so repeating is always safe. Each repeat proves anew
who sends it: is signed with whatever the credentials are by then, or carries a fresh token.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

import urllib3

from atmosphere.client import network
from atmosphere.client.errors import UNREADABLE, NotConnected, ServiceError, error_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.client.proof import Proof

DEFAULT_REGION: Final = "us-east-1"
RETRY_BUDGET: Final = 30.0  # seconds in which failures are repeated
_NEVER_MET: Final = 10.0  # seconds; an address where nothing ever answered is most often wrong
_FIRST_PAUSE: Final = 0.25  # seconds
_LONGEST_PAUSE: Final = 8.0  # seconds
_OK: Final = 200
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


class Pace(Protocol):
    """The time as the client sees it; tests bring their own."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class RealPace:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def region_of(endpoint: str) -> str:
    """The region that an API Gateway host names, else us-east-1, for which other hosts are signed."""
    host = urlsplit(endpoint).hostname or ""
    parts = host.split(".")
    if len(parts) > 3 and parts[1] == "execute-api" and parts[3] == "amazonaws":  # noqa: PLR2004 ID.execute-api.REGION.…
        return parts[2]
    return DEFAULT_REGION


@dataclass(slots=True)
class Transport:
    """Sends requests to one endpoint with one caller's proof. Raises `ServiceError` for all but 200."""

    endpoint: str
    proof: Proof = field(repr=False)
    budget: float = RETRY_BUDGET
    pace: Pace = field(default_factory=RealPace)
    jitter: Callable[[float, float], float] = random.uniform
    _pool: urllib3.PoolManager | None = field(default=None, repr=False)
    _met: bool = False

    def send(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        proof: Proof | None = None,
    ) -> dict[str, Any]:
        """The reply's JSON object. `path` are the segments, quoted here; `proof` stands for the usual one."""
        proof = proof or self.proof
        url = "/".join((self.endpoint.rstrip("/"), *(quote(part, safe="") for part in (*proof.root, *path))))
        if query:
            url += f"?{urlencode(query, quote_via=quote)}"
        content = b"" if body is None else json.dumps(body).encode()
        started = self.pace.now()
        pause, unclear = _FIRST_PAUSE, False
        while True:
            try:
                return self._once(method, url, content, {**_HEADERS, **(headers or {})}, proof)
            except NotConnected as none:
                none.unclear = unclear
                raise
            except ServiceError as error:
                error.unclear = unclear = unclear or error.unknown_outcome
                wait = max(self.jitter(0, pause), error.retry_after or 0)
                if not _worth_repeating(error) or self.pace.now() + wait > started + self._patience:
                    raise
                self.pace.sleep(wait)
                pause = min(_LONGEST_PAUSE, pause * 2)

    @property
    def _patience(self) -> float:
        return self.budget if self._met else min(self.budget, _NEVER_MET)

    def _once(self, method: str, url: str, content: bytes, headers: Mapping[str, str], proof: Proof) -> dict[str, Any]:
        proven = proof.headers(method, url, content, headers)
        if self._pool is None:
            self._pool = network.pool(self.endpoint)
        try:
            reply = self._pool.request(method, url, body=content, headers=proven, redirect=False, retries=False)
        except urllib3.exceptions.HTTPError as lost:
            failure = network.unreachable(self.endpoint, lost)
            self._met = self._met or failure.sent
            raise failure from lost
        self._met = True
        return _value(reply.status, reply.data, reply.headers.get("Retry-After"))


_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "atmosphere-client"}


def _worth_repeating(error: ServiceError) -> bool:
    if error.code == network.UNTRUSTED:
        return False
    return error.status in (0, _TOO_MANY) or error.status >= _SERVER_ERROR


def _value(status: int, content: bytes, retry_after: str | None) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        message = "the reply is not this API's JSON: check that the endpoint has its stage and no /allocations"
        raise error_for(status, UNREADABLE, message, retry_after=_seconds(retry_after))
    if status == _OK:
        return value
    message = str(value.get("message") or value.get("Message") or "the service returned no reason")
    after = _seconds(retry_after) or _seconds(value.get("retryAfterSeconds"))
    raise error_for(status, str(value.get("code") or "unknown"), message, retry_after=after, details=value)


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if seconds >= 0 else None
