"""While the breaker of its pool is open a cleanup revokes and scans, and deletes nothing; what is clean is free."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from moto import mock_aws

from atmosphere.cleanup.model import Verdict
from atmosphere.core.breaker import POOL_HELD
from tests.cleanup.fakes import FakeStack, Manner, Part
from tests.cleanup.land import Land, LandAccounts, make_admin_role, root
from tests.cleanup.scene import NESTED, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUE: Final = "AWS::SQS::Queue"


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        make_admin_role()
        yield


class Asked:
    """The pool's breaker, and how often it was asked for."""

    def __init__(self, scene: Scene, held: str | None) -> None:
        self.times = 0
        self.answer = held
        scene.held = self

    def __call__(self) -> str | None:
        self.times += 1
        return self.answer


def test_a_cleanup_of_a_held_pool_deletes_nothing_and_the_report_names_what_is_there() -> None:
    land = Land()
    root("sqs").create_queue(QueueName="left")
    asked = Asked(land, "held since noon")
    result = land.clean()
    assert (result.verdict, result.reason, result.things) == (Verdict.DIRTY, POOL_HELD, ())
    assert (land.operations(), asked.times) == ([], 1)
    report = land.report(result)
    assert report["explanation"] == "held since noon"
    assert [each["type"] for each in report["blockers"]] == [QUEUE]


def test_no_stack_is_deleted_in_a_held_pool() -> None:
    scene = Scene(FakeStack("app", [Part(QUEUE, "q")]))
    Asked(scene, "held")
    assert scene.clean().reason == POOL_HELD
    assert scene.world.deletions == []


def test_an_environment_that_is_clean_is_free_although_its_pool_is_held_and_nobody_asks() -> None:
    land = Land()
    asked = Asked(land, "held")
    assert land.clean().verdict is Verdict.CLEAN
    assert asked.times == 0


def test_where_nothing_could_be_deleted_anyway_nobody_asks() -> None:
    land = Land("AWS::SNS::Topic")
    asked = Asked(land, "held")
    land.faulty(LandAccounts, judge=lambda operation, _: "InternalError" if operation == "ListTopics" else None)
    assert str(land.clean().reason).startswith("unknown:")
    assert asked.times == 0


def test_what_is_deferred_is_not_tried_in_a_held_pool_and_does_not_keep_it_from_being_free() -> None:
    land = Land()
    land.defer(QUEUE)
    root("sqs").create_queue(QueueName="left")
    asked = Asked(land, "held")
    assert land.clean().verdict is Verdict.CLEAN
    assert (land.operations(), asked.times) == ([], 1)


def test_a_cleanup_asks_once_before_its_first_deletion_and_goes_on() -> None:
    scene = Scene(*(FakeStack(f"app-{number}", [Part(QUEUE, f"q-{number}")], steps=40) for number in range(3)))
    asked = Asked(scene, None)
    assert scene.clean().verdict is Verdict.CLEAN
    assert asked.times == 1
    assert scene.passes > 2


def test_what_cannot_be_deleted_is_what_the_breaker_counts() -> None:
    scene = Scene(FakeStack("app", [Part("AWS::Timestream::Database", "db", Manner.FULL)]))
    scene.world.undeletable.add("db")
    result = scene.clean()
    assert result.verdict is Verdict.BLOCKED
    assert f"{NESTED}:app@us-east-1" in result.things


def test_too_many_leftovers_say_nothing_about_the_pool() -> None:
    land = Land()
    land.changes["settings"] = replace(land.assignment().settings, max_deletions=1)
    for name in ("left", "over"):
        root("sqs").create_queue(QueueName=name)
    result = land.clean()
    assert (result.reason, result.things) == ("circuit-breaker", ())
