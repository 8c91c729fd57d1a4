"""CodeBuild and CodePipeline, and what watches an account: CloudTrail and Config.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_STOP_RECORDING: Final = Step(call=Call("stop_configuration_recorder"))

ROWS: Final = (
    Row(
        name="AWS::CodeBuild::Project",
        service="codebuild",
        listing=Listing("list_projects"),
        see=Call("batch_get_projects"),
        shows="projects",
        remove=Call("delete_project"),
    ),
    Row(
        name="AWS::CodePipeline::Pipeline",
        service="codepipeline",
        listing=Listing("list_pipelines", "name", "created"),
        see=Call("get_pipeline"),
        halt=(
            Step(
                call=Call("stop_pipeline_execution", ("pipelineName", "pipelineExecutionId"), {"abandon": True}),
                each=Listing("list_pipeline_executions", "pipelineExecutionId", unless="status != 'InProgress'"),
            ),
        ),
        remove=Call("delete_pipeline"),
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
            "Name",
            fixed={"includeShadowTrails": False},
            unless="IsOrganizationTrail",
            members="trailList",
        ),
        see=Call("get_trail"),
        halt=(Step(call=Call("stop_logging")),),
        remove=Call("delete_trail"),
        errors=Errors(absent=("TrailNotFoundException",), busy=("ConflictException",)),
    ),
    Row(
        name="AWS::Config::ConfigRule",
        service="config",
        # one that a service has made is deleted by that service
        listing=Listing("describe_config_rules", "ConfigRuleName", "ConfigRuleId", unless="CreatedBy"),
        see=Call("describe_config_rules", "ConfigRuleNames"),
        ending="ConfigRules[0].ConfigRuleState == 'DELETING'",
        rare=(Step(call=Call("delete_remediation_configuration")),),
        remove=Call("delete_config_rule"),
        errors=Errors(
            absent=("NoSuchConfigRuleException", "NoSuchRemediationConfigurationException"),
            busy=("ResourceInUseException", "RemediationInProgressException"),
        ),
    ),
    Row(
        name="AWS::Config::ConfigurationRecorder",
        service="config",
        listing=Listing(
            "describe_configuration_recorders", "name", unless="servicePrincipal", members="ConfigurationRecorders"
        ),
        see=Call("describe_configuration_recorders", "ConfigurationRecorderNames"),
        halt=(_STOP_RECORDING,),
        remove=Call("delete_configuration_recorder"),
        errors=Errors(absent=("NoSuchConfigurationRecorderException",)),
    ),
    # A name of ours: CloudFormation has no such type. The id is the service that it is for.
    Row(
        name="AWS::Config::ServiceLinkedRecorder",
        service="config",
        listing=Listing("list_configuration_recorders", "servicePrincipal", "name", unless="!servicePrincipal"),
        see=Call("describe_configuration_recorders", "ServicePrincipal"),
        remove=Call("delete_service_linked_configuration_recorder", "ServicePrincipal"),
        errors=Errors(absent=("NoSuchConfigurationRecorderException",), busy=("ConflictException",)),
    ),
    # its rules go along with it
    Row(
        name="AWS::Config::ConformancePack",
        service="config",
        listing=Listing("describe_conformance_packs", "ConformancePackName", "ConformancePackId", unless="CreatedBy"),
        see=Call("describe_conformance_packs", "ConformancePackNames"),
        remove=Call("delete_conformance_pack"),
        errors=Errors(absent=("NoSuchConformancePackException",), busy=("ResourceInUseException",)),
    ),
    Row(
        name="AWS::Config::DeliveryChannel",
        service="config",
        after=("AWS::Config::ConfigurationRecorder",),
        listing=Listing("describe_delivery_channels", "name", members="DeliveryChannels"),
        see=Call("describe_delivery_channels", "DeliveryChannelNames"),
        remove=Call("delete_delivery_channel"),
        errors=Errors(absent=("NoSuchDeliveryChannelException",), busy=("LastDeliveryChannelDeleteFailedException",)),
    ),
)
