"""The cleanup's state machine: one pass after another until a pass says `done`. What it returns is the next state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from atmosphere.contract import FUNCTIONS, FunctionName
from infra.names import ServiceName, deployed_name

if TYPE_CHECKING:
    from datetime import timedelta

    from constructs import Construct

_PASS: Final = next(function for function in FUNCTIONS if function.name is FunctionName.CLEANUP)
_TASK_TIMEOUT: Final = _PASS.timeout + 10
_MARGIN: Final = 900  # seconds over the cleanup's own limit, which ends it in an orderly way

_RETRY: Final = {
    # Rides out throttling, and the moment of a first deployment when the function is not there yet. A pass may be
    # repeated at any line; one that stays silent is replaced by the reconciler.
    "ErrorEquals": ["States.ALL"],
    "IntervalSeconds": 2,
    "MaxAttempts": 5,
    "BackoffRate": 2,
    "MaxDelaySeconds": 30,
}


class CleanupMachine(sfn.StateMachine):
    """Standard, with a time-out above the cleanup's limit.

    It calls its function by name, not by reference: the publisher starts executions, all functions wait for the
    publisher, and a reference would close the circle (ADR 0005).
    """

    def __init__(self, scope: Construct, construct_id: str, *, service_name: ServiceName, limit: timedelta) -> None:
        function = Stack.of(scope).format_arn(
            service="lambda",
            resource="function",
            resource_name=deployed_name(service_name, FunctionName.CLEANUP),
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        role = iam.Role(
            scope,
            "CleanupMachineRole",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
            inline_policies={"own": _may_invoke(function)},
        )
        super().__init__(
            scope,
            construct_id,
            state_machine_name=f"{service_name}-cleanup",
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(Stack.of(scope).to_json_string(definition(function, limit))),
            role=role,
        )


def _may_invoke(function: str) -> iam.PolicyDocument:
    return iam.PolicyDocument(statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function])])


def definition(function: str, limit: timedelta) -> dict[str, Any]:
    """The Amazon States Language; `next` and `waitSeconds` are what the pass decides."""
    return {
        "Comment": "Clean one environment after one allocation",
        "TimeoutSeconds": int(limit.total_seconds()) + _MARGIN,
        "StartAt": "Pass",
        "States": {
            "Pass": {
                "Type": "Task",
                "Resource": f"arn:{Aws.PARTITION}:states:::lambda:invoke",
                "Parameters": {"FunctionName": function, "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "TimeoutSeconds": _TASK_TIMEOUT,
                "Retry": [_RETRY],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
                "Next": "Decide",
            },
            "Decide": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.next", "StringEquals": "done", "Next": "Done"}],
                "Default": "Pause",
            },
            "Pause": {"Type": "Wait", "SecondsPath": "$.waitSeconds", "Next": "Pass"},
            "Done": {"Type": "Succeed"},
            "Failed": {
                "Type": "Fail",
                "Error": "PassFailed",
                "Cause": "a pass kept failing; the reconciler starts the next attempt",
            },
        },
    }
