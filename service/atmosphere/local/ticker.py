"""Calls the reconciler every few seconds: the embedded AWS has no schedule below a minute."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.local.root import Account


class Ticker:
    """Invokes `function` every `gap` seconds from `start` to `stop`; what goes wrong is shown once and tried again."""

    def __init__(self, place: Account, function: str, *, gap: float, show: Callable[[str], None]) -> None:
        self._client = place.client("lambda")
        self._function = function
        self._gap = gap
        self._show = show
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)
        self._shown = ""
        self._turn = threading.Lock()

    def start(self) -> None:
        """Begin; the first call is one gap away."""
        self._thread.start()

    def stop(self) -> None:
        """End; a call that is under way is waited for, so that nothing is cut off. Safe to repeat."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    @contextmanager
    def held(self) -> Iterator[None]:
        """No call within the block."""
        with self._turn:
            yield

    def _run(self) -> None:
        while not self._stopping.wait(self._gap):
            with self._turn:
                problem = self._tick()
            if problem and problem != self._shown and not self._stopping.is_set():
                self._show(f"the reconciler failed: {problem}")
            self._shown = problem

    def _tick(self) -> str:
        """One call; what went wrong, or nothing."""
        try:
            reply = self._client.invoke(FunctionName=self._function, Payload=b"{}")
        except (ClientError, BotoCoreError) as failed:
            return str(failed)
        text = reply["Payload"].read().decode("utf-8", "replace")
        return text if reply.get("FunctionError") else ""
