"""Sessions, policies and their refusals, as IAM and STS of a real account decide them.

The documents claim it in docs/cleanup.md ("Revocation"), docs/registering.md and docs/local.md.
"""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError

from atmosphere.adapters.organization import InForce, tried
from atmosphere.cleanup.revoke.canaries import PROBES
from atmosphere.cleanup.revoke.denial import policy_document, policy_name, whole_document
from atmosphere.contract import TEST_SESSION, session_name
from atmosphere.core.doctor.facts import QUOTAS
from atmosphere.core.model import ADMIN, AccountId, EnvironmentKey, PoolName, Region, Registration, RoleArn
from atmosphere.faults import REFUSALS, code_of, is_denied_by_organization
from tests.live.account import permitted, policy, trust
from tests.live.ledger import Kind
from tests.live.lending import lent
from tests.live.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import Credentials

    from tests.live.account import Live

pytestmark = pytest.mark.live

HOUR: Final = 3600  # seconds
CANARY_CALLS: Final = ["cloudformation:ListStacks", "s3:ListAllMyBuckets", "dynamodb:ListTables", "sqs:ListQueues"]
"""The actions of `PROBES`, by which a cleanup sees that sessions are refused."""


def refusal(act: Callable[[], Any]) -> ClientError:
    """What AWS says to a call that it must refuse."""
    with pytest.raises(ClientError) as raised:
        act()
    return raised.value


def refused(call: Callable[[], Any]) -> Callable[[], bool]:
    """The question whether AWS does not permit a call."""
    return lambda: not permitted(call)


def allowed(live: Live, keys: Credentials) -> bool:
    """Whether a session may list queues."""
    return permitted(live.client("sqs", keys).list_queues)


@pytest.mark.only_on_aws("the embedded AWS has no limit for chained roles")
def test_a_session_of_a_session_lasts_an_hour_at_most(live: Live) -> None:
    """Proves why credentials are renewed: a chained role gets an hour, whatever the role allows (docs/access.md)."""
    first = live.role(allowed=policy("sts:AssumeRole"))
    second = live.role(longest=4 * HOUR)
    chained = live.assumed(first.arn)
    live.assumed(second.arn, keys=chained, DurationSeconds=HOUR)
    sts = live.client("sts", chained)

    asked = {"RoleArn": second.arn, "RoleSessionName": "chained", "DurationSeconds": HOUR + 1}
    assert code_of(refusal(lambda: sts.assume_role(**asked))) == "ValidationError"


@pytest.mark.only_on_aws("the embedded AWS grants any duration")
def test_a_role_grants_no_longer_session_than_it_may(live: Live) -> None:
    """Proves that `MaxSessionDuration` counts (docs/registering.md)."""
    role = live.role()
    live.assumed(role.arn)

    asked = {"RoleArn": role.arn, "RoleSessionName": "long", "DurationSeconds": HOUR + 1}
    assert code_of(refusal(lambda: live.client("sts").assume_role(**asked))) == "ValidationError"


def test_a_session_policy_narrows_and_is_named_in_the_refusal(live: Live) -> None:
    """Proves that `sessionPolicy` of an allocation narrows its credentials (docs/api/openapi.yaml)."""
    role = live.role(allowed=policy(["sqs:ListQueues", "sns:ListTopics"]))
    whole = live.assumed(role.arn)
    until(lambda: allowed(live, whole), "the role may list queues")
    narrow = live.assumed(role.arn, Policy=policy("sns:ListTopics"))

    error = refusal(lambda: live.client("sqs", narrow).list_queues())
    assert code_of(error) in REFUSALS
    if not live.embedded:
        assert "because no session policy allows" in error.response["Error"]["Message"]


@pytest.mark.only_on_aws("the embedded AWS has a text of its own")
def test_a_refusal_names_the_kind_of_policy(live: Live) -> None:
    """Proves the form of AWS's texts, by which `faults.py` tells the organization's refusals from others."""
    role = live.role(allowed=policy("sqs:ListQueues", effect="Deny"))
    keys = live.assumed(role.arn)

    def said(call: Callable[[], Any]) -> str:
        error = refusal(call)
        assert code_of(error) in REFUSALS
        assert not is_denied_by_organization(error)
        return str(error)

    explicit = "with an explicit deny in an identity-based policy"
    until(lambda: explicit in said(live.client("sqs", keys).list_queues), "the refusal names the Deny")
    assert "because no identity-based policy allows" in said(live.client("iam", keys).list_roles)


def test_a_policy_of_the_organization_is_recognized(live: Live) -> None:
    """Proves that a refusal by a policy of the organization is recognized by its text (docs/operations.md)."""
    with lent(live) as environment:
        about = Registration(
            key=EnvironmentKey(AccountId(environment.account), Region(environment.region)),
            pool=PoolName(live.pool),
            roles={ADMIN: RoleArn(environment.admin_role)},
        )
        found = tried(environment.client, about, live.run)
    if not any(finding.in_force is InForce.YES for finding in found):
        pytest.skip("the organization of the environment has not the policy of infra/organization-policy.json")
    assert {finding.in_force for finding in found} == {InForce.YES}, found


@pytest.mark.only_on_aws("on the embedded AWS, aws:PrincipalArn is the session's ARN")
def test_a_trust_by_the_arn_of_a_role_holds_for_its_sessions(live: Live) -> None:
    """Proves that the trust of an environment's role may name the service's roles by `aws:PrincipalArn`."""
    caller = live.role(allowed=policy("sts:AssumeRole"))
    root = {"AWS": f"arn:{live.partition}:iam::{live.account}:root"}
    target = live.role(trusted=trust(root, Condition={"ArnEquals": {"aws:PrincipalArn": caller.arn}}))

    assert live.assumed(target.arn, keys=live.assumed(caller.arn)).token


def test_a_role_with_another_external_id_or_that_is_gone_is_refused(live: Live) -> None:
    """Proves that `external_id` protects a role, and how a lost role looks (docs/operations.md)."""
    root = {"AWS": f"arn:{live.partition}:iam::{live.account}:root"}
    role = live.role(trusted=trust(root, Condition={"StringEquals": {"sts:ExternalId": "ours"}}))
    sts, asked = live.client("sts"), {"RoleArn": role.arn, "RoleSessionName": "other"}
    live.assumed(role.arn, ExternalId="ours")

    assert code_of(refusal(lambda: sts.assume_role(ExternalId="theirs", **asked))) == "AccessDenied"
    live.client("iam").delete_role(RoleName=role.name)
    until(lambda: not permitted(lambda: sts.assume_role(ExternalId="ours", **asked)), "the role is gone")


@pytest.mark.parametrize("form", ["of every session", "by name"])
def test_a_revoked_session_is_refused_and_a_later_one_is_not(live: Live, form: str) -> None:
    """Proves P4 with the real Deny, and measures by each call of the canary how long it takes (docs/cleanup.md)."""
    region = Region(live.region)
    role = live.role(allowed=policy(CANARY_CALLS))
    name = session_name(TEST_SESSION, region, "0" * 32)
    session = live.assumed(role.arn, RoleSessionName=name)
    calls = {service: getattr(live.client(service, session), operation) for service, operation in PROBES}
    until(lambda: all(map(permitted, calls.values())), "the session may do what the canary does")
    cut_off = live.now() + timedelta(seconds=1)
    document = whole_document(cut_off) if form == "of every session" else policy_document(region, cut_off)
    until(lambda: live.now() > cut_off, "the cut-off is over")

    live.client("iam").put_role_policy(RoleName=role.name, PolicyName=policy_name(region), PolicyDocument=document)

    start = time.monotonic()
    for service, call in calls.items():
        until(refused(call), f"{service} refuses the session")
        live.figure(f"from the Deny ({form}) until {service} refused a session", time.monotonic() - start)
    later = live.client("sqs", live.assumed(role.arn, RoleSessionName=name))
    assert permitted(later.list_queues)


@pytest.mark.only_on_aws("the embedded AWS deletes some of these")
@pytest.mark.parametrize(
    ("holder", "code"),
    [
        ("a role with a policy", "DeleteConflict"),
        ("a policy that is attached", "DeleteConflict"),
        ("a bucket with an object", "BucketNotEmpty"),
        ("a rule with a target", "ValidationException"),
    ],
)
def test_a_deletion_that_aws_refuses(live: Live, holder: str, code: str) -> None:
    """Proves rows of "What AWS demands before a deletion" (docs/cleanup.md) that cost nothing to try."""
    assert code_of(refusal(HOLDERS[holder](live))) == code


def _role_with_policy(live: Live) -> Callable[[], Any]:
    role = live.role(allowed=policy("sqs:ListQueues"))
    return lambda: live.client("iam").delete_role(RoleName=role.name)


def _attached_policy(live: Live) -> Callable[[], Any]:
    iam, name = live.client("iam"), live.name(Kind.POLICY)
    arn = iam.create_policy(PolicyName=name, PolicyDocument=policy("sqs:ListQueues"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=live.role().name, PolicyArn=arn)
    return lambda: iam.delete_policy(PolicyArn=arn)


def _full_bucket(live: Live) -> Callable[[], Any]:
    name = live.bucket()
    live.client("s3").put_object(Bucket=name, Key="object", Body=b"")
    return lambda: live.client("s3").delete_bucket(Bucket=name)


def _rule_with_target(live: Live) -> Callable[[], Any]:
    events, name = live.client("events"), live.name(Kind.RULE)
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    nowhere = f"arn:{live.partition}:sqs:{live.region}:{live.account}:{name}"
    events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": nowhere}])
    return lambda: events.delete_rule(Name=name)


HOLDERS: Final[dict[str, Callable[[Live], Callable[[], Any]]]] = {
    "a role with a policy": _role_with_policy,
    "a policy that is attached": _attached_policy,
    "a bucket with an object": _full_bucket,
    "a rule with a target": _rule_with_target,
}
"""Each makes one and returns its deletion."""


@pytest.mark.only_on_aws("the embedded AWS has no quotas")
def test_the_quotas_of_the_doctor_exist(live: Live) -> None:
    """Proves the codes that `environment doctor` asks for (docs/registering.md)."""
    quotas = live.client("service-quotas")

    found = {
        quota.name: quotas.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]["Value"]
        for quota in QUOTAS
    }
    assert all(value > 0 for value in found.values()), found
