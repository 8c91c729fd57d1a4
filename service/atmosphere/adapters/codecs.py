"""How each field of a row is stored: one codec for each.

instants         fixed-width UTC text, so that the order of text is the order of time
registrations    canonical JSON text, so that equal values are equal text and a condition can compare them
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from atmosphere.contract import Table
from atmosphere.core.breaker import Case
from atmosphere.core.github import run_from_texts, run_to_texts
from atmosphere.core.model import (
    ActKind,
    AllocationItem,
    AllocationStatus,
    EndedBy,
    EnvironmentKey,
    Mark,
    Registration,
    RoleName,
    Status,
)
from atmosphere.core.snapshot import canonical, registration_from_json, registration_to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Value: TypeAlias = AttributeValueTypeDef


def instant_text(instant: datetime) -> str:
    """`2026-11-22T15:00:00.000000Z`: always 27 characters. Raises `ValueError` for an instant without a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone cannot be stored: use aware UTC datetimes")
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _registration_text(registration: Registration) -> str:
    return canonical(registration_to_json(registration))


def _items_text(items: tuple[AllocationItem, ...]) -> str:
    return canonical(
        [
            {
                "name": item.name,
                "role": item.role,
                "registered": registration_to_json(item.registered),
                "session_policy": item.session_policy,
            }
            for item in items
        ]
    )


def _item(value: Mapping[str, Any]) -> AllocationItem:
    return AllocationItem(
        name=value["name"],
        role=RoleName(value["role"]),
        registered=registration_from_json(value["registered"]),
        session_policy=value["session_policy"],
    )


def _cases_text(cases: tuple[Case, ...]) -> str:
    return canonical(
        [
            {
                "key": case.key.path,
                "at": instant_text(case.at),
                "owner": case.owner,
                "rule": case.rule,
                "things": list(case.things),
            }
            for case in cases
        ]
    )


def _case(value: Mapping[str, Any]) -> Case:
    return Case(
        key=EnvironmentKey.parse(value["key"]),
        at=datetime.fromisoformat(value["at"]),
        owner=value["owner"],
        rule=value["rule"],
        things=tuple(value["things"]),
    )


@dataclass(frozen=True, slots=True)
class Codec:
    """Between a field's value and an attribute's; never given None."""

    encode: Callable[[Any], Value]
    decode: Callable[[Value], Any]


def _text(write: Callable[[Any], str], read: Callable[[str], Any]) -> Codec:
    return Codec(lambda value: {"S": write(value)}, lambda stored: read(stored["S"]))


def _enum(kind: type[StrEnum]) -> Codec:
    return _text(lambda value: kind(value).value, kind)


_TEXT: Final = _text(str, str)
_INSTANT: Final = _text(instant_text, datetime.fromisoformat)
_NUMBER: Final = Codec(lambda value: {"N": str(int(value))}, lambda stored: int(stored["N"]))
_FLAG: Final = Codec(lambda value: {"BOOL": bool(value)}, lambda stored: stored["BOOL"])
_DURATION: Final = Codec(
    lambda value: {"N": f"{value.total_seconds():g}"}, lambda stored: timedelta(seconds=float(stored["N"]))
)
_REGISTRATION: Final = _text(_registration_text, lambda text: registration_from_json(json.loads(text)))
_RUN: Final = _text(lambda run: canonical(run_to_texts(run)), lambda text: run_from_texts(json.loads(text)))
_CASES: Final = _text(_cases_text, lambda text: tuple(_case(value) for value in json.loads(text)))
_ITEMS: Final = _text(_items_text, lambda text: tuple(_item(value) for value in json.loads(text)))

_NUMBERS: Final = _text(lambda numbers: canonical(list(numbers)), lambda text: tuple(json.loads(text)))

STORED_AS: Final = {"items": "lots"}
"""Attributes that rows written earlier have under another name than the field."""

FIELDS: Final[dict[Table, dict[str, Codec]]] = {
    Table.ENVIRONMENTS: {
        "registered": _REGISTRATION,
        "status": _enum(Status),
        "since": _INSTANT,
        "mark": _enum(Mark),
        "next_registered": _REGISTRATION,
        "hold": _FLAG,
        "capture": _FLAG,
        "allocation": _TEXT,
        "attempt": _NUMBER,
        "blocked": _NUMBER,
        "rechecks": _NUMBER,
        "spared": _FLAG,
        "deadline": _INSTANT,
        "wake_at": _INSTANT,
        "freed_at": _INSTANT,
        "watched_at": _INSTANT,
        "dirty_reason": _TEXT,
        "report": _TEXT,
    },
    Table.ALLOCATIONS: {
        "id": _TEXT,
        "pool": _TEXT,
        "requester": _TEXT,
        "owner": _TEXT,
        "rule": _TEXT,
        "status": _enum(AllocationStatus),
        "started": _INSTANT,
        "deadline": _INSTANT,
        "items": _ITEMS,
        "request_hash": _TEXT,
        "release_token_hash": _TEXT,
        "ended": _INSTANT,
        "outcome": _TEXT,
        "ended_by": _enum(EndedBy),
        "asked_by": _TEXT,
        "run": _RUN,
        "heartbeat": _DURATION,
        "slots": _NUMBERS,
    },
    Table.HISTORY: {
        "at": _INSTANT,
        "id": _TEXT,
        "kind": _enum(ActKind),
        "pool": _TEXT,
        "who": _TEXT,
        "requester": _TEXT,
        "reason": _TEXT,
        "ended": _INSTANT,
        "outcome": _TEXT,
        "ended_by": _enum(EndedBy),
        "asked_by": _TEXT,
    },
    Table.WAITERS: {
        "owner": _TEXT,
        "rule": _TEXT,
        "asked_hash": _TEXT,
        "asked_for": _TEXT,
        "arrival": _INSTANT,
        "last_ask": _INSTANT,
        "present_until": _INSTANT,
        "first_rank": _NUMBER,
        "keeping_since": _INSTANT,
        "allocation": _TEXT,
        "until": _INSTANT,
    },
    Table.POOLS: {"pool": _TEXT, "revision": _NUMBER, "cases": _CASES, "opened": _INSTANT, "thing": _TEXT},
}
