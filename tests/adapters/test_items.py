"""Rows as items: the round trip, the order of text, the size, and what is derived."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.adapters.codecs import FIELDS, instant_text
from atmosphere.adapters.items import decode, encode, encode_fields, table_of
from atmosphere.contract import TABLES, Table
from atmosphere.core import changes, over
from atmosphere.core.breaker import Breaker
from atmosphere.core.changes import Put, target_of
from atmosphere.core.github import GITHUB_COM, RepositoryId, RunId, RunIdentity
from atmosphere.core.model import (
    ADMIN,
    ActKind,
    Allocation,
    AllocationId,
    AllocationItem,
    AllocationStatus,
    EndedBy,
    Environment,
    EnvironmentKey,
    HistoryEntry,
    Mark,
    OwnerKey,
    Region,
    Registration,
    RoleArn,
    RoleName,
    RuleName,
    Status,
)
from atmosphere.core.over import Over, OverKey
from atmosphere.core.quota import slots_of
from atmosphere.core.shortage import Shortage, ShortageKey
from atmosphere.core.tombstone import NEEDED, TombstoneSlot, TombstoneSlotKey, slot_of, tombstone
from atmosphere.core.webhook import Completed
from tests.builders import (
    ALLOCATION,
    KEY,
    LIMIT,
    NOW,
    a_history_entry,
    a_key,
    a_registration,
    a_run,
    a_waiter,
    after,
    an_allocation,
    an_environment,
)
from tests.operations.world import RUNNER

if TYPE_CHECKING:
    from atmosphere.core.changes import Row

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NAMED = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
INSTANTS = st.datetimes(timezones=st.just(UTC), min_value=datetime(1971, 1, 1), max_value=datetime(9000, 1, 1))  # noqa: DTZ001
COUNTS = st.integers(0, 10_000)
IDS = st.uuids().map(lambda made: AllocationId(str(made)))
KEYS = st.builds(
    EnvironmentKey,
    st.from_regex(r"[0-9]{12}", fullmatch=True),
    st.sampled_from(["us-east-1", "eu-west-1", "ap-southeast-2"]),
)
JSON = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
REGISTRATIONS = st.builds(
    Registration,
    key=KEYS,
    pool=NAMED,
    roles=st.dictionaries(NAMED, TEXT, max_size=2).map(lambda roles: {ADMIN: "arn"} | roles),
    capabilities=st.dictionaries(TEXT, JSON, max_size=3),
    regions=st.lists(TEXT, max_size=2).map(tuple),
    keep=st.lists(TEXT, max_size=2).map(tuple),
    external_id=TEXT,
)
MAYBE = st.none() | TEXT
RUNS = st.builds(
    RunIdentity,
    issuer=NAMED,
    repository_id=NAMED,
    repository=TEXT,
    run_id=NAMED,
    run_attempt=NAMED,
    check_run_id=st.none() | NAMED,
    event=TEXT,
    ref=TEXT,
    workflow=TEXT,
    actor=TEXT,
)
LOTS = st.builds(AllocationItem, name=NAMED, role=NAMED, registered=REGISTRATIONS, session_policy=MAYBE)
WHEN = st.none() | INSTANTS
ROWS = st.one_of(
    st.builds(
        Environment,
        registered=REGISTRATIONS,
        status=st.sampled_from(Status),
        since=INSTANTS,
        mark=st.sampled_from(Mark),
        next_registered=st.none() | REGISTRATIONS,
        hold=st.booleans(),
        capture=st.booleans(),
        spared=st.booleans(),
        allocation=st.none() | IDS,
        attempt=COUNTS,
        blocked=COUNTS,
        deadline=WHEN,
        wake_at=WHEN,
        freed_at=WHEN,
        dirty_reason=MAYBE,
        report=MAYBE,
        told=MAYBE,
    ),
    st.builds(Shortage, id=st.builds(ShortageKey, NAMED), since=INSTANTS, told=st.booleans()),
    st.builds(
        Allocation,
        id=IDS,
        pool=NAMED,
        requester=TEXT,
        owner=NAMED,
        rule=NAMED,
        status=st.sampled_from(AllocationStatus),
        started=INSTANTS,
        deadline=INSTANTS,
        items=st.lists(LOTS, max_size=3).map(tuple),
        request_hash=TEXT,
        release_token_hash=MAYBE,
        ended=WHEN,
        outcome=MAYBE,
        ended_by=st.none() | st.sampled_from(EndedBy),
        asked_by=TEXT,
        run=st.none() | RUNS,
        heartbeat=st.none() | st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds)),
    ),
    st.builds(
        Over,
        id=st.builds(OverKey, NAMED, st.from_regex(r"job-[0-9]{1,20}|attempt-[0-9]{1,20}-[0-7]", fullmatch=True)),
        until=INSTANTS,
    ),
    st.builds(
        TombstoneSlot, id=st.builds(TombstoneSlotKey, NAMED, st.integers(0, 9999)), allocation=IDS, until=INSTANTS
    ),
    st.builds(
        HistoryEntry,
        key=KEYS,
        at=INSTANTS,
        id=NAMED,
        kind=st.sampled_from(ActKind),
        pool=NAMED,
        who=NAMED,
        requester=TEXT,
        reason=MAYBE,
        ended=WHEN,
        outcome=MAYBE,
        ended_by=st.none() | st.sampled_from(EndedBy),
        asked_by=TEXT,
    ),
)


def _item(row: Row) -> dict[str, Any]:
    return encode(row, target_of(Put(row=row)))


def _plain(row: Row) -> dict[str, Any]:
    return {name: TypeDeserializer().deserialize(value) for name, value in _item(row).items()}


@given(ROWS)
def test_a_row_comes_back_from_its_item(row: Row) -> None:
    found = decode(table_of(target_of(Put(row=row))), _item(row))
    assert found == row
    assert _item(found) == _item(row), "equal is not enough: to Python, true is 1"


@given(ROWS)
def test_an_item_is_what_dynamodb_takes_and_has_its_keys(row: Row) -> None:
    keys = TABLES[table_of(target_of(Put(row=row)))]
    item = _item(row)
    assert all(len(value) == 1 for value in item.values())
    wanted = {keys.partition, *([keys.sort] if keys.sort else [])}
    assert wanted <= set(item)
    indexed = {name for index in keys.indexes for name in (index.partition, index.sort)}
    assert all(set(item[name]) == {"S"} and item[name].get("S") for name in (wanted | indexed) & set(item))


@pytest.mark.parametrize(
    ("table", "rows", "elsewhere"),
    [
        (Table.ENVIRONMENTS, (Environment,), set()),
        (Table.ALLOCATIONS, (Allocation,), set()),
        (Table.HISTORY, (HistoryEntry,), {"key"}),
        (Table.POOLS, (Breaker, Shortage), {"id"}),
        (Table.USED_TOKENS, (Over,), {"id"}),
    ],
)
def test_every_field_of_a_row_is_stored(table: Table, rows: tuple[type, ...], elsewhere: set[str]) -> None:
    assert set(FIELDS[table]) == {entry.name for row in rows for entry in fields(row)} - elsewhere


@given(INSTANTS, INSTANTS)
def test_the_order_of_text_is_the_order_of_time(one: datetime, other: datetime) -> None:
    assert (instant_text(one) < instant_text(other)) == (one < other)
    assert len(instant_text(one)) == 27


def test_an_instant_is_stored_as_utc() -> None:
    assert instant_text(NOW.astimezone(timezone(timedelta(hours=-9)))) == "2026-11-22T12:00:00.000000Z"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        instant_text(NOW.replace(tzinfo=None))


def test_a_free_row_is_found_by_its_pool_and_by_when_it_was_freed() -> None:
    item = _plain(an_environment(freed_at=after(seconds=1)))
    assert (item["pool"], item["status_at"]) == ("canary", "free#2026-11-22T12:00:01.000000Z")
    assert "wake_shard" not in item


def test_only_what_waits_for_something_is_in_the_wake_index() -> None:
    assert _plain(an_environment(status=Status.CLEANING))["wake_shard"] == "wake"
    attributes = encode_fields(
        Table.ENVIRONMENTS,
        changes.found_dirty(an_environment(status=Status.CLEANING), now=NOW, reason="r", report=None).sets,
    )
    assert {name for name, value in attributes.items() if value is None} >= {"wake_shard", "wake_at"}


def test_an_ended_allocation_leaves_its_run() -> None:
    assert _plain(an_allocation(run=a_run()))["active_run"] == a_run().key
    ending = changes.end(an_allocation(run=a_run()), now=NOW, outcome="ok", by=EndedBy.OWNER)[0]
    assert isinstance(ending, changes.Update)
    assert encode_fields(Table.ALLOCATIONS, {"run": a_run(), **ending.sets})["active_run"] is None


def test_waiters_and_slots_expire_an_hour_after_they_mean_nothing_any_more() -> None:
    assert _plain(a_waiter(1))["expires"] == int((a_waiter(1).last_ask + timedelta(hours=1)).timestamp())
    (slot,) = slots_of(an_allocation(slots=(7,)))
    assert _plain(slot)["expires"] == int((slot.until + timedelta(hours=1)).timestamp())
    assert (_plain(slot)["pool"], _plain(slot)["key"]) == ("#quota", "runners#0007")


def test_tombstones_are_kept_for_as_long_as_they_are_needed_and_their_slots_beside_the_waiters() -> None:
    buried = tombstone(ALLOCATION, RUNNER, outcome="x", now=NOW)
    assert _plain(buried)["expires"] == int((NOW + NEEDED).timestamp())
    slot = _plain(slot_of(buried, 7))
    assert (slot["pool"], slot["key"]) == ("#tombstones", f"{RUNNER.owner}#0007")
    assert slot["expires"] == int((NOW + NEEDED + timedelta(hours=1)).timestamp())


def test_a_run_that_is_over_is_kept_an_hour_under_a_key_that_no_token_has() -> None:
    told = Completed(
        issuer=GITHUB_COM,
        repository_id=RepositoryId("9"),
        run_id=RunId("7"),
        run_attempt=2,
        job=None,
        conclusion="failure",
    )
    first, *_ = over.rows_of(told, NOW)
    assert _plain(first) == {
        "token": f"over#{GITHUB_COM}:9:7#attempt-2-0",
        "until": "2026-11-22T13:00:00.000000Z",
        "expires": int((NOW + timedelta(hours=1)).timestamp()),
    }


def test_a_waiters_row_is_small() -> None:
    """What a poll reads is at most 300 of them (design 5)."""
    longest = a_waiter(1, rule=RuleName("r" * 64), owner=OwnerKey("o" * 120), asked_for="x" * 600, keeping_since=NOW)
    size = sum(len(name) + len(str(next(iter(value.values())))) for name, value in encode(longest, longest.id).items())
    assert size <= 1200


def test_records_are_kept_for_26_weeks() -> None:
    kept = int((NOW + timedelta(weeks=26)).timestamp())
    assert _plain(an_allocation())["expires"] == kept
    assert _plain(a_history_entry())["expires"] == kept
    assert "expires" not in _plain(an_environment())


def test_a_requester_is_indexed_by_its_hash() -> None:
    long = _plain(a_history_entry(requester="x" * 1024))["requester_hash"]
    assert len(long) == 64
    assert "requester_hash" not in _plain(a_history_entry(requester=""))


def test_a_row_with_much_in_it_stays_under_a_kilobyte() -> None:
    """A page of DynamoDB is 1 MB: a pool of 1000 must stay one query."""
    registered = a_registration(
        roles={ADMIN: RoleArn("arn:aws:iam::222222222222:role/AtmosphereAdmin")}
        | {RoleName("reader"): RoleArn("arn:aws:iam::222222222222:role/AtmosphereReader")},
        capabilities={"domain": "test.example.com", "gpu": True, "vpc": {"subnets": 3}},
        regions=(Region("us-east-1"),),
        keep=("role/TextStore*",),
    )
    row = replace(
        an_environment(status=Status.CLEANING, registered=registered),
        dirty_reason="blocked",
        report=f"cleanups/222222222222/eu-west-1/{ALLOCATION}/3.json",
    )
    assert _size(row) < 1024


def _size(row: Row) -> int:
    return sum(len(name) + len(str(next(iter(value.values()))).encode()) for name, value in _item(row).items())


def test_a_new_row_is_born_into_every_index() -> None:
    item = _item(changes.born(a_registration(), fence=ALLOCATION, now=NOW, limit=LIMIT).row)
    for index in TABLES[Table.ENVIRONMENTS].indexes:
        assert {index.partition, index.sort} <= set(item)


def test_an_allocation_of_ten_with_policies_fits_its_item() -> None:
    items = tuple(
        AllocationItem(name=f"n{n}", role=ADMIN, registered=a_registration(a_key(n)), session_policy="x" * 2048)
        for n in range(10)
    )
    assert _size(an_allocation(items=items, requester="x" * 1024)) < 100_000
    assert KEY.path == "222222222222/eu-west-1"


def test_environments_of_an_allocation_are_stored_under_the_name_that_older_rows_have() -> None:
    item = encode(an_allocation(), ALLOCATION)
    assert "lots" in item
    assert "items" not in item
