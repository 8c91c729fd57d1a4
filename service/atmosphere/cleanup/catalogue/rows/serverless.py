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
    each=Listing("list_executions", "executionArn", fixed={"statusFilter": "RUNNING"}, of="stateMachineArn"),
)

ROWS: Final = (
    Row(
        name="AWS::Lambda::LayerVersion",
        service="lambda",
        listing=Listing(
            "list_layer_versions", "LayerVersionArn", "CreatedDate", parent=Listing("list_layers", "LayerName")
        ),
        see=Call("get_layer_version_by_arn"),
        parts=r"(.*:layer:([^:]+):\d+)",
        remove=Call("delete_layer_version", ("", "LayerName"), seen={"VersionNumber": "Version"}),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
    Row(
        name="AWS::Lambda::EventSourceMapping",
        service="lambda",
        listing=Listing("list_event_source_mappings", "UUID"),
        see=Call("get_event_source_mapping"),
        ending="State == 'Deleting'",
        halt=(
            Step(
                call=Call("update_event_source_mapping", fixed={"Enabled": False}),
                when="State == 'Enabled' || State == 'Enabling'",
            ),
        ),
        remove=Call("delete_event_source_mapping"),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ResourceInUseException",)),
    ),
    Row(
        name="AWS::Lambda::CodeSigningConfig",
        service="lambda",
        after=("AWS::Lambda::Function",),
        listing=Listing("list_code_signing_configs", "CodeSigningConfigArn"),
        see=Call("get_code_signing_config"),
        remove=Call("delete_code_signing_config"),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ResourceConflictException",)),
    ),
    Row(
        name="AWS::Scheduler::Schedule",
        service="scheduler",
        # CloudFormation's id is the name alone, although each group has names of its own: ours tells groups but the
        # default one
        listing=Listing(
            "list_schedules", "GroupName == 'default' && Name || join('|', [GroupName, Name])", "CreationDate"
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
        listing=Listing("list_schedule_groups", "Name", "CreationDate", unless="Name == 'default'"),
        see=Call("get_schedule_group"),
        ending="State == 'DELETING'",
        remove=Call("delete_schedule_group"),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ConflictException",)),
    ),
    Row(
        name="AWS::Pipes::Pipe",
        service="pipes",
        listing=Listing("list_pipes", "Name", "CreationTime"),
        see=Call("describe_pipe"),
        ending="CurrentState == 'DELETING'",
        halt=(Step(call=Call("stop_pipe"), when="DesiredState == 'RUNNING'"),),
        remove=Call("delete_pipe"),
        errors=Errors(absent=("NotFoundException",), busy=("ConflictException",)),
    ),
    Row(
        name="AWS::StepFunctions::StateMachine",
        service="stepfunctions",
        listing=Listing("list_state_machines", "stateMachineArn", "creationDate"),
        see=Call("describe_state_machine"),
        halt=(_RUNNING,),
        strip=(_RUNNING,),  # it is there until its last execution has ended
        remove=Call("delete_state_machine"),
        errors=Errors(
            absent=("StateMachineDoesNotExist", "ExecutionDoesNotExist"), under_way=("StateMachineDeleting",)
        ),
    ),
    Row(
        name="AWS::StepFunctions::Activity",
        service="stepfunctions",
        listing=Listing("list_activities", "activityArn", "creationDate"),
        see=Call("describe_activity"),
        remove=Call("delete_activity"),
        errors=Errors(absent=("ActivityDoesNotExist",)),
    ),
)
