"""Waits for what the service finds in environments new to it: until then nothing can be allocated from them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from atmosphere.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atmosphere.adapters.dynamodb import DynamoStore
    from atmosphere.core.model import Environment

_LIMIT: Final = 90.0  # seconds
_LOOK: Final = 0.2  # seconds


def await_births(store: DynamoStore, notice: Callable[[str], None], *, limit: float = _LIMIT) -> None:
    """Return when no new environment is still being looked at, or after `limit` seconds; says what went wrong."""
    deadline = time.monotonic() + limit
    while (young := _young(store.environments(), Status.CLEANING)) and time.monotonic() < deadline:
        time.sleep(_LOOK)
    for row in young:
        notice(f"{row.registered.key} is still being captured: it becomes free or dirty automatically")
    for row in _young(store.environments(), Status.DIRTY):
        notice(f"{row.registered.key} is dirty: {row.dirty_reason}")


def _young(rows: Sequence[Environment], status: Status) -> list[Environment]:
    return [row for row in rows if row.capture and row.status is status]
