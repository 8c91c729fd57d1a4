"""The stack `atmosphere-environment`: the role of an environment through which tests work and cleaning cleans.

It is deployed once for each role in each environment's account, before that is registered, and needs nothing
there: no bootstrap, no asset. A role for cleaning only is for the cleanup function alone. Where no organization
protects that role, the role of the tests gets a permissions boundary that does. An operator's role can be added, for
people who check and plan from their machines.

Source: IAM user guide, "Permissions boundaries for IAM entities", delegating with boundaries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aws_cdk import Aws, BootstraplessSynthesizer, CfnCondition, CfnOutput, CfnParameter, Fn, Stack
from aws_cdk import aws_iam as iam

from atmosphere.contract import CLEANUP_SESSION, TEST_SESSION, FunctionName
from infra.names import DEFAULT, PATTERN, ServiceName, checked_name, deployed_name

if TYPE_CHECKING:
    from constructs import Construct

ASSUMED_BY: Final = (FunctionName.ALLOCATE, FunctionName.REFRESH, FunctionName.CLEANUP)


class EnvironmentStack(Stack):
    """An administrator that only the service may become, and CloudFormation for it while it deletes stacks."""

    def __init__(self, scope: Construct, construct_id: str, *, service_name: str = DEFAULT) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Atmosphere: the role of one environment, assumed by the service for tests and for cleaning",
            synthesizer=BootstraplessSynthesizer(),
        )
        service = self._service(checked_name(service_name))
        external_id = self._parameter(
            "ExternalId",
            "The environment's external_id in config/environments.yaml; empty if it has none there",
            pattern=r"([\w+=,.@:/-]{2,1224})?",
        )
        name = self._parameter(
            "RoleName",
            "The role's name, as listed in config/settings.yaml",
            pattern=r"[\w+=,.@-]{1,64}",
            default="AtmosphereAdmin",
        )
        has_external_id = CfnCondition(
            self, "HasExternalId", expression=Fn.condition_not(Fn.condition_equals(external_id, ""))
        )
        role = iam.CfnRole(
            self,
            "Role",
            role_name=name,
            description="Administrator of this environment for the tests and the cleaning of Atmosphere",
            max_session_duration=3600,  # the service's sessions are chained: AWS gives them no more than an hour
            managed_policy_arns=[f"arn:{Aws.PARTITION}:iam::aws:policy/AdministratorAccess"],
            assume_role_policy_document=_trust(
                service,
                external_id,
                has_external_id.logical_id,
                self._for_tests(),
                self._operator(),
            ),
            permissions_boundary=self._boundary(f"AtmosphereBoundary-{name}"),
        )
        CfnOutput(self, "RoleArn", value=role.attr_arn)

    def _service(self, default: ServiceName) -> _Service:
        """Which service it is, with its name in case that the deployment gives none."""
        account = self._parameter(
            "ServiceAccount", "The account that the Atmosphere service runs in", pattern=r"\d{12}"
        )
        name = self._parameter(
            "ServiceName",
            "The service_name of that service, which the names of its roles begin with",
            pattern=PATTERN,
            default=default,
        )
        return _Service(account, ServiceName(name))

    def _for_tests(self) -> str:
        """The condition that tests get the role."""
        use = self._parameter(
            "Use",
            "`tests` for a role that tests get, `cleaning` for the environment's cleaner_role",
            pattern="(tests|cleaning)",
            default="tests",
        )
        return CfnCondition(self, "IsForTests", expression=Fn.condition_equals(use, "tests")).logical_id

    def _operator(self) -> _Operator:
        """The role of people, where the deployment names one."""
        role = self._parameter(
            "OperatorRole",
            "The ARN of a role, without wildcards, whose people may assume this one: for `environment doctor` and "
            "`cleanup plan` and `verify`; they are administrators here; else empty",
            pattern=r"(arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]{1,576})?",
            default="",
        )
        named = CfnCondition(self, "HasOperator", expression=Fn.condition_not(Fn.condition_equals(role, "")))
        return _Operator(role, named.logical_id)

    def _boundary(self, policy: str) -> str:
        """The boundary of the role, where the deployment names a role to protect from it."""
        protected = self._parameter(
            "ProtectedRole",
            "The name of the cleaner_role, if a permissions boundary is to protect it from this role; else empty",
            pattern=r"[\w+=,.@-]{0,64}",
            default="",
        )
        is_bounded = CfnCondition(self, "IsBounded", expression=Fn.condition_not(Fn.condition_equals(protected, "")))
        boundary = iam.CfnManagedPolicy(
            self, "Boundary", managed_policy_name=policy, policy_document=_boundary(policy, protected)
        )
        boundary.cfn_options.condition = is_bounded
        return Fn.condition_if(is_bounded.logical_id, boundary.ref, Aws.NO_VALUE).to_string()

    def _parameter(self, name: str, description: str, *, pattern: str, default: str | None = None) -> str:
        made = CfnParameter(self, name, description=description, allowed_pattern=f"^{pattern}$", default=default)
        return made.value_as_string


class _Operator(NamedTuple):
    """The ARN of the role of people, and the condition that it is named."""

    role: str
    named: str

    def statement(self, demanded: dict[str, Any]) -> dict[str, Any]:
        """Its account and its ARN, because a role as the principal would have to exist already.

        Both selections find something in an empty ARN too, because CloudFormation may look before it decides. The
        second form of the ARN is the embedded AWS's, as in `_arns`.
        """
        account = Fn.select(4, Fn.split(":", Fn.join("", [self.role, ":::::"])))
        name = Fn.select(1, Fn.split("/", Fn.join("", [self.role, "//"])))
        return {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{Aws.PARTITION}:iam::{account}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnEquals": {
                    "aws:PrincipalArn": [self.role, f"arn:{Aws.PARTITION}:sts::{account}:assumed-role/{name}/*"]
                },
                "StringEquals": demanded,
            },
        }


class _Service(NamedTuple):
    """Which service may become the role."""

    account: str
    name: ServiceName


def _trust(
    service: _Service, external_id: str, has_external_id: str, for_tests: str, operator: _Operator
) -> dict[str, Any]:
    """CloudFormation may not become the cleaner's role, or a test could pass that role to it."""
    demanded = {"Fn::If": [has_external_id, {"sts:ExternalId": external_id}, {"Ref": "AWS::NoValue"}]}
    by_the_service = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{Aws.PARTITION}:iam::{service.account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnLike": {
                "aws:PrincipalArn": {
                    "Fn::If": [for_tests, _arns(service, *ASSUMED_BY), _arns(service, FunctionName.CLEANUP)]
                }
            },
            "StringLike": {"sts:RoleSessionName": {"Fn::If": [for_tests, f"{TEST_SESSION}*", f"{CLEANUP_SESSION}.*"]}},
            "StringEquals": demanded,
        },
    }
    by_cloudformation = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    also = {"Fn::If": [for_tests, by_cloudformation, {"Ref": "AWS::NoValue"}]}
    by_people = {"Fn::If": [operator.named, operator.statement(demanded), {"Ref": "AWS::NoValue"}]}
    return {"Version": "2012-10-17", "Statement": [by_the_service, also, by_people]}


def _arns(service: _Service, *functions: FunctionName) -> list[str]:
    """Roles are named twice because the key holds a role's ARN on AWS and a session's on the embedded AWS."""
    roles = [deployed_name(service.name, function) for function in functions]
    return [
        *(f"arn:{Aws.PARTITION}:iam::{service.account}:role/{role}" for role in roles),
        *(f"arn:{Aws.PARTITION}:sts::{service.account}:assumed-role/{role}/*" for role in roles),
    ]


def _boundary(policy: str, protected: str) -> dict[str, Any]:
    """All but what touches the cleaner's role or this boundary, and no identity that is not bounded by it too."""
    account = f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}"
    own = f"{account}:policy/{policy}"
    deny: dict[str, Any] = {"Effect": "Deny"}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Sid": "ProtectCleaner", **deny, "Action": "iam:*", "Resource": f"{account}:role/{protected}"},
            {"Sid": "ProtectBoundary", **deny, "Action": _CHANGES_OF_POLICIES, "Resource": own},
            {"Sid": "KeepBoundaries", **deny, "Action": _REMOVALS, "Resource": "*"},
            {
                "Sid": "DemandBoundaries",
                **deny,
                "Action": _DEMANDED,
                "Resource": "*",
                "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": own}},
            },
        ],
    }


_CHANGES_OF_POLICIES: Final = [
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:SetDefaultPolicyVersion",
]
_REMOVALS: Final = ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"]
_DEMANDED: Final = [
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PutRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
]
"""What makes an identity, or gives one more permissions: only where the boundary limits it."""
