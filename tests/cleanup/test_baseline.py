"""A baseline's versions, and what operators do to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from atmosphere.cleanup.baseline.amendments import Amendments
from atmosphere.cleanup.model import GLOBAL, Resource
from atmosphere.cleanup.state.baseline import UNKNOWN, Baseline, BaselineRepository, Revision, baseline_name
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.core.model import ActKind
from atmosphere.ports import Unreachable
from tests.builders import a_key

KEY = a_key(1)
BUCKET = Resource("AWS::S3::Bucket", "data", KEY.region)
ROLE = Resource("AWS::IAM::Role", "App", GLOBAL)
FOUND = Baseline(
    items={BUCKET: None, ROLE: "AROA1"},
    types=("AWS::S3::Bucket", "AWS::IAM::Role"),
    regions=(KEY.region,),
    contents={ROLE: {"attached": ["p"]}},
    unwatched={"ses": "AccessDenied"},
)


def a_word(minute: int = 0, by: str = "cleanup") -> Revision:
    return Revision(at=datetime(2026, 11, 22, 12, minute, tzinfo=UTC), by=by, why="because")


@pytest.fixture
def store() -> MemoryTexts:
    store = MemoryTexts()
    BaselineRepository(store, KEY).capture(FOUND, a_word())
    return store


def amend(store: MemoryTexts, act: ActKind, *items: Resource, minute: int = 1) -> dict[str, Any]:
    at = a_word(minute).at
    return Amendments(store).amend(KEY, act, [item.address for item in items], at=at, by="me", why="so")


def test_what_was_captured_is_read_back() -> None:
    store = MemoryTexts()
    assert BaselineRepository(store, KEY).read() == UNKNOWN
    written = BaselineRepository(store, KEY).capture(FOUND, a_word())
    assert BaselineRepository(store, KEY).read() == written
    assert (written.version, written.by, written.captured_at) == (1, "cleanup", a_word().at.isoformat())


def test_a_baseline_of_an_older_format_is_read() -> None:
    text = json.dumps(
        {"types": ["T"], "regions": ["eu-west-1"], "items": [["AWS::S3::Bucket", "a", "eu-west-1", None]]}
    )
    assert Baseline.from_json(text).contents == {}


def test_each_version_says_who_when_and_why_and_the_one_before_is_kept_under_its_own_name(store: MemoryTexts) -> None:
    first = store.texts[baseline_name(KEY)]
    after = amend(store, ActKind.DROP, BUCKET)
    assert (after["version"], after["changedBy"], after["reason"]) == (2, "me", "so")
    assert store.texts[f"baselines/{KEY.path}/0001-202611221200000000.json"] == first
    amend(store, ActKind.ADOPT, BUCKET, minute=2)
    assert len(store.texts) == 3


def test_a_change_that_changes_nothing_makes_no_version(store: MemoryTexts) -> None:
    amend(store, ActKind.DROP, BUCKET)
    before = dict(store.texts)
    assert amend(store, ActKind.DROP, BUCKET, minute=2)["version"] == 2
    assert store.texts == before


def test_what_is_dropped_leaves_with_its_contents(store: MemoryTexts) -> None:
    after = amend(store, ActKind.DROP, ROLE)
    assert [entry["item"] for entry in after["items"]] == [BUCKET.address]


def test_what_is_adopted_is_protected_at_once_and_waits_to_be_read(store: MemoryTexts) -> None:
    new = Resource("AWS::SQS::Queue", "https://sqs/q", KEY.region)
    shown = {entry["item"]: entry for entry in amend(store, ActKind.ADOPT, new, ROLE)["items"]}
    assert shown[new.address]["adopting"]
    # also what is there already: it is read anew
    assert shown[ROLE.address] == {"item": ROLE.address, "fingerprint": None, "adopting": True, "contents": None}
    baseline = BaselineRepository(store, KEY).read()
    assert baseline is not None
    assert new in baseline.items


def test_a_change_in_between_is_not_lost(store: MemoryTexts) -> None:
    book = BaselineRepository(store, KEY)
    first = True

    def late(before: Baseline) -> Baseline:
        nonlocal first
        if first:
            first = False
            amend(store, ActKind.DROP, ROLE)
        return before.without([BUCKET])

    assert book.amend(late, a_word(5)).items == {}
    assert len(store.texts) == 3


def test_nothing_can_be_dropped_from_a_baseline_that_is_gone() -> None:
    with pytest.raises(Unreachable, match="recapture"):
        amend(MemoryTexts(), ActKind.DROP, BUCKET)


@pytest.mark.parametrize(
    "item",
    [
        Resource("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:222222222222:a", KEY.region),
        Resource("AWS::SSM::Parameter", "/a@b/c", KEY.region),
    ],
)
def test_an_address_is_read_back(item: Resource) -> None:
    assert Resource.parse(item.address) == item


@pytest.mark.parametrize(
    "text", ["", "a", "AWS::S3::Bucket", "AWS::S3::Bucket:a", "AWS::S3::Bucket:@eu-west-1", "a:b@x"]
)
def test_a_text_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="AWS::S3::Bucket:NAME@us-east-1"):
        Resource.parse(text)
