"""Jobs of GitHub workflows as journeys need them: each request has a fresh token of the local run's token issuer."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tests.journeys.api import TEXT, send
from tests.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TREE = "/github"


@dataclass(slots=True)
class Secrets:
    """Everything handed out or sent that must be nowhere afterwards; only what tells nothing by itself is left out."""

    found: set[str] = field(default_factory=set, repr=False)

    def of_token(self, token: str) -> str:
        """Remember a token by its signature: without it, the rest is no token."""
        self.found.add(token.rpartition(".")[2])
        return token

    def of_reply(self, answer: Reply) -> Reply:
        """Remember every key in a reply."""
        self._walk(json.loads(answer.text))
        return answer

    def _walk(self, value: Any) -> None:
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if name in {"secretAccessKey", "sessionToken"}:
                self.found.add(inner)
            elif isinstance(inner, dict | list):
                self._walk(inner)


@dataclass(frozen=True, slots=True)
class Job:
    """A job with these claims, where they differ from those that the example's rule lets in."""

    service: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, str] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=Secrets, repr=False)

    def but(self, **claims: str) -> Job:
        """The same with other claims."""
        return Job(self.service, {**self.claims, **claims}, self.secrets)

    def token(self, **claims: str) -> str:
        """A fresh token, asked for as a workflow does."""
        told = self.service["github"]
        url = f"{told['tokenRequestUrl']}&{urlencode({**self.claims, **claims})}"
        answer = send("GET", url, b"", {"Authorization": f"Bearer {told['tokenRequestToken']}"})
        assert answer.status == 200, answer.text
        return self.secrets.of_token(answer.body["value"])

    def ask(
        self, method: str, path: str, body: object = None, *, token: str | None = None, headers: Mapping[str, str] = {}
    ) -> Reply:
        """One request with a fresh token, or with this one."""
        content = b"" if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {token or self.token()}", "content-type": TEXT, **headers}
        return self.secrets.of_reply(send(method, self.service["endpoint"] + TREE + path, content, sent))

    def release(self, id_: str, secret: str) -> Reply:
        """End an allocation by its release token alone."""
        self.secrets.found.add(secret)
        return self.ask("DELETE", f"/allocations/{id_}", {"outcome": "gone"}, token=f"atmosphere-release.{secret}")


def send_lines(method: str, url: str, lines: Iterable[tuple[str, str]]) -> Reply:
    """Send a request whose header lines may repeat, and whose path is sent as it is written."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.putrequest(method, url.removeprefix(f"http://{parts.netloc}"), skip_accept_encoding=True)
        for name, value in lines:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        reply = connection.getresponse()
        text = reply.read().decode()
        return Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, text)
    finally:
        connection.close()
