"""The published schemas describe what is really sent: every event of a whole service in memory, and every kind."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from atmosphere.adapters.commands import commands
from atmosphere.adapters.event_texts import detail
from atmosphere.core.events import ENDINGS, NOTICED, AllocationEvent, EnvironmentEvent, Event, EventKind, PoolEvent
from atmosphere.core.model import OwnerKey
from tests.builders import NOW
from tests.contract.outside_contract import DIRTY, EXHAUSTED, TIMED_OUT
from tests.docs.json_schema import Validator
from tests.docs.test_documents import text

FOLDER: Final = Path(__file__).parents[2] / "docs" / "events"
SCHEMAS: Final = {path.name.partition(".")[0]: json.loads(path.read_text()) for path in FOLDER.glob("*.schema.json")}
SHAPES: Final = {"environment": EnvironmentEvent, "allocation": AllocationEvent, "pool": PoolEvent}
EMPTY: Final = replace(DIRTY, reason=None, requester="", allocation=None, report=None, blockers=(), markdown="")
FULL: Final = replace(DIRTY, who=OwnerKey("iam:1:role/operator"), retry_at=NOW + timedelta(hours=1))
EXAMPLES: Final[dict[str, tuple[Event, ...]]] = {
    "environment": (DIRTY, EMPTY, FULL, replace(DIRTY, blockers=DIRTY.blockers * 30)),
    "allocation": (TIMED_OUT, replace(TIMED_OUT, requester="", environments=())),
    "pool": (EXHAUSTED, replace(EXHAUSTED, counts={}, waiting=None, reason="T:x@r", environments=(DIRTY.key,))),
}


def kinds(name: str) -> list[str]:
    return list(SCHEMAS[name]["$defs"]["Event"]["properties"]["detail-type"]["enum"])


def complaints(event: Event, name: str) -> list[str]:
    sent = {"source": "atmosphere", "detail-type": str(event.kind), "detail": json.loads(detail(event))}
    schema: dict[str, Any] = SCHEMAS[name]
    return list(Validator(schema).complaints(sent, schema["$defs"]["Event"]))


def test_each_kind_has_one_schema() -> None:
    assert set(SCHEMAS) == set(SHAPES)
    assert sorted(kind for name in SCHEMAS for kind in kinds(name)) == sorted(EventKind)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_what_is_sent_is_what_the_schema_says(name: str) -> None:
    for kind, example in ((EventKind(kind), example) for kind in kinds(name) for example in EXAMPLES[name]):
        assert isinstance(example, SHAPES[name])
        assert complaints(replace(example, kind=kind), name) == []


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_field_that_is_sent_is_required_so_that_none_can_get_lost(name: str) -> None:
    described = SCHEMAS[name]["$defs"]["Detail"]
    assert set(described["required"]) == set(described["properties"]) == set(json.loads(detail(EXAMPLES[name][0])))


def test_a_kind_is_in_the_table_of_the_runbook_and_in_the_one_of_the_schemas() -> None:
    for document in ("docs/operations.md", "docs/events/README.md"):
        assert [kind for kind in EventKind if f"`{kind}`" not in text(document)] == []


def test_the_runbook_says_which_events_are_also_mailed() -> None:
    section = text("docs/operations.md").partition("### Events")[2].partition("\n### ")[0]
    rows = dict(re.findall(r"^\| `([A-Z][A-Za-z ]+)` \|.*\| ([a-z, ]+) \|$", section, re.MULTILINE))
    assert {kind for kind in EventKind if "mailed" in rows[kind]} == NOTICED
    assert set(ENDINGS.values()) <= set(rows)


def test_what_an_operator_must_act_on_comes_with_commands() -> None:
    for example in (DIRTY, EXHAUSTED, replace(EXHAUSTED, kind=EventKind.POOL_HELD)):
        assert example.kind in NOTICED
        assert commands(example)
