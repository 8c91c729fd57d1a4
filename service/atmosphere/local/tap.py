"""The wire tap: a forwarder on loopback between the Lambdas and the embedded AWS.

It marks the traffic as TLS, so that the template is deployed with its enforce-SSL policies as they are; it counts AWS
calls by operation and function; and it injects what no emulator answers: throttling, TransactionConflict, faults of the
service, and a reply that is lost after its effect.

A connection of a client is a connection to the emulator. `Host` is left alone, because it is signed.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from atmosphere.local.forward import HEAD_LIMIT, Connection
from atmosphere.local.wire import Call, Fault, Request

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tap:
    """Forwards to `upstream_port` on loopback from `start` to `stop`, in a thread of its own."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._lock = threading.Lock()
        self._calls: Counter[Call] = Counter()
        self._faults: list[Fault] = []
        self._functions: dict[str, str] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire-tap", daemon=True)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None] | None] = set()

    def start(self) -> int:
        """Listen; returns the port."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT)

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

    def name_functions(self, functions: Mapping[str, str]) -> None:
        """Tell which function (value) signs with which access key id (key)."""
        with self._lock:
            self._functions = dict(functions)

    def calls(self) -> Counter[Call]:
        """The calls seen since the last `reset`, refused and lost ones included."""
        with self._lock:
            return Counter(self._calls)

    def reset(self) -> None:
        """Forget the calls and the faults."""
        with self._lock:
            self._calls.clear()
            self._faults.clear()

    def inject(self, fault: Fault) -> None:
        """Make calls fail from now on; faults for the same call are used up in the order of their injection."""
        with self._lock:
            self._faults.append(fault)

    def pending(self) -> tuple[Fault, ...]:
        """The faults that have not happened yet, `times` being what is left of them."""
        with self._lock:
            return tuple(self._faults)

    def _record(self, request: Request) -> Fault | None:
        with self._lock:
            call = Call(request.operation, self._functions.get(request.access_key, ""))
            self._calls[call] += 1
            for place, fault in enumerate(self._faults):
                if fault.hits(call):
                    self._faults[place : place + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    return fault
        return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # the loop keeps only weak references to tasks: without this one, a connection that waits may be collected
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            await Connection(reader, writer, self._upstream_port, self._record).serve()
        finally:
            self._connections.discard(task)
