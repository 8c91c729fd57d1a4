"""Ends this process when it should: at once on a signal, and when the shim that holds our standard input is gone."""

from __future__ import annotations

import os
import signal
import threading

_INTERRUPTED = 130  # as a shell tells SIGINT
_CHUNK = 4096


def end_with_parent() -> None:
    """For the main step: what it leaves half done, the post step gives back."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_DFL)  # ends even a call that a Python handler would have to wait for
    threading.Thread(target=_until_closed, daemon=True).start()


def finish_first() -> None:
    """For the post step: it is short, and what the signals are about is what it does."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)


def _until_closed() -> None:
    """Not by `sys.stdin`, whose lock would be held when the interpreter ends."""
    try:
        while os.read(0, _CHUNK):
            pass
    finally:
        os._exit(_INTERRUPTED)
