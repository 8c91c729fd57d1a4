"""Nobody can see, use or end what is not theirs: everybody x every verb, on an allocation of each tree."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core.model import AllocationStatus, EndedBy
from tests.builders import HUB, a_key
from tests.handlers.door import Door, Who, a_door, holder, signed, workflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.replies import Reply

SECRET: Final = "s" * 43
UNKNOWN: Final = "11111111-2222-4333-8444-555555555555"
SECOND_RUN: Final = "7000000002"
OTHER_ISSUER: Final = "https://token.actions.githubusercontent.com/acme"

GET, DELETE, REFRESH, BEAT = "get", "delete", "refresh", "beat"
VERBS: Final[dict[str, Callable[[Door, Who, str], Reply]]] = {
    GET: lambda door, who, id_: door.look(who, id_),
    DELETE: lambda door, who, id_: door.end(who, id_),
    REFRESH: lambda door, who, id_: door.refresh(who, id_),
    BEAT: lambda door, who, id_: door.beat(who, id_),
}

RUN: Final = workflow()
RUNNER: Final = signed("runner")
OTHER_REPOSITORY: Final = workflow(rules="tool", repository_id="900000002", repository="acme/tool")

# By who asks: what GET, DELETE, refresh and a heartbeat answer for an allocation of the first attempt of a run.
OF_A_RUN: Final[dict[str, tuple[Who, tuple[int, int, int, int]]]] = {
    "its owner": (RUN, (200, 200, 200, 200)),
    "another job of the run": (workflow(check_run_id="6000000002"), (200, 200, 200, 200)),
    "another attempt of the run": (workflow(run_attempt="2", check_run_id="6000000009"), (200, 200, 200, 200)),
    "the run after its repository was renamed": (workflow(repository="acme/renamed"), (200, 200, 200, 200)),
    "another run": (workflow(run_id=SECOND_RUN), (404, 404, 404, 404)),
    "the same run id of another repository": (OTHER_REPOSITORY, (404, 404, 404, 404)),
    "another run under two rules": (workflow(rules="app,tool", run_id=SECOND_RUN), (404, 404, 404, 404)),
    "the same ids of another issuer": (workflow(issuer=OTHER_ISSUER), (403, 403, 403, 403)),
    "a run that no rule names any more": (workflow(rules="gone"), (403, 403, 403, 403)),
    "a signed caller": (RUNNER, (404, 404, 404, 404)),
    "a neighbour": (signed("neighbour"), (404, 404, 404, 404)),
    "an operator": (signed("operator"), (200, 200, 404, 404)),
    "a role named operator of another account": (signed("operator", "999999999999"), (403, 403, 403, 403)),
    "a stranger": (signed("stranger"), (403, 403, 403, 403)),
    "the release token": (holder(SECRET), (403, 200, 403, 200)),
    "another release token": (holder("t" * 43), (403, 404, 403, 404)),
}
OF_A_SESSION: Final[dict[str, tuple[Who, tuple[int, int, int, int]]]] = {
    "its owner": (RUNNER, (200, 200, 200, 200)),
    "another session of the role": (signed("runner", session="another"), (200, 200, 200, 200)),
    "a neighbour": (signed("neighbour"), (404, 404, 404, 404)),
    "the same role of another account": (signed("runner", "999999999999"), (403, 403, 403, 403)),
    "a run": (RUN, (404, 404, 404, 404)),
    "a run of another repository": (OTHER_REPOSITORY, (404, 404, 404, 404)),
    "an operator": (signed("operator"), (200, 200, 404, 404)),
    "a stranger": (signed("stranger"), (403, 403, 403, 403)),
    "the release token": (holder(SECRET), (403, 200, 403, 200)),
    "another release token": (holder("t" * 43), (403, 404, 403, 404)),
}
MATRIX: Final[dict[str, tuple[Who, Who, str, int]]] = {
    f"{verb} of {of} by {name}": (owner, who, verb, status)
    for of, owner, table in (("a run's", RUN, OF_A_RUN), ("a session's", RUNNER, OF_A_SESSION))
    for name, (who, statuses) in table.items()
    for verb, status in zip(VERBS, statuses, strict=True)
}
FOREIGN: Final = {name: (owner, who, verb) for name, (owner, who, verb, status) in MATRIX.items() if status == 404}


@pytest.mark.parametrize(("owner", "who", "verb", "status"), MATRIX.values(), ids=MATRIX.keys())
def test_who_may_do_what(owner: Who, who: Who, verb: str, status: int) -> None:
    door = a_door()
    id_ = door.allocated(owner, releaseTokenHash=sha256(SECRET.encode()).hexdigest(), heartbeatSeconds=60)
    reply = VERBS[verb](door, who, id_)
    assert reply.status == status
    active = door.world.recorded(id_).status is AllocationStatus.ACTIVE  # type: ignore[arg-type]
    assert active is not (verb == DELETE and status == 200)
    if verb != REFRESH or status != 200:
        assert "accessKeyId" not in reply.text


@pytest.mark.parametrize(("owner", "who", "verb"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_id_looks_exactly_like_an_unknown_one(owner: Who, who: Who, verb: str) -> None:
    door = a_door()
    id_ = door.allocated(owner, releaseTokenHash=sha256(SECRET.encode()).hexdigest(), heartbeatSeconds=60)
    foreign, unknown = VERBS[verb](door, who, id_), VERBS[verb](door, who, UNKNOWN)
    assert (foreign.status, foreign.text, foreign.headers) == (unknown.status, unknown.text, unknown.headers)


def test_every_404_of_every_caller_is_the_same_bytes() -> None:
    door = a_door()
    ids = {id(owner): door.allocated(owner) for owner in (RUN, RUNNER)}
    texts = {VERBS[verb](door, who, ids[id(owner)]).text for owner, who, verb in FOREIGN.values()}
    assert len(texts) == 1


def test_two_attempts_of_a_run_ask_refresh_and_release_one_allocation() -> None:
    door = a_door(1)
    first, second = workflow(), workflow(run_attempt="2", check_run_id="6000000009")
    id_ = door.allocated(first, key=UNKNOWN)
    assert door.allocate(second, key=UNKNOWN).body["id"] == id_
    for attempt in (first, second):
        assert door.refresh(attempt, id_).status == 200
        assert door.look(attempt, id_).body["run"]["attempt"] == "1"
    assert door.end(second, id_).body == {}
    assert door.world.recorded(id_).ended_by is EndedBy.OWNER  # type: ignore[arg-type]
    assert door.end(first, id_).answer == (200, None)


ENDERS: Final[dict[str, tuple[Who, EndedBy]]] = {
    "owner": (RUN, EndedBy.OWNER),
    "operator": (signed("operator"), EndedBy.OPERATOR),
    "release token": (holder(SECRET), EndedBy.RELEASE_TOKEN),
}


@pytest.mark.parametrize(("who", "by"), ENDERS.values(), ids=ENDERS.keys())
def test_who_ended_it_is_on_record_whatever_the_outcome_says(who: Who, by: EndedBy) -> None:
    door = a_door(1)
    id_ = door.allocated(RUN, releaseTokenHash=sha256(SECRET.encode()).hexdigest())
    assert door.end(who, id_, "timeout").status == 200
    told = door.look(signed("operator"), id_).body
    assert (told["outcome"], told["endedBy"]) == ("timeout", by)
    (entry,) = history(door)
    assert (entry["outcome"], entry["endedBy"]) == ("timeout", by)


def history(door: Door) -> list[dict[str, Any]]:
    query = {"environment": a_key(1).path}
    entries: list[dict[str, Any]] = door.ask(signed("operator"), "GET", "/allocations", query=query).body["entries"]
    return entries


def test_a_runs_allocation_says_who_asked() -> None:
    door = a_door(1)
    id_ = door.allocated(RUN)
    told = door.look(RUN, id_).body
    assert told["askedBy"] == "acme/app@refs/heads/main"
    assert told["run"] == {
        "repository": "acme/app",
        "url": "https://github.com/acme/app/actions/runs/7000000001/attempts/1",
        "attempt": "1",
        "job": "6000000001",
        "event": "push",
        "ref": "refs/heads/main",
        "workflow": "acme/app/.github/workflows/integration.yml@refs/heads/main",
        "actor": "octocat",
    }
    assert [entry["askedBy"] for entry in history(door)] == ["acme/app@refs/heads/main"]


def test_a_sessions_allocation_says_who_asked() -> None:
    door = a_door(1)
    told = door.look(RUNNER, door.allocated(signed("runner", session="nightly"))).body
    arn = f"arn:aws:sts::{HUB}:assumed-role/runner/nightly"
    assert (told["askedBy"], told["run"]) == (arn, None)
    assert [entry["askedBy"] for entry in history(door)] == [arn]


def test_an_operators_act_says_which_session_it_was() -> None:
    door = a_door(1)
    path = f"/environments/{a_key(1).path}/hold"
    assert door.ask(signed("operator", session="jane"), "POST", path, {"reason": "a look"}).status == 200
    assert [entry["askedBy"] for entry in history(door)] == [f"arn:aws:sts::{HUB}:assumed-role/operator/jane"]


def test_pools_are_told_to_whom_a_rule_lets_in() -> None:
    door = a_door()
    for who, status in ((RUN, 200), (OTHER_REPOSITORY, 200), (workflow(rules="gone"), 403), (RUNNER, 200)):
        assert door.ask(who, "GET", "/pools/canary").status == status
    texts = {door.ask(who, "GET", "/pools/nowhere").text for who in (RUN, RUNNER)}
    assert len(texts) == 1


def test_a_rules_quota_counts_the_runs_of_both_attempts_and_of_all_jobs() -> None:
    door = a_door(3, max_active=2)
    for number in range(2):
        assert door.allocate(workflow(run_id=f"{number}")).status == 200
    assert door.allocate(workflow(run_id="3")).answer == (423, "quota-reached")
    assert door.allocate(RUNNER).status == 200


def test_an_id_that_a_run_ended_before_it_existed_is_never_allocated() -> None:
    door = a_door()
    assert door.end(RUN, UNKNOWN).answer == (404, "unknown-allocation")
    assert door.allocate(RUN, key=UNKNOWN).answer == (409, "already-ended")
    assert door.allocate(workflow(run_attempt="2"), key=UNKNOWN).answer == (409, "already-ended")
    assert door.allocate(RUNNER, key=UNKNOWN).answer == (409, "conflict")
