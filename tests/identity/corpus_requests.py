"""The second half of the corpus: bad and hostile requests behind the authorizer, rows 48 to 85, and what they get.

Each row that a handler decides is driven through the real entry points on a service in memory (tests/handlers/door.py);
`ROWS` names the test that covers what only the gateway or the configuration decides. Row 83 is in corpus_webhook.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from atmosphere.contract import FunctionName, Tree
from atmosphere.core.model import ADMIN, AccountId, AllocationId, EndedBy, RoleArn, Status
from atmosphere.handlers import cleanup, reconcile
from tests.builders import HUB, POOL, a_key
from tests.handlers.door import API_ACCOUNT, Door, Who, a_door, an_event, signed, workflow
from tests.identity import corpus_webhook as webhook
from tests.operations.line import Fault, Trap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.replies import Reply

HANDLER, EMULATOR, LIVE, CONFIG = "handler", "emulator", "live", "config"

RUNNER: Final = signed("runner")
RUN: Final = workflow()
KEY: Final = "11111111-2222-4333-8444-555555555555"
BOTH: Final = (RUNNER, RUN)
MANY: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the corpus. `ask` yields every reply; each must have `status`."""

    number: int
    what: str
    where: str = HANDLER
    ask: Callable[[Door], Iterable[Reply]] | None = None
    status: int = 0
    covered: str = ""
    """The test file that has it, where no handler decides."""
    door: Callable[[], Door] = a_door

    @property
    def id(self) -> str:
        return f"{self.number} {self.what}"


# --- identity: 48 to 56 -------------------------------------------------------------------------------------------


def _as(*callers: Who, **event: Any) -> Callable[[Door], Iterator[Reply]]:
    def ask(door: Door) -> Iterator[Reply]:
        for who in callers:
            yield door.ask(who, "POST", "/allocations", {"pool": POOL, "requester": "r"}, **event)

    return ask


def _both_identities(door: Door) -> Iterator[Reply]:
    for tree in (Tree.IAM, Tree.GITHUB):
        yield from _as(Who(identity=RUNNER.identity, authorizer=RUN.authorizer, tree=tree))(door)


def _own_account(door: Door) -> Iterator[Reply]:
    yield from _as(signed("runner", API_ACCOUNT))(door)


def _spoofed(door: Door) -> Iterator[Reply]:
    claimed = {
        "X-Account-Id": HUB,
        "X-Forwarded-User": str(RUNNER.identity["userArn"]),
        "X-Amzn-Principal": str(RUNNER.identity["userArn"]),
    }
    yield from _as(signed("stranger"), headers=claimed)(door)
    yield from _as(Who(), headers=claimed)(door)


def _api_account_listed(door: Door) -> Iterator[Reply]:
    event = an_event(signed("runner", "999999999999"), "POST", "/allocations", {"pool": POOL, "requester": "r"})
    event["requestContext"]["accountId"] = HUB
    yield door.send(event, FunctionName.ALLOCATE)


# --- bodies: 57 to 65 ---------------------------------------------------------------------------------------------


def _raw(*bodies: str | None, **event: Any) -> Callable[[Door], Iterator[Reply]]:
    """These texts as bodies of every request that takes one, by a caller of each tree."""

    def ask(door: Door) -> Iterator[Reply]:
        for who in BOTH:
            id_ = door.allocated(who)
            for body in bodies:
                yield door.ask(who, "POST", "/allocations", body, **event)
                yield door.ask(who, "DELETE", f"/allocations/{id_}", body, **event)

    return ask


def _asking(*requests: dict[str, Any]) -> Callable[[Door], Iterator[Reply]]:
    """An allocate for each of these; None takes a key away."""

    def ask(door: Door) -> Iterator[Reply]:
        for who in BOTH:
            for request in requests:
                wanted = {"pool": POOL, "requester": "r"} | request
                body = {name: value for name, value in wanted.items() if value is not None}
                reply = door.ask(who, "POST", "/allocations", body)
                yield reply
                if reply.status == 200:
                    door.end(who, reply.body["id"])
                    _clean(door)

    return ask


def _with(name: str, *values: Any) -> Callable[[Door], Iterator[Reply]]:
    return _asking(*({name: value} for value in values))


def _pools(door: Door) -> Iterator[Reply]:
    rule = door.world.snapshot.access.iam[0]
    assert "secret-pool" not in rule.pools
    for who in BOTH:
        replies = [door.allocate(who, pool=pool) for pool in ("nowhere", "secret-pool", "Canary", "canary-")]
        assert len({reply.text for reply in replies}) == 1
        yield from replies
        yield door.ask(who, "GET", "/pools/nowhere")


def _full(door: Door) -> Iterator[Reply]:
    for who in BOTH:
        door.allocated(who)
    for who in BOTH:
        yield door.allocate(who)


def _over_quota(door: Door) -> Iterator[Reply]:
    for who in BOTH:
        door.allocated(who)
        yield door.allocate(who)


def _same_key(door: Door) -> Iterator[Reply]:
    for who, key in zip(BOTH, (KEY, KEY.replace("1", "2")), strict=True):
        replies = [door.allocate(who, key=key) for _ in range(2)]
        assert {reply.body["id"] for reply in replies} == {key}
        assert len({reply.body["credentials"]["sessionToken"] for reply in replies}) == 2
        yield from replies


def _same_key_other_body(door: Door) -> Iterator[Reply]:
    door.allocated(RUN, key=KEY)
    yield door.allocate(RUN, key=KEY, requester="somebody else")


def _same_key_at_once(door: Door) -> Iterator[Reply]:
    """The design's answer to a race with oneself is one allocation for both."""
    body = {"pool": POOL, "requester": "r"}
    event = an_event(RUN, "POST", "/allocations", body, headers={"Idempotency-Key": KEY})
    replies = door.send_at_once([event] * MANY, FunctionName.ALLOCATE)
    assert {reply.body["id"] for reply in replies} == {KEY}
    assert door.world.rows.counts(POOL)[Status.IN_USE] == 1
    yield from replies


def _foreign_key(door: Door) -> Iterator[Reply]:
    door.allocated(RUN, key=KEY)
    for who in (RUNNER, workflow(run_id="7000000002")):
        yield door.allocate(who, key=KEY)


def _no_uuids(door: Door) -> Iterator[Reply]:
    for key in ("x" * 129, "a b", " ", "", "../x", KEY[:-1], f"{KEY}0", KEY.replace("-", ""), f"{{{KEY}}}"):
        yield door.allocate(RUN, key=key)


# --- DELETE and refresh: 66 to 78, and 80 ---------------------------------------------------------------------------


def _unknown_ids(door: Door) -> Iterator[Reply]:
    for who, owner in ((RUN, RUNNER), (RUNNER, RUN), (workflow(run_id="7"), RUN)):
        id_ = door.allocated(owner)
        replies = [verb(who, name) for name in (id_, KEY) for verb in (door.look, door.end, door.refresh)]
        assert len({reply.text for reply in replies}) == 1
        yield from replies
        door.end(owner, id_)
        _clean(door)


def _odd_ids(door: Door) -> Iterator[Reply]:
    id_ = door.allocated(RUN, key="abcdef00-2222-4333-8444-555555555555")
    for odd in (
        "..%2f",
        "..",
        "x" * 2048,
        id_.upper(),
        f"{id_}\n",
        f" {id_}",
        f"{id_}\x00",
        "%00",
        id_.replace("-", ""),
    ):
        yield from (door.look(RUN, odd), door.end(RUN, odd), door.refresh(RUN, odd))


def _outcomes(door: Door) -> Iterator[Reply]:
    for who in BOTH:
        id_ = door.allocated(who)
        bodies: tuple[Any, ...] = ({}, {"outcome": None}, {"outcome": ""}, {"outcome": "x" * 101}, {"outcome": "a\nb"})
        for body in (None, *bodies, {"outcome": "\x1b[31m"}, {"outcome": 1}, {"outcome": "ok", "endedBy": "operator"}):
            yield door.ask(who, "DELETE", f"/allocations/{id_}", body)
        assert door.look(who, id_).body["status"] == "active"


def _claimed_timeout(door: Door) -> Iterator[Reply]:
    id_ = door.allocated(RUN)
    yield door.end(RUN, id_, "timeout")
    assert door.look(RUN, id_).body["endedBy"] == EndedBy.OWNER


def _twice(door: Door) -> Iterator[Reply]:
    for who in BOTH:
        id_ = door.allocated(who)
        door.end(who, id_)
        again = door.end(who, id_)
        assert again.body == {}
        yield again


def _late_delete(door: Door) -> Iterator[Reply]:
    first = door.allocated(RUN)
    door.end(RUN, first)
    _clean(door)
    door.allocated(RUNNER)
    before = door.world.rows.environments()
    yield door.end(RUN, first)
    assert door.world.rows.environments() == before


def _deletes_at_once(door: Door) -> Iterator[Reply]:
    event = an_event(RUN, "DELETE", f"/allocations/{door.allocated(RUN)}", {"outcome": "success"})
    yield from door.send_at_once([event] * MANY, FunctionName.DEALLOCATE)
    assert len(door.world.cleanups.started) == 1


def _at_the_timeout(door: Door) -> Iterator[Reply]:
    id_ = door.allocated(RUN)
    door.world.clock.advance(timedelta(hours=3))
    door.world.line.lay(Trap(2, meanwhile=lambda: reconcile.handle(door.app)))
    yield door.end(RUN, id_)
    assert len(door.world.cleanups.started) == 1
    assert door.look(RUN, id_).body["endedBy"] == EndedBy.TIMEOUT


def _second_attempt(door: Door) -> Iterator[Reply]:
    yield door.end(workflow(run_attempt="2"), door.allocated(RUN))


def _other_run(door: Door) -> Iterator[Reply]:
    yield door.end(workflow(run_id="7000000002"), door.allocated(RUN))


def _refresh_after_the_end(door: Door) -> Iterator[Reply]:
    for who in BOTH:
        id_ = door.allocated(who)
        door.end(who, id_)
        minted = len(door.world.keys.minted)
        yield door.refresh(who, id_)
        assert len(door.world.keys.minted) == minted


def _end_during_refresh(door: Door) -> Iterator[Reply]:
    for at in (2, 3):
        id_ = door.allocated(RUN)
        door.world.line.lay(Trap(at, meanwhile=lambda ended=id_: door.end(RUN, ended)))  # type: ignore[misc]
        reply = door.refresh(RUN, id_)
        assert "accessKeyId" not in reply.text
        yield reply


def _refresh_late(door: Door) -> Iterator[Reply]:
    id_ = door.allocated(RUN)
    door.world.clock.advance(timedelta(hours=2, minutes=55))
    yield door.refresh(RUN, id_)
    assert door.world.keys.minted[-1].request.lifetime == timedelta(seconds=900)


def _refresh_too_late(door: Door) -> Iterator[Reply]:
    id_ = door.allocated(RUN)
    door.world.clock.advance(timedelta(hours=2, minutes=59, seconds=1))
    yield door.refresh(RUN, id_)


def _operator_ends(door: Door) -> Iterator[Reply]:
    for who in BOTH:
        id_ = door.allocated(who)
        yield door.end(signed("operator"), id_)
        assert door.look(who, id_).body["endedBy"] == EndedBy.OPERATOR


def _no_keys_to_be_had(door: Door) -> Iterator[Reply]:
    door.world.keys.refused.add(RoleArn(f"arn:aws:iam::{a_key(1).account}:role/AtmosphereAdmin"))
    door.world.keys.failing = True
    for who in BOTH:
        yield door.allocate(who)
    door.world.keys.failing = False
    door.world.keys.refused.clear()
    for fault in (Fault.DOWN, Fault.REQUEST_LOST):
        for at in (1, 2, 3):
            door.world.line.lay(Trap(at, fault))
            yield door.allocate(RUN)
    assert door.world.rows.counts(POOL)[Status.FREE] == 2
    assert all(row.registered.roles[ADMIN] for row in door.world.rows.environments())


def _clean(door: Door) -> None:
    """What is being cleaned is clean."""
    for order in list(door.world.cleanups.started):
        row = door.world.row(order.key)
        if (row.status, row.allocation) == (Status.CLEANING, order.allocation):
            door.world.cleaning(order).free(report=None)


# --- inside: 81 and 82 --------------------------------------------------------------------------------------------


def _forged_orders(door: Door) -> Iterator[Reply]:
    """What the state machine is told about environments that are not being cleaned for that allocation."""
    key = a_key(1)
    held = AllocationId(door.allocated(RUN))
    before = door.world.rows.environments()
    for allocation in (AllocationId(KEY), held):
        order = {"allocation": allocation, "account": key.account, "region": key.region, "attempt": 1, "kind": "x"}
        answer = cleanup.handle(order, door.app, service_account=AccountId(API_ACCOUNT))
        assert answer["next"] == "done"
    assert door.world.rows.environments() == before
    yield door.look(RUN, held)


def _ticks(door: Door) -> Iterator[Reply]:
    id_ = door.allocated(RUN)
    reconcile.handle(door.app)
    assert door.world.cleanups.started == []
    door.world.clock.advance(timedelta(hours=3))
    for _ in range(2):
        reconcile.handle(door.app)
    assert len(door.world.cleanups.started) == 1
    yield door.look(RUN, id_)


DEEP: Final = '{"pool":' + "[" * 1000 + "]" * 1000 + "}"
_NO_LISTS: Final[tuple[Any, ...]] = ("us-east-1", [], ["us-east-1"] * 1000, [1], [[]], None)
NO_REGIONS: Final = [[{"type": "region", "value": value}] for value in _NO_LISTS]
EMOJI: Final = "\U0001f680" * 256
WIRE, POLICY, GITHUB = (f"tests/{name}" for name in (
    "journeys/test_wire_contract.py", "infra/test_resource_policy.py", "journeys/test_github.py"
))  # fmt: skip

ROWS: Final = (
    Row(number=48, what="unsigned, as the gateway sees it", where=EMULATOR, covered=WIRE),
    Row(number=48, what="unsigned", ask=_as(Who()), status=403),
    Row(number=49, what="Bearer on the IAM tree, as the gateway sees it", where=EMULATOR, covered=GITHUB),
    Row(number=49, what="Bearer on the IAM tree", ask=_as(Who(authorizer=RUN.authorizer)), status=403),
    Row(number=50, what="an account that is not listed, by policy", where=LIVE, covered=POLICY),
    Row(number=50, what="an account that is not listed", ask=_as(signed("runner", "999999999999")), status=403),
    Row(number=51, what="the API's own account, not listed", ask=_own_account, status=403),
    Row(number=52, what="a listed account, a role that no rule names", ask=_as(signed("stranger")), status=403),
    Row(
        number=53, what="no identity at all", ask=_as(Who(identity={}), Who(identity={}, tree=Tree.GITHUB)), status=403
    ),
    Row(number=54, what="signature and authorizer", ask=_both_identities, status=403),
    Row(number=55, what="identity in headers", ask=_spoofed, status=403),
    Row(number=56, what="requestContext.accountId listed, the caller's not", ask=_api_account_listed, status=403),
    Row(
        number=57,
        what="no JSON object",
        ask=_raw(None, "", "null", "[]", '"x"', "1", "{", "{'pool':1}", "\ufeff{}", '{"pool":"\ud800"}'),
        status=400,
    ),
    Row(number=57, what="UTF-16", ask=_raw("ewA9AA==", "/v8AewB9", isBase64Encoded=True), status=400),
    Row(number=57, what="no base64", ask=_raw("%%%", "a", "é", isBase64Encoded=True), status=400),
    Row(number=58, what="keys twice", ask=_raw('{"pool":"canary","pool":"canary"}'), status=400),
    Row(
        number=58, what="no JSON numbers", ask=_raw('{"pool":NaN}', '{"pool":1e999}', '{"pool":-Infinity}'), status=400
    ),
    Row(number=58, what="1000 deep", ask=_raw(DEEP), status=400),
    Row(number=59, what="over 16 KiB", ask=_raw(json.dumps({"requester": "x" * 16 * 1024})), status=413),
    Row(
        number=60,
        what="no pool's name",
        ask=_with("pool", None, "", 1, [True], "p" * 65, "../x", "__proto__", "a b", ["canary"], "canary\n"),
        status=400,
    ),
    Row(number=61, what="unknown and forbidden pools", ask=_pools, status=403),
    Row(
        number=62,
        what="no printable requester",
        ask=_with("requester", None, 1, {}, "", "r" * 1025, "a\nb", "\x1b[0m", "\u202e", "\ud800", "a\u2028b"),
        status=400,
    ),
    Row(number=62, what="1024 bytes of emoji", ask=_with("requester", EMOJI), status=200),
    Row(number=63, what="no constraints", ask=_with("constraints", [], None), status=200),
    Row(
        number=63,
        what="odd constraints",
        ask=_with("constraints", {}, "x", [{"type": "colour", "value": "red"}], *NO_REGIONS),
        status=400,
    ),
    Row(number=64, what="nothing is free", ask=_full, status=423),
    Row(number=64, what="quota reached", ask=_over_quota, status=423, door=lambda: a_door(4, max_active=1)),
    Row(number=65, what="a key that is no UUID", ask=_no_uuids, status=400),
    Row(number=65, what="same key, same body", ask=_same_key, status=200),
    Row(number=65, what="same key, other body", ask=_same_key_other_body, status=422),
    Row(number=65, what="same key at once", ask=_same_key_at_once, status=200),
    Row(number=65, what="another owner's key", ask=_foreign_key, status=409),
    Row(number=66, what="unknown, foreign and the other tree's ids", ask=_unknown_ids, status=404),
    Row(number=67, what="odd ids", ask=_odd_ids, status=404),
    Row(number=68, what="odd outcomes", ask=_outcomes, status=400),
    Row(number=69, what="outcome timeout from a client", ask=_claimed_timeout, status=200),
    Row(number=70, what="DELETE twice", ask=_twice, status=200),
    Row(number=71, what="a late DELETE while another holds it", ask=_late_delete, status=200, door=lambda: a_door(1)),
    Row(number=72, what=f"{MANY} DELETEs at once", ask=_deletes_at_once, status=200),
    Row(number=73, what="DELETE at the instant of the timeout", ask=_at_the_timeout, status=200),
    Row(number=74, what="attempt 2 ends attempt 1's", ask=_second_attempt, status=200),
    Row(number=74, what="another run ends it", ask=_other_run, status=404),
    Row(number=75, what="refresh after the end", ask=_refresh_after_the_end, status=409),
    Row(number=76, what="release during a refresh", ask=_end_during_refresh, status=409),
    Row(number=77, what="refresh with 5 minutes left", ask=_refresh_late, status=200),
    Row(number=77, what="refresh with 59 s left", ask=_refresh_too_late, status=409),
    Row(number=78, what="an operator ends anybody's", ask=_operator_ends, status=200),
    Row(number=79, what="wrong method, odd paths", where=EMULATOR, covered=WIRE),
    Row(number=80, what="no keys, no table", ask=_no_keys_to_be_had, status=503),
    Row(number=81, what="forged orders to clean", ask=_forged_orders, status=200),
    Row(number=82, what="ticks early and twice", ask=_ticks, status=200),
    Row(number=83, what="webhook without a signature", ask=webhook.unsigned, status=401),
    Row(number=83, what="webhook with a wrong signature", ask=webhook.wrongly_signed, status=401),
    Row(number=83, what="webhook signed with SHA-1 only", ask=webhook.signed_by_sha1, status=401),
    Row(number=83, what="webhook, genuine and then replayed", ask=webhook.replayed, status=200),
    Row(number=83, what="webhook, replayed while a later attempt runs", ask=webhook.replayed_late, status=200),
    Row(number=83, what="webhook before the request of what is over", ask=webhook.over_before_it_asks, status=409),
    Row(number=83, what="webhook of an unknown repository or run", ask=webhook.unknown_run, status=200),
    Row(number=83, what="webhook of any other kind or shape", ask=webhook.other_messages, status=200),
    Row(number=83, what="webhook of more than 1 MiB", ask=webhook.large_message, status=413),
    Row(number=83, what="webhook through the gateway", where=EMULATOR, covered="tests/journeys/test_webhook.py"),
    Row(number=84, what="bad configuration", where=CONFIG, covered="tests/config/test_checks.py"),
    Row(number=85, what="canary sweep, whole service", where=EMULATOR, covered=GITHUB),
    Row(number=85, what="canary sweep, in process", covered="tests/identity/test_corpus_requests.py"),
)
