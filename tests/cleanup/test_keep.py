"""What is kept between passes: every store keeps the same promises, and a ledger never loses anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from atmosphere.adapters.s3 import S3Objects, S3Texts
from atmosphere.cleanup.model import GLOBAL, Resource
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.cleanup.state.ledger import Ledger, Link, StackRecord
from atmosphere.cleanup.state.store import MemoryTexts, TextStore
from atmosphere.core.model import Region
from atmosphere.ports import Unreachable
from tests.cleanup.conftest import HUB, REGION

if TYPE_CHECKING:
    from atmosphere.local.emulator import Emulator


@pytest.fixture(params=["memory", "moto", pytest.param("emulator", marks=pytest.mark.emulator)])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TextStore:
    if request.param == "memory":
        return MemoryTexts()
    endpoint = None
    if request.param == "emulator":
        emulator: Emulator = request.getfixturevalue("emulator")
        endpoint = emulator.endpoint
    else:
        mock = mock_aws()
        mock.start()
        request.addfinalizer(mock.stop)  # noqa: PT021  only one of three needs it
    client = boto3.client("s3", aws_access_key_id=HUB, aws_secret_access_key="test", endpoint_url=endpoint)
    client.create_bucket(Bucket="keep")
    return S3Texts(S3Objects(client, "keep"))


def test_what_is_put_is_got_and_what_is_not_is_none(store):
    assert store.get("a/b.json") is None
    store.put("a/b.json", "ä")
    store.put("a/b.json", "ö")
    assert store.get("a/b.json") == "ö"


def test_an_amendment_starts_from_what_is_there(store):
    assert store.amend("n", lambda before: (before or "") + "1") == "1"
    assert store.amend("n", lambda before: (before or "") + "2") == "12"
    assert store.get("n") == "12"


def test_what_is_written_during_an_amendment_is_not_lost(store):
    interruptions = iter(["other,"])

    def change(before: str | None) -> str:
        for text in interruptions:
            store.put("n", (before or "") + text)
        return (before or "") + "mine,"

    if isinstance(store, MemoryTexts):
        pytest.skip("a lock, where the others compare")
    store.amend("n", change)
    assert store.get("n") == "other,mine,"


@pytest.mark.emulator
def test_racing_amendments_all_count(emulator):
    client = boto3.client("s3", aws_access_key_id=HUB, aws_secret_access_key="test", endpoint_url=emulator.endpoint)
    client.create_bucket(Bucket="keep")
    store = S3Texts(S3Objects(client, "keep"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: store.amend("n", lambda before: f"{before or ''}{n},"), range(8)))
    text = store.get("n") or ""
    assert sorted(text.split(",")[:-1]) == [str(number) for number in range(8)]


def test_a_keep_that_cannot_look_does_not_say_that_nothing_is_there():
    with mock_aws():
        store = S3Texts(
            S3Objects(boto3.client("s3", aws_access_key_id="x", aws_secret_access_key="x"), "no-such-bucket")
        )
        with pytest.raises(Unreachable, match="NoSuchBucket"):
            store.get("n")
        with pytest.raises(Unreachable, match="NoSuchBucket"):
            store.put("n", "x")


ids = st.text(min_size=1, max_size=8)
things = st.builds(
    Resource.at, st.sampled_from(["AWS::S3::Bucket", "AWS::IAM::Role", "AWS::X::Y"]), ids, st.just(REGION)
)
links = st.builds(Link, custom=things, provider=ids, readers=st.lists(ids, max_size=2).map(tuple))
stack_records = st.builds(
    StackRecord,
    name=ids,
    region=st.just(REGION),
    seen=ids,
    owned=st.frozensets(things, max_size=4),
    links=st.frozensets(links, max_size=2),
    settled=st.booleans(),
)
ledgers = st.builds(
    Ledger, stacks=st.dictionaries(ids, stack_records, max_size=4), orphans=st.dictionaries(things, ids, max_size=4)
)


@given(ledgers)
def test_a_ledger_survives_its_text(ledger):
    assert Ledger.from_json(ledger.to_json()) == ledger


@given(ledgers, ledgers)
def test_merging_ledgers_loses_nothing(one, other):
    both = one.merged(other)
    for ledger in (one, other):
        assert ledger.orphans.keys() <= both.orphans.keys()
        for stack, record in ledger.stacks.items():
            assert record.owned <= both.stacks[stack].owned
            assert both.stacks[stack].settled >= record.settled


@given(st.dictionaries(things, st.none() | ids, max_size=6))
def test_a_baseline_survives_its_text(items):
    baseline = Baseline(items=items, types=("AWS::S3::Bucket",), regions=(REGION, Region("eu-west-1")))
    assert Baseline.from_json(baseline.to_json()) == baseline


def test_a_role_is_the_same_resource_from_every_region():
    assert Resource.at("AWS::IAM::Role", "a", REGION) == Resource.at("AWS::IAM::Role", "a", Region("eu-west-1"))
    assert Resource.at("AWS::IAM::Role", "a", REGION).region == GLOBAL


def test_a_tree_holds_what_nested_stacks_own():
    leaf = Resource("AWS::S3::Bucket", "b", REGION)
    nested = Resource("AWS::CloudFormation::Stack", "child", REGION)
    ledger = Ledger(
        stacks={
            "root": StackRecord(name="root", region=REGION, owned=frozenset({nested})),
            "child": StackRecord(name="child", region=REGION, owned=frozenset({leaf, nested})),
        }
    )
    assert ledger.tree("root") == {nested, leaf}
