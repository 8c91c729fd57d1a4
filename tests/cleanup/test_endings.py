"""How a cleanup ends that cannot go on, how often it looks until then, and what it tells of why."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from atmosphere.cleanup.model import PassState, Verdict
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from tests.cleanup.conftest import EXTERNAL_ID, ROLE, role_arn
from tests.cleanup.fakes import FakeStack
from tests.cleanup.land import Land, LandAccounts, make_admin_role, root
from tests.cleanup.scene import KEY, Scene
from tests.cleanup.test_contents import UNKNOWN_TO_MOTO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOPIC = "AWS::SNS::Topic"
USED = ((role_arn(), EXTERNAL_ID),)


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        make_admin_role()
        yield


def refusing(land: Land, codes: Mapping[str, str]) -> Counter[str]:
    """AWS answers these operations with these codes from now on; returns how often each operation is asked."""
    asked = Counter[str]()

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        asked[operation] += 1
        return codes.get(operation)

    land.faulty(LandAccounts, judge=judge)
    return asked


# --- looks ------------------------------------------------------------------------------------------------------------


def test_what_was_deleted_is_seen_to_be_gone_in_one_look_and_verified_in_another():
    land = Land()
    root("sqs").create_queue(QueueName="leftover")
    asked = refusing(land, {})
    assert land.clean().verdict is Verdict.CLEAN
    assert asked["ListQueues"] == 3


def test_what_cannot_be_listed_is_looked_at_no_more_often_than_it_takes_to_give_up():
    land = Land(TOPIC)
    asked = refusing(land, {"ListTopics": "AuthorizationError"})
    began = land.clock.now()
    assert land.clean().reason == f"unknown:{TOPIC}@us-east-1"
    assert land.clock.now() - began >= land.limits.quiet_time
    assert asked["ListTopics"] <= land.limits.quiet_rounds + 2


def test_a_role_of_the_registration_that_cannot_be_looked_at_is_unknown():
    land = Land()
    refusing(land, {"GetRole": "AccessDenied"})
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.BLOCKED, f"unknown:AWS::IAM::Role:{ROLE}@global")


def test_a_pass_that_is_not_the_last_says_what_it_waits_for():
    land = Land(TOPIC)
    refusing(land, {"ListTopics": "AuthorizationError"})
    result = land.one_pass(PassState())
    assert (result.verdict, result.reason) == (Verdict.AGAIN, f"unknown:{TOPIC}@us-east-1")


def test_the_longer_something_takes_the_less_often_it_is_looked_at():
    scene = Scene(FakeStack("app", steps=80))  # looks that pass before CloudFormation is done
    began = scene.clock.now()
    assert scene.clean().verdict is Verdict.CLEAN
    assert scene.clock.now() - began > timedelta(minutes=5)


# --- what the baseline does not tell of -------------------------------------------------------------------------------


def newly_listed(land: Land, name: str) -> None:
    """The baseline was captured before cleaning looked at this type."""
    baseline = Baseline.from_json(land.store.texts[baseline_name(KEY)])
    items = {item: fingerprint for item, fingerprint in baseline.items.items() if item.type != name}
    known = replace(baseline, items=items, types=tuple(each for each in baseline.types if each != name))
    land.store.put(baseline_name(KEY), known.to_json())


def test_nobody_gets_what_the_baseline_cannot_tell_from_a_leftover():
    land = Land(TOPIC, "AWS::SQS::Queue")
    newly_listed(land, TOPIC)
    arn = root("sns").create_topic(Name="whose")["TopicArn"]
    root("sqs").create_queue(QueueName="leftover")
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "no-baseline")
    assert land.operations() == ["DeleteQueue"]  # what is known to be left over goes all the same
    assert (land.report(result)["uncovered"], [each["id"] for each in land.report(result)["blockers"]]) == (
        [TOPIC],
        [arn],
    )


def test_a_type_that_the_baseline_does_not_tell_of_is_no_matter_where_there_is_nothing_of_it():
    land = Land(TOPIC)
    newly_listed(land, TOPIC)
    assert land.clean().verdict is Verdict.CLEAN


def test_nor_where_the_configuration_keeps_it():
    land = Land(TOPIC)
    newly_listed(land, TOPIC)
    root("sns").create_topic(Name="company-news")
    registration = Scene().assignment().registration
    land.changes["registration"] = replace(registration, keep=(f"{TOPIC}:*company-*",))
    result = land.clean()
    assert (result.verdict, land.report(result)["uncovered"]) == (Verdict.CLEAN, [])


# --- the deadline -----------------------------------------------------------------------------------------------------


def test_a_cleanup_that_only_waits_when_the_deadline_comes_tells_what_it_waited_for():
    scene = Scene(FakeStack("app", steps=10_000))
    deadline = scene.changes["deadline"] = scene.clock.now() + timedelta(minutes=5)
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "deadline")
    assert set(scene.blockers(result)) == {"app"}
    assert abs(deadline - scene.clock.now()) <= timedelta(seconds=30)  # before the reconciler comes


def test_what_was_found_clean_before_the_deadline_may_be_verified_after_it():
    land = Land()
    state = land.one_pass(PassState()).state
    land.changes["deadline"] = land.clock.now() + timedelta(seconds=1)
    assert land.one_pass(state).verdict is Verdict.AGAIN
    land.clock.advance(land.assignment().settings.verify_gap)
    assert land.one_pass(state).verdict is Verdict.CLEAN


def test_what_could_not_be_asked_until_the_deadline_is_told():
    land = Land(roles_used=USED)
    land.changes["deadline"] = land.clock.now() + timedelta(minutes=5)
    refusing(land, {"GetRolePolicy": "ServiceFailure"})
    result = land.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "deadline")
    assert "credentials are refused (ServiceFailure)" in land.report(result)["explanation"]


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_revocation_that_iam_refuses_is_told_at_once_with_what_the_admin_role_lacks():
    land = Land(roles_used=USED)
    root("iam").update_role(RoleName=ROLE, MaxSessionDuration=4 * 3600)
    refusing(land, {"GetRolePolicy": "AccessDenied"})
    result = land.clean()
    assert (result.verdict, result.reason, land.passes) == (Verdict.DIRTY, "revocation-refused", 1)
    explanation = land.report(result)["explanation"]
    assert "iam:GetRolePolicy" in explanation
    now = land.clock.now()
    for lives in (timedelta(hours=1), timedelta(hours=4)):  # the service's own, and what the role allows
        assert (now + lives).strftime("until %Y-%m-%d %H:%M UTC") in explanation


REFUSED = {"ListTopics": "AuthorizationError", "GetResources": "AccessDeniedException", "GetRole": "AccessDenied"}


def test_a_capture_that_cannot_look_names_all_that_it_could_not_look_at():
    land = Land(TOPIC, capture_only=True)
    before = land.store.texts[baseline_name(KEY)]
    asked = refusing(land, {**dict.fromkeys(UNKNOWN_TO_MOTO, "InvalidAction"), **REFUSED})
    result = land.clean()
    assert (result.verdict, str(result.reason).partition(":")[0]) == (Verdict.BLOCKED, "unknown")
    explanation = land.report(result)["explanation"]
    assert all(code in explanation for code in REFUSED.values())
    assert (land.passes, asked["GetResources"], land.store.texts[baseline_name(KEY)]) == (1, 4, before)
