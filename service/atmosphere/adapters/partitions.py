"""The partitions of `by_wake`: one in a small configuration, several in a large one (ADR 0035).

Readers spread earlier than writers, so a configuration that grows or shrinks past one of the two sizes leaves no row
unread. An idle reconciler reads once where the configuration is small.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

WAKE: Final = "wake"
"""The only one of small configurations, and of all before there were several."""
WAKE_SHARDS: Final = (WAKE, *(f"{WAKE}#{number}" for number in range(1, 8)))
READ_ALL_FROM: Final = 500
"""Environments of the configuration from which on the reconciler reads all of them every minute."""
SPREAD_FROM: Final = 2000
"""Environments of the configuration from which on rows are written into all of them."""


def wake_shard(account: str, region: str, *, environments: int) -> str:
    """That of an environment's row, in a configuration of so many; the same one as long as it stays large."""
    if environments < SPREAD_FROM:
        return WAKE
    return WAKE_SHARDS[sha256(f"{account}/{region}".encode()).digest()[0] % len(WAKE_SHARDS)]


def wake_shards(*, environments: int) -> tuple[str, ...]:
    """Those that are read every minute, in a configuration of so many."""
    return WAKE_SHARDS if environments >= READ_ALL_FROM else (WAKE,)


def strays(*, environments: int) -> tuple[str, ...]:
    """The others: rows are there if the configuration was large when they were written."""
    return tuple(shard for shard in WAKE_SHARDS if shard not in wake_shards(environments=environments))
