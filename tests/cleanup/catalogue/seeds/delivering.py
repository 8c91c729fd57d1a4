"""Seeds of what builds, configures and watches applications."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.seeds.stock import WHEN, Stock, arn
from tests.cleanup.conftest import ACCOUNT
from tests.cleanup.fakes.shelves import Kind, Service
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cleanup.fakes.shelves import Thing


_CODECOMMIT: Final = Stock(
    "codecommit",
    repository=Kind(
        lists={"list_repositories": "repositories"},
        removes="delete_repository",
        by={"repositoryName": "repositoryName"},
        like={"repositoryName": "seeded", "repositoryId": "0b1c"},
        id="{repositoryId}",
        absent="RepositoryDoesNotExistException",
    ),
)
_CODEBUILD: Final = Stock(
    "codebuild",
    group=Kind(
        lists={"list_report_groups": "reportGroups:arn", "batch_get_report_groups": "reportGroups"},
        removes="delete_report_group",
        by={"reportGroupArns": "arn", "arn": "arn"},
        like={"arn": arn("codebuild", "report-group/seeded"), "status": "ACTIVE"},
        id="{arn}",
        absent="",
    ),
    fleet=Kind(
        lists={"list_fleets": "fleets:arn", "batch_get_fleets": "fleets"},
        removes="delete_fleet",
        by={"names": "arn", "arn": "arn"},
        like={"arn": arn("codebuild", "fleet/seeded:0b1c"), "status": {"statusCode": "ACTIVE"}},
        id="{arn}",
        absent="",
    ),
)
_CODEDEPLOY: Final = Stock(
    "codedeploy",
    application=Kind(
        lists={"list_applications": "applications:applicationName"},
        shows={"get_application": "application"},
        removes="delete_application",
        by={"applicationName": "applicationName"},
        like={"applicationName": "seeded"},
        id="{applicationName}",
        absent="ApplicationDoesNotExistException",
    ),
    config=Kind(
        lists={"list_deployment_configs": "deploymentConfigsList:deploymentConfigName"},
        shows={"get_deployment_config": "deploymentConfigInfo"},
        removes="delete_deployment_config",
        by={"deploymentConfigName": "deploymentConfigName"},
        like={"deploymentConfigName": "seeded"},
        id="{deploymentConfigName}",
        absent="DeploymentConfigDoesNotExistException",
        given=({"deploymentConfigName": "CodeDeployDefault.OneAtATime"},),
    ),
)
_AMPLIFY: Final = Stock(
    "amplify",
    app=Kind(
        lists={"list_apps": "apps"},
        shows={"get_app": "app"},
        removes="delete_app",
        by={"appId": "appId"},
        like={"appId": "d1", "appArn": arn("amplify", "apps/d1"), "createTime": WHEN},
        id="{appArn}",
        absent="NotFoundException",
    ),
)


def _has_parts(_: Thing, shelves: Service) -> object:
    return shelves.shelves["environment"] or shelves.shelves["profile"]


_APPCONFIG: Final = Stock(
    "appconfig",
    application=Kind(
        lists={"list_applications": "Items"},
        shows={"get_application": ""},
        removes="delete_application",
        by={"ApplicationId": "Id"},
        like={"Id": "abc1234", "Name": "seeded"},
        id="{Id}",
        refuses=("BadRequestException", _has_parts),
    ),
    environment=Kind(
        lists={"list_environments": "Items"},
        removes="delete_environment",
        by={"EnvironmentId": "Id"},
        of={"ApplicationId": "ApplicationId"},
        like={"Id": "env1234", "ApplicationId": "abc1234"},
        id="{Id}",
    ),
    profile=Kind(
        lists={"list_configuration_profiles": "Items"},
        removes="delete_configuration_profile",
        by={"ConfigurationProfileId": "Id"},
        of={"ApplicationId": "ApplicationId"},
        like={"Id": "pro1234", "ApplicationId": "abc1234"},
        id="{Id}",
    ),
    strategy=Kind(
        lists={"list_deployment_strategies": "Items"},
        shows={"get_deployment_strategy": ""},
        removes="delete_deployment_strategy",
        by={"DeploymentStrategyId": "Id"},
        like={"Id": "str1234"},
        id="{Id}",
        given=({"Id": "AppConfig.AllAtOnce"},),
    ),
)


def _runs(canary: Thing, _: Service | None = None) -> object:
    return canary["Status"]["State"] == "RUNNING"


_SYNTHETICS: Final = Stock(
    "synthetics",
    canary=Kind(
        lists={"describe_canaries": "Canaries"},
        shows={"get_canary": "Canary"},
        removes="delete_canary",
        changes={"stop_canary": {"Status": {"State": "STOPPED"}}},
        by={"Name": "Name"},
        like={"Name": "seeded", "Id": "0b1c", "Status": {"State": "RUNNING"}},
        id="{Name}",
        refuses=("ConflictException", _runs),
    ),
)


def _image(thing: str, key: str, lists: str, *held_by: str, path: str = "seeded", **more: Any) -> Kind:
    """Deleted as invalid where it is not there, and held by what refers to it."""

    def is_held(_: Thing, shelves: Service) -> object:
        return any(shelves.shelves[each] for each in held_by)

    return Kind(
        lists={lists.partition(" ")[0]: lists.partition(" ")[2]},
        removes=f"delete_{thing}",
        by={key: "arn"},
        like={"arn": arn("imagebuilder", f"{thing.replace('_', '-')}/{path}"), "dateCreated": "2026-11-22"},
        id="{arn}",
        absent="InvalidRequestException",
        refuses=("ResourceDependencyException", is_held),
        **more,
    )


def _build(thing: str, *held_by: str, **more: Any) -> Kind:
    """A build of a version, which lists it."""
    lists = f"list_{thing}_build_versions {'image' if thing == 'image' else thing}SummaryList"
    version = arn("imagebuilder", f"{thing}/seeded/1.0.0")
    kind = _image(thing, f"{thing}BuildVersionArn", lists, *held_by, path="seeded/1.0.0/1", **more)
    return replace(kind, of={f"{thing}VersionArn": "of"}, like={**kind.like, "of": version})


def _version(thing: str) -> Kind:
    """A version of one's own, which goes with its last build."""
    return Kind(
        lists={f"list_{thing}s": f"{thing}VersionList"},
        removes="",
        by={},
        like={"arn": arn("imagebuilder", f"{thing}/seeded/1.0.0"), "dateCreated": "2026-11-22"},
        id="{arn}",
    )


def _is_building(image: Thing, _: Service) -> object:
    return image["state"]["status"] == "BUILDING"


_IMAGE: Final = _build("image", changes={"cancel_image_creation": {"state": {"status": "CANCELLED"}}})
_IMAGEBUILDER: Final = Stock(
    "imagebuilder",
    pipeline=_image("image_pipeline", "imagePipelineArn", "list_image_pipelines imagePipelineList"),
    image=replace(
        _IMAGE,
        like={**_IMAGE.like, "state": {"status": "BUILDING"}},
        refuses=("ResourceDependencyException", _is_building),
    ),
    image_version=_version("image"),
    policy=_image("lifecycle_policy", "lifecyclePolicyArn", "list_lifecycle_policies lifecyclePolicySummaryList"),
    infrastructure=_image(
        "infrastructure_configuration",
        "infrastructureConfigurationArn",
        "list_infrastructure_configurations infrastructureConfigurationSummaryList",
        "pipeline",
    ),
    distribution=_image(
        "distribution_configuration",
        "distributionConfigurationArn",
        "list_distribution_configurations distributionConfigurationSummaryList",
        "pipeline",
    ),
    recipe=_image("image_recipe", "imageRecipeArn", "list_image_recipes imageRecipeSummaryList", "pipeline"),
    container=_image(
        "container_recipe", "containerRecipeArn", "list_container_recipes containerRecipeSummaryList", "pipeline"
    ),
    component=_build("component", "recipe", "container"),
    component_version=_version("component"),
    workflow=_build("workflow", "pipeline"),
    workflow_version=_version("workflow"),
)


class Catalog(Service):
    """Portfolios and products, and what joins them with others."""

    def describe_portfolio(self, *, Id: str) -> Any:  # noqa: N803
        """With its TagOptions."""
        self._there("portfolio", Id)
        return {"PortfolioDetail": {"Id": Id}, "TagOptions": self._options(Id)}

    def describe_product_as_admin(self, *, Id: str) -> Any:  # noqa: N803
        """With its TagOptions."""
        self._there("product", Id)
        return {"ProductViewDetail": {"ProductViewSummary": {"ProductId": Id}}, "TagOptions": self._options(Id)}

    def list_principals_for_portfolio(self, *, PortfolioId: str) -> Any:  # noqa: N803
        """Of both types."""
        self._there("portfolio", PortfolioId)
        return {"Principals": self.shelves["principal"]}

    def disassociate_principal_from_portfolio(self, *, PrincipalARN: str, PrincipalType: str, **_: str) -> Any:  # noqa: N803
        """The type has to be the one that it was associated with."""
        self.shelves["principal"].remove({"PrincipalARN": PrincipalARN, "PrincipalType": PrincipalType})
        return {}

    def search_products_as_admin(self, *, PortfolioId: str | None = None, **_: str) -> Any:  # noqa: N803
        """All, or those of a portfolio."""
        joined = {each["ProductId"] for each in self.shelves["joined"] if each["PortfolioId"] == PortfolioId}
        found = [
            each["ProductId"] for each in self.shelves["product"] if not PortfolioId or each["ProductId"] in joined
        ]
        return {
            "ProductViewDetails": [{"ProductViewSummary": {"ProductId": each}, "CreatedTime": WHEN} for each in found]
        }

    def list_portfolios_for_product(self, *, ProductId: str) -> Any:  # noqa: N803
        """Those that it is in."""
        self._there("product", ProductId)
        joined = [each["PortfolioId"] for each in self.shelves["joined"] if each["ProductId"] == ProductId]
        return {"PortfolioDetails": [{"Id": each} for each in joined]}

    def _there(self, kind: str, identity: str) -> None:
        if not any(identity in each.values() for each in self.shelves[kind]):
            raise refuse("ResourceNotFoundException", f"no such {kind}")

    def _options(self, of: str) -> list[Thing]:
        return [{"Id": each["TagOptionId"]} for each in self.shelves["tagged"] if each["ResourceId"] == of]


def _uses(identity: str, kind: str, member: str) -> Callable[[Thing, Service], object]:
    """Whether something on this shelf has the thing's id in this member."""

    def holds(thing: Thing, shelves: Service) -> object:
        return [each for each in shelves.shelves[kind] if each[member] == thing[identity]]

    return holds


def _any(*rules: Callable[[Thing, Service], object]) -> Callable[[Thing, Service], object]:
    return lambda thing, shelves: any(rule(thing, shelves) for rule in rules)


_IN_USE: Final = "ResourceInUseException"
_SERVICECATALOG: Final = Stock(
    "servicecatalog",
    Catalog,
    portfolio=Kind(
        lists={"list_portfolios": "PortfolioDetails"},
        removes="delete_portfolio",
        by={"Id": "Id"},
        like={"Id": "port-1", "CreatedTime": WHEN},
        id="{Id}",
        refuses=(
            _IN_USE,
            _any(
                _uses("Id", "constraint", "PortfolioId"),
                _uses("Id", "joined", "PortfolioId"),
                _uses("Id", "tagged", "ResourceId"),
                lambda _, shelves: shelves.shelves["principal"],
            ),
        ),
    ),
    product=Kind(
        lists={},
        removes="delete_product",
        by={"Id": "ProductId"},
        like={"ProductId": "prod-1"},
        id="{ProductId}",
        refuses=(_IN_USE, _any(_uses("ProductId", "joined", "ProductId"), _uses("ProductId", "tagged", "ResourceId"))),
    ),
    option=Kind(
        lists={"list_tag_options": "TagOptionDetails"},
        shows={"describe_tag_option": "TagOptionDetail"},
        removes="delete_tag_option",
        by={"Id": "Id"},
        like={"Id": "tag-1"},
        id="{Id}",
        refuses=(_IN_USE, _uses("Id", "tagged", "TagOptionId")),
    ),
    constraint=Kind(
        lists={"list_constraints_for_portfolio": "ConstraintDetails"},
        removes="delete_constraint",
        by={"Id": "ConstraintId"},
        of={"PortfolioId": "PortfolioId"},
        like={"ConstraintId": "cons-1", "PortfolioId": "port-1"},
        id="{ConstraintId}",
    ),
    principal=Kind(
        lists={},
        removes="",
        by={},
        like={"PrincipalARN": f"arn:aws:iam::{ACCOUNT}:role/seeded", "PrincipalType": "IAM"},
        id="",
    ),
    joined=Kind(
        lists={},
        removes="disassociate_product_from_portfolio",
        by={"PortfolioId": "PortfolioId", "ProductId": "ProductId"},
        like={"PortfolioId": "port-1", "ProductId": "prod-1"},
        id="",
    ),
    tagged=Kind(
        lists={},
        removes="disassociate_tag_option_from_resource",
        by={"ResourceId": "ResourceId", "TagOptionId": "TagOptionId"},
        like={"ResourceId": "port-1", "TagOptionId": "tag-1"},
        id="",
    ),
)


def _portfolio(_: object) -> str:
    """With a product, a constraint, a TagOption, a role, and a pattern of roles."""
    shelves = _SERVICECATALOG.shelves
    for each in ("product", "joined", "constraint", "option", "tagged", "principal"):
        shelves.put(each)
    shelves.put("principal", PrincipalARN="arn:aws:iam:::role/seeded*", PrincipalType="IAM_PATTERN")
    return shelves.put("portfolio")


def _product(_: object) -> str:
    """In a portfolio, with a TagOption."""
    shelves = _SERVICECATALOG.shelves
    shelves.put("joined", ProductId="prod-2")
    shelves.put("tagged", ResourceId="prod-2")
    return shelves.put("product", ProductId="prod-2")


_ATTRIBUTES: Final = "0123456789abcdef0123456789"
_APPREGISTRY: Final = Stock(
    "servicecatalog-appregistry",
    application=Kind(
        lists={"list_applications": "applications"},
        shows={"get_application": ""},
        removes="delete_application",
        by={"application": "id"},
        like={"id": "00000000000000000000seeded", "creationTime": WHEN},
        id="{id}",
        refuses=("ValidationException", lambda _, shelves: shelves.shelves["resource"] or shelves.shelves["grouped"]),
    ),
    group=Kind(
        lists={"list_attribute_groups": "attributeGroups"},
        shows={"get_attribute_group": ""},
        removes="delete_attribute_group",
        by={"attributeGroup": "id"},
        like={"id": _ATTRIBUTES, "creationTime": WHEN},
        id="{id}",
    ),
    resource=Kind(
        lists={"list_associated_resources": "resources"},
        removes="disassociate_resource",
        by={"resource": "name", "resourceType": "resourceType"},
        like={"name": "stack", "resourceType": "CFN_STACK"},
        id="",
    ),
    grouped=Kind(
        lists={"list_associated_attribute_groups": "attributeGroups:id"},
        removes="disassociate_attribute_group",
        by={"attributeGroup": "id"},
        like={"id": _ATTRIBUTES},
        id="",
    ),
)


def _application(_: object) -> str:
    """With a stack, a tag and a group of attributes."""
    shelves = _APPREGISTRY.shelves
    shelves.put("resource")
    shelves.put("resource", name="tag", resourceType="RESOURCE_TAG_VALUE")
    shelves.put("grouped")
    return shelves.put("application")


_APPSYNC: Final = Stock(
    "appsync",
    association=Kind(
        lists={"list_source_api_associations": "sourceApiAssociationSummaries"},
        shows={"get_source_api_association": "sourceApiAssociation"},
        removes="disassociate_source_graphql_api",
        by={"associationId": "associationId", "mergedApiIdentifier": "mergedApiId"},
        like={
            "associationId": "as1",
            "mergedApiId": "merged",
            "associationArn": arn("appsync", "apis/merged/sourceApiAssociations/as1"),
            "sourceApiAssociationStatus": "MERGE_SUCCESS",
        },
        id="{associationArn}",
        absent="NotFoundException",
    ),
    api=Kind(
        lists={"list_graphql_apis": "graphqlApis"},
        removes="",
        by={},
        like={"apiId": "merged", "arn": arn("appsync", "apis/merged")},
        id="{arn}",
    ),
)

SEEDS: Final = (
    _CODECOMMIT.seed("CodeCommit::Repository", "repository"),
    _CODEBUILD.seed("CodeBuild::ReportGroup", "group"),
    _CODEBUILD.seed("CodeBuild::Fleet", "fleet"),
    _CODEDEPLOY.seed("CodeDeploy::Application", "application"),
    _CODEDEPLOY.seed("CodeDeploy::DeploymentConfig", "config"),
    _AMPLIFY.seed("Amplify::App", "app"),
    _APPCONFIG.seed("AppConfig::Application", "application", with_=("environment", "profile")),
    _APPCONFIG.seed("AppConfig::DeploymentStrategy", "strategy"),
    _SYNTHETICS.seed(
        "Synthetics::Canary",
        "canary",
        running=lambda _, identity: [each for each in _SYNTHETICS.shelves.shelves["canary"] if _runs(each)],
    ),
    _IMAGEBUILDER.seed("ImageBuilder::ImagePipeline", "pipeline", with_=("infrastructure",)),
    _IMAGEBUILDER.seed("ImageBuilder::Image", "image", with_=("image_version",)),
    _IMAGEBUILDER.seed("ImageBuilder::LifecyclePolicy", "policy"),
    _IMAGEBUILDER.seed("ImageBuilder::InfrastructureConfiguration", "infrastructure"),
    _IMAGEBUILDER.seed("ImageBuilder::DistributionConfiguration", "distribution"),
    _IMAGEBUILDER.seed("ImageBuilder::ImageRecipe", "recipe"),
    _IMAGEBUILDER.seed("ImageBuilder::ContainerRecipe", "container"),
    _IMAGEBUILDER.seed("ImageBuilder::Component", "component", with_=("component_version",)),
    _IMAGEBUILDER.seed("ImageBuilder::Workflow", "workflow", with_=("workflow_version",)),
    _SERVICECATALOG.sown("ServiceCatalog::Portfolio", _portfolio),
    _SERVICECATALOG.sown("ServiceCatalog::CloudFormationProduct", _product),
    _SERVICECATALOG.seed("ServiceCatalog::TagOption", "option"),
    _APPREGISTRY.sown("ServiceCatalogAppRegistry::Application", _application),
    _APPREGISTRY.seed("ServiceCatalogAppRegistry::AttributeGroup", "group"),
    _APPSYNC.seed("AppSync::SourceApiAssociation", "association", with_=("api",)),
)
