"""A kept toolkit that a test moved on to a published template moves on, from a state that is proven clean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.baseline import growth
from atmosphere.cleanup.contents.bootstrap import Published, digest_of, published, step
from atmosphere.cleanup.contents.toolkit import TOOLKIT
from atmosphere.cleanup.model import STACK, Resource, Verdict
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from atmosphere.core.model import EnvironmentKey, Toolkit
from tests.cleanup.conftest import ACCOUNT, REGION, role_arn
from tests.cleanup.faults import Crash, FaultyAccounts, Reply

if TYPE_CHECKING:
    from tests.cleanup.conftest import Ground

KEEP: dict[str, Any] = {"registration": {"cdk_toolkit": Toolkit.KEEP}, "sweep_globals": True}
USED = ((role_arn(), "atmosphere-tests"),)
TEXT = """\
Parameters:
  Trusted:
    Type: String
    Default: ""
{parameters}Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: cdk-lookup
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Action: sts:AssumeRole
            Principal:
              Service: lambda.amazonaws.com
      Policies:
        - PolicyName: own
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: {action}
                Resource: "*"
{resources}"""
QUEUE = "  Queue:\n    Type: AWS::SQS::Queue\n"
OLD = TEXT.format(parameters="", action="sqs:ListQueues", resources="")
NEW = TEXT.format(
    parameters='  DenyExternalId:\n    Type: String\n    Default: "true"\n', action="sqs:*", resources=QUEUE
)
KNOWN = (
    Published(cdk="2.1.0", version=1, digest=digest_of(OLD), adds={}),
    Published(cdk="2.2.0", version=2, digest=digest_of(NEW), adds={"DenyExternalId": "true"}),
)


# --- which change is a step ---


def content(text: str, **parameters: str) -> dict[str, Any]:
    return {"template": text, "parameters": {"Trusted": "none", **parameters}}


@pytest.mark.parametrize(
    ("before", "now", "taken"),
    [
        (content(OLD), content(NEW, DenyExternalId="true"), True),
        (content(OLD), content(NEW + "\n", DenyExternalId="true"), True),
        (content(OLD), content(OLD + "\n"), False),
        (content(NEW), content(OLD), False),
        (content(OLD), content(OLD, DenyExternalId="true"), False),
        (content(OLD), content(NEW + "# mine\n", DenyExternalId="true"), False),
        (content("Resources: {}"), content(NEW, DenyExternalId="true"), False),
        (content(OLD), content(NEW, DenyExternalId="false"), False),
        (content(OLD), content(NEW), False),
        (content(OLD), content(NEW, DenyExternalId="true", Trusted="999999999999"), False),
        (content(OLD), content(NEW, DenyExternalId="true", Other=""), False),
    ],
)
def test_a_step_is_to_a_later_published_template_with_the_recorded_parameters(
    before: dict[str, Any], now: dict[str, Any], *, taken: bool
) -> None:
    assert step(before, now, KNOWN) == (KNOWN[1] if taken else None)


def test_defaults_are_those_of_every_template_in_between() -> None:
    third = Published(cdk="2.3.0", version=3, digest=digest_of("third"), adds={"More": "x"})
    now = content("third", DenyExternalId="true", More="x")
    assert step(content(OLD), now, (*KNOWN, third)) == third
    assert (
        step(content(NEW, DenyExternalId="false"), {**now, "parameters": {**now["parameters"]}}, (*KNOWN, third))
        is None
    )


def test_the_table_is_in_the_order_of_releases_and_names_each_text_once() -> None:
    table = published()
    releases = [tuple(map(int, each.cdk.split("."))) for each in table]
    assert releases == sorted(set(releases))
    assert [each.version for each in table] == sorted(each.version for each in table)
    assert len({each.digest for each in table}) == len(table)


# --- on the embedded AWS ---


@pytest.fixture
def toolkit(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setattr(growth, "published", lambda: KNOWN)
    ground.root("cloudformation").create_stack(
        StackName=TOOLKIT,
        TemplateBody=OLD,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": "Trusted", "ParameterValue": "none"}],
    )
    ground.await_stack(TOOLKIT, "CREATE_COMPLETE")
    captured = ground.capture(**KEEP)
    assert captured.verdict is Verdict.CLEAN, ground.report(captured)["explanation"]
    return ground


def bootstrap(ground: Ground, text: str = NEW, trusted: str = "none") -> None:
    """What `cdk bootstrap` comes to."""
    ground.root("cloudformation").update_stack(
        StackName=TOOLKIT,
        TemplateBody=text,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": "Trusted", "ParameterValue": trusted}],
    )
    ground.await_stack(TOOLKIT, "UPDATE_COMPLETE")


def template(ground: Ground) -> Any:
    return ground.root("cloudformation").get_template(StackName=TOOLKIT, TemplateStage="Original")["TemplateBody"]


def baseline(ground: Ground) -> Baseline:
    return Baseline.from_json(ground.store.texts[baseline_name(EnvironmentKey(ACCOUNT, REGION))])


def queues(ground: Ground) -> list[str]:
    found: list[str] = ground.root("sqs").list_queues().get("QueueUrls", [])
    return found


@pytest.mark.emulator
def test_a_toolkit_moves_on_with_a_published_template_and_that_is_the_baseline(toolkit: Ground) -> None:
    bootstrap(toolkit)
    result = toolkit.clean(roles_used=USED, **KEEP)
    assert result.verdict is Verdict.CLEAN
    assert template(toolkit) == NEW
    assert len(queues(toolkit)) == 1
    after = baseline(toolkit)
    assert after.contents[Resource(STACK, TOOLKIT, REGION)]["template"] == NEW  # type: ignore[index,call-overload]
    [revised] = [json.loads(text)["why"] for name, text in toolkit.store.texts.items() if "/0002-" in name]
    assert revised == "the toolkit moved on to bootstrap version 2, published with aws-cdk 2.2.0"
    [told] = toolkit.report(result)["toolkit"].values()
    assert told == "taken: to bootstrap version 2, published with aws-cdk 2.2.0"
    updates = [entry["operation"] for entry in toolkit.journal()].count("UpdateStack")
    assert updates == 2  # back to the baseline, and the step
    again = toolkit.clean(roles_used=USED, **KEEP)
    assert again.verdict is Verdict.CLEAN
    assert [entry["operation"] for entry in toolkit.journal()].count("UpdateStack") == updates


@pytest.mark.emulator
def test_what_a_test_changed_beside_the_step_is_never_accepted(toolkit: Ground) -> None:
    bootstrap(toolkit)
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    toolkit.root("iam").put_role_policy(RoleName="cdk-lookup", PolicyName="mine", PolicyDocument=json.dumps(allow))
    result = toolkit.clean(roles_used=USED, **KEEP)
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "baseline-changed")
    assert template(toolkit) == OLD
    assert [(each["type"], each["id"]) for each in toolkit.report(result)["blockers"]] == [
        ("AWS::IAM::Role", "cdk-lookup")
    ]


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("text", "trusted", "fate"),
    [
        (NEW, "999999999999", Toolkit.KEEP),
        (f"{NEW}  Mine:\n    Type: AWS::SQS::Queue\n", "none", Toolkit.KEEP),
        (NEW, "none", Toolkit.DELETE),
    ],
)
def test_anything_else_is_put_back_only(toolkit: Ground, text: str, trusted: str, fate: Toolkit) -> None:
    bootstrap(toolkit, text, trusted)
    result = toolkit.clean(roles_used=USED, **{**KEEP, "registration": {"cdk_toolkit": fate}})
    assert result.verdict is Verdict.CLEAN
    assert (template(toolkit), queues(toolkit)) == (OLD, [])
    assert toolkit.report(result)["toolkit"] == {}
    assert not [name for name in toolkit.store.texts if name.endswith("/toolkit.json")]
    assert baseline(toolkit).version == 1


@pytest.mark.emulator
def test_a_step_during_which_a_pass_died_is_finished_by_the_next(toolkit: Ground) -> None:
    bootstrap(toolkit)
    assignment = toolkit.assignment(roles_used=USED, **KEEP)
    own, updates = toolkit.accounts, 0

    class Dying(FaultyAccounts):
        def _after(self, **event: Any) -> None:
            nonlocal updates
            updates += event["model"].name == "UpdateStack"
            if updates == 2:
                raise Crash

    toolkit.accounts = Dying(toolkit.base)
    with pytest.raises(Crash):
        toolkit.clean(assignment)
    toolkit.accounts = own
    assert toolkit.clean(assignment).verdict is Verdict.CLEAN
    assert template(toolkit) == NEW
    assert updates == 2
    assert [entry["operation"] for entry in toolkit.journal()].count("UpdateStack") == 2


@pytest.mark.emulator
def test_a_step_that_cloudformation_refuses_leaves_the_toolkit_as_it_was(toolkit: Ground) -> None:
    bootstrap(toolkit)
    seen: list[str] = []

    def judge(operation: str, _: dict[str, Any]) -> str | None:
        if operation == "UpdateStack":
            seen.append(operation)
        return "ValidationError: no" if len(seen) == 2 and operation == "UpdateStack" else None

    toolkit.accounts = FaultyAccounts(toolkit.base, judge=judge)
    result = toolkit.clean(roles_used=USED, **KEEP)
    assert result.verdict is Verdict.CLEAN
    assert (template(toolkit), queues(toolkit)) == (OLD, [])
    [told] = toolkit.report(result)["toolkit"].values()
    assert told.startswith("refused: ")
    assert told.endswith(": ValidationError")


@pytest.mark.emulator
def test_a_step_that_cloudformation_rolls_back_is_refused(toolkit: Ground) -> None:
    bootstrap(toolkit)
    updates = 0

    class Rolling(FaultyAccounts):
        """The second update changes nothing, as one that was rolled back."""

        def _before(self, **event: Any) -> Any:
            nonlocal updates
            updates += event["model"].name == "UpdateStack"
            if updates == 2 and event["model"].name == "UpdateStack":
                return Reply(200), {"StackId": "x", "ResponseMetadata": {"HTTPStatusCode": 200}}
            return super()._before(**event)

    toolkit.accounts = Rolling(toolkit.base)
    result = toolkit.clean(roles_used=USED, **KEEP)
    assert result.verdict is Verdict.CLEAN
    assert (template(toolkit), baseline(toolkit).version, updates) == (OLD, 1, 2)
    [told] = toolkit.report(result)["toolkit"].values()
    assert told.endswith(": CloudFormation rolled it back")


@pytest.mark.emulator
def test_no_step_is_begun_shortly_before_the_deadline(toolkit: Ground) -> None:
    bootstrap(toolkit)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    result = toolkit.clean(roles_used=USED, deadline=soon, **KEEP)
    assert result.verdict is Verdict.CLEAN
    assert template(toolkit) == OLD
    [told] = toolkit.report(result)["toolkit"].values()
    assert told.startswith("wanted: ")
