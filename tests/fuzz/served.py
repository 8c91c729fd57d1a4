"""A local service as its callers reach it: each request gets the caller's proof, and goes over the wire as it is."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.fuzz.description import WEBHOOK
from tests.fuzz.wire import Answered
from tests.journeys.api import TEXT, send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fuzz.wire import Asked
    from tests.journeys.workflows import Job

    Proof = Callable[[Asked, str], Mapping[str, str]]

_OURS: Final = frozenset({"host", "content-length", "connection", "accept-encoding", "authorization"})
_VISIBLE: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Served:
    """The API for one caller; `proof` gives the headers that prove who asks, for a request and its URL.

    With `as_text`, every body is `text/plain`, as the npm client sends it. `leave` empties the lines after a 423: each
    request that differs has a place of its own, and a hundred of them would let nobody else have anything.
    """

    endpoint: str
    proof: Proof = field(repr=False)
    as_text: bool = False
    leave: Callable[[], None] = field(default=lambda: None, repr=False)

    def __call__(self, asked: Asked) -> Answered:
        path = quote(asked.path, safe=_VISIBLE)  # what no request line can hold
        url = f"{self.endpoint}{path}{f'?{asked.query}' if asked.query else ''}"
        headers = {name: value for name, value in asked.headers.items() if name not in _OURS}
        if self.as_text and asked.body:
            headers["content-type"] = TEXT
        answer = send(asked.method, url, asked.body, {**headers, **self.proof(asked, url)})
        if answer.status == 423:
            self.leave()
        return Answered(answer.status, answer.headers, answer.text)


def signature(keys: Mapping[str, str]) -> Proof:
    """The proof of a caller that signs."""
    credentials = Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"])

    def prove(asked: Asked, url: str) -> Mapping[str, str]:
        request = AWSRequest(method=asked.method, url=url, data=asked.body)
        SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
        return dict(request.headers.items())

    return prove


def token_of(job: Job, secret: bytes) -> Proof:
    """The proof of GitHub: a new token for each request of a workflow, and the signature of each message."""

    def prove(asked: Asked, _: str) -> Mapping[str, str]:
        if asked.path == WEBHOOK:
            return {"X-Hub-Signature-256": f"sha256={hmac.digest(secret, asked.body, 'sha256').hex()}"}
        return {"Authorization": f"Bearer {job.token()}"}

    return prove


def release_token(secret: str) -> Proof:
    """The proof of somebody who holds a release token."""
    return lambda _asked, _url: {"Authorization": f"Bearer atmosphere-release.{secret}"}


def nothing(_asked: Asked, _url: str) -> Mapping[str, str]:
    """No proof at all."""
    return {}
