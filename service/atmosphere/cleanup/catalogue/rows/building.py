"""CodeBuild and CodePipeline, and what watches an account: CloudTrail and Config.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_STOP_RECORDING: Final = Step(call=Call("stop_configuration_recorder", "ConfigurationRecorderName"))

ROWS: Final = (
    Row(
        name="AWS::CodeBuild::Project",
        service="codebuild",
        listing=Listing("list_projects", "projects"),
        see=Call("batch_get_projects", "names", wrap=True),
        shows="projects",
        remove=Call("delete_project", "name"),
    ),
    Row(
        name="AWS::CodePipeline::Pipeline",
        service="codepipeline",
        listing=Listing("list_pipelines", "pipelines", "name", "created"),
        see=Call("get_pipeline", "name"),
        halt=(
            Step(
                call=Call("stop_pipeline_execution", ("pipelineName", "pipelineExecutionId"), {"abandon": True}),
                each=Listing(
                    "list_pipeline_executions",
                    "pipelineExecutionSummaries",
                    "pipelineExecutionId",
                    unless="status != 'InProgress'",
                    of="pipelineName",
                ),
            ),
        ),
        remove=Call("delete_pipeline", "name"),
        errors=Errors(
            absent=("PipelineNotFoundException", "PipelineExecutionNotStoppableException"),
            under_way=("DuplicatedStopRequestException",),
            busy=("ConcurrentModificationException",),
        ),
    ),
    # a trail goes on filling its bucket until it is stopped; one of the organisation's is the organisation's
    Row(
        name="AWS::CloudTrail::Trail",
        service="cloudtrail",
        listing=Listing(
            "describe_trails",
            "trailList",
            "Name",
            fixed={"includeShadowTrails": False},
            unless="IsOrganizationTrail",
        ),
        see=Call("get_trail", "Name"),
        halt=(Step(call=Call("stop_logging", "Name")),),
        remove=Call("delete_trail", "Name"),
        errors=Errors(absent=("TrailNotFoundException",), busy=("ConflictException",)),
    ),
    Row(
        name="AWS::Config::ConfigRule",
        service="config",
        # one that a service has made is deleted by that service
        listing=Listing("describe_config_rules", "ConfigRules", "ConfigRuleName", "ConfigRuleId", unless="CreatedBy"),
        see=Call("describe_config_rules", "ConfigRuleNames", wrap=True),
        ending="ConfigRules[0].ConfigRuleState == 'DELETING'",
        remove=Call("delete_config_rule", "ConfigRuleName"),
        errors=Errors(absent=("NoSuchConfigRuleException",), busy=("ResourceInUseException",)),
    ),
    Row(
        name="AWS::Config::ConfigurationRecorder",
        service="config",
        listing=Listing(
            "describe_configuration_recorders", "ConfigurationRecorders", "name", unless="servicePrincipal"
        ),
        see=Call("describe_configuration_recorders", "ConfigurationRecorderNames", wrap=True),
        halt=(_STOP_RECORDING,),
        remove=Call("delete_configuration_recorder", "ConfigurationRecorderName"),
        errors=Errors(absent=("NoSuchConfigurationRecorderException",)),
    ),
    Row(
        name="AWS::Config::DeliveryChannel",
        service="config",
        after=("AWS::Config::ConfigurationRecorder",),
        listing=Listing("describe_delivery_channels", "DeliveryChannels", "name"),
        see=Call("describe_delivery_channels", "DeliveryChannelNames", wrap=True),
        remove=Call("delete_delivery_channel", "DeliveryChannelName"),
        errors=Errors(absent=("NoSuchDeliveryChannelException",), busy=("LastDeliveryChannelDeleteFailedException",)),
    ),
)
