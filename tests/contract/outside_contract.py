"""What the ports beside the store promise, as suites; each adapter subclasses them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest

from atmosphere.adapters.event_texts import MOST_BLOCKERS, MOST_BYTES
from atmosphere.core.events import AllocationEvent, Blocker, EnvironmentEvent, EventKind, PoolEvent
from atmosphere.core.model import OwnerKey, Region, RoleArn, Status
from atmosphere.ports import (
    CleanupOrder,
    InvalidPolicy,
    RoleRefused,
    SessionRequest,
    Unreachable,
    WatchOrder,
)
from tests.builders import ALLOCATION, KEY, NOW, OTHER_ALLOCATION, POOL, a_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.adapters.s3 import S3Objects
    from atmosphere.ports import Cleaner, Clock, Credentials, Events, Ids, Reports, Snapshots, SnapshotSource

ROLE_ARN: Final = RoleArn("arn:aws:iam::111111111111:role/AtmosphereAdmin")
EXTERNAL_ID: Final = "atmosphere"
REQUEST: Final = SessionRequest(
    role_arn=ROLE_ARN,
    session_name="atmosphere.eu-west-1.0b1c2d3e4f5046178293a4b5c6d7e8f9",
    region=Region("eu-west-1"),
    lifetime=timedelta(hours=1),
    external_id=EXTERNAL_ID,
)
ORDER: Final = CleanupOrder(ALLOCATION, KEY, 1)
DIRTY: Final = EnvironmentEvent(
    kind=EventKind.DIRTY,
    id="0f" * 16,
    at=NOW,
    key=KEY,
    pool=POOL,
    allocation=ALLOCATION,
    attempt=3,
    reason="blocked:AWS::S3::Bucket",
    requester="build 7",
    report="cleanups/r.json",
    blockers=(
        Blocker(
            resource="AWS::S3::Bucket:left@eu-west-1",
            error="AccessDenied: no",
            what="delete it",
            command=f"atmosphere cleanup run {KEY.path} --reason WHY",
        ),
    ),
    markdown="# dirty\n",
)
TIMED_OUT: Final = AllocationEvent(
    kind=EventKind.TIMED_OUT,
    id="1f" * 16,
    at=NOW,
    allocation=ALLOCATION,
    pool=POOL,
    environments=(KEY,),
    requester="build 7",
    owner=OwnerKey("iam:111111111111:role/runner"),
    started=NOW - timedelta(hours=3),
    deadline=NOW,
    outcome="timeout",
)
EXHAUSTED: Final = PoolEvent(
    kind=EventKind.POOL_EXHAUSTED,
    id="2f" * 16,
    at=NOW,
    pool=POOL,
    counts={**dict.fromkeys(Status, 0), Status.IN_USE: 4},
    waiting=2,
)


class CredentialsContract:
    """Subclasses give `credentials`, whose AWS has a role `ROLE_ARN` that trusts the service with `EXTERNAL_ID`,
    `clock`, and `refused`: a role that does not."""

    refuses = True

    def test_each_request_gets_a_session_of_its_own_in_order(self, credentials: Credentials, clock: Clock) -> None:
        lifetimes = [timedelta(minutes=minutes) for minutes in (15, 30, 60)]
        before = clock.now()
        sessions = credentials.mint([replace(REQUEST, lifetime=lifetime) for lifetime in lifetimes])
        assert len({session.access_key_id for session in sessions}) == 3
        assert len({session.session_token for session in sessions}) == 3
        for session, lifetime in zip(sessions, lifetimes, strict=True):
            assert abs(session.expiration - before - lifetime) < timedelta(seconds=30)
            assert session.expiration.tzinfo is not None

    def test_nothing_asked_is_nothing_minted(self, credentials: Credentials) -> None:
        assert credentials.mint([]) == []

    def test_a_session_policy_narrows(self, credentials: Credentials) -> None:
        allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        assert len(credentials.mint([replace(REQUEST, session_policy=policy)])) == 1

    def test_one_role_that_refuses_fails_them_all_and_is_named(
        self, credentials: Credentials, refused: RoleArn
    ) -> None:
        if not self.refuses:
            pytest.skip("moto lets every role be assumed, with every policy")
        for roles in ([refused], [ROLE_ARN, refused], [refused, ROLE_ARN, refused]):
            with pytest.raises(RoleRefused) as raised:
                credentials.mint([replace(REQUEST, role_arn=role) for role in roles])
            assert raised.value.positions == {at for at, role in enumerate(roles) if role == refused}

    @pytest.mark.parametrize("policy", ["{}", "[]", "no", '{"Version": "2012-10-17", "Statement": []}'])
    def test_a_policy_that_sts_does_not_take_is_refused(self, credentials: Credentials, policy: str) -> None:
        if not self.refuses:
            pytest.skip("moto lets every role be assumed, with every policy")
        with pytest.raises(InvalidPolicy):
            credentials.mint([REQUEST, replace(REQUEST, session_policy=policy)])


class CleanerContract:
    """Subclasses give `cleaner`, and say in `started` which orders run."""

    def started(self, cleaner: Cleaner) -> Sequence[CleanupOrder]:
        raise NotImplementedError

    def test_an_order_starts(self, cleaner: Cleaner) -> None:
        cleaner.start(ORDER)
        assert list(self.started(cleaner)) == [ORDER]

    def test_an_order_given_twice_starts_once(self, cleaner: Cleaner) -> None:
        cleaner.start(ORDER)
        cleaner.start(ORDER)
        assert list(self.started(cleaner)) == [ORDER]

    def test_another_attempt_and_another_allocation_start_anew(self, cleaner: Cleaner) -> None:
        orders = [ORDER, replace(ORDER, attempt=2), replace(ORDER, allocation=OTHER_ALLOCATION)]
        for order in orders:
            cleaner.start(order)
        assert sorted(self.started(cleaner), key=str) == sorted(orders, key=str)

    def test_a_scan_starts_once_beside_cleanups(self, cleaner: Cleaner) -> None:
        order = WatchOrder(ORDER.allocation, ORDER.key, NOW)
        cleaner.start(replace(ORDER, attempt=1))
        cleaner.watch(order)
        cleaner.watch(order)
        assert list(self.watched(cleaner)) == [order]

    def watched(self, cleaner: Cleaner) -> Sequence[WatchOrder]:
        """Which scans run."""
        raise NotImplementedError


class EventsContract:
    """Subclasses give `events`, and in `heard` kind and detail of each event as it reaches a subscriber, in order."""

    def heard(self, events: Events) -> Sequence[tuple[str, dict[str, Any]]]:
        raise NotImplementedError

    def test_a_subscriber_gets_what_may_be_said_of_an_environment_and_nothing_else(self, events: Events) -> None:
        events.publish(DIRTY)
        detail = {
            "id": "0f" * 16,
            "at": "2026-11-22T12:00:00Z",
            "environment": f"aws://{KEY.path}",
            "account": KEY.account,
            "region": KEY.region,
            "pool": POOL,
            "allocation": ALLOCATION,
            "attempt": 3,
            "reason": "blocked:AWS::S3::Bucket",
            "requester": "build 7",
            "who": None,
            "retryAt": None,
            "report": "cleanups/r.json",
            "blockers": [
                {
                    "resource": "AWS::S3::Bucket:left@eu-west-1",
                    "error": "AccessDenied: no",
                    "what": "delete it",
                    "command": f"atmosphere cleanup run {KEY.path} --reason WHY",
                }
            ],
            "blockersLeftOut": 0,
            "next": [
                f"atmosphere environment show {KEY.path}",
                f"atmosphere cleanup run {KEY.path} --reason WHY",
                f"atmosphere environment reinstate {KEY.path} --reason WHY",
            ],
            "text": f"aws://{KEY.path} is dirty (`blocked:AWS::S3::Bucket`) after `build 7`",
            "markdown": "# dirty\n",
        }
        assert list(self.heard(events)) == [("Environment Dirty", detail)]

    def test_what_is_said_of_an_allocation(self, events: Events) -> None:
        events.publish(TIMED_OUT)
        detail = {
            "id": "1f" * 16,
            "at": "2026-11-22T12:00:00Z",
            "pool": POOL,
            "allocation": ALLOCATION,
            "environments": [f"aws://{KEY.path}"],
            "requester": "build 7",
            "owner": "iam:111111111111:role/runner",
            "startedAt": "2026-11-22T09:00:00Z",
            "deadline": "2026-11-22T12:00:00Z",
            "outcome": "timeout",
            "next": [f"atmosphere history {KEY.path}"],
            "text": f"the allocation {ALLOCATION} of aws://{KEY.path} did not end before its deadline after `build 7`",
        }
        assert list(self.heard(events)) == [("Allocation Timed Out", detail)]

    def test_what_is_said_of_a_pool(self, events: Events) -> None:
        events.publish(EXHAUSTED)
        detail = {
            "id": "2f" * 16,
            "at": "2026-11-22T12:00:00Z",
            "pool": POOL,
            "reason": None,
            "environments": [],
            "who": None,
            "counts": {"free": 0, "in-use": 4, "cleaning": 0, "dirty": 0, "held": 0},
            "waiting": 2,
            "next": [
                "atmosphere environment list",
                f"atmosphere environment clean --pool {POOL} --status dirty --dry-run",
            ],
            "text": f"the pool {POOL} is exhausted: callers wait, and nothing is free (2 waiting)",
        }
        assert list(self.heard(events)) == [("Pool Exhausted", detail)]

    def test_what_is_not_known_is_null(self, events: Events) -> None:
        unknown = replace(DIRTY, kind=EventKind.FREE, reason=None, requester="", report=None, blockers=(), markdown="")
        events.publish(unknown)
        ((kind, detail),) = self.heard(events)
        assert kind == "Environment Free"
        nothing = {"reason", "requester", "report", "who", "retryAt"}
        assert {name for name, value in detail.items() if value is None} == nothing

    def test_the_line_for_chats_and_mail_has_nothing_that_a_program_acts_on(self, events: Events) -> None:
        odd = "`<!channel> <http://x.example|y> \u202e@here"
        events.publish(replace(DIRTY, reason="blocked:Custom::@all", requester=odd))
        ((_, detail),) = self.heard(events)
        assert detail["requester"] == odd
        assert detail["text"] == (
            f"aws://{KEY.path} is dirty (`blocked:Custom::\uff20all`) after "
            "`\u02cb\u2039!channel\u203a \u2039http:\u2215\u2215x\u2024example\u00a6y\u203a \\u202e\uff20here`"
        )

    def test_a_report_with_many_blockers_says_how_many_are_left_out(self, events: Events) -> None:
        events.publish(replace(DIRTY, blockers=DIRTY.blockers * (MOST_BLOCKERS + 5)))
        ((_, detail),) = self.heard(events)
        assert (len(detail["blockers"]), detail["blockersLeftOut"]) == (MOST_BLOCKERS, 5)

    @pytest.mark.parametrize("line", ['| "a" | b |\n', "| ü\U0001f600 |\n"])
    def test_a_long_report_is_cut_after_a_line_and_the_last_one_says_where_all_of_it_is(
        self, events: Events, line: str
    ) -> None:
        events.publish(replace(DIRTY, markdown=line * 30_000))
        ((_, detail),) = self.heard(events)
        kept, _, last = detail["markdown"].rpartition("\nCut here: ")
        assert last == "all of it is in cleanups/r.json.\n"
        assert kept == line * kept.count(line)
        assert MOST_BYTES - 100 < len(json.dumps(detail, ensure_ascii=False).encode()) <= MOST_BYTES

    def test_a_repeated_publication_is_another_event_that_says_the_same(self, events: Events) -> None:
        events.publish(DIRTY)
        events.publish(DIRTY)
        first, second = self.heard(events)
        assert first == second


class SnapshotContract:
    """Subclasses give `source`, with `a_snapshot()` in it, and `broken`: sources that cannot be read."""

    def test_the_snapshot_is_what_was_deployed(self, source: SnapshotSource) -> None:
        assert source.load() == a_snapshot()

    def test_it_is_read_once(self, source: SnapshotSource) -> None:
        assert source.load() is source.load()

    def test_what_cannot_be_read_is_unreachable_each_time(self, broken: SnapshotSource) -> None:
        for _ in range(2):
            with pytest.raises(Unreachable):
                broken.load()


class SnapshotsContract:
    """Subclasses give `snapshots`, empty."""

    def test_what_was_put_is_there(self, snapshots: Snapshots) -> None:
        assert snapshots.get("one") is None
        snapshots.put("one", "text")
        snapshots.put("other", "another text")
        assert snapshots.get("one") == "text"

    def test_what_is_there_stays(self, snapshots: Snapshots) -> None:
        for text in ("text", "text", "another text"):
            snapshots.put("one", text)
        assert snapshots.get("one") == "text"


class ObjectsContract:
    """Subclasses give `objects`, empty."""

    def test_what_was_put_is_there(self, objects: S3Objects) -> None:
        assert objects.get("a/b.json") is None
        objects.put("a/b.json", b"1")
        objects.put("a/b.json", b"2")
        assert objects.get("a/b.json") == b"2"


class ReportsContract:
    """Subclasses give `reports`, with `{"verdict": "dirty"}` under the key `cleanups/r.json`."""

    def test_a_report_is_its_json(self, reports: Reports) -> None:
        assert reports.load("cleanups/r.json") == {"verdict": "dirty"}

    def test_a_report_that_is_gone_is_none(self, reports: Reports) -> None:
        assert reports.load("cleanups/gone.json") is None


class ClockContract:
    """Subclasses give `clock`."""

    def test_time_is_utc_and_moves_on(self, clock: Clock) -> None:
        before = clock.now()
        clock.sleep(timedelta(milliseconds=2))
        assert clock.now() - before >= timedelta(milliseconds=2)
        assert before.tzinfo is UTC

    def test_a_negative_sleep_is_none(self, clock: Clock) -> None:
        before = clock.now()
        clock.sleep(timedelta(seconds=-1))
        assert clock.now() >= before


class IdsContract:
    """Subclasses give `ids`."""

    def test_ids_are_random_uuids_in_lower_case(self, ids: Ids) -> None:
        made = [ids.new() for _ in range(50)]
        assert len(set(made)) == 50
        for identity in made:
            assert str(UUID(identity)) == identity
            assert UUID(identity).version == 4

    def test_chance_stays_below_its_limit(self, ids: Ids) -> None:
        assert {ids.below(3) for _ in range(200)} == {0, 1, 2}
        assert ids.below(1) == 0
