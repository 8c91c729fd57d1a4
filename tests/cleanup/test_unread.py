"""One thing that cannot be read is unknown, by its name; everything beside it is found, compared and deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from moto import mock_aws

from atmosphere.cleanup.baseline.drift import read_contents
from atmosphere.cleanup.catalogue import CATALOGUE, type_of
from atmosphere.cleanup.catalogue.apart import apart, complete
from atmosphere.cleanup.catalogue.base import Found, Unread
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.model import Verdict
from atmosphere.cleanup.report.advice import advice
from tests.cleanup.catalogue.derived import derived
from tests.cleanup.catalogue.models import whole
from tests.cleanup.catalogue.page import LINES
from tests.cleanup.clients import KEYS, shared
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes import FakeAccounts, refuse
from tests.cleanup.fakes.crowd import Crowd
from tests.cleanup.faults import Reply
from tests.cleanup.scene import Scene, in_account
from tests.cleanup.test_contents import Room

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.aws.accounts import Account
    from tests.cleanup.fakes import World

REFUSED: Final = "AccessDeniedException"
KEY: Final = "AWS::KMS::Key"
POINT: Final = "AWS::Backup::RecoveryPoint"


def one_of(code: str) -> Callable[[str], list[str]]:
    """Reads everything but `b`, which is answered with this code."""

    def read(identity: str) -> list[str]:
        if identity == "b":
            raise refuse(code, "on purpose")
        return [identity.upper()]

    return read


def test_one_that_is_refused_is_named_and_the_others_are_read() -> None:
    assert list(apart("abc", one_of(REFUSED))) == ["A", Unread("b", REFUSED), "C"]


def test_one_that_is_gone_by_now_is_nothing() -> None:
    assert list(apart("abc", one_of("NotFound"), ("NotFound",))) == ["A", "C"]


def test_being_too_fast_is_no_answer_about_one() -> None:
    with pytest.raises(ClientError):
        list(apart("abc", one_of("ThrottlingException")))


def test_not_reaching_the_service_is_no_answer_about_one() -> None:
    def read(_: str) -> list[str]:
        raise EndpointConnectionError(endpoint_url="x")

    with pytest.raises(EndpointConnectionError):
        list(apart("abc", read))


def test_who_needs_all_of_it_gets_an_error_at_the_end() -> None:
    entries: list[Found | Unread] = [Unread("b", REFUSED), Found("c")]
    read = complete(entries, "List")
    assert next(read) == Found("c")
    with pytest.raises(ClientError, match="b cannot be read"):
        next(read)


class Garbled(Crowd):
    """Its answer to one operation is no answer of AWS's, as one of a proxy in between is."""

    garbled = ""

    def _answer(self, **event: Any) -> Any:
        if event["model"].name == self.garbled:
            raise ResponseParserError("Unable to parse response")
        return super()._answer(**event)


@pytest.mark.parametrize(("garbled", "unlisted"), [("ListQueues", "AWS::SQS::Queue"), ("DeletePlacementGroup", "")])
def test_an_answer_that_nobody_can_read_stops_nothing_else(
    garbled: str, unlisted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    scene = Scene(types=("AWS::EC2::PlacementGroup",))
    lines = [line for line in LINES if line.type == "AWS::EC2::PlacementGroup" and line.retried]
    aws = Garbled(derived(lines, copies=1), scene.clock)
    aws.garbled = garbled
    scene.accounts = lambda: aws

    result = scene.clean()

    assert result.verdict is Verdict.BLOCKED
    assert unknown(scene, result.report_key) == ({f"{unlisted}@{REGION}": "ResponseParserError"} if unlisted else {})
    assert [blocker["code"] for blocker in scene.blockers(result).values()] == (
        [] if unlisted else ["ResponseParserError"]
    )
    assert len(aws.left()) == (0 if unlisted else 1)


# --- whole cleanings --------------------------------------------------------------------------------------------------


class Shut(FakeAccounts):
    """Every call that names `word` in its body or path is refused."""

    def __init__(self, world: World, word: str) -> None:
        super().__init__(world)
        self._word = word

    def _answer(self, **event: Any) -> Any:
        asked = f"{event['params'].get('body')} {event['params'].get('url_path')}"
        if self._word in asked:
            self.world.answers[event["model"].name] = lambda: refuse(REFUSED, "not for you")
            try:
                return super()._answer(**event)
            finally:
                del self.world.answers[event["model"].name]
        return super()._answer(**event)


def shut_out(type_: str, word: str) -> Scene:
    scene = Scene(types=(type_,))
    scene.accounts = lambda: Shut(scene.world, word)
    return scene


def unknown(scene: Scene, key: str | None) -> dict[str, str]:
    report: dict[str, dict[str, str]] = json.loads(scene.store.texts[str(key)])
    return report["unknown"]


@pytest.mark.usefixtures("moto_account")
def test_a_key_that_shuts_everybody_out_hides_no_other_key() -> None:
    kms = in_account("kms")
    shut, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    scene = shut_out(KEY, shut)

    result = scene.clean()

    assert result.verdict is Verdict.BLOCKED
    assert result.reason == f"unknown:{KEY}:{shut}@{REGION}"
    assert unknown(scene, result.report_key) == {f"{KEY}:{shut}@{REGION}": REFUSED}
    page = scene.store.texts[str(result.report_key).replace(".json", ".md")]
    [told] = (line for line in page.splitlines() if "AWS Support" in line)
    assert f"{KEY}:{shut}@{REGION}" in told
    assert kms.describe_key(KeyId=other)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert kms.describe_key(KeyId=shut)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.usefixtures("moto_account")
def test_a_kept_key_that_shuts_everybody_out_is_unknown_and_not_missing() -> None:
    kms = in_account("kms")
    shut = kms.create_key()["KeyMetadata"]["KeyId"]
    scene = shut_out(KEY, shut)
    scene.remember(KEY, shut, "2026-11-22T00:00:00+00:00")

    result = scene.clean()

    assert result.verdict is Verdict.BLOCKED
    assert unknown(scene, result.report_key) == {f"{KEY}:{shut}@{REGION}": REFUSED}
    assert scene.blockers(result) == {}


@pytest.mark.parametrize(
    ("label", "code", "part"),
    [
        (f"{KEY}:1@{REGION}", REFUSED, "AWS Support"),
        (f"{POINT}:vault@{REGION}", REFUSED, "vault"),
        (f"AWS::S3::Bucket:b@{REGION}", "AccessDenied", "root user"),
        (f"AWS::SNS::Topic:t@{REGION}", "AuthorizationError", "by hand"),
    ],
)
def test_what_to_do_about_one_that_refuses_is_told(label: str, code: str, part: str) -> None:
    assert part in advice({label: code})[label]


def test_nothing_is_advised_about_whole_listings_or_other_troubles() -> None:
    assert advice({f"{KEY}@{REGION}": REFUSED, f"{KEY}:1@{REGION}": "InternalError"}) == {}


# --- every listing under others ---------------------------------------------------------------------------------------


class Twins:
    """Answers reads by botocore's models, each list having everything twice; refuses the first call of `operation`."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self.refused = False

    def answer(self, **event: Any) -> Any:
        model = event["model"]
        if xform_name(model.name) == self._operation and not self.refused:
            self.refused = True
            return Reply(), {"Error": {"Code": REFUSED, "Message": "not for you"}}
        return Reply(200), _twice(whole(model.output_shape))


def _twice(value: Any) -> Any:
    """Without what would ask for a further page."""
    if isinstance(value, dict):
        kept = {name: part for name, part in value.items() if not any(word in name.lower() for word in MORE)}
        return {name: _twice(part) for name, part in kept.items() if part is not None}
    return [_twice(part) for part in value] * 2 if isinstance(value, list) else value


MORE: Final = ("token", "marker", "truncated", "hasmore")
PARENT: Final = "arn:aws:kinesis:us-east-1:123456789012:stream/a"
CHILDREN: Final = [row for row in CATALOGUE if isinstance(row, Row) and row.listing.parent]


@pytest.mark.parametrize("row", CHILDREN, ids=lambda row: row.name)
def test_a_parent_whose_parts_are_refused_hides_no_other_parents(row: Row) -> None:
    twins = Twins(row.listing.operation)
    session = shared("twins").session(KEYS)
    session.register("before-call", twins.answer)
    client = session.client(row.service, REGION)
    assert row.listing.parent is not None
    listing = replace(row.listing, unless=None, parent=replace(row.listing.parent, id=f"'{PARENT}'", unless=None))

    read = list(listing.read(client))

    assert [each for each in read if isinstance(each, Unread)] == [Unread(PARENT, REFUSED)]
    assert [each for each in read if isinstance(each, Found)]


class Buckets:
    """S3 of an old kind, which names no regions in its list, and refuses to tell that of one bucket."""

    def client(self, _service: str, _region: str) -> Buckets:
        return self

    def can_paginate(self, _: str) -> bool:
        return False

    def list_buckets(self, **_: Any) -> dict[str, Any]:
        return {"Buckets": [{"Name": "here"}, {"Name": "shut"}, {"Name": "also-here"}]}

    def get_bucket_location(self, *, Bucket: str) -> dict[str, Any]:  # noqa: N803
        if Bucket == "shut":
            raise refuse("AccessDenied", "not for you")
        return {"LocationConstraint": None}


def test_a_bucket_that_does_not_tell_where_it_is_hides_no_other() -> None:
    listed = list(type_of("AWS::S3::Bucket").list(cast("Account", Buckets()), REGION))
    assert listed == [Found("here"), Unread("shut", "AccessDenied"), Found("also-here")]


# --- contents ---------------------------------------------------------------------------------------------------------


class Refusing(Room):
    """Refuses the first call of each of these operations, once it is told to begin."""

    refused: set[str]

    def _break(self, **event: Any) -> Any:
        name = event["model"].name
        if name in getattr(self, "refused", ()):
            self.refused.discard(name)
            return Reply(), {"Error": {"Code": REFUSED, "Message": "not for you"}}
        if name == "ListServiceSpecificCredentials":  # which moto does not know
            return Reply(200), {"ServiceSpecificCredentials": []}
        return super()._break(**event)


def _keys(room: Room) -> None:
    for _ in range(2):
        room.root("kms").create_key()


def _queues(room: Room) -> None:
    for name in "ab":
        room.root("sqs").create_queue(QueueName=name)


def _users(room: Room) -> None:
    for name in "ab":
        room.root("iam").create_user(UserName=name)


def _zones(room: Room) -> None:
    for name in "ab":
        room.root("route53").create_hosted_zone(Name=f"{name}.example.org", CallerReference=name)


MADE: Final = {
    "GetKeyPolicy": (KEY, _keys),
    "GetQueueAttributes": ("AWS::SQS::Queue", _queues),
    "ListAccessKeys": ("AWS::IAM::User", _users),
    "ListResourceRecordSets": ("AWS::Route53::HostedZone", _zones),
}


@pytest.mark.parametrize("operation", MADE)
@mock_aws
def test_contents_of_one_that_cannot_be_read_are_unknown_and_the_others_are_compared(operation: str) -> None:
    type_, make = MADE[operation]
    room = Refusing()
    make(room)
    before = [item for item in room.capture().contents if item.type == type_]
    room.refused = {operation}

    compared = room.restorer.compare(fresh=True)

    [(address, code)] = compared.unknown.items()
    assert (address in {item.address for item in before}, code) == (True, REFUSED)
    assert compared.found == []


@mock_aws
def test_contents_that_are_refused_at_the_capture_are_unwatched_one_by_one() -> None:
    room = Refusing()
    _keys(room)
    room.refused = {"GetKeyPolicy"}

    inside = read_contents(room.context)

    [address] = (label for label in inside.unwatched if label.startswith(KEY))
    [kept] = (item for item in inside.contents if item.type == KEY)
    assert address != kept.address
