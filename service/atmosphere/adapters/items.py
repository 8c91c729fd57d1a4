"""Rows as DynamoDB items and back.

None is no attribute. What indexes and TTL need besides the fields is derived from them here and nowhere else.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from atmosphere.adapters.codecs import FIELDS, STORED_AS, instant_text
from atmosphere.adapters.partitions import WAKE, wake_shard
from atmosphere.contract import HISTORY_WEEKS, Table
from atmosphere.core.breaker import Breaker, PoolKey
from atmosphere.core.changes import HistoryKey
from atmosphere.core.github import RunKey
from atmosphere.core.model import (
    AccountId,
    Allocation,
    AllocationStatus,
    Environment,
    EnvironmentKey,
    HistoryEntry,
    OwnerKey,
    PoolName,
    Region,
    RuleName,
    Status,
)
from atmosphere.core.over import Over, OverKey
from atmosphere.core.queue import Waiter, WaiterKey
from atmosphere.core.quota import Slot, SlotKey
from atmosphere.core.shortage import Shortage, ShortageKey
from atmosphere.core.tombstone import TombstoneSlot, TombstoneSlotKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from atmosphere.adapters.codecs import Value
    from atmosphere.core.changes import Row, Target

    Item: TypeAlias = dict[str, Value]

_KEPT: Final = timedelta(weeks=HISTORY_WEEKS)
_WAITED: Final = timedelta(hours=1)  # long after a waiter has lost its place


def start_id(at: datetime, identity: str) -> str:
    """The sort key of an environment's history."""
    return f"{instant_text(at)}#{identity}"


def requester_hash(requester: str) -> str:
    """Requesters are up to 1 KB of anybody's text; the index is kept by their hash."""
    return sha256(requester.encode()).hexdigest()


def status_at(status: Status, freed_at: datetime | None = None) -> str:
    """The sort key of a pool's rows: by status, the free ones by the instant they became free."""
    return f"{status}#{instant_text(freed_at) if freed_at else ''}"


_ROWS: Final[dict[Table, type[Row]]] = {
    Table.ENVIRONMENTS: Environment,
    Table.ALLOCATIONS: Allocation,
    Table.HISTORY: HistoryEntry,
    Table.WAITERS: Waiter,
    Table.POOLS: Breaker,
    Table.USED_TOKENS: Over,
}
SLOTS: Final = PoolName("#quota")
"""The partition of slots in the table of waiters; no pool can have this name."""
TOMBSTONES: Final = PoolName("#tombstones")
"""The partition of slots of tombstones there, likewise."""
_OVER: Final = "over#"  # how keys of runs that are over begin in the table of used tokens, whose other keys are hashes
_SHORTAGE: Final = "#shortage#"
"""What comes before the pool in the key of its shortage; no pool's name begins so."""


def _environment_indexes(fields: Mapping[str, Any]) -> dict[str, Value | None]:
    derived: dict[str, Value | None] = {}
    if "registered" in fields:
        derived["pool"] = {"S": fields["registered"].pool}
        derived["path"] = {"S": fields["registered"].key.path}
    if "status" in fields or fields.get("freed_at"):  # only a free row has `freed_at`
        derived["status_at"] = {"S": status_at(fields.get("status", Status.FREE), fields.get("freed_at"))}
    return derived


def _allocation_indexes(fields: Mapping[str, Any]) -> dict[str, Value | None]:
    derived: dict[str, Value | None] = {}
    if "status" in fields:
        active = fields["status"] is AllocationStatus.ACTIVE
        derived["active_run"] = {"S": fields["run"].key} if active and fields["run"] else None
    if "started" in fields:
        is_tombstone = not fields["items"]
        derived["expires"] = _expires(fields["deadline"], timedelta()) if is_tombstone else _expires(fields["started"])
    return derived


def _history_indexes(fields: Mapping[str, Any]) -> dict[str, Value | None]:
    derived: dict[str, Value | None] = {}
    if fields.get("requester"):
        derived["requester_hash"] = {"S": requester_hash(fields["requester"])}
    if "at" in fields:
        derived["expires"] = _expires(fields["at"])
    return derived


def _waiter_indexes(fields: Mapping[str, Any]) -> dict[str, Value | None]:
    if "until" in fields:
        return {"expires": _expires(fields["until"], _WAITED)}
    return {"expires": _expires(fields["last_ask"], _WAITED)} if "last_ask" in fields else {}


def _over_indexes(fields: Mapping[str, Any]) -> dict[str, Value | None]:
    return {"expires": _expires(fields["until"], timedelta())} if "until" in fields else {}


def _expires(since: datetime, kept: timedelta = _KEPT) -> Value:
    return {"N": str(int((since + kept).timestamp()))}


_DERIVED: Final[dict[Table, Callable[[Mapping[str, Any]], dict[str, Value | None]]]] = {
    Table.ENVIRONMENTS: _environment_indexes,
    Table.ALLOCATIONS: _allocation_indexes,
    Table.HISTORY: _history_indexes,
    Table.WAITERS: _waiter_indexes,
    Table.POOLS: lambda _: {},
    Table.USED_TOKENS: _over_indexes,
}


_KEYS: Final[dict[type, tuple[Table, Callable[[Any], dict[str, str]]]]] = {
    EnvironmentKey: (Table.ENVIRONMENTS, lambda key: {"account": key.account, "region": key.region}),
    HistoryKey: (Table.HISTORY, lambda key: {"path": key.key.path, "start_id": start_id(key.at, key.id)}),
    WaiterKey: (Table.WAITERS, lambda key: {"pool": key.pool, "key": key.key}),
    SlotKey: (Table.WAITERS, lambda key: {"pool": SLOTS, "key": f"{key.rule}#{key.number:04}"}),
    TombstoneSlotKey: (Table.WAITERS, lambda key: {"pool": TOMBSTONES, "key": f"{key.owner}#{key.number:04}"}),
    PoolKey: (Table.POOLS, lambda key: {"pool": key.pool}),
    ShortageKey: (Table.POOLS, lambda key: {"pool": f"{_SHORTAGE}{key.pool}"}),
    OverKey: (Table.USED_TOKENS, lambda key: {"token": f"{_OVER}{key.run}#{key.part}"}),
    str: (Table.ALLOCATIONS, lambda key: {"id": key}),
}


def table_of(target: Target) -> Table:
    """The table that holds the row with this key."""
    return _KEYS[type(target)][0]


def key_item(target: Target) -> Item:
    """The key attributes of a row."""
    return {name: {"S": value} for name, value in _KEYS[type(target)][1](target).items()}


def environment_key(item: Mapping[str, Value]) -> EnvironmentKey:
    """The inverse of `key_item`, for environments."""
    return EnvironmentKey(AccountId(item["account"]["S"]), Region(item["region"]["S"]))


def encode_field(table: Table, name: str, value: object) -> Value | None:
    """A field's stored value, None if none is. Raises `KeyError` for a field that the row does not have."""
    codec = FIELDS[table][name]
    return None if value is None else codec.encode(value)


def encode_fields(table: Table, fields: Mapping[str, Any], *, shard: str = WAKE) -> dict[str, Value | None]:
    """Attributes for these fields and for what is derived from them; None for those that must not be there."""
    named = {STORED_AS.get(name, name): encode_field(table, name, value) for name, value in fields.items()}
    if table is Table.ENVIRONMENTS and "wake_at" in fields:
        named["wake_shard"] = {"S": shard} if fields["wake_at"] else None
    return named | _DERIVED[table](fields)


def shard_of(target: Target, environments: int) -> str:
    """The partition of `by_wake` that a row is written into, in a configuration of so many environments."""
    if not isinstance(target, EnvironmentKey):
        return WAKE
    return wake_shard(target.account, target.region, environments=environments)


def encode(row: Row, target: Target, *, shard: str = WAKE) -> Item:
    """The whole item of a row."""
    table = table_of(target)
    fields = {name: getattr(row, name) for name in FIELDS[table] if hasattr(row, name)}
    attributes = encode_fields(table, fields, shard=shard)
    return key_item(target) | {name: value for name, value in attributes.items() if value is not None}


def decode(table: Table, item: Mapping[str, Value]) -> Row:
    """The row of an item; attributes that are not there keep the row's defaults."""
    stored = {name: item.get(STORED_AS.get(name, name)) for name in FIELDS[table]}
    fields = {name: FIELDS[table][name].decode(value) for name, value in stored.items() if value is not None}
    if table is Table.HISTORY:
        fields["key"] = EnvironmentKey.parse(item["path"]["S"])
    if table is Table.WAITERS:
        return _in_line(PoolName(item["pool"]["S"]), item["key"]["S"], fields)
    if table is Table.USED_TOKENS:
        run, _, part = item["token"]["S"].removeprefix(_OVER).rpartition("#")
        fields["id"] = OverKey(RunKey(run), part)
    if table is Table.POOLS and item["pool"]["S"].startswith(_SHORTAGE):
        pool = PoolName(fields.pop("pool").removeprefix(_SHORTAGE))
        return Shortage(id=ShortageKey(pool), **fields)
    return _ROWS[table](**fields)


def _in_line(pool: PoolName, key: str, fields: dict[str, Any]) -> Row:
    """A row of the table of waiters: a waiter, or a slot of one kind or the other."""
    holder, _, number = key.rpartition("#")
    if pool == SLOTS:
        return Slot(id=SlotKey(RuleName(holder), int(number)), **fields)
    if pool == TOMBSTONES:
        return TombstoneSlot(id=TombstoneSlotKey(OwnerKey(holder), int(number)), **fields)
    return Waiter(id=WaiterKey(pool, key), **fields)
