"""Between schemathesis, which calls a WSGI application, and whoever answers: requests and replies, nothing decoded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.client import responses
from typing import TYPE_CHECKING, Any

from tests.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Answer = Callable[["Asked"], "Answered"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it goes over the wire; `path` and `query` are as they are written there."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Answered(Reply):
    """A reply with header names in lower case, whatever it says."""

    @property
    def body(self) -> Any:
        """What the text says; None where it is no JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


def application(answer: Answer) -> Callable[[dict[str, Any], Callable[..., object]], Iterable[bytes]]:
    """A WSGI application that lets `answer` answer."""

    def app(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        answered = answer(_asked(environ))
        reason = responses.get(answered.status, "unknown")
        start(f"{answered.status} {reason}", list(answered.headers.items()))
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answered.text.encode()]

    return app


def _asked(environ: dict[str, Any]) -> Asked:
    path, _, query = str(environ["REQUEST_URI"]).partition("?")
    named = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        named["content-type"] = environ["CONTENT_TYPE"]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return Asked(environ["REQUEST_METHOD"], path, query, named, environ["wsgi.input"].read(length))
