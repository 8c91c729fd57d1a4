"""Settings of kept buckets: what a test leaves there that a later one would suffer from is put back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from moto import mock_aws

from atmosphere.cleanup.baseline.adopting import adopt
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.contents.bucket_settings import BUCKET_SETTINGS
from atmosphere.cleanup.model import MutationRefused, Resource
from atmosphere.cleanup.state.baseline import Baseline, BaselineRepository, Revision
from atmosphere.cleanup.state.store import MemoryTexts
from tests.cleanup.test_contents import KEY, NOW, OWNER, REGION, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BUCKET: Final = Resource("AWS::S3::Bucket", "kept", REGION)
NOTIFICATIONS: Final = f"Atmosphere::S3::Notifications:kept@{REGION}"
ROLE: Final = f"arn:aws:iam::{OWNER}:role/copies"
WORD: Final = Revision(at=NOW, by="me", why="so")
MINE, THEIRS = "a" * 64, "b" * 64


@pytest.fixture(autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification about objects of one prefix; the topic has the name of the prefix."""

    name: str
    id: str = ""
    events: tuple[str, ...] = ("s3:ObjectCreated:*",)

    def written(self) -> dict[str, Any]:
        rules = [{"Name": "prefix", "Value": f"{self.name}/"}, {"Name": "suffix", "Value": ".txt"}]
        topic = f"arn:aws:sns:{REGION}:{OWNER}:{self.name}"
        said = {"TopicArn": topic, "Events": list(self.events), "Filter": {"Key": {"FilterRules": rules}}}
        return {**said, **({"Id": self.id} if self.id else {})}


def a_bucket() -> Room:
    """A room with the bucket, and topics that notifications may go to."""
    room = Room()
    s3, sns = room.root("s3"), room.root("sns")
    for name in ("kept", "copies"):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for name in ("first", "second", "mine"):
        sns.create_topic(Name=name)
    return room


def notify(room: Room, *notices: Notice) -> None:
    told = {"TopicConfigurations": [each.written() for each in notices]}
    room.root("s3").put_bucket_notification_configuration(Bucket="kept", NotificationConfiguration=told)


def notified(room: Room) -> dict[str, Any]:
    reply: dict[str, Any] = room.root("s3").get_bucket_notification_configuration(Bucket="kept")
    reply.pop("ResponseMetadata")
    return reply


def replicate(room: Room, *prefixes: str, names: str = "") -> None:
    rules = [
        {
            "Status": "Enabled",
            "Priority": place,
            "Filter": {"Prefix": prefix},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::copies"},
            **({"ID": f"{names}{place}"} if names else {}),
        }
        for place, prefix in enumerate(prefixes)
    ]
    room.root("s3").put_bucket_replication(Bucket="kept", ReplicationConfiguration={"Role": ROLE, "Rules": rules})


def grant(room: Room, *whom: str) -> None:
    s3 = room.root("s3")
    owner = {"ID": s3.get_bucket_acl(Bucket="kept")["Owner"]["ID"]}
    grants = [{"Grantee": {"Type": "CanonicalUser", "ID": each}, "Permission": "WRITE"} for each in whom]
    s3.put_bucket_acl(Bucket="kept", AccessControlPolicy={"Owner": owner, "Grants": grants})


CHANGES: Final[dict[str, tuple[Callable[[Room], None], Callable[[Room], None]]]] = {
    "notifications": (
        lambda room: notify(room, Notice("first"), Notice("second")),
        lambda room: notify(room, Notice("first"), Notice("mine")),
    ),
    "replication": (lambda room: replicate(room, "a/", "b/"), lambda room: replicate(room, "")),
    "grants": (lambda room: grant(room, MINE), lambda room: grant(room, MINE, THEIRS)),
}
"""What is there at the capture, and what a test makes of it."""


@pytest.mark.parametrize("first", [False, True], ids=["was not set", "was set"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_of_a_kept_bucket_is_put_back(name: str, *, first: bool) -> None:
    room = a_bucket()
    was, becomes = CHANGES[name]
    if first:
        was(room)
    room.capture(BUCKET)
    assert room.changed() == {}
    becomes(room)
    [address] = room.changed()
    assert address.startswith("Atmosphere::S3::")
    assert address.endswith(f":kept@{REGION}")
    room.put_back()


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_that_a_test_took_away_is_put_back(name: str) -> None:
    room = a_bucket()
    CHANGES[name][0](room)
    room.capture(BUCKET)
    s3 = room.root("s3")
    s3.put_bucket_notification_configuration(Bucket="kept", NotificationConfiguration={})
    s3.delete_bucket_replication(Bucket="kept")
    s3.put_bucket_acl(Bucket="kept", ACL="private")
    assert len(room.changed()) == 1
    room.put_back()


def test_every_setting_of_a_bucket_is_tested() -> None:
    assert {each.name for each in BUCKET_SETTINGS} == set(CHANGES)


def test_notifications_come_back_as_they_were_with_the_ids_that_stacks_know_them_by() -> None:
    room = a_bucket()
    notify(room, Notice("first", "stack-A-1"))
    before = notified(room)
    room.capture(BUCKET)
    notify(room, Notice("mine"))
    room.put_back()
    assert notified(room) == before


def test_all_notifications_of_a_test_go_from_a_bucket_that_had_none() -> None:
    room = a_bucket()
    room.capture(BUCKET)
    notify(room, Notice("mine"))
    assert "+ TopicConfigurations" in room.changed()[NOTIFICATIONS]
    room.put_back()
    assert notified(room) == {}


def test_other_ids_and_another_order_are_no_change() -> None:
    """S3 makes up ids where a stack writes none, and its lists have no order."""
    room = a_bucket()
    both = ("s3:ObjectCreated:Put", "s3:ObjectCreated:Copy")
    notify(room, Notice("first", "a", both), Notice("second", "b"))
    replicate(room, "a/", "b/", names="x")
    room.capture(BUCKET)
    notify(room, Notice("second", "0"), Notice("first", "1", both[::-1]))
    replicate(room, "a/", "b/", names="another")
    assert room.changed() == {}


def test_one_notification_more_of_the_same_is_a_change() -> None:
    room = a_bucket()
    notify(room, Notice("first", "a"))
    room.capture(BUCKET)
    notify(room, Notice("first", "a"), Notice("first", "b"))
    assert NOTIFICATIONS in room.changed()


def test_a_bucket_that_is_gone_has_no_settings() -> None:
    room = a_bucket()
    room.capture(BUCKET)
    room.root("s3").delete_bucket(Bucket="kept")
    assert room.changed() == {}


def test_what_an_older_version_did_not_capture_is_not_compared() -> None:
    room = a_bucket()
    captured = room.capture(BUCKET)
    own = {each.type for each in BUCKET_SETTINGS}
    older = {item: inside for item, inside in captured.contents.items() if item.type not in own}
    assert len(older) < len(captured.contents)
    room.baseline = Baseline.from_json(replace(captured, contents=older).to_json())
    for _, becomes in CHANGES.values():
        becomes(room)
    assert room.changed() == {}


class Book:
    """The baseline of a room as operators amend it, with a scan that lists buckets only."""

    def __init__(self, room: Room) -> None:
        room.broken["DescribeStacks"] = "InternalError"
        skipped = tuple(entry.name for entry in CATALOGUE if entry.name != BUCKET.type)
        room.assignment = replace(room.assignment, settings=replace(room.assignment.settings, skipped_types=skipped))
        self.room, self.book = room, BaselineRepository(MemoryTexts(), KEY)
        self.book.capture(replace(room.baseline, types=(BUCKET.type,)), WORD)

    def amend(self, change: Callable[[Baseline], Baseline]) -> Baseline:
        """What the next cleanup goes by."""
        self.room.baseline = self.book.amend(change, WORD)
        self.room.baseline = adopt(self.book, self.room.context)
        return self.room.baseline


def test_settings_of_an_adopted_bucket_are_watched() -> None:
    room = a_bucket()
    baseline = Book(room).amend(lambda before: before.adopting([BUCKET]))
    assert {each.type for each in BUCKET_SETTINGS} < {item.type for item in baseline.contents}
    notify(room, Notice("mine"))
    room.put_back()


def test_a_setting_alone_is_adopted_as_a_report_says() -> None:
    room = a_bucket()
    room.capture(BUCKET)
    notify(room, Notice("mine"))
    grant(room, THEIRS)
    setting = Resource.parse(NOTIFICATIONS)
    baseline = Book(room).amend(lambda before: before.adopting([setting]))
    assert (baseline.adopted, setting in baseline.items) == (frozenset(), False)
    [address] = room.changed()
    assert address.startswith("Atmosphere::S3::Grants:")


def test_of_a_bucket_that_is_dropped_no_setting_is_put_back() -> None:
    room = a_bucket()
    room.capture(BUCKET)
    room.baseline = room.baseline.without([BUCKET])
    for _, becomes in CHANGES.values():
        becomes(room)
    assert room.changed() == {}


def test_nothing_but_a_put_back_may_write_the_settings_of_a_kept_bucket() -> None:
    room = a_bucket()
    room.capture(BUCKET)
    client = room.account.client("s3", REGION)
    with pytest.raises(MutationRefused):
        client.put_bucket_notification_configuration(Bucket="kept", NotificationConfiguration={})
    with pytest.raises(MutationRefused):
        client.delete_bucket_replication(Bucket="kept")
    with pytest.raises(MutationRefused):
        client.put_bucket_acl(Bucket="kept", ACL="private")
