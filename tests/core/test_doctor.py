"""Facts about an environment become findings: what is wrong is a problem, and what was not read is never ok."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.core.doctor.checks import findings
from atmosphere.core.doctor.facts import NOT_ASKED, QUOTAS, Bootstrap, Facts, Level, RoleFacts, Unread
from atmosphere.core.doctor.rights import questions
from atmosphere.core.model import AccountId, EnvironmentKey, Region, RoleArn, Toolkit
from tests.builders import a_registration, a_snapshot, settings

if TYPE_CHECKING:
    from atmosphere.core.doctor.facts import Finding
    from atmosphere.core.model import Registration

SERVICE = "111111111111"
CLEANER = RoleArn("arn:aws:iam::222222222222:role/AtmosphereCleaner")

ONE = a_registration(external_id="example")
REFUSED = Unread("AccessDenied", refused=True)
SLOW = Unread("ThrottlingException")


def entry(*names: str, external_id: str | None = "example", account: str = SERVICE) -> dict[str, Any]:
    roles = [f"arn:aws:iam::{account}:role/atmosphere-{name}" for name in names]
    demanded = {"StringEquals": {"sts:ExternalId": external_id}} if external_id else {}
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": roles}, **demanded},
    }


FORMATION = {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = {"Statement": [entry("allocate", "refresh", "cleanup"), FORMATION]}


def role(arn: RoleArn = ONE.admin_role, account: object = ONE.key.account, trust: object = TRUST) -> RoleFacts:
    return RoleFacts(arn=arn, account=account, trust=trust)  # type: ignore[arg-type]


def facts(one: Registration = ONE, **changed: Any) -> Facts:
    """All that there is to read of an environment that is ready."""
    read: dict[str, Any] = {
        "caller": f"arn:aws:sts::{SERVICE}:assumed-role/operator/me",
        "roles": (role(),),
        "denied": dict.fromkeys(questions(one), ()),
        "regions": {one.key.region: "opt-in-not-required"},
        "bootstraps": {one.key.region: Bootstrap(status=None, version=None)},
        "quotas": {each: float(each.least) for each in QUOTAS},
    }
    return Facts(**{**read, **changed})


def found(given: Facts, one: Registration = ONE, *others: Registration) -> list[Finding]:
    return findings(given, one, a_snapshot(one, *others, settings=settings(blocked_accounts=(SERVICE,))))


def test_a_service_of_another_name_has_other_roles() -> None:
    trust = json.loads(json.dumps(TRUST).replace(":role/atmosphere-", ":role/blue-"))
    given, snapshot = facts(roles=(role(trust=trust),)), a_snapshot(ONE, settings=settings(blocked_accounts=(SERVICE,)))

    def level(service: str) -> Level:
        return next(each.level for each in findings(given, ONE, snapshot, service) if each.check == "service")

    assert (level("blue"), level("atmosphere")) == (Level.OK, Level.UNKNOWN)


def wrong(given: Facts, one: Registration = ONE, *others: Registration) -> dict[str, str]:
    """What is not ok, by check; each says what to do."""
    lines = [each for each in found(given, one, *others) if each.level is not Level.OK]
    assert all(each.advice for each in lines)
    return {each.check: str(each.level) for each in lines}


def test_an_environment_that_is_ready_has_nothing_but_ok() -> None:
    assert wrong(facts()) == {}
    checks = {each.check for each in found(facts())}
    assert checks >= {"role", "account", "external id", "service", "cloudformation", "revocation", "cleaning"}
    assert checks >= {"siblings", "region", "bootstrap", "quota", "cleaner"}


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (role(account=AccountId("999999999999")), {"account": "problem"}),
        (role(account=REFUSED, trust=None), {"role": "problem", "account": "unknown", "trust": "unknown"}),
        (role(account=REFUSED, trust=NOT_ASKED), {"role": "problem", "account": "unknown", "trust": "unknown"}),
        (role(account=REFUSED), {"role": "unknown", "account": "unknown"}),
        (role(account=SLOW, trust=SLOW), {"role": "unknown", "account": "unknown", "trust": "unknown"}),
    ],
    ids=["another account", "no role", "refused", "refused, but its trust was read", "no answer"],
)
def test_a_role_is_ok_only_if_a_session_of_it_is_in_the_account(one: RoleFacts, said: dict[str, str]) -> None:
    assert wrong(facts(roles=(one,))) == said


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([entry("allocate", "refresh", "cleanup", external_id="other"), FORMATION], {"external id": "problem"}),
        ([entry("allocate", "refresh", "cleanup", external_id=None), FORMATION], {"external id": "problem"}),
        ([*TRUST["Statement"], entry("operator", external_id=None)], {"external id": "problem"}),
        ([entry("allocate", "refresh", "cleanup"), entry("operator"), FORMATION], {}),
        ([entry("allocate", "refresh", "cleanup")], {"cloudformation": "problem"}),
        ([entry("allocate", "refresh"), FORMATION], {"service": "unknown"}),
        ([entry("allocate", "refresh", "cleanup", account="333333333333"), FORMATION], {"service": "problem"}),
        ([{**entry("allocate", "refresh", "cleanup"), "Effect": "Deny"}, FORMATION], {"service": "problem"}),
        ([*TRUST["Statement"], {"Effect": "Allow", "Principal": "*"}], {"external id": "problem"}),
    ],
)
def test_a_trust_policy_lets_in_the_service_with_the_external_id_and_cloudformation(
    statements: list[Any], said: dict[str, str]
) -> None:
    assert wrong(facts(roles=(role(trust={"Statement": statements}),))) == said


def test_a_condition_that_tolerates_the_absence_of_the_external_id_demands_nothing() -> None:
    open_ = entry("allocate", "refresh", "cleanup", external_id=None)
    open_["Condition"]["StringEqualsIfExists"] = {"sts:ExternalId": "example"}
    assert wrong(facts(roles=(role(trust={"Statement": [open_, FORMATION]}),))) == {"external id": "problem"}


def test_an_external_id_that_is_demanded_and_not_configured_is_a_problem() -> None:
    assert wrong(facts(), replace(ONE, external_id="")) == {"external id": "problem"}


def test_what_is_denied_is_named_and_what_was_not_simulated_is_unknown() -> None:
    asked = questions(ONE)
    denied = {asked[0]: ("iam:PutRolePolicy",), asked[1]: REFUSED}
    assert wrong(facts(denied=denied)) == {"revocation": "problem", "cleaning": "unknown"}
    assert any("is denied iam:PutRolePolicy" in each.text for each in found(facts(denied=denied)))


def test_a_cleaner_is_apart_from_tests() -> None:
    one = replace(ONE, cleaner=CLEANER)
    trust = {"Statement": [entry("cleanup")]}
    roles = (
        role(trust={"Statement": [entry("allocate", "refresh"), FORMATION]}),
        role(CLEANER, trust=trust),
    )
    protected = {each: each.actions if each.check == "cleaner protected" else () for each in questions(one)}
    assert wrong(facts(one, roles=roles, denied=protected), one) == {}
    assert wrong(facts(one, roles=roles), one) == {"cleaner protected": "unknown"}
    passed = (roles[0], role(CLEANER, trust={"Statement": [entry("cleanup"), FORMATION]}))
    assert wrong(facts(one, roles=passed, denied=protected), one) == {"cloudformation": "problem"}


def test_what_is_wrong_with_the_account_and_its_regions() -> None:
    region = ONE.key.region
    other = replace(ONE, key=EnvironmentKey(ONE.key.account, Region("us-east-1")))
    assert wrong(facts(), ONE, other) == {"siblings": "problem"}
    for status in ("not-opted-in", None):
        assert wrong(facts(regions={region: status})) == {"region": "problem"}
    assert wrong(facts(regions={region: SLOW})) == {"region": "unknown"}
    assert wrong(facts(quotas={QUOTAS[0]: 10.0})) == {"quota": "problem"}
    assert wrong(facts(quotas={QUOTAS[0]: REFUSED})) == {"quota": "unknown"}


@pytest.mark.parametrize(
    ("there", "delete", "keep"),
    [
        (Bootstrap(status=None, version=None), {}, {"bootstrap": "problem"}),
        (Bootstrap(status="CREATE_COMPLETE", version="21"), {}, {}),
        (Bootstrap(status="CREATE_COMPLETE", version=None), {"bootstrap": "problem"}, {"bootstrap": "problem"}),
        (Bootstrap(status=None, version="21"), {"bootstrap": "problem"}, {"bootstrap": "problem"}),
        (Bootstrap(status="ROLLBACK_COMPLETE", version="21"), {"bootstrap": "problem"}, {"bootstrap": "problem"}),
        (SLOW, {"bootstrap": "unknown"}, {"bootstrap": "unknown"}),
    ],
)
def test_a_toolkit_is_whole_and_there_if_the_pool_keeps_it(there: Any, delete: Any, keep: Any) -> None:
    given = facts(bootstraps={ONE.key.region: there})
    assert wrong(given) == delete
    assert wrong(given, replace(ONE, cdk_toolkit=Toolkit.KEEP)) == keep
