"""HTTP/1.1 on the wire tap: one client's connection and the one to the emulator behind it.

Bodies pass as they come, by length or in chunks; only short ones are read whole, because they may name the operation.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.local.wire import Fault, Harm, Request, error_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HEAD_LIMIT: Final = 256 * 1024  # bytes; a session token alone may be some KB
_KEPT_BODY: Final = 1024 * 1024  # bytes; what is longer names its operation in its head and is streamed
_BLOCK: Final = 64 * 1024
_BODILESS: Final = frozenset({204, 304})
_ENDS: Final = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, asyncio.CancelledError)


@dataclass(frozen=True, slots=True)
class _Peer:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass(frozen=True, slots=True)
class _Head:
    """A start line and its headers, as they came and by lower-case name."""

    start: str
    lines: tuple[str, ...]
    headers: Mapping[str, str]

    def encoded(self, *, without: frozenset[str] = frozenset(), extra: tuple[str, ...] = ()) -> bytes:
        kept = (line for line in self.lines if line.partition(":")[0].strip().lower() not in without)
        return "\r\n".join((self.start, *kept, *extra, "", "")).encode("latin-1")

    @property
    def length(self) -> int:
        return int(self.headers.get("content-length", "0"))

    @property
    def chunked(self) -> bool:
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    @property
    def last(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = text[:-4].split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return _Head(start, tuple(lines), {name.strip().lower(): value.strip() for name, _, value in pairs})


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None, count: int) -> None:
    """Pass on `count` bytes; to nobody without a writer."""
    while count:
        block = await reader.read(min(count, _BLOCK))
        if not block:
            raise asyncio.IncompleteReadError(block, count)
        count -= len(block)
        if writer is not None:
            writer.write(block)
            await writer.drain()


async def _copy_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None) -> None:
    """Pass on a chunked body up to and with its trailers."""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if writer is not None:
            writer.write(line)
        if size == 0:
            break
        await _copy(reader, writer, size + 2)
    while True:
        line = await reader.readuntil(b"\r\n")
        if writer is not None:
            writer.write(line)
        if line == b"\r\n":
            return


class Connection:
    """One client's connection and the one to the emulator behind it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream_port: int,
        record: Callable[[Request], Fault | None],
    ) -> None:
        self._client = _Peer(reader, writer)
        self._upstream_port = upstream_port
        self._record = record
        self._upstream: _Peer | None = None

    async def serve(self) -> None:
        """Exchange requests and replies until either side ends."""
        with contextlib.suppress(*_ENDS):
            while await self._exchange():
                pass
        self._client.writer.close()
        if self._upstream is not None:
            self._upstream.writer.close()

    async def _exchange(self) -> bool:
        """One request and its reply; whether the connection stays open."""
        head = await _read_head(self._client.reader)
        if head.headers.get("expect", "").lower() == "100-continue":
            self._client.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        streamed = head.chunked or head.length > _KEPT_BODY
        body = b"" if streamed else await self._client.reader.readexactly(head.length)
        method, target, _ = head.start.split(" ", 2)
        request = Request(method=method, target=target, headers=head.headers, body=body)
        fault = self._record(request)
        if fault is not None and fault.harm is Harm.REFUSED:
            return await self._refuse(head, request, fault, streamed=streamed)
        if fault is not None and fault.harm is Harm.SILENT:
            return await self._ignore()
        upstream = await self._send(head, body, streamed=streamed)
        return await self._answer(upstream, head, lost=fault is not None)

    async def _refuse(self, head: _Head, request: Request, fault: Fault, *, streamed: bool) -> bool:
        if streamed:
            await self._pass_body(head, None)
        self._client.writer.write(error_reply(request, code=fault.code, status=fault.status))
        await self._client.writer.drain()
        return not head.last

    async def _ignore(self) -> bool:
        """Whatever else comes is read and dropped until the client closes."""
        while await self._client.reader.read(_BLOCK):
            pass
        return False

    async def _send(self, head: _Head, body: bytes, *, streamed: bool) -> _Peer:
        upstream = await self._connected()
        upstream.writer.write(head.encoded(without=frozenset({"expect"}), extra=("X-Forwarded-Proto: https",)) + body)
        if streamed:
            await self._pass_body(head, upstream.writer)
        await upstream.writer.drain()
        return upstream

    async def _connected(self) -> _Peer:
        """The connection to the emulator; a new one where the emulator has closed the old one while it was idle."""
        if self._upstream is None or self._upstream.reader.at_eof() or self._upstream.writer.is_closing():
            if self._upstream is not None:
                self._upstream.writer.close()
            self._upstream = _Peer(*await asyncio.open_connection("127.0.0.1", self._upstream_port, limit=HEAD_LIMIT))
        return self._upstream

    async def _pass_body(self, head: _Head, writer: asyncio.StreamWriter | None) -> None:
        if head.chunked:
            await _copy_chunks(self._client.reader, writer)
        else:
            await _copy(self._client.reader, writer, head.length)

    async def _answer(self, upstream: _Peer, asked: _Head, *, lost: bool) -> bool:
        """Pass the reply on; a lost one is awaited to its end, so that its effect is there, and then dropped."""
        head = await _read_head(upstream.reader)
        writer = None if lost else self._client.writer
        if writer is not None:
            writer.write(head.encoded())
        status = int(head.start.split(" ", 2)[1])
        if not (asked.start.startswith("HEAD ") or status in _BODILESS):
            await self._pass_reply(upstream, head, writer)
        if writer is None:
            return False
        await writer.drain()
        return not (asked.last or head.last)

    async def _pass_reply(self, upstream: _Peer, head: _Head, writer: asyncio.StreamWriter | None) -> None:
        if head.chunked:
            await _copy_chunks(upstream.reader, writer)
        elif "content-length" in head.headers:
            await _copy(upstream.reader, writer, head.length)
        else:  # it ends with the connection, and so does ours
            while block := await upstream.reader.read(_BLOCK):
                if writer is not None:
                    writer.write(block)
            raise ConnectionError
