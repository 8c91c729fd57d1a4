"""Seeds of what runs and triggers by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Backend, Rule, Seed, StandIn
from tests.cleanup.catalogue.seeds.common import code, function_arn, role_arn
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _layer(clients: Clients) -> str:
    """The second version of a layer, beside the first."""
    for _ in range(2):
        layer = clients("lambda").publish_layer_version(LayerName="seeded-layer", Content={"ZipFile": code()})
    arn: str = layer["LayerVersionArn"]
    return arn


def _mapping(clients: Clients) -> str:
    function_arn(clients, "seeded-mapping-function")
    sqs = clients("sqs")
    url = sqs.create_queue(QueueName="seeded-mapping-queue")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    identity: str = clients("lambda").create_event_source_mapping(
        EventSourceArn=queue, FunctionName="seeded-mapping-function"
    )["UUID"]
    return identity


def _polls(clients: Clients, identity: str) -> object:
    return clients("lambda").get_event_source_mapping(UUID=identity)["State"] == "Enabled"


class SigningConfigs:
    """Code signing, which no backend has."""

    def __init__(self) -> None:
        self._there: list[str] = []

    def create_code_signing_config(self, **_: Any) -> dict[str, Any]:
        self._there.append("arn:aws:lambda:us-east-1:222222222222:code-signing-config:csc-0123456789abcdef0")
        return self.get_code_signing_config(CodeSigningConfigArn=self._there[-1])

    def list_code_signing_configs(self) -> dict[str, Any]:
        return {"CodeSigningConfigs": [{"CodeSigningConfigArn": arn} for arn in self._there]}

    def get_code_signing_config(self, *, CodeSigningConfigArn: str) -> dict[str, Any]:  # noqa: N803
        if CodeSigningConfigArn not in self._there:
            raise refuse("ResourceNotFoundException", "no such configuration")
        return {"CodeSigningConfig": {"CodeSigningConfigArn": CodeSigningConfigArn}}

    def delete_code_signing_config(self, *, CodeSigningConfigArn: str) -> dict[str, Any]:  # noqa: N803
        self.get_code_signing_config(CodeSigningConfigArn=CodeSigningConfigArn)
        self._there.remove(CodeSigningConfigArn)
        return {}


def _signing_config(clients: Clients) -> str:
    profile = "arn:aws:signer:us-east-1:222222222222:/signing-profiles/seeded/0123456789"
    arn: str = clients("lambda").create_code_signing_config(AllowedPublishers={"SigningProfileVersionArns": [profile]})[
        "CodeSigningConfig"
    ]["CodeSigningConfigArn"]
    return arn


# --- schedules and pipes ----------------------------------------------------------------------------------------------


def _schedule(clients: Clients, name: str, **group: str) -> None:
    clients("scheduler").create_schedule(
        Name=name,
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:sqs:us-east-1:222222222222:seeded-schedule-queue",
            "RoleArn": role_arn(clients, "seeded-schedule-role", "scheduler"),
        },
        **group,
    )


def _default_schedule(clients: Clients) -> str:
    _schedule(clients, "seeded-schedule")
    return "seeded-schedule"


def _grouped_schedule(clients: Clients) -> str:
    """Of a group, beside one of the same name in the default group."""
    clients("scheduler").create_schedule_group(Name="seeded-schedule-group")
    _schedule(clients, "seeded-schedule-twice")
    _schedule(clients, "seeded-schedule-twice", GroupName="seeded-schedule-group")
    return "seeded-schedule-group|seeded-schedule-twice"


def _is_scheduled(clients: Clients, identity: str) -> object:
    group, _, name = identity.rpartition("|")
    schedules = clients("scheduler").list_schedules(GroupName=group or "default", NamePrefix=name)["Schedules"]
    return [schedule for schedule in schedules if schedule["State"] == "ENABLED"]


def _group(clients: Clients) -> str:
    clients("scheduler").create_schedule_group(Name="seeded-group-of-schedules")
    _schedule(clients, "seeded-schedule-of-group", GroupName="seeded-group-of-schedules")
    return "seeded-group-of-schedules"


def _pipe(clients: Clients) -> str:
    clients("pipes").create_pipe(
        Name="seeded-pipe",
        RoleArn=role_arn(clients, "seeded-pipe-role", "pipes"),
        Source="arn:aws:sqs:us-east-1:222222222222:seeded-pipe-source",
        Target="arn:aws:sqs:us-east-1:222222222222:seeded-pipe-target",
        DesiredState="RUNNING",
    )
    return "seeded-pipe"


def _pipe_runs(clients: Clients, identity: str) -> object:
    return clients("pipes").describe_pipe(Name=identity)["DesiredState"] == "RUNNING"


# --- state machines ---------------------------------------------------------------------------------------------------

_WAITS: Final = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def _machine(clients: Clients, name: str, kind: str) -> str:
    arn: str = clients("stepfunctions").create_state_machine(
        name=name,
        type=kind,
        definition=json.dumps(_WAITS),
        roleArn=role_arn(clients, "seeded-machine-role", "states"),
    )["stateMachineArn"]
    return arn


def _standard(clients: Clients) -> str:
    """With two executions that last."""
    arn = _machine(clients, "seeded-machine", "STANDARD")
    for _ in range(2):
        clients("stepfunctions").start_execution(stateMachineArn=arn)
    return arn


def _express(clients: Clients) -> str:
    return _machine(clients, "seeded-express-machine", "EXPRESS")


def _executes(clients: Clients, identity: str) -> object:
    return clients("stepfunctions").list_executions(stateMachineArn=identity, statusFilter="RUNNING")["executions"]


def _still_executes(clients: Clients, asked: Mapping[str, Any]) -> object:
    machines = clients("stepfunctions").list_state_machines()["stateMachines"]
    arn = asked["stateMachineArn"]
    return arn in [machine["stateMachineArn"] for machine in machines] and _executes(clients, arn)


def _is_express(clients: Clients, asked: Mapping[str, Any]) -> object:
    machine = clients("stepfunctions").describe_state_machine(stateMachineArn=asked["stateMachineArn"])
    return machine["type"] == "EXPRESS"


def _activity(clients: Clients) -> str:
    arn: str = clients("stepfunctions").create_activity(name="seeded-activity")["activityArn"]
    return arn


SEEDS: Final = (
    # moto cannot look one up by its ARN
    Seed(type="AWS::Lambda::LayerVersion", make=_layer, on=Backend.EMULATOR, others=1),
    Seed(type="AWS::Lambda::EventSourceMapping", make=_mapping, running=_polls),
    Seed(type="AWS::Lambda::CodeSigningConfig", make=_signing_config, stand_ins=(StandIn("lambda", SigningConfigs),)),
    Seed(type="AWS::Scheduler::Schedule", make=_default_schedule, running=_is_scheduled),
    Seed(type="AWS::Scheduler::Schedule", what="of-a-group", make=_grouped_schedule, running=_is_scheduled, others=1),
    Seed(type="AWS::Scheduler::ScheduleGroup", make=_group),
    Seed(type="AWS::Pipes::Pipe", make=_pipe, running=_pipe_runs),
    Seed(
        type="AWS::StepFunctions::StateMachine",
        make=_standard,
        running=_executes,
        # AWS lets it linger as long as something runs; moto deletes it at once
        rules=(Rule("DeleteStateMachine", "StillExecuting", _still_executes),),
    ),
    Seed(
        type="AWS::StepFunctions::StateMachine",
        what="express",
        make=_express,
        rules=(Rule("ListExecutions", "StateMachineTypeNotSupported", _is_express),),
        spare=("stop_execution",),
    ),
    Seed(type="AWS::StepFunctions::Activity", make=_activity),
)
