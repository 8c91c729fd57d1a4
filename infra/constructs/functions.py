"""One Lambda function of `contract.FUNCTIONS`: code, variables, a role of its own, a log group of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from atmosphere.contract import METRICS_NAMESPACE, SERVICE_VARIABLE, Env, Function, FunctionName
from infra import assets
from infra.names import ServiceName, deployed_name
from infra.target import RUNTIME, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_logs as logs
    from constructs import Construct

    from infra.constructs.logs import Keeping

_RUNTIMES: Final = {"3.13": lambda_.Runtime.PYTHON_3_13, "3.14": lambda_.Runtime.PYTHON_3_14}


def powertools(service: ServiceName) -> dict[str, str]:
    """Variables of Powertools; lines of logs, metrics and events carry the service's name."""
    return {SERVICE_VARIABLE: service, "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE}


def make_function(
    scope: Construct,
    function: Function,
    *,
    service_name: ServiceName,
    target: Target,
    values: Mapping[Env, str],
    grants: Sequence[iam.PolicyStatement],
    keeping: Keeping,
    reserved: int | None = None,
) -> lambda_.Function:
    """The function with exactly the variables that the contract gives it, taken from `values`.

    `reserved` executions are set apart for it, and it gets no more.
    """
    title, deployed = function.name.title(), deployed_name(service_name, function.name)
    # what made a first deployment fail has to be readable when the stack was rolled back
    outlives = function.name is FunctionName.PUBLISH
    log_group = keeping.group(scope, f"{title}Logs", None if outlives else f"/aws/lambda/{deployed}")
    asset = assets.build(function.services, target, verifies_tokens=function.verifies_tokens)
    return lambda_.Function(
        scope,
        f"{title}Function",
        function_name=deployed,
        description=function.purpose,
        runtime=_RUNTIMES[RUNTIME],
        architecture=lambda_.Architecture.ARM_64,
        handler=function.handler,
        code=lambda_.Code.from_asset(str(asset.directory), asset_hash=asset.digest),
        timeout=Duration.seconds(function.timeout),
        memory_size=function.memory,
        environment={**{each.value: values[each] for each in function.variables}, **powertools(service_name)},
        role=_role(scope, f"{title}Role", deployed, log_group, grants),
        log_group=log_group,
        reserved_concurrent_executions=reserved,
    )


def _role(
    scope: Construct, construct_id: str, name: str, log_group: logs.LogGroup, grants: Sequence[iam.PolicyStatement]
) -> iam.Role:
    """The policy is part of the role, so that nothing runs before it is there."""
    writes_logs = iam.PolicyStatement(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]
    )
    return iam.Role(
        scope,
        construct_id,
        role_name=name,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={"own": iam.PolicyDocument(statements=[writes_logs, *grants])},
    )
