"""The page of `atmosphere status --html` on loopback, made again for each request; a browser reloads it by itself.

    GET /

It shows what an operator may see and nothing secret, to whoever is on this machine. Only requests that name this
address are answered, so that a page of another site cannot read it by a name that leads here.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from atmosphere.client.errors import NotConnected, ServiceError
from atmosphere.local.emulator import free_port
from atmosphere.status.writing import page_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.client.client import AtmosphereClient

_RELOAD: Final = 10  # seconds
_HTML: Final = "text/html; charset=utf-8"
_PLAIN: Final = "text/plain; charset=utf-8"
Reply = tuple[HTTPStatus, str, str]


class StatusPage:
    """Serves the page from `start` to `stop`; `client` makes a client that is an operator."""

    def __init__(self, client: Callable[[], AtmosphereClient]) -> None:
        self._client = client
        self._port = free_port()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        """Listen. Raises `OSError` when something has taken the port in the meantime."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="status-page", daemon=True).start()

    def stop(self) -> None:
        """Stop listening. Safe to repeat."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def reply(self, path: str, host: str) -> Reply:
        """What a request gets: status, type and text."""
        if host not in {f"{name}:{self._port}" for name in ("127.0.0.1", "localhost")}:
            return HTTPStatus.MISDIRECTED_REQUEST, _PLAIN, f"this is {self.url} and has no other name\n"
        if path != "/":
            return HTTPStatus.NOT_FOUND, _PLAIN, f"there is only {self.url}\n"
        try:
            return HTTPStatus.OK, _HTML, page_of(self._client(), reload_seconds=_RELOAD)
        except (ServiceError, NotConnected) as failed:
            return HTTPStatus.BAD_GATEWAY, _PLAIN, f"the service did not answer: {failed}\n"


def _handler(page: StatusPage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request, one connection."""

        def do_GET(self) -> None:
            """Answer."""
            status, kind, text = page.reply(self.path, self.headers.get("Host", ""))
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            if status is HTTPStatus.BAD_GATEWAY:
                self.send_header("Refresh", str(_RELOAD))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base
            """Nothing: a page that reloads would fill the log."""

    return Handler
