"""A stand-in for GitHub's API on loopback: comments of pull requests and what a commit merged, and nothing else."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

REPOSITORY: Final = "example-org/example-repo"
BOT: Final = "github-actions[bot]"


@dataclass(slots=True)
class Comment:
    id: int
    number: int
    author: str
    body: str


@dataclass(slots=True)
class GitHub:
    """Comments by anybody; tokens other than `writes` may read only."""

    writes: str
    comments: list[Comment] = field(default_factory=list)
    merges: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _server: Any = None

    def say(self, number: int, author: str, body: str) -> Comment:
        self.comments.append(Comment(len(self.comments) + 1, number, author, body))
        return self.comments[-1]

    def by_bot(self, number: int) -> list[str]:
        return [each.body for each in self.comments if (each.number, each.author) == (number, BOT)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method: str, target: str, token: str, body: Any) -> tuple[int, Any]:
        parts = urlsplit(target)
        match parts.path.removeprefix(f"/repos/{REPOSITORY}/").split("/"):
            case ["issues", number, "comments"] if method == "GET":
                asked = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
                found = [each for each in self.comments if each.number == int(number)]
                start = (asked.get("page", 1) - 1) * asked.get("per_page", 30)
                page = found[start : start + asked.get("per_page", 30)]
                return 200, [{"id": e.id, "body": e.body, "user": {"login": e.author}} for e in page]
            case ["commits", commit, "pulls"] if method == "GET":
                return 200, self.merges.get(commit, [])
            case _ if token != f"Bearer {self.writes}":
                return 403, {"message": "Resource not accessible by integration"}
            case ["issues", number, "comments"] if method == "POST":
                return 201, {"id": self.say(int(number), BOT, body["body"]).id}
            case ["issues", "comments", known] if method == "PATCH":
                (comment,) = [each for each in self.comments if each.id == int(known)]
                comment.body = body["body"]
                return 200, {"id": comment.id}
        return 404, {"message": "Not Found"}

    def __enter__(self) -> Self:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                token, body = self.headers.get("Authorization", ""), json.loads(content) if content else None
                status, value = service.answer(self.command, self.path, token, body)
                text = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = _serve  # noqa: N815 the base class looks for these names

            def log_message(self, *_: object) -> None:
                """Tests print for themselves."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
