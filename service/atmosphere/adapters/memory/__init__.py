"""Every port in memory, under the same promises: for tests, for the state machine and for the simulation."""

from atmosphere.adapters.memory.outside import (
    MemoryCleaner,
    MemoryCosts,
    MemoryCredentials,
    MemoryEvents,
    MemoryNotices,
    MemoryObjects,
    MemoryReports,
    MemorySnapshot,
    MemorySnapshots,
    Minted,
)
from atmosphere.adapters.memory.passing import FakeClock, SeededIds
from atmosphere.adapters.memory.store import MemoryStore
from atmosphere.adapters.memory.tokens import MemorySecrets, MemorySignatures, MemoryUsedTokens

__all__ = [
    "FakeClock",
    "MemoryCleaner",
    "MemoryCosts",
    "MemoryCredentials",
    "MemoryEvents",
    "MemoryNotices",
    "MemoryObjects",
    "MemoryReports",
    "MemorySecrets",
    "MemorySignatures",
    "MemorySnapshot",
    "MemorySnapshots",
    "MemoryStore",
    "MemoryUsedTokens",
    "Minted",
    "SeededIds",
]
