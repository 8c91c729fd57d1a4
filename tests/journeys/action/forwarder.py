"""A loopback door in front of a server: it keeps what passes, and for one request or all of them it can do harm."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_PATIENCE: Final = 60  # seconds
_OWN: Final = frozenset({"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"})


class Harm(StrEnum):
    """What can become of a request."""

    HELD = "held"
    """Passed on only when `let_go` is called, whether or not whoever asked is still there."""
    REPLY_HELD = "reply held"
    """Passed on at once, and answered only when `let_go` is called."""
    REPLY_LOST = "reply lost"
    """Passed on; then the connection is closed without an answer."""
    DROPPED = "dropped"
    """The connection is closed; nothing is passed on."""
    REFUSED = "refused"
    """Answered by 503 with `Retry-After: 1`; nothing is passed on."""


@dataclass(slots=True)
class Exchange:
    """A request that arrived; `status` and `reply` once it was passed on. It holds secrets, so `repr` hides them."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    at: float = field(default_factory=time.time)
    status: int | None = None
    reply: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """What a header says, however its name is written; empty without it."""
        return next((value for key, value in self.headers.items() if key.lower() == name), "")

    @property
    def asked(self) -> Any:
        return json.loads(self.content)

    @property
    def answered(self) -> Any:
        return json.loads(self.reply)


@dataclass(slots=True)
class _Order:
    """A harm for the next `times` requests with this method."""

    harm: Harm
    method: str
    times: int


class Forwarder:
    """Passes requests on to the server of `url` from `start` to `stop`; what it forwards can be read in `exchanges`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._upstream = parts.netloc
        self._rest = url.partition(parts.netloc)[2]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._orders: list[_Order] = []
        self._lock = threading.Lock()
        self._go = threading.Event()
        self.exchanges: list[Exchange] = []

    @property
    def url(self) -> str:
        """The server's address with this door's host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self._rest}"

    def harm(self, harm: Harm, method: str, *, times: int = 1) -> None:
        """Do this to the next requests with this method."""
        with self._lock:
            self._orders.append(_Order(harm, method, times))

    def let_go(self) -> None:
        """Go on with everything that is held, now and later."""
        self._go.set()

    def of(self, method: str) -> list[Exchange]:
        """The requests with this method, in the order of their arrival."""
        with self._lock:
            return [one for one in self.exchanges if one.method == method]

    def shut(self) -> None:
        """Refuse connections from here on, as a service that is down. Safe to repeat."""
        self._server.shutdown()
        self._server.server_close()

    def arrived(self, exchange: Exchange) -> Harm | None:
        """Keep a request; what is to be done to it."""
        with self._lock:
            self.exchanges.append(exchange)
            order = next((one for one in self._orders if one.method == exchange.method and one.times), None)
            if order is None:
                return None
            order.times -= 1
            return order.harm

    def pass_on(self, exchange: Exchange) -> list[tuple[str, str]]:
        """Send it as it came; keeps status and reply, and returns the headers."""
        connection = http.client.HTTPConnection(self._upstream, timeout=_PATIENCE)
        try:
            connection.putrequest(exchange.method, exchange.path, skip_host=True, skip_accept_encoding=True)
            for name, value in exchange.headers.items():
                connection.putheader(name, value)
            connection.endheaders(exchange.content)
            answer = connection.getresponse()
            exchange.reply = answer.read()
            exchange.status = answer.status
            return [(name, value) for name, value in answer.getheaders() if name.lower() not in _OWN]
        finally:
            connection.close()

    def wait(self) -> None:
        """Until `let_go`."""
        assert self._go.wait(_PATIENCE), "what was held was never let go"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()
        self.shut()


def _handler(door: Forwarder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request, one connection."""

        def _serve(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            exchange = Exchange(self.command, self.path, dict(self.headers.items()), content)
            harm = door.arrived(exchange)
            reply = _EFFECTS[harm](door, exchange) if harm else _forward(door, exchange)
            if reply is None:
                self.close_connection = True
                return
            status, headers, body = reply
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names of the base

        def handle(self) -> None:
            """Whoever asked may be gone: what was asked for happens all the same."""
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base
            """Nothing: `exchanges` has it all."""

    return Handler


_Reply: TypeAlias = tuple[int, list[tuple[str, str]], bytes] | None


def _forward(door: Forwarder, exchange: Exchange) -> _Reply:
    headers = door.pass_on(exchange)
    assert exchange.status is not None
    return exchange.status, headers, exchange.reply


def _held(door: Forwarder, exchange: Exchange) -> _Reply:
    door.wait()
    return _forward(door, exchange)


def _reply_held(door: Forwarder, exchange: Exchange) -> _Reply:
    reply = _forward(door, exchange)
    door.wait()
    return reply


def _reply_lost(door: Forwarder, exchange: Exchange) -> _Reply:
    _forward(door, exchange)
    return None


def _dropped(_door: Forwarder, _exchange: Exchange) -> _Reply:
    return None


def _refused(_door: Forwarder, _exchange: Exchange) -> _Reply:
    body = json.dumps({"message": "a dependency failed", "code": "unavailable"}).encode()
    return 503, [("Content-Type", "application/json"), ("Retry-After", "1")], body


_EFFECTS: Final[dict[Harm, Callable[[Forwarder, Exchange], _Reply]]] = {
    Harm.HELD: _held,
    Harm.REPLY_HELD: _reply_held,
    Harm.REPLY_LOST: _reply_lost,
    Harm.DROPPED: _dropped,
    Harm.REFUSED: _refused,
}
