"""Row 83 of the corpus: what comes to the webhook's open route, from GitHub and from everybody else."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Final

from atmosphere.core.model import AllocationId, AllocationStatus
from atmosphere.core.webhook import MAX_BYTES
from tests.builders import a_key
from tests.handlers.door import (
    WEBHOOK_SECRET,
    Door,
    completed_job,
    completed_run,
    hub_signature,
    signed,
    workflow,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replies import Reply

RUN: Final = workflow()
HEADER: Final = "X-Hub-Signature-256"
BODY: Final = json.dumps(completed_run())


def _untouched(door: Door, headers: dict[str, str], body: str = BODY) -> Reply:
    """The reply to a message of a run that is over, which must have had no effect."""
    id_ = door.allocated(RUN)
    reply = door.deliver(body, headers=headers)
    assert door.world.recorded(AllocationId(id_)).status is AllocationStatus.ACTIVE
    assert door.end(RUN, id_).status == 200
    for order in door.world.cleanups.started[-1:]:
        door.world.cleaning(order).free(report=None)
    return reply


def unsigned(door: Door) -> Iterator[Reply]:
    """No header, an empty one, or one of the other trees' proofs instead."""
    for headers in ({}, {HEADER: ""}, {HEADER: "sha256="}, {"Authorization": "Bearer a.b.c"}):
        yield _untouched(door, headers)


def wrongly_signed(door: Door) -> Iterator[Reply]:
    """With another secret, with none, of another body, or nearly right."""
    good = hub_signature(BODY)
    wrong = (
        hub_signature(BODY, b"guessed"),
        hub_signature(BODY, b""),
        hub_signature(BODY + "\n"),
        good[:-1],
        good + "0",
        good.upper(),
        good.removeprefix("sha256="),
        f"{good},{good}",
        "sha256=" + "0" * 64,
    )
    for value in wrong:
        yield _untouched(door, {HEADER: value})
    yield _untouched(door, {HEADER: good}, BODY.replace("failure", "success"))


def signed_by_sha1(door: Door) -> Iterator[Reply]:
    """GitHub's older header, right as it is."""
    sha1 = hmac.new(WEBHOOK_SECRET, BODY.encode(), hashlib.sha1).hexdigest()
    yield _untouched(door, {"X-Hub-Signature": f"sha1={sha1}"})
    yield _untouched(door, {HEADER: f"sha1={sha1}"})
    yield _untouched(door, {HEADER: f"sha256={sha1}"})


def replayed(door: Door) -> Iterator[Reply]:
    """Genuine messages end what is over; again, they have no effect on it nor on the next tenant."""
    for message, who in ((completed_job(), RUN), (completed_run(), workflow(check_run_id="6000000002"))):
        id_ = door.allocated(who)
        yield door.deliver(message)
        ended = door.world.recorded(AllocationId(id_))
        assert (ended.status, ended.ended_by) == (AllocationStatus.ENDED, "github")
        started = len(door.world.cleanups.started)
        yield door.deliver(message)
        assert len(door.world.cleanups.started) == started
        door.world.cleaning(door.world.cleanups.started[-1]).free(report=None)
        tenant = door.allocated(signed())
        yield door.deliver(message)
        assert door.world.recorded(AllocationId(tenant)).status is AllocationStatus.ACTIVE
        assert door.world.recorded(AllocationId(id_)) == ended
        yield door.end(signed(), tenant)


def over_before_it_asks(door: Door) -> Iterator[Reply]:
    """A request that was on its way when its job, or its attempt, ended gets nothing; a later attempt does."""
    neighbour = workflow(check_run_id="6000000002")
    for message, late in ((completed_job(), RUN), (completed_run(), neighbour)):
        assert door.deliver(message).status == 200
        yield door.allocate(late)
    assert door.allocate(workflow(run_attempt="2", check_run_id="6000000009")).status == 200


def replayed_late(door: Door) -> Iterator[Reply]:
    """The first attempt is long over, and so is its job; the second one is at work."""
    id_ = door.allocated(workflow(run_attempt="2", check_run_id="6000000002"))
    for message in (completed_run(1), completed_job(6000000001)):
        yield door.deliver(message)
        assert door.world.recorded(AllocationId(id_)).status is AllocationStatus.ACTIVE


def unknown_run(door: Door) -> Iterator[Reply]:
    """Of a repository that no rule names, and of a run that holds nothing."""
    id_ = door.allocated(RUN)
    yield door.deliver(completed_run() | {"repository": {"id": 1}})
    yield door.deliver(completed_run(id=1))
    assert door.world.recorded(AllocationId(id_)).status is AllocationStatus.ACTIVE


def other_messages(door: Door) -> Iterator[Reply]:
    """Signed, and nothing that is over."""
    run = completed_run()
    messages = (
        {"zen": "Responsive is better than fast.", "hook_id": 1},
        run | {"action": "requested"},
        run | {"repository": None},
        completed_run(status="in_progress"),
        completed_run(id="7000000001"),
        completed_job(run_id=None),
        run | completed_job(),
        *("", "x", "null", "[]", "[" * 100_000, '{"action":"\ud800"}', '{"a":' + "1" * 5000 + "}"),
    )
    id_ = door.allocated(RUN)
    for message in messages:
        body = message if isinstance(message, str) else json.dumps(message)
        body = body.encode(errors="replace").decode()
        yield door.deliver(body)
    assert door.world.recorded(AllocationId(id_)).status is AllocationStatus.ACTIVE
    assert door.world.row(a_key(1)).allocation in {id_, None}


def large_message(door: Door) -> Iterator[Reply]:
    """One byte too many, signed and unsigned."""
    body = BODY + " " * (MAX_BYTES + 1 - len(BODY))
    yield _untouched(door, {HEADER: hub_signature(body)}, body)
    yield _untouched(door, {}, body)
