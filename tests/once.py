"""What a test process does once instead of in each test: it reads AWS's models, and rarely walks over what it keeps.

Every session of botocore has a loader of its own, which lists all services and parses the models that it needs: without
this, that and the garbage collection over the parsed models is two thirds of the time of the tests without emulator.
"""

from __future__ import annotations

import gc
from functools import cache
from typing import Any, Final

import botocore.loaders
import botocore.session

_YOUNG: Final = 20_000  # new objects before a collection; Python's own number is for small heaps


class _Paths(list[str]):
    """Where a loader searches; each session of boto3 adds the same directory."""

    def append(self, path: str) -> None:
        if path not in self:
            super().append(path)


@cache
def _loader(paths: str | None = None) -> Any:
    made: Any = botocore.loaders.create_loader(paths)
    made._search_paths = _Paths(made.search_paths)
    return made


def share_models() -> None:
    """From now on all sessions of botocore that search the same places have the same loader."""
    botocore.session.create_loader = _loader


def collect_rarely() -> None:
    """From now on the garbage collection waits for more than it does by itself."""
    gc.set_threshold(_YOUNG)
