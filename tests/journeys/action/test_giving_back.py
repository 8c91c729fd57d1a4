"""However a job ends, its environment is given back once: by the job, and not by the deadline."""

from __future__ import annotations

import signal
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from atmosphere.core.changes import Update
from atmosphere.core.model import AllocationId
from tests.journeys.action.acting import ALWAYS, HOLD, step
from tests.journeys.action.forwarder import Harm
from tests.journeys.action.records import proof
from tests.journeys.action.scene import NARROW
from tests.journeys.action.staging import NESTED
from tests.journeys.api import until

if TYPE_CHECKING:
    from atmosphere.local.service import LocalService
    from tests.journeys.action.scene import Scene

pytestmark = pytest.mark.emulator


def test_a_later_step_fails(scene: Scene) -> None:
    """act leaves the machine as it is then: what renewed the profile is not on it any more."""
    scene.fails(scene.lease(aws_profile="leased"), step("$PROBE leased; exit 3"))
    scene.given_back()  # the outcome is act's: inside a composite it does not tell the post step of the failure


def test_the_outcome_of_a_failed_job_is_failure(scene: Scene) -> None:
    """With the nested action, whose post step act tells how the job went."""
    scene.fails({**scene.lease(), "uses": NESTED}, step("exit 3"))
    scene.given_back(outcome="failure")


def test_cancelled_during_a_later_step(scene: Scene) -> None:
    run = scene.start(scene.lease(), HOLD, ALWAYS)
    run.until_marked()
    run.signal()
    assert run.ended() == 1
    scene.given_back(outcome="cancelled")
    assert (run.marks / "always").exists()


def test_the_runner_is_told_to_end(scene: Scene) -> None:
    run = scene.start(scene.lease(), HOLD)
    run.until_marked()
    run.signal(signal.SIGTERM)
    assert run.ended() == 1
    scene.given_back()  # the outcome is act's: it does not count this as a cancel


def test_cancelled_while_the_service_has_allocated_and_not_yet_answered(scene: Scene) -> None:
    """No reply was ever read: only the id that was chosen before tells what to give back."""
    scene.door.harm(Harm.REPLY_HELD, "POST")
    run = scene.start(scene.lease())
    until(lambda: any(one.status == 200 for one in scene.door.of("POST")), "the service has allocated")
    run.signal()
    assert run.ended() == 1
    scene.given_back(outcome="cancelled", proof="token")


def test_cancelled_before_the_allocate_arrives_and_a_token_to_be_had(scene: Scene) -> None:
    """The first answer is final: unknown, and it stays so, because the id is then refused to the late allocate."""
    scene.door.harm(Harm.HELD, "POST")
    run = scene.start(scene.lease())
    until(lambda: bool(scene.door.of("POST")), "the allocate is under way")
    run.signal()
    assert run.ended() == 1
    assert [(one.status, proof(one)) for one in scene.door.of("DELETE")] == [(404, "token")]
    scene.door.let_go()
    (asked,) = scene.door.of("POST")
    until(lambda: asked.status is not None, "the allocate has arrived")
    assert (asked.status, asked.answered["code"]) == (409, "already-ended")
    scene.never_asked()


def test_cancelled_while_waiting_for_its_turn(scene: Scene, narrow: str) -> None:
    """Unknown is final here too: the id cannot be allocated afterwards, whoever lets go of the environment."""
    run = scene.start(scene.lease(pool=NARROW))
    until(lambda: any(one.status == 423 for one in scene.door.of("POST")), "the action has to wait")
    run.signal()
    assert run.ended() == 1
    assert [(one.status, proof(one)) for one in scene.door.of("DELETE")] == [(404, "token")]
    scene.never_asked()


def test_cancelled_while_post_is_giving_back(scene: Scene) -> None:
    scene.door.harm(Harm.HELD, "DELETE")
    run = scene.start(scene.lease())
    until(lambda: bool(scene.door.of("DELETE")), "post is giving back")
    run.signal()
    scene.door.let_go()
    run.ended()
    scene.given_back()


def test_main_fails_after_the_service_has_allocated(scene: Scene) -> None:
    output = scene.fails(scene.lease(allowed_account_ids="123456789012"), step("echo never"))
    allocation = scene.given_back(outcome="failure")
    account = allocation["environments"][0]["environment"]["account"]
    assert "::error" in output
    assert account in output
    assert "never\n" not in output


def test_somebody_else_ends_it_first(scene: Scene) -> None:
    run = scene.start(scene.lease(), HOLD)
    run.until_marked()
    answer = scene.records.operator.ask("DELETE", f"/allocations/{scene.taken()}", {"outcome": "taken away"})
    assert answer.status == 200
    run.go()
    assert run.ended() == 0, run.output
    assert "::warning" not in run.output
    scene.given_back(outcome="taken away", by="operator")


def test_the_job_has_no_identity_left_at_its_end(scene: Scene) -> None:
    run = scene.start(scene.lease(), HOLD)
    run.until_marked()
    scene.tokens.shut()
    run.go()
    assert run.ended() == 0, run.output
    scene.given_back(by="release-token", proof="release-token")


def test_the_reply_to_the_release_is_lost(scene: Scene) -> None:
    """Asked again, the service says that it is done; the environment is cleaned once."""
    scene.door.harm(Harm.REPLY_LOST, "DELETE")
    output = scene.does(scene.lease())
    first, second = scene.door.of("DELETE")
    assert (first.status, second.status) == (200, 200)
    assert "::warning" not in output
    scene.door.exchanges.remove(second)  # which had no effect: one release is on record
    scene.given_back()


def test_the_runner_dies_and_the_deadline_takes_it_back(scene: Scene, local_service: LocalService) -> None:
    run = scene.start(scene.lease(), HOLD)
    run.until_marked()
    run.signal(signal.SIGKILL)
    run.ended()
    run.go()  # the step's shell has outlived act
    id_ = scene.taken()
    assert not scene.door.of("DELETE")
    let_the_deadline_pass(local_service, id_)
    ended = scene.records.until_ended(id_)
    assert (ended["endedBy"], ended["outcome"]) == ("timeout", "timeout")
    scene.records.check_environments(ended)
    scene.judged = True
    scene.nothing_issued_is_left(only="act.log")  # of a dead machine nothing else can be said


def let_the_deadline_pass(service: LocalService, id_: str) -> None:
    """Not by waiting: the deadline is put at now, which the reconciler then finds."""
    store = service.store()
    allocation = store.allocation(AllocationId(id_))
    assert allocation is not None
    for lot in allocation.items:
        overdue = Update(target=lot.registered.key, expects=(), sets={"wake_at": datetime.now(UTC)})
        store.commit([overdue], token=str(uuid.uuid4()))
