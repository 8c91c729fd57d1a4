"""The network as a list of answers: what no emulator gives (throttling, lost replies, server faults)."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

LOST = ReadTimeoutError(endpoint_url="https://aws")
CLOSED = ConnectionClosedError(endpoint_url="https://aws")
NO_CONNECTION = EndpointConnectionError(endpoint_url="https://aws", error="refused")


class _Body(io.BytesIO):
    def stream(self, **_: object) -> Any:
        yield self.read()


@dataclass(frozen=True)
class Answer:
    """A reply of AWS's JSON protocol."""

    status: int = 200
    body: dict[str, Any] | bytes = field(default_factory=dict)


def failure(code: str, status: int = 400, **further: Any) -> Answer:
    """An error reply; its message must never be seen outside the adapter."""
    return Answer(status, {"__type": f"com.amazonaws#{code}", "message": "payload that nobody may log", **further})


@dataclass
class Wire:
    """Answers in order; keeps what was sent."""

    answers: list[Any]
    sent: list[Any] = field(default_factory=list)

    def __call__(self, request: Any, **_: object) -> AWSResponse:
        body = request.body
        self.sent.append(json.loads(body) if isinstance(body, bytes) and body.startswith(b"{") else body)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        return AWSResponse(request.url, answer.status, HTTPHeaders(), _Body(content))
