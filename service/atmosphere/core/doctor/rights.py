"""What the simulator of IAM is asked: whether the roles may do what revocation and cleaning need, and no more.

It evaluates the policies of the account: those of an organization only as far as it says so, and no resource policies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.core.doctor.facts import Finding, Level, Question, Unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.core.model import Registration

REVOKES: Final = (
    "iam:GetRole",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:PutRolePermissionsBoundary",
)
CLEANS: Final = (
    "cloudformation:ListStacks",
    "cloudformation:DeleteStack",
    "tag:GetResources",
    "s3:ListAllMyBuckets",
    "s3:DeleteObjectVersion",
    "s3:DeleteBucket",
    "ec2:DescribeVpcs",
    "ec2:TerminateInstances",
    "ec2:DeleteVpc",
    "iam:ListRoles",
    "iam:DetachRolePolicy",
    "iam:DeleteRole",
    "lambda:DeleteFunction",
    "dynamodb:DeleteTable",
    "rds:DeleteDBInstance",
    "logs:DeleteLogGroup",
    "kms:ScheduleKeyDeletion",
)
"""Some of each kind; cleaning makes calls of several hundred types."""
CHANGES: Final = ("iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRole")
_PROTECT: Final = "deploy the admin role's template with ProtectedRole, or attach infra/organization-policy.json"


def questions(registration: Registration) -> tuple[Question, ...]:
    """Everything to ask for this environment."""
    cleaner, tests = registration.cleaner_role, dict.fromkeys(registration.roles.values())
    asked = [Question("revocation", cleaner, REVOKES, each) for each in tests]
    asked.append(Question("cleaning", cleaner, CLEANS, "*"))
    if registration.cleaner:
        asked += [Question("cleaner protected", each, CHANGES, cleaner) for each in tests]
    return tuple(asked)


def check_rights(denied: Mapping[Question, tuple[str, ...] | Unread]) -> Iterator[Finding]:
    """One finding for each question."""
    for question, answer in denied.items():
        if isinstance(answer, Unread):
            text = f"not checked for {_name(question.role)}: the simulator did not answer ({answer.code})"
            yield Finding(question.check, Level.UNKNOWN, text, _ASK_AGAIN)
        elif question.check == "cleaner protected":
            yield _protected(question, answer)
        else:
            yield _allowed(question, answer)


_ASK_AGAIN: Final = "allow iam:SimulatePrincipalPolicy, correct what is wrong with the role, and run this again"


def _allowed(question: Question, denied: tuple[str, ...]) -> Finding:
    about = "" if question.resource == "*" else f" on {_name(question.resource)}"
    if denied:
        text = f"{_name(question.role)} is denied {', '.join(denied)}{about}"
        advice = "attach AdministratorAccess to the role, and remove what denies these: a policy, a boundary"
        return Finding(question.check, Level.PROBLEM, text, advice)
    text = f"{_name(question.role)} is allowed {len(question.actions)} actions{about} (simulated)"
    return Finding(question.check, Level.OK, text)


def _protected(question: Question, denied: tuple[str, ...]) -> Finding:
    if allowed := [action for action in question.actions if action not in denied]:
        text = f"the account's policies allow {_name(question.role)} {', '.join(allowed)} on {_name(question.resource)}"
        advice = f"{_PROTECT}; whether the organization denies it says `atmosphere config check-organization`"
        return Finding(question.check, Level.UNKNOWN, text, advice)
    text = f"{_name(question.role)} cannot change {_name(question.resource)} (simulated)"
    return Finding(question.check, Level.OK, text)


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
