"""Asks AWS for what `core.doctor` judges: assumes the roles with a profile, and reads. Nothing is changed.

Where a role cannot be assumed and the profile is one of the account itself, that reads instead. Of AWS's errors only
the code is kept.

Source: IAM API reference, `SimulatePrincipalPolicy`; CDK's bootstrap template: the SSM parameter of its version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.adapters.clients import CONFIG
from atmosphere.core.doctor.facts import NOT_ASKED, QUOTAS, Bootstrap, Facts, RoleFacts, Unread
from atmosphere.core.doctor.rights import questions
from atmosphere.core.model import AccountId
from atmosphere.faults import REFUSALS, code_of
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.doctor.facts import Question, Quota
    from atmosphere.core.model import Json, Region, Registration, RoleArn

T = TypeVar("T")
_SECONDS: Final = 900  # the least that STS grants
_STACK: Final = "CDKToolkit"
_VERSION: Final = "/cdk-bootstrap/hnb659fds/version"
_NO_STACK: Final = "ValidationError"  # describe_stacks of a name that no stack has

Reader = Any
"""A boto3 session, for the clients of one identity."""


def examine(registration: Registration, *, profile: str | None, session_name: str) -> Facts:
    """Everything that the checks need. Raises `Unreachable` for a profile that does not exist or cannot be read."""
    try:
        own = boto3.Session(profile_name=profile)
    except BotoCoreError as error:
        raise Unreachable(f"the AWS profile {profile!r} cannot be used ({code_of(error)})") from error
    home = registration.key.region
    identity = _read(lambda: _client(own, "sts", home).get_caller_identity())
    arns = dict.fromkeys((*registration.roles.values(), registration.cleaner_role))
    sessions = {arn: _session(own, registration, arn, session_name) for arn in arns}
    reader = next((each for each in sessions.values() if not isinstance(each, Unread)), None)
    if reader is None and not isinstance(identity, Unread) and identity["Account"] == registration.key.account:
        reader = own
    regions = (home, *registration.regions)
    return Facts(
        caller=identity if isinstance(identity, Unread) else identity["Arn"],
        roles=tuple(_role(arn, each, reader, home) for arn, each in sessions.items()),
        denied={each: _asked(reader, home, _denied, each) for each in questions(registration)},
        regions={each: _asked(reader, home, _region_status, each) for each in regions},
        bootstraps={each: _asked(reader, each, _bootstrap, each) for each in regions},
        quotas={each: _asked(reader, home, _quota, each) for each in QUOTAS},
    )


def _read(ask: Callable[[], T]) -> T | Unread:
    """The answer, or the code of what came instead."""
    try:
        return ask()
    except (ClientError, BotoCoreError) as error:
        code = code_of(error)
        return Unread(code, refused=code in REFUSALS)


def _session(own: Reader, registration: Registration, arn: RoleArn, name: str) -> Reader | Unread:
    extra = {"ExternalId": registration.external_id} if registration.external_id else {}
    wanted = {"RoleArn": arn, "RoleSessionName": name, "DurationSeconds": _SECONDS, **extra}
    reply = _read(lambda: _client(own, "sts", registration.key.region).assume_role(**wanted))
    if isinstance(reply, Unread):
        return reply
    keys = reply["Credentials"]
    return _Assumed(own, keys)


class _Assumed:
    """Clients of a role's session, at the endpoints of the profile that it was assumed with."""

    def __init__(self, own: Reader, keys: dict[str, str]) -> None:
        self._own = own
        self._keys = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    def client(self, service: str, **options: Any) -> Any:
        """As boto3's."""
        return self._own.client(service, **options, **self._keys)


def _client(reader: Reader, service: str, region: Region | str) -> Any:
    return reader.client(service, region_name=region, config=CONFIG)


def _role(arn: RoleArn, session: Reader | Unread, reader: Reader | None, home: Region) -> RoleFacts:
    account: AccountId | Unread
    if isinstance(session, Unread):
        account = session
    else:
        account = _read(lambda: AccountId(_client(session, "sts", home).get_caller_identity()["Account"]))
    return RoleFacts(arn=arn, account=account, trust=_asked(reader, home, _trust, arn))


def _asked(reader: Reader | None, region: Region, ask: Callable[[Reader, Region, Any], T], about: Any) -> T | Unread:
    return NOT_ASKED if reader is None else _read(lambda: ask(reader, region, about))


def _trust(reader: Reader, region: Region, arn: RoleArn) -> Json:
    """None if there is no such role."""
    try:
        found = _client(reader, "iam", region).get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except ClientError as error:
        if code_of(error) == "NoSuchEntity":
            return None
        raise
    trust: Json = found["AssumeRolePolicyDocument"]
    return trust


def _denied(reader: Reader, region: Region, question: Question) -> tuple[str, ...]:
    pages = _client(reader, "iam", region).get_paginator("simulate_principal_policy")
    results = [
        result
        for page in pages.paginate(
            PolicySourceArn=question.role, ActionNames=list(question.actions), ResourceArns=[question.resource]
        )
        for result in page["EvaluationResults"]
    ]
    allowed = {
        result["EvalActionName"]
        for result in results
        if result["EvalDecision"] == "allowed"
        and result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True)
    }
    return tuple(action for action in question.actions if action not in allowed)


def _region_status(reader: Reader, home: Region, region: Region) -> str | None:
    """EC2's opt-in status, None of a region that it does not list."""
    names = [{"Name": "region-name", "Values": [region]}]
    found = _client(reader, "ec2", home).describe_regions(AllRegions=True, Filters=names)["Regions"]
    return next((each["OptInStatus"] for each in found if each["RegionName"] == region), None)


def _bootstrap(reader: Reader, region: Region, _: Region) -> Bootstrap:
    return Bootstrap(status=_toolkit_status(reader, region), version=_version(reader, region))


def _toolkit_status(reader: Reader, region: Region) -> str | None:
    try:
        (stack,) = _client(reader, "cloudformation", region).describe_stacks(StackName=_STACK)["Stacks"]
    except ClientError as error:
        if code_of(error) == _NO_STACK:
            return None
        raise
    return str(stack["StackStatus"])


def _version(reader: Reader, region: Region) -> str | None:
    try:
        found = _client(reader, "ssm", region).get_parameter(Name=_VERSION)["Parameter"]
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return None
        raise
    return str(found["Value"])


def _quota(reader: Reader, region: Region, quota: Quota) -> float:
    found = _client(reader, "service-quotas", region)
    return float(found.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]["Value"])
