"""Whether the organization's policy (`infra/organization-policy.json`) is in force in an account.

A member account cannot read the organization's policies, and the policy simulator does not evaluate them. So each
statement is tried: by a call under the admin role that the statement denies and that has no effect elsewhere. IAM and
CloudFormation authorize before they search for what is named, and no such thing exists.

Source: AWS Organizations user guide, "Service control policies"; EC2 API reference, `DryRun`; CloudFormation API
reference, DeleteStack: a stack that does not exist is deleted with success.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.adapters.clients import CONFIG
from atmosphere.faults import code_of, is_denied_by_organization
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.core.model import Registration

_SECONDS: Final = 900  # the least that STS grants
_NAME: Final = "atmosphere-probe-"
_CLEANER: Final = "AtmosphereCleaner"
"""The only name here that may exist; the policy of it that is deleted does not."""


class InForce(StrEnum):
    """What a probe shows of a statement."""

    YES = "in force"
    NO = "not in force"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement, whether it is in force, and AWS's code where that says no more."""

    statement: str
    in_force: InForce
    code: str = ""


@dataclass(frozen=True, slots=True)
class _Probe:
    """A call that the statement denies; `allowed` are the codes of a caller that is allowed it."""

    statement: str
    service: str
    operation: str
    asked: Mapping[str, Any]
    allowed: str


def _probes(registration: Registration, unique: str) -> tuple[_Probe, ...]:
    partition, account = registration.admin_role.split(":")[1], registration.key.account
    name = _NAME + unique
    provider = f"arn:{partition}:iam::{account}:saml-provider/AWSSSO_{name}"
    return (
        _Probe("ProtectRoles", "iam", "delete_role", {"RoleName": f"stacksets-exec-{name}"}, "NoSuchEntity"),
        _Probe(
            "ProtectCleaner",
            "iam",
            "delete_role_policy",
            {"RoleName": _CLEANER, "PolicyName": name},
            "NoSuchEntity",
        ),
        _Probe("ProtectSignIn", "iam", "delete_saml_provider", {"SAMLProviderArn": provider}, "NoSuchEntity"),
        _Probe("ProtectStackSets", "cloudformation", "delete_stack", {"StackName": f"StackSet-{name}"}, ""),
        _Probe(
            "ProtectSettings",
            "ec2",
            "modify_managed_resource_visibility",
            {"DefaultVisibility": "visible", "DryRun": True},
            "DryRunOperation",
        ),
    )


def probe(registration: Registration, *, profile: str | None, unique: str) -> list[Finding]:
    """Try each statement in the account of an environment; `unique` makes names that nothing has.

    Raises `Unreachable` when the admin role cannot be assumed.
    """
    try:
        keys = _assumed(registration, profile, _NAME + unique)
    except (ClientError, BotoCoreError) as error:
        raise Unreachable(f"{registration.admin_role} cannot be assumed: {code_of(error)}") from error
    session = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=registration.key.region
    )
    return tried(lambda service: session.client(service, config=CONFIG), registration, unique)  # type: ignore[call-overload]


def _assumed(registration: Registration, profile: str | None, name: str) -> Mapping[str, str]:
    sts: Any = boto3.Session(profile_name=profile).client("sts", region_name=registration.key.region, config=CONFIG)
    extra = {"ExternalId": registration.external_id} if registration.external_id else {}
    reply = sts.assume_role(RoleArn=registration.admin_role, RoleSessionName=name, DurationSeconds=_SECONDS, **extra)
    keys: Mapping[str, str] = reply["Credentials"]
    return keys


def tried(client_of: Callable[[str], Any], registration: Registration, unique: str) -> list[Finding]:
    """The findings with these clients."""
    return [_finding(client_of(each.service), each) for each in _probes(registration, unique)]


def _finding(client: Any, each: _Probe) -> Finding:
    try:
        getattr(client, each.operation)(**each.asked)
    except (ClientError, BotoCoreError) as error:
        if is_denied_by_organization(error):
            return Finding(each.statement, InForce.YES)
        code = code_of(error)
        return Finding(each.statement, InForce.NO if code == each.allowed else InForce.UNKNOWN, code)
    return Finding(each.statement, InForce.UNKNOWN if each.allowed else InForce.NO)
