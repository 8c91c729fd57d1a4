"""What runs and triggers by itself: event source mappings, layers, schedules, pipes, state machines.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.calls import Call, Listing, Step
from atmosphere.cleanup.catalogue.row import Row

_RUNNING: Final = Step(
    call=Call("stop_execution", ("", "executionArn")),
    when="type == 'STANDARD'",  # of express ones there is no list; they end within five minutes
    each=Listing(
        "list_executions", "executions", "executionArn", of="stateMachineArn", fixed={"statusFilter": "RUNNING"}
    ),
)

ROWS: Final = (
    Row(
        name="AWS::Lambda::LayerVersion",
        service="lambda",
        listing=Listing(
            "list_layer_versions",
            "LayerVersions",
            "LayerVersionArn",
            "CreatedDate",
            parent=Listing("list_layers", "Layers", "LayerName"),
            of="LayerName",
        ),
        see=Call("get_layer_version_by_arn", "Arn"),
        parts=r"(.*:layer:([^:]+):\d+)",
        remove=Call("delete_layer_version", ("", "LayerName"), seen={"VersionNumber": "Version"}),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::Lambda::EventSourceMapping",
        service="lambda",
        listing=Listing("list_event_source_mappings", "EventSourceMappings", "UUID"),
        see=Call("get_event_source_mapping", "UUID"),
        ending="State == 'Deleting'",
        halt=(
            Step(
                call=Call("update_event_source_mapping", "UUID", {"Enabled": False}),
                when="State == 'Enabled' || State == 'Enabling'",
            ),
        ),
        remove=Call("delete_event_source_mapping", "UUID"),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ResourceInUseException",)),
    ),
    Row(
        name="AWS::Lambda::CodeSigningConfig",
        service="lambda",
        after=("AWS::Lambda::Function",),
        listing=Listing("list_code_signing_configs", "CodeSigningConfigs", "CodeSigningConfigArn"),
        see=Call("get_code_signing_config", "CodeSigningConfigArn"),
        remove=Call("delete_code_signing_config", "CodeSigningConfigArn"),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ResourceConflictException",)),
    ),
    Row(
        name="AWS::Scheduler::Schedule",
        service="scheduler",
        # CloudFormation's id is the name alone, although each group has names of its own: ours tells groups but the
        # default one
        listing=Listing(
            "list_schedules",
            "Schedules",
            "GroupName == 'default' && Name || join('|', [GroupName, Name])",
            "CreationDate",
        ),
        see=Call("get_schedule", ("GroupName", "Name")),
        parts=r"(?:(.+)\|)?([^|]+)",
        # there is no way to switch one off without telling all of it anew: freezing one is deleting it
        halt=(Step(call=Call("delete_schedule", ("GroupName", "Name"))),),
        remove=Call("delete_schedule", ("GroupName", "Name")),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ConflictException",)),
    ),
    Row(
        name="AWS::Scheduler::ScheduleGroup",
        service="scheduler",
        after=("AWS::Scheduler::Schedule",),
        listing=Listing("list_schedule_groups", "ScheduleGroups", "Name", "CreationDate", unless="Name == 'default'"),
        see=Call("get_schedule_group", "Name"),
        ending="State == 'DELETING'",
        remove=Call("delete_schedule_group", "Name"),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ConflictException",)),
    ),
    Row(
        name="AWS::Pipes::Pipe",
        service="pipes",
        listing=Listing("list_pipes", "Pipes", "Name", "CreationTime"),
        see=Call("describe_pipe", "Name"),
        ending="CurrentState == 'DELETING'",
        halt=(Step(call=Call("stop_pipe", "Name"), when="DesiredState == 'RUNNING'"),),
        remove=Call("delete_pipe", "Name"),
        errors=Errors(absent=("NotFoundException",), busy=("ConflictException",)),
    ),
    Row(
        name="AWS::StepFunctions::StateMachine",
        service="stepfunctions",
        listing=Listing("list_state_machines", "stateMachines", "stateMachineArn", "creationDate"),
        see=Call("describe_state_machine", "stateMachineArn"),
        halt=(_RUNNING,),
        strip=(_RUNNING,),  # it is there until its last execution has ended
        remove=Call("delete_state_machine", "stateMachineArn"),
        errors=Errors(
            absent=("StateMachineDoesNotExist", "ExecutionDoesNotExist"), under_way=("StateMachineDeleting",)
        ),
    ),
    Row(
        name="AWS::StepFunctions::Activity",
        service="stepfunctions",
        listing=Listing("list_activities", "activities", "activityArn", "creationDate"),
        see=Call("describe_activity", "activityArn"),
        remove=Call("delete_activity", "activityArn"),
        errors=Errors(absent=("ActivityDoesNotExist",)),
    ),
)
