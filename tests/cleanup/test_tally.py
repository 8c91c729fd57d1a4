"""How a cleanup stands: counted over passes and attempts, written for whoever waits, and told in its report."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.model import GLOBAL, PassState, Phase, Resource, Trouble, Verdict
from atmosphere.cleanup.report.console import console_link
from atmosphere.cleanup.report.markdown import MOST_ROWS, markdown
from atmosphere.cleanup.report.report import named_in
from atmosphere.cleanup.state.counts import WRITE_EVERY, Counts, CountsRepository, ScanCounts, Standing
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.cleanup.state.troubles import TroubleRepository
from atmosphere.contract import progress_key
from atmosphere.core.model import Region
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes import STARTED, FakeStack, Manner, Part
from tests.cleanup.land import make_admin_role, root
from tests.cleanup.scene import KEY, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

REVOKING = PassState(number=1)
CLEARING = PassState(number=2, phase=Phase.CLEAR)
BUCKET, QUEUE = "AWS::S3::Bucket", "AWS::SQS::Queue"


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        make_admin_role()
        yield


def a_sight(unknown: int = 0, **left: int) -> ScanCounts:
    names = {"buckets": BUCKET, "queues": QUEUE}
    return ScanCounts(
        left={names[name]: count for name, count in left.items() if count}, blocked={}, unknown=unknown, deferred=0
    )


class Desk:
    """A tally with its keep and its clock."""

    def __init__(self) -> None:
        self.clock = FakeClock(STARTED)
        self.store = MemoryTexts()
        self.assignment = Scene().assignment()

    def book(self) -> CountsRepository:
        return CountsRepository(self.store, self.assignment, self.clock.now)

    def kept(self) -> Counts:
        return Counts.from_json(json.loads(self.store.texts[self.name]))

    @property
    def name(self) -> str:
        return progress_key(KEY.account, KEY.region, self.assignment.allocation)


def test_what_is_gone_since_the_look_before_is_counted_as_removed_over_passes():
    desk = Desk()
    for sight in (a_sight(buckets=3, queues=1), a_sight(buckets=1, queues=1), a_sight()):
        book = desk.book()
        book.add(CLEARING, sight)
    tally = desk.kept()
    assert (tally.left, tally.removed) == ({}, {BUCKET: 3, QUEUE: 1})
    assert tally.found == {BUCKET: 3, QUEUE: 1}


def test_two_passes_at_once_count_nothing_twice():
    desk = Desk()
    desk.book().add(CLEARING, a_sight(buckets=3))
    one, other = desk.book(), desk.book()
    one.add(CLEARING, a_sight(buckets=1))
    other.add(CLEARING, a_sight(buckets=1))
    assert desk.kept().removed == {BUCKET: 2}


def test_what_is_made_anew_is_there_and_not_found_less():
    desk = Desk()
    for number in (1, 0, 1, 0):
        desk.book().add(CLEARING, a_sight(queues=number))
    assert desk.kept().found == {QUEUE: 2}


def test_looks_in_quick_succession_are_written_together():
    desk = Desk()
    book = desk.book()
    book.add(CLEARING, a_sight(buckets=3))
    text = desk.store.texts[desk.name]
    book.add(CLEARING, a_sight(buckets=2))
    assert desk.store.texts[desk.name] == text
    desk.clock.advance(WRITE_EVERY)
    book.add(CLEARING, a_sight(buckets=0))
    assert desk.kept().removed == {BUCKET: 3}


def test_time_is_the_phases_that_it_passed_in():
    desk = Desk()
    desk.book().write(REVOKING)
    desk.clock.advance(timedelta(seconds=7))
    desk.book().write(CLEARING)
    desk.clock.advance(timedelta(seconds=30))
    desk.book().write(replace(CLEARING, clean_at=desk.clock.now()))
    desk.clock.advance(timedelta(seconds=20))
    tally = desk.book().write(replace(CLEARING, clean_at=desk.clock.now()))
    assert tally.phase is Standing.VERIFY
    assert tally.spent == {"revoke": 7, "clear": 30, "verify": 20}


def test_counts_survive_the_way_through_json():
    tally = Counts(started=STARTED, at=STARTED, attempt=2, left={BUCKET: 1}, blocked={BUCKET: 1}, unknown=1, deferred=2)
    assert Counts.from_json(json.loads(json.dumps(tally.to_json()))) == tally


# --- reports ----------------------------------------------------------------------------------------------------------


def test_a_report_tells_who_left_it_what_was_found_and_how_long_each_phase_took():
    scene = Scene(FakeStack("app", [Part(BUCKET, "data"), Part("AWS::CDK::Metadata", "x")], steps=2))
    scene.changes["requester"] = "build 7"
    result = scene.clean()
    report = json.loads(scene.store.texts[str(result.report_key)])
    assert result.verdict is Verdict.CLEAN
    assert report["requester"] == "build 7"
    assert report["totals"]["removed"] == {"AWS::CloudFormation::Stack": 1, BUCKET: 1}
    assert report["totals"]["left"] == {}
    assert report["seconds"].keys() == {"revoke", "clear", "verify"}
    text = scene.store.texts[str(result.report_key).replace(".json", ".md")]
    assert "Left by: `build 7`." in text
    assert f"| `{BUCKET}` | 1 | 1 | 0 |" in text


def test_a_blocker_is_told_with_its_stack_its_first_error_and_what_its_last_one_names():
    scene = Scene(FakeStack("app", [Part("AWS::Timestream::Database", "db", Manner.FULL)]))
    scene.world.undeletable.add("db")
    blockers = scene.blockers(scene.clean())
    assert (blockers["db"]["stack"], blockers["db"]["action"]) == ("app", "delete")
    assert blockers["app"]["created"] is not None
    assert "stackinfo?stackId=app" in blockers["app"]["console"]


def test_the_first_error_stays_when_the_last_is_another():
    desk = Desk()
    book, item = TroubleRepository(desk.store, desk.assignment), Resource(QUEUE, "q", REGION)
    for code in ("InUse", "Denied", "Denied"):
        book.note(item, Trouble(code=code, message="m"))
    book.write()
    trouble = TroubleRepository(desk.store, desk.assignment).entries[item]
    assert (trouble.first_code, trouble.code, trouble.attempts) == ("InUse", "Denied", 3)


def test_a_single_kind_of_error_has_no_first_one():
    desk = Desk()
    book, item = TroubleRepository(desk.store, desk.assignment), Resource(QUEUE, "q", REGION)
    for _ in range(2):
        book.note(item, Trouble(code="InUse", message="m"))
    assert book.entries[item].first_code == ""


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("resource sg-0123456789abcdef0 has a dependent object", ["sg-0123456789abcdef0"]),
        ("network vpc-1234abcd has eni-1234abcd and eni-1234abcd", ["eni-1234abcd"]),
        ("Role arn:aws:iam::222222222222:role/x is used.", ["arn:aws:iam::222222222222:role/x"]),
        ("it is in use by something", []),
    ],
)
def test_what_an_error_names_is_what_stands_in_the_way(message: str, names: list[str]):
    assert named_in(message, "vpc-1234abcd") == names


@pytest.mark.parametrize(
    ("partition", "domain"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
    ],
)
def test_links_lead_to_the_console_of_the_partition(partition: str, domain: str):
    link = console_link(Resource(BUCKET, "a/b", Region("x-1")), home=REGION, partition=partition)
    assert link == f"https://x-1.{domain}/s3/buckets/a%2Fb?region=x-1"


def test_what_has_no_page_of_its_own_is_looked_for_by_its_arn_or_in_its_service():
    arn = Resource("AWS::Events::Rule", "arn:aws:events:x", GLOBAL)
    other = Resource("AWS::Events::Rule", "x", GLOBAL)
    assert console_link(arn, home=REGION, partition="aws") == (
        "https://console.aws.amazon.com/go/view?arn=arn%3Aaws%3Aevents%3Ax"
    )
    assert console_link(other, home=REGION, partition="aws") == (
        f"https://{REGION}.console.aws.amazon.com/events/home?region={REGION}"
    )
    assert console_link(arn, home=REGION, partition="aws-iso") is None


def test_long_lists_are_cut_in_markdown_and_say_so():
    text = markdown(a_report(unknown={f"T{number}": "x" for number in range(MOST_ROWS + 5)}))
    assert "and 5 more in the JSON" in text


def a_report(**changes: object) -> dict[str, object]:
    """As older versions wrote it."""
    lists: dict[str, object] = {
        "blockers": [],
        "unknown": {},
        "deferred": [],
        "uncovered": [],
        "unexplained": {},
        "skipped": {},
    }
    head = {"environment": "e", "verdict": "dirty", "reason": "r", "allocation": "a", "attempt": 1, "at": "now"}
    return {**head, "passes": 1, "mutations": 0, "explanation": "", **lists, **changes}


def test_a_cleanup_at_work_can_be_watched_from_its_first_pass_on():
    scene = Scene(FakeStack("app", [Part(BUCKET, "data")], steps=1000))
    root("sqs").create_queue(QueueName="left")
    scene.one_pass(PassState())
    name = progress_key(KEY.account, KEY.region, scene.assignment().allocation)
    progress = json.loads(scene.store.texts[name])
    assert (progress["phase"], progress["pass"]) == ("clear", 1)
    assert (progress["removed"], progress["left"]) == ({QUEUE: 1}, {BUCKET: 1, "AWS::CloudFormation::Stack": 1})
    assert set(progress) == set(Counts(started=STARTED, at=STARTED, attempt=1).to_json())
