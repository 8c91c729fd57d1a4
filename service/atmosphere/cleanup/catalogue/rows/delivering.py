"""What builds, configures and watches applications: CodeCommit to Synthetics, Image Builder, merged APIs.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Any, Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.plain import first, plain
from atmosphere.cleanup.catalogue.renamed import Renamed
from atmosphere.cleanup.catalogue.row import Call, Listing, Row

_CODE: Final = (
    Renamed(
        name="AWS::CodeCommit::Repository",
        service="codecommit",
        listing=Listing("list_repositories", "repositoryId"),
        names=Listing("list_repositories", "join('|', [repositoryId, repositoryName])"),
        remove=Call("delete_repository"),
        errors=Errors(absent=("RepositoryDoesNotExistException",)),
    ),
    plain(  # its reports go along
        "CodeBuild::ReportGroup",
        "codebuild",
        Listing("list_report_groups"),
        Call("delete_report_group", fixed={"deleteReports": True}),
        see="batch_get_report_groups",
        shows="reportGroups",
        ending="reportGroups[0].status == 'DELETING'",
    ),
    plain(  # machines that are paid for while they wait for a build
        "CodeBuild::Fleet",
        "codebuild",
        Listing("list_fleets", members="fleets"),
        "delete_fleet",
        see="batch_get_fleets",
        shows="fleets",
        ending="fleets[0].status.statusCode == 'DELETING'",
        busy="InvalidInputException",
        stage=Stage.SLOW,
    ),
    plain(  # its deployment groups go along
        "CodeDeploy::Application",
        "codedeploy",
        Listing("list_applications"),
        "delete_application",
        see="get_application",
        absent="ApplicationDoesNotExistException",
    ),
    plain(
        "CodeDeploy::DeploymentConfig",
        "codedeploy",
        Listing("list_deployment_configs", unless="starts_with(@, 'CodeDeployDefault.')"),
        "delete_deployment_config",
        see="get_deployment_config",
        absent="DeploymentConfigDoesNotExistException",
        busy="DeploymentConfigInUseException",
        after=("AWS::CodeDeploy::Application",),
    ),
)

_STOP_CANARY: Final = first("stop_canary", when="Canary.Status.State == 'RUNNING'")

_CONFIGURATIONS: Final = (
    plain(  # its branches and domains go along
        "Amplify::App",
        "amplify",
        Listing("list_apps", "appArn", "createTime"),
        "delete_app",
        see="get_app",
        parts=r".*:apps/(.+)",
        absent="NotFoundException",
        busy="DependentServiceFailureException",
    ),
    plain(  # hosted versions go with their profile
        "AppConfig::Application",
        "appconfig",
        Listing("list_applications", "Id"),
        "delete_application",
        see="get_application",
        strip=tuple(
            first(
                f"delete_{part}",
                "ApplicationId",
                key,
                each=Listing(f"list_{part}s", "Id"),
                DeletionProtectionCheck="BYPASS",
            )
            for part, key in (("environment", "EnvironmentId"), ("configuration_profile", "ConfigurationProfileId"))
        ),
        busy="BadRequestException ConflictException",
    ),
    plain(
        "AppConfig::DeploymentStrategy",
        "appconfig",
        Listing("list_deployment_strategies", "Id", unless="starts_with(Id, 'AppConfig.')"),
        "delete_deployment_strategy",
        see="get_deployment_strategy",
        busy="BadRequestException",
    ),
    plain(  # its functions and layers go along
        "Synthetics::Canary",
        "synthetics",
        Listing("describe_canaries", "Name", "Id", members="Canaries"),
        Call("delete_canary", fixed={"DeleteLambda": True}),
        see="get_canary",
        halt=(_STOP_CANARY,),
        strip=(_STOP_CANARY,),
        ending="Canary.Status.State == 'DELETING'",
    ),
)


def _image(kind: str, thing: str, listing: Listing, *after: str, **more: Any) -> Row:
    """A request about what is not there is as invalid as any other: the listing tells."""
    return plain(
        f"ImageBuilder::{kind}",
        "imagebuilder",
        listing,
        f"delete_{thing}",
        absent="ResourceNotFoundException InvalidRequestException",
        busy="ResourceDependencyException",
        after=tuple(f"AWS::ImageBuilder::{each}" for each in after),
        **more,
    )


def _own(things: str) -> Listing:
    return Listing(f"list_{things}", "arn", "dateCreated", {"owner": "Self"})


def _builds(thing: str) -> Listing:
    """Each build of each version of one's own."""
    builds = f"list_{thing}_build_versions"
    return Listing(builds, "arn", "dateCreated", parent=_own(f"{thing}s"), of=f"{thing}VersionArn")


_INFRASTRUCTURES: Final = Listing("list_infrastructure_configurations", "arn", "dateCreated")
_PIPELINES: Final = Listing("list_image_pipelines", "arn", "dateCreated", only_with=_INFRASTRUCTURES)
_CANCEL: Final = first("cancel_image_creation", "imageBuildVersionArn")

_IMAGES: Final = (
    # a pipeline has an infrastructure, which cannot be deleted before it
    _image("ImagePipeline", "image_pipeline", _PIPELINES),
    _image("Image", "image", _builds("image"), "ImagePipeline", rare=(_CANCEL,)),
    _image("LifecyclePolicy", "lifecycle_policy", Listing("list_lifecycle_policies", "arn", "dateCreated")),
    _image("InfrastructureConfiguration", "infrastructure_configuration", _INFRASTRUCTURES, "ImagePipeline"),
    _image(
        "DistributionConfiguration",
        "distribution_configuration",
        Listing("list_distribution_configurations", "arn", "dateCreated"),
        "ImagePipeline",
    ),
    _image("ImageRecipe", "image_recipe", _own("image_recipes"), "ImagePipeline"),
    _image("ContainerRecipe", "container_recipe", _own("container_recipes"), "ImagePipeline"),
    _image("Component", "component", _builds("component"), "ImageRecipe", "ContainerRecipe"),
    _image("Workflow", "workflow", _builds("workflow"), "ImagePipeline"),
)

_MERGED: Final = Listing("list_source_api_associations", "associationArn", parent=Listing("list_graphql_apis", "apiId"))

_APIS: Final = (
    plain(  # both APIs list it
        "AppSync::SourceApiAssociation",
        "appsync",
        _MERGED,
        Call("disassociate_source_graphql_api", ("mergedApiIdentifier", "associationId")),
        see=Call("get_source_api_association", ("mergedApiIdentifier", "associationId")),
        parts=r".*:apis/([^/]+)/sourceApiAssociations/(.+)",
        ending="starts_with(sourceApiAssociation.sourceApiAssociationStatus, 'DELETION_')",
        absent="NotFoundException",
        busy="ConcurrentModificationException",
        stage=Stage.SLOW,
    ),
)

ROWS: Final = (*_CODE, *_CONFIGURATIONS, *_IMAGES, *_APIS)
