"""What a request to AWS is, read from the bytes on the wire: its operation, its caller, and the shape of its errors.

The JSON services name the operation in `X-Amz-Target`, the query services in the body's `Action`, the REST services by
method and path.
"""

from __future__ import annotations

import json
import re
import urllib.parse
import zlib
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_CREDENTIAL: Final = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/aws4_request")
_CBOR_PATH: Final = re.compile(r"^/service/[^/]+/operation/([^/?]+)$")
_FORM: Final = "application/x-www-form-urlencoded"

# (method, addresses an object) -> operation. What is not here keeps its method, e.g. `s3:POST ?delete`.
_S3: Final = {
    ("GET", True): "GetObject",
    ("HEAD", True): "HeadObject",
    ("PUT", True): "PutObject",
    ("DELETE", True): "DeleteObject",
    ("GET", False): "ListObjects",
    ("HEAD", False): "HeadBucket",
    ("PUT", False): "CreateBucket",
    ("DELETE", False): "DeleteBucket",
}
_S3_PLAIN: Final = frozenset(
    {"list-type", "prefix", "delimiter", "continuation-token", "max-keys", "encoding-type", "start-after"}
)


class Call(NamedTuple):
    """One call to AWS: `service:Operation`, and the function that made it (empty if it was none of ours)."""

    operation: str
    function: str


class Harm(StrEnum):
    """What a fault does to a call."""

    REFUSED = "refused"  # answered with an error, without any effect
    SILENT = "silent"  # never answered, without any effect; the connection stays open until the caller gives up
    REPLY_LOST = "reply-lost"  # has its effect; the connection ends before the reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is to go wrong: the next `times` calls of `operation` (as `Call` names it), of one function or of any.

    `code` and `status` are those of the error reply; the code `TransactionConflict` arrives as the reason of a
    cancelled transaction.
    """

    operation: str
    function: str | None = None
    times: int = 1
    harm: Harm = Harm.REFUSED
    code: str = "ThrottlingException"
    status: int = 400

    def hits(self, call: Call) -> bool:
        """Whether it is meant for this call."""
        return self.operation == call.operation and self.function in (None, call.function)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request's head, header names in lower case, and its body as far as it was read to name the operation."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def access_key(self) -> str:
        """The signer's access key id; empty when nothing is signed."""
        found = _CREDENTIAL.search(self.headers.get("authorization", ""))
        return found[1] if found else ""

    @property
    def service(self) -> str:
        """The service it was signed for; empty when nothing is signed."""
        found = _CREDENTIAL.search(self.headers.get("authorization", ""))
        return found[2] if found else ""

    @property
    def operation(self) -> str:
        """`service:Operation`."""
        return f"{self.service}:{self._verb()}"

    def _verb(self) -> str:
        path, _, query = self.target.partition("?")
        if target := self.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        if found := _CBOR_PATH.match(path):
            return found[1]
        if self.headers.get("content-type", "").startswith(_FORM):
            action = urllib.parse.parse_qs(self.body.decode("utf-8", "replace")).get("Action")
            if action:
                return action[0]
        return _s3_verb(self.method, path, query) if self.service == "s3" else f"{self.method} {path}"


def _s3_verb(method: str, path: str, query: str) -> str:
    fields = dict(field.partition("=")[::2] for field in query.split("&") if field)
    if named := fields.get("x-id"):
        return named
    special = sorted(set(fields) - _S3_PLAIN)
    if special:
        return f"{method} ?{'&'.join(special)}"
    bucket, _, key = path.lstrip("/").partition("/")
    return _S3.get((method, bool(key)), f"{method}") if bucket else "ListBuckets"


def function_key(function_arn: str, role_arn: str) -> str:
    """The access key id under which the embedded AWS runs a function with a role; an id, not a secret."""
    return "ASIA" + sha256(f"{function_arn}:{role_arn}".encode()).hexdigest()[:16].upper()


def error_reply(request: Request, *, code: str, status: int) -> bytes:
    """A complete HTTP reply that an SDK reads as this error."""
    text = "injected by the wire tap"
    if "x-amz-target" in request.headers:
        kind, payload = "application/x-amz-json-1.0", json.dumps(_json_error(request, code, text)).encode()
    elif request.service == "s3":
        kind = "application/xml"
        payload = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>".encode()
    else:
        kind = "text/xml"
        payload = (
            f"<ErrorResponse><Error><Code>{code}</Code><Message>{text}</Message></Error>"
            "<RequestId>tap</RequestId></ErrorResponse>"
        ).encode()
    head = (
        f"HTTP/1.1 {status} Injected\r\ncontent-type: {kind}\r\ncontent-length: {len(payload)}\r\n"
        f"x-amz-crc32: {zlib.crc32(payload)}\r\n\r\n"
    )
    return head.encode() + payload


def _json_error(request: Request, code: str, text: str) -> dict[str, object]:
    if code != "TransactionConflict":
        return {"__type": f"com.amazonaws#{code}", "message": text, "Message": text}
    items = json.loads(request.body or b"{}").get("TransactItems", [])
    reasons = [{"Code": "TransactionConflict", "Message": text}] + [{"Code": "None"}] * (len(items) - 1)
    listed = ", ".join(str(reason["Code"]) for reason in reasons)
    return {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{listed}]",
        "CancellationReasons": reasons,
    }
