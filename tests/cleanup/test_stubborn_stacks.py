"""Stacks that do not simply go: failed, broken, nested, moving, held by others. Faked, in fake time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from atmosphere.cleanup.model import PassState, Verdict
from tests.cleanup.fakes import STARTED, FakeStack, Manner, Part
from tests.cleanup.scene import LIMITS, NESTED, Scene, in_account

pytestmark = pytest.mark.usefixtures("moto_account")


def test_what_a_stack_owns_is_left_to_it_as_long_as_it_is_there():
    queue = in_account("sqs").create_queue(QueueName="owned")["QueueUrl"]
    scene = Scene(FakeStack("app", [Part("AWS::SQS::Queue", queue)], steps=5))
    seen: list[str] = []
    scene.world.answers["DeleteQueue"] = lambda: seen.append(scene.world.stack("app").status)
    assert scene.clean().verdict is Verdict.CLEAN
    assert seen == ["DELETE_COMPLETE"]


def test_a_blocker_of_a_type_without_a_row_is_deleted_by_its_id_and_the_stack_goes():
    scene = Scene(FakeStack("app", [Part("AWS::Timestream::Database", "db", Manner.FULL)]))
    assert scene.clean().verdict is Verdict.CLEAN
    assert (scene.world.alive, scene.world.there) == ([], set())


def test_an_orphan_of_a_type_without_a_row_is_found_by_its_id_and_deleted():
    scene = Scene(FakeStack("app", [Part("AWS::Timestream::Database", "db", Manner.RETAINED)]))
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.there == set()


def test_an_orphan_that_nothing_can_look_at_blocks_and_is_named():
    scene = Scene(FakeStack("app", [Part("Vendor::Odd::Thing", "odd-1", Manner.RETAINED)]))
    scene.world.unsupported.add("Vendor::Odd::Thing")
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "blocked:Vendor::Odd::Thing")
    assert scene.blockers(result)["odd-1"]["code"] == "no-handler"


def test_a_stack_that_cannot_be_deleted_blocks_and_the_report_names_it_and_what_holds_it():
    scene = Scene(FakeStack("app", [Part("AWS::Timestream::Database", "db", Manner.FULL), Part("AWS::X::Y", "fine")]))
    scene.world.undeletable.add("db")
    result = scene.clean()
    blockers = scene.blockers(result)
    assert result.verdict is Verdict.BLOCKED
    assert blockers.keys() == {"app", "db"}
    assert (blockers["db"]["code"], blockers["db"]["stack"]) == ("GeneralServiceException", "app")
    assert "in use by something" in blockers["db"]["message"]
    assert blockers["db"]["attempts"] >= 3
    assert not any("RetainResources" in call for call in scene.world.deletions)
    markdown = scene.store.texts[str(result.report_key).replace(".json", ".md")]
    assert "| `AWS::Timestream::Database` | `db` |" in markdown


def test_attempts_are_counted_over_passes():
    scene = Scene(FakeStack("app", [Part("AWS::Timestream::Database", "db", Manner.FULL)]))
    scene.limits = replace(LIMITS, linger=timedelta(0))
    scene.world.undeletable.add("db")
    assert scene.blockers(scene.clean())["db"]["attempts"] >= 3
    assert scene.passes >= 4


def test_a_stack_that_is_not_listed_any_more_is_gone_only_when_its_own_status_says_so():
    stack = FakeStack("app", [Part("AWS::X::Y", "a")], steps=10**6, hidden=False)
    scene = Scene(stack)
    first = scene.one_pass(PassState())
    stack.hidden = True
    result = first
    while result.verdict is Verdict.AGAIN:
        scene.clock.advance(result.wait)
        result = scene.one_pass(result.state)
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, "unknown:events of app@us-east-1")


def test_blocked_comes_within_minutes_not_at_the_deadline():
    scene = Scene(FakeStack("app", [Part("AWS::Timestream::Database", "db", Manner.FULL)]))
    scene.world.undeletable.add("db")
    began = scene.clock.now()
    scene.clean()
    assert scene.clock.now() - began < timedelta(minutes=5)


def test_a_custom_resource_that_never_answers_is_let_go_of_after_it_failed_repeatedly():
    scene = Scene(FakeStack("app", [Part("Custom::Thing", "custom", Manner.BROKEN), Part("AWS::X::Y", "fine")]))
    assert scene.clean().verdict is Verdict.CLEAN
    assert ["RetainResources" in call for call in scene.world.deletions] == [False, False, False, True]


def test_a_resource_that_is_gone_but_fails_to_delete_in_a_nested_stack_is_left_behind_by_force():
    inner = FakeStack("inner", [Part("AWS::X::Y", "broken", Manner.BROKEN)])
    middle = FakeStack("middle", [Part(NESTED, inner.id)])
    outer = FakeStack("outer", [Part(NESTED, middle.id)])
    inner.parent, middle.parent = middle.id, outer.id
    scene = Scene(outer, middle, inner)
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.order() == ["outer"]
    assert scene.world.deletions[-1]["DeletionMode"] == "FORCE_DELETE_STACK"
    assert scene.world.there == {(NESTED, inner.id), (NESTED, middle.id)}  # resources of stacks, not of the account


def test_what_is_still_there_is_never_left_behind_by_force():
    inner = FakeStack("inner", [Part("AWS::X::Y", "held", Manner.FULL)])
    outer = FakeStack("outer", [Part(NESTED, inner.id)])
    inner.parent = outer.id
    scene = Scene(outer, inner)
    scene.world.undeletable.add("held")
    result = scene.clean()
    assert result.verdict is Verdict.BLOCKED
    assert "held" in scene.blockers(result)
    assert not any("DeletionMode" in call for call in scene.world.deletions)


def test_an_update_is_cancelled_and_the_stack_deleted_when_it_has_rolled_back():
    scene = Scene(FakeStack("app", status="UPDATE_IN_PROGRESS", steps=3, left=1000))
    assert scene.clean().verdict is Verdict.CLEAN
    assert len(scene.world.deletions) == 1


@pytest.mark.parametrize(
    "status", ["CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"]
)
def test_stacks_in_states_that_can_be_deleted_are_deleted_at_once(status):
    scene = Scene(FakeStack("app", [Part("AWS::X::Y", "a")], status=status))
    assert scene.clean().verdict is Verdict.CLEAN


def test_a_deletion_that_takes_long_is_waited_for():
    scene = Scene(FakeStack("app", steps=60))
    assert scene.clean().verdict is Verdict.CLEAN
    assert len(scene.world.deletions) == 1


def test_a_chain_of_exports_goes_from_its_end_and_strangers_do_not_wait():
    chain = [FakeStack(f"s{n}", exports=(f"e{n}",), imports=(f"e{n - 1}",)) for n in range(5)]
    scene = Scene(*chain, FakeStack("stranger"))
    assert scene.clean().verdict is Verdict.CLEAN
    assert [name for name in scene.world.order() if name != "stranger"] == ["s4", "s3", "s2", "s1", "s0"]
    assert scene.world.order().index("stranger") <= 1
    assert len(scene.world.deletions) == 6  # none was refused


def test_the_stack_that_owns_a_role_goes_after_the_stacks_that_remember_it():
    owner = FakeStack("a-bootstrap", [Part("AWS::IAM::Role", "exec")])
    scene = Scene(owner, FakeStack("b-app", role="arn:aws:iam::222222222222:role/exec"))
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.world.order() == ["b-app", "a-bootstrap"]


def test_stacks_that_wait_for_each_other_in_a_circle_are_all_tried():
    one = FakeStack("one", [Part("AWS::IAM::Role", "r1")], role="arn:aws:iam::222222222222:role/r2")
    two = FakeStack("two", [Part("AWS::IAM::Role", "r2")], role="arn:aws:iam::222222222222:role/r1")
    scene = Scene(one, two)
    assert scene.clean().verdict is Verdict.CLEAN


def test_an_export_that_a_kept_stack_imports_is_told():
    scene = Scene(FakeStack("app", exports=("shared",)), FakeStack("company-org", imports=("shared",)))
    keep = ("AWS::CloudFormation::Stack:company-*",)
    scene.changes["registration"] = replace(scene.assignment().registration, keep=keep)
    result = scene.clean()
    assert result.verdict is Verdict.BLOCKED
    assert "company-org" in scene.blockers(result)["app"]["message"]
    assert [stack.name for stack in scene.world.alive] == ["app", "company-org"]


def test_an_admin_role_that_cloudformation_may_not_use_is_left_out():
    scene = Scene(FakeStack("app"))
    scene.world.trusted = False
    assert scene.clean().verdict is Verdict.CLEAN
    assert ["RoleARN" in call for call in scene.world.deletions] == [True, False]


def test_protection_comes_off_the_root_and_the_refusal_for_nested_ones_does_not_matter():
    inner = FakeStack("inner", protected=True)
    outer = FakeStack("outer", [Part(NESTED, inner.id)], protected=True)
    inner.parent = outer.id
    assert Scene(outer, inner).clean().verdict is Verdict.CLEAN


def test_the_ledger_is_written_before_anything_is_deleted():
    scene = Scene(FakeStack("app", [Part("AWS::X::Y", f"id-{number}") for number in range(7)]))
    seen: list[int] = []
    genuine = scene.store.amend

    def amend(name: str, change: Any) -> str:
        seen.append(len(scene.world.deletions))
        return genuine(name, change)

    scene.store.amend = amend  # type: ignore[method-assign]
    scene.clean()
    assert seen[0] == 0
    ledger = json.loads(next(text for name, text in scene.store.texts.items() if name.endswith("ledger.json")))
    assert len(ledger["stacks"][FakeStack("app").id]["owned"]) == 7


def test_clean_takes_two_looks_as_far_apart_as_the_settings_say():
    scene = Scene()
    began = scene.clock.now()
    assert scene.clean().verdict is Verdict.CLEAN
    assert (scene.passes, scene.clock.now() - began) == (2, timedelta(seconds=20))


def test_a_second_look_that_comes_too_early_does_not_count():
    scene = Scene()
    first = scene.one_pass(PassState())
    scene.clock.advance(timedelta(seconds=19))
    early = scene.one_pass(first.state)
    assert (early.verdict, early.wait) == (Verdict.AGAIN, timedelta(seconds=1))
    scene.clock.advance(early.wait)
    assert scene.one_pass(early.state).verdict is Verdict.CLEAN


def test_something_that_comes_back_between_the_two_looks_is_deleted_and_both_looks_are_repeated():
    scene = Scene()
    genuine = scene.clock.advance
    late = FakeStack("late")

    def advance(duration: timedelta) -> None:
        if duration >= timedelta(seconds=20) and late.id not in scene.world.stacks:
            scene.world.stacks[late.id] = late
        genuine(duration)

    scene.clock.advance = advance  # type: ignore[method-assign]
    assert scene.clean().verdict is Verdict.CLEAN
    assert (late.status, scene.passes) == ("DELETE_COMPLETE", 3)


def test_a_state_of_a_later_version_is_read():
    state = replace(PassState(), number=3, clean_at=STARTED)
    assert PassState.from_json({**state.to_json(), "invented": 1}) == state
