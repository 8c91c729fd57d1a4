"""Seeds of CodeBuild, CodePipeline, CloudTrail and Config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Backend, Seed, StandIn
from tests.cleanup.catalogue.seeds.common import role_arn
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from tests.cleanup.catalogue.frame import Clients


def _project(clients: Clients) -> str:
    clients("codebuild").create_project(
        name="seeded-project",
        source={"type": "S3", "location": "seeded/source.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=role_arn(clients, "seeded-project-role", "codebuild"),
    )
    return "seeded-project"


class Executions:
    """One execution of each pipeline, going on until it is stopped: moto does not let them be stopped."""

    def __init__(self) -> None:
        self._status: dict[str, str] = {}

    def list_pipeline_executions(self, *, pipelineName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        status = self._status.setdefault(pipelineName, "InProgress")
        return {"pipelineExecutionSummaries": [{"pipelineExecutionId": "execution", "status": status}]}

    def stop_pipeline_execution(self, *, pipelineName: str, abandon: bool, **_: Any) -> dict[str, Any]:  # noqa: N803
        if self._status[pipelineName] != "InProgress":
            raise refuse("PipelineExecutionNotStoppableException", "it has ended")
        self._status[pipelineName] = "Stopped" if abandon else "Stopping"
        return {"pipelineExecutionId": "execution"}


def _pipeline(clients: Clients) -> str:
    clients("s3").create_bucket(Bucket="seeded-pipeline-bucket")
    actions: tuple[tuple[str, dict[str, str]], ...] = (
        ("Source", {"S3Bucket": "seeded-pipeline-bucket", "S3ObjectKey": "source.zip"}),
        ("Approval", {}),
    )
    stages = [
        {
            "name": category,
            "actions": [
                {
                    "name": category,
                    "actionTypeId": {
                        "category": category,
                        "owner": "AWS",
                        "provider": "S3" if configuration else "Manual",
                        "version": "1",
                    },
                    "configuration": configuration,
                    "outputArtifacts": [{"name": "source"}] if configuration else [],
                }
            ],
        }
        for category, configuration in actions
    ]
    clients("codepipeline").create_pipeline(
        pipeline={
            "name": "seeded-pipeline",
            "roleArn": role_arn(clients, "seeded-pipeline-role", "codepipeline"),
            "artifactStore": {"type": "S3", "location": "seeded-pipeline-bucket"},
            "stages": stages,
        }
    )
    return "seeded-pipeline"


def _goes_on(clients: Clients, identity: str) -> object:
    found = clients("codepipeline").list_pipeline_executions(pipelineName=identity)["pipelineExecutionSummaries"]
    return [each for each in found if each["status"] == "InProgress"]


def _trail(clients: Clients) -> str:
    clients("s3").create_bucket(Bucket="seeded-trail-bucket")
    cloudtrail = clients("cloudtrail")
    cloudtrail.create_trail(Name="seeded-trail", S3BucketName="seeded-trail-bucket")
    cloudtrail.start_logging(Name="seeded-trail")
    return "seeded-trail"


def _logs(clients: Clients, identity: str) -> object:
    return clients("cloudtrail").get_trail_status(Name=identity)["IsLogging"]


def _config_rule(clients: Clients) -> str:
    _recorder(clients)
    rule = {
        "ConfigRuleName": "seeded-rule",
        "Source": {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_VERSIONING_ENABLED"},
    }
    clients("config").put_config_rule(ConfigRule=rule)
    return "seeded-rule"


def _make_recorder(clients: Clients) -> None:
    role = role_arn(clients, "seeded-recorder-role", "config")
    clients("config").put_configuration_recorder(
        ConfigurationRecorder={"name": "default", "roleARN": role, "recordingGroup": {"allSupported": True}}
    )


class Config:
    """A conformance pack and a service-linked recorder, each until it is deleted: moto knows neither."""

    def __init__(self) -> None:
        self._there: set[str] = set()

    def put_conformance_pack(self, *, ConformancePackName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._there.add(ConformancePackName)
        return {"ConformancePackArn": "arn"}

    def put_service_linked_configuration_recorder(self, *, ServicePrincipal: str) -> dict[str, Any]:  # noqa: N803
        self._there.add(ServicePrincipal)
        return {"Arn": "arn", "Name": "linked"}

    def describe_conformance_packs(
        self,
        *,
        ConformancePackNames: list[str] | None = None,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        if ConformancePackNames and not self._there.issuperset(ConformancePackNames):
            raise refuse("NoSuchConformancePackException", "there is no such pack")
        packs = self._there & {"seeded-pack"}
        return {"ConformancePackDetails": [{"ConformancePackName": each, "ConformancePackId": "1"} for each in packs]}

    def delete_conformance_pack(self, *, ConformancePackName: str) -> dict[str, Any]:  # noqa: N803
        self._take(ConformancePackName, "NoSuchConformancePackException")
        return {}

    def list_configuration_recorders(self, **_: Any) -> dict[str, Any]:
        linked = self._there & {"seeded.amazonaws.com"}
        recorders = [{"name": f"for-{each}", "servicePrincipal": each} for each in linked]
        return {"ConfigurationRecorderSummaries": [{"name": "default"}, *recorders]}

    def describe_configuration_recorders(
        self,
        *,
        ServicePrincipal: str = "",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any] | None:
        if not ServicePrincipal:
            return None
        if ServicePrincipal not in self._there:
            raise refuse("NoSuchConfigurationRecorderException", "there is no such recorder")
        return {"ConfigurationRecorders": [{"name": "linked", "servicePrincipal": ServicePrincipal}]}

    def delete_service_linked_configuration_recorder(self, *, ServicePrincipal: str) -> dict[str, Any]:  # noqa: N803
        self._take(ServicePrincipal, "NoSuchConfigurationRecorderException")
        return {"Arn": "arn", "Name": "linked"}

    def _take(self, name: str, code: str) -> None:
        if name not in self._there:
            raise refuse(code, "there is no such thing")
        self._there.remove(name)


def _pack(clients: Clients) -> str:
    clients("config").put_conformance_pack(ConformancePackName="seeded-pack", TemplateBody="Resources: {}")
    return "seeded-pack"


def _linked_recorder(clients: Clients) -> str:
    clients("config").put_service_linked_configuration_recorder(ServicePrincipal="seeded.amazonaws.com")
    return "seeded.amazonaws.com"


def _channel(clients: Clients) -> str:
    _make_recorder(clients)
    clients("config").put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "seeded-config-bucket"})
    return "default"


def _recorder(clients: Clients) -> str:
    _channel(clients)
    clients("config").start_configuration_recorder(ConfigurationRecorderName="default")
    return "default"


def _records(clients: Clients, identity: str) -> object:
    asked = {"ConfigurationRecorderNames": [identity]}
    return clients("config").describe_configuration_recorder_status(**asked)["ConfigurationRecordersStatus"][0][
        "recording"
    ]


SEEDS: Final = (
    Seed(type="AWS::CodeBuild::Project", make=_project),
    Seed(
        type="AWS::CodePipeline::Pipeline",
        make=_pipeline,
        stand_ins=(StandIn("codepipeline", Executions),),
        running=_goes_on,
    ),
    Seed(type="AWS::CloudTrail::Trail", make=_trail, running=_logs),
    Seed(type="AWS::Config::ConfigRule", make=_config_rule, on=Backend.EMULATOR),
    Seed(type="AWS::Config::ConfigurationRecorder", make=_recorder, running=_records),
    Seed(type="AWS::Config::DeliveryChannel", make=_channel),
    Seed(type="AWS::Config::ConformancePack", make=_pack, stand_ins=(StandIn("config", Config),)),
    Seed(
        type="AWS::Config::ServiceLinkedRecorder",
        make=_linked_recorder,
        stand_ins=(StandIn("config", Config),),
    ),
)
