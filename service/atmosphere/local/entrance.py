"""The entrance: a forwarder on loopback between those who call AWS and the embedded AWS.

It marks the traffic as TLS, because the embedded AWS speaks plain HTTP on loopback: so policies that demand TLS, like
those of the CDK's buckets, apply as they are. A connection of a client is a connection to the emulator. `Host` is left
alone, because it is signed.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from atmosphere.local.forward import HEAD_LIMIT, Connection

if TYPE_CHECKING:
    from atmosphere.local.wire import Fault, Request


class Entrance:
    """Forwards from `port` (default: any free one) to `upstream_port`, in its own thread, from `start` to `stop`."""

    def __init__(self, upstream_port: int, *, port: int = 0) -> None:
        self._upstream_port = upstream_port
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="entrance", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None] | None] = set()

    def start(self) -> int:
        """Listen; returns the port. Raises `OSError` when it is taken."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=HEAD_LIMIT)

    def stop(self) -> None:
        """Close every connection and end the thread. Safe to repeat."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        connections = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def _record(self, request: Request) -> Fault | None:
        """What is to go wrong with a request: nothing."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # the loop keeps only weak references to tasks: without this one, a connection that waits may be collected
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            await Connection(reader, writer, self._upstream_port, self._record).serve()
        finally:
            self._connections.discard(task)
