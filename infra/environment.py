"""The stack `atmosphere-environment`: the role of an environment through which tests work and cleaning cleans.

It is deployed once for each role in each environment's account, before that is registered, and needs nothing
there: no bootstrap, no asset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Aws, BootstraplessSynthesizer, CfnCondition, CfnOutput, CfnParameter, Fn, Stack
from aws_cdk import aws_iam as iam

from atmosphere.contract import TEST_SESSION, FunctionName
from infra.constructs.functions import deployed_name

if TYPE_CHECKING:
    from constructs import Construct

ASSUMED_BY: Final = (FunctionName.ALLOCATE, FunctionName.REFRESH, FunctionName.CLEANUP)


class EnvironmentStack(Stack):
    """An administrator that only the service may become, and CloudFormation for it while it deletes stacks."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Atmosphere: the role of one environment, assumed by the service for tests and for cleaning",
            synthesizer=BootstraplessSynthesizer(),
        )
        service = self._parameter(
            "ServiceAccount", "The account that the Atmosphere service runs in", pattern=r"\d{12}"
        )
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
            assume_role_policy_document=_trust(service, external_id, has_external_id.logical_id),
        )
        CfnOutput(self, "RoleArn", value=role.attr_arn)

    def _parameter(self, name: str, description: str, *, pattern: str, default: str | None = None) -> str:
        made = CfnParameter(self, name, description=description, allowed_pattern=f"^{pattern}$", default=default)
        return made.value_as_string


def _trust(service: str, external_id: str, has_external_id: str) -> dict[str, Any]:
    """Roles are named twice because the key holds a role's ARN on AWS and a session's on the embedded AWS."""
    names = [deployed_name(name) for name in ASSUMED_BY]
    arns = [
        *(f"arn:{Aws.PARTITION}:iam::{service}:role/{name}" for name in names),
        *(f"arn:{Aws.PARTITION}:sts::{service}:assumed-role/{name}/*" for name in names),
    ]
    demanded = {"Fn::If": [has_external_id, {"sts:ExternalId": external_id}, {"Ref": "AWS::NoValue"}]}
    by_the_service = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{Aws.PARTITION}:iam::{service}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnLike": {"aws:PrincipalArn": arns},
            "StringLike": {"sts:RoleSessionName": f"{TEST_SESSION}*"},
            "StringEquals": demanded,
        },
    }
    by_cloudformation = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return {"Version": "2012-10-17", "Statement": [by_the_service, by_cloudformation]}
