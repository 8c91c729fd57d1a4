"""One caller's connection to the API: kept open, signed or with a token, and light: 64 of them share a machine."""

from __future__ import annotations

import http.client
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    Prove: TypeAlias = Callable[[str, str, bytes, dict[str, str]], Mapping[str, str]]
    """From method, address, content and headers to the headers with a proof of who asks."""

_LIMIT: Final = 120.0  # seconds; the gateway of AWS gives up after 29
_NO_REPLY: Final = (http.client.HTTPException, OSError)


class Reply(NamedTuple):
    """A status (0 without a reply), the JSON body, and when it was asked and answered."""

    status: int
    body: dict[str, Any]
    sent: datetime
    got: datetime


def signing(keys: Mapping[str, str]) -> Prove:
    """Headers that sign a request as this caller."""
    credentials = Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken"))
    signer = SigV4Auth(credentials, "execute-api", "us-east-1")

    def sign(method: str, url: str, content: bytes, headers: dict[str, str]) -> Mapping[str, str]:
        request = AWSRequest(method=method, url=url, data=content, headers=headers)
        signer.add_auth(request)
        return dict(request.headers.items())

    return sign


def bearing(token: Callable[[], str]) -> Prove:
    """Headers with a new token for each request: a token works once."""
    return lambda _method, _url, _content, headers: headers | {"Authorization": f"Bearer {token()}"}


class Door:
    """The API under `endpoint`, for one thread at a time."""

    def __init__(self, endpoint: str, prove: Prove) -> None:
        self._endpoint = endpoint
        self._parts = urlsplit(endpoint)
        self._prove = prove
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: object = None, *, key: str = "") -> Reply:
        """Send one request, once."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        proven = self._prove(method, self._endpoint + path, content, headers)
        sent = datetime.now(UTC)
        try:
            status, text = self._exchange(method, self._parts.path + path, content, proven)
        except _NO_REPLY:
            self.close()
            return Reply(0, {}, sent, datetime.now(UTC))
        return Reply(status, json.loads(text), sent, datetime.now(UTC))

    def _exchange(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._parts.netloc, timeout=_LIMIT)
        self._connection.request(method, path, content, dict(headers))
        reply = self._connection.getresponse()
        text = reply.read()
        if reply.will_close:
            self.close()
        return reply.status, text

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):
                connection.close()
