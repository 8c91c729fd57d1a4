"""No parameter of a listing leaves something out by its default: each that could is reviewed, a new one fails here.

The reasons are those of the API references that botocore's models carry.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore
import pytest
from botocore.model import ListShape, StringShape, StructureShape

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.catalogue.spread import Spread
from tests.cleanup.catalogue.models import operations
from tests.cleanup.catalogue.test_models import chain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import Shape

    from atmosphere.cleanup.catalogue.calls import Listing

_PAGES: Final = re.compile(
    r"(next|starting|continuation|page)?token|(next)?marker|max(results|items|records|keys|buckets|namespaces|tables)"
    r"|limit|pagesize|position|dryrun|acceptlanguage",
    re.IGNORECASE,
)
_CHOICES: Final = re.compile(
    r"\w*(ids?|names?|arns?|identifiers?|prefix|pattern|contains|before|after|bound|filters?|filterlist|query"
    r"|sort|sortby|sortorder|ips|timestamp|equals|tagkeys|tagvalues|starttime|endtime|sortingentities|order)",
    re.IGNORECASE,
)
"""What says which to show, or in what order: without it all are shown, as every one of these references says."""

OWN: Final = "by default those of the account: what others share is theirs"
ALL: Final = "by default all of them"
MORE: Final = "says more of each, and shows no more of them"
REVIEWED: Final[Mapping[tuple[str, str, str], str]] = {
    ("acm", "list_certificates", "CertificateStatuses"): ALL,
    ("acm-pca", "list_certificate_authorities", "ResourceOwner"): OWN,
    ("apigateway", "get_api_keys", "includeValues"): MORE,
    ("apigateway", "get_domain_names", "resourceOwner"): OWN,
    ("application-autoscaling", "describe_scalable_targets", "ScalableDimension"): ALL,
    ("appsync", "list_graphql_apis", "apiType"): ALL,
    ("appsync", "list_graphql_apis", "owner"): OWN,
    ("autoscaling", "describe_auto_scaling_groups", "IncludeInstances"): MORE,
    ("autoscaling", "describe_auto_scaling_groups", "IncludeManagedResources"): "true by default",
    ("backup", "list_backup_plans", "IncludeDeleted"): "deleted ones are gone",
    ("backup", "list_backup_vaults", "ByShared"): OWN,
    ("backup", "list_recovery_points_by_backup_vault", "ByResourceType"): ALL,
    ("batch", "describe_compute_environments", "computeEnvironments"): ALL,
    ("batch", "describe_job_definitions", "jobDefinitions"): ALL,
    ("batch", "describe_job_queues", "jobQueues"): ALL,
    ("cloudformation", "list_stack_sets", "CallAs"): "those of a delegated administrator are the management account's",
    ("cloudformation", "list_types", "ProvisioningType"): "is of resource types, and each of those is asked for",
    ("cloudformation", "list_type_versions", "DeprecatedStatus"): "LIVE by default; deregistered ones are gone",
    ("cloudformation", "list_type_versions", "Type"): "told by the ARN",
    ("cloudfront", "list_key_value_stores", "Status"): ALL,
    ("cloudtrail", "describe_trails", "trailNameList"): ALL,
    ("cloudwatch", "describe_alarms", "StateValue"): ALL,
    ("cloudwatch", "list_alarm_mute_rules", "Statuses"): ALL,
    ("config", "describe_configuration_recorders", "ServicePrincipal"): "a service's own recorder is that service's",
    ("ec2", "describe_images", "ExecutableUsers"): ALL,
    ("ec2", "describe_key_pairs", "IncludePublicKey"): MORE,
    ("ecs", "describe_capacity_providers", "capacityProviders"): ALL,
    ("ecs", "describe_capacity_providers", "cluster"): "those of clusters are a row of their own",
    ("ecs", "describe_capacity_providers", "include"): MORE,
    ("ecs", "describe_clusters", "include"): MORE,
    ("ecs", "list_services", "launchType"): ALL,
    ("ecs", "list_services", "resourceManagementType"): ALL,
    ("ecs", "list_services", "schedulingStrategy"): ALL,
    ("efs", "describe_file_systems", "CreationToken"): ALL,
    ("eks", "list_clusters", "include"): "connected clusters run elsewhere: AWS has their registration only",
    ("elasticache", "describe_cache_clusters", "ShowCacheClustersNotInReplicationGroups"): ALL,
    ("elasticache", "describe_cache_clusters", "ShowCacheNodeInfo"): MORE,
    ("elasticache", "describe_snapshots", "ShowNodeGroupConfig"): MORE,
    ("elasticbeanstalk", "describe_environments", "IncludedDeletedBackTo"): "deleted ones are gone",
    ("elasticbeanstalk", "describe_environments", "VersionLabel"): ALL,
    ("events", "list_archives", "State"): ALL,
    ("events", "list_connections", "ConnectionState"): ALL,
    ("glue", "get_databases", "AttributesToGet"): MORE,
    ("glue", "get_databases", "ResourceShareType"): OWN,
    ("iam", "list_policies", "OnlyAttached"): ALL,
    ("imagebuilder", "list_images", "includeDeprecated"): "those of the account are always shown",
    ("iot", "list_topic_rules", "ruleDisabled"): ALL,
    ("iot", "list_topic_rules", "topic"): ALL,
    ("kms", "describe_key", "GrantTokens"): "are for who is granted something a moment ago",
    ("kms", "list_keys", "ResourceOwners"): OWN,
    ("lambda", "list_capacity_providers", "State"): ALL,
    ("lambda", "list_layer_versions", "CompatibleArchitecture"): ALL,
    ("lambda", "list_layer_versions", "CompatibleRuntime"): ALL,
    ("lambda", "list_layers", "CompatibleArchitecture"): ALL,
    ("lambda", "list_layers", "CompatibleRuntime"): ALL,
    ("logs", "describe_log_groups", "includeLinkedAccounts"): OWN,
    ("logs", "describe_log_groups", "logGroupClass"): ALL,
    ("logs", "describe_query_definitions", "queryLanguage"): ALL,
    ("logs", "describe_resource_policies", "policyScope"): "one of a log group is a part of it, and goes with it",
    ("opensearch", "list_domain_names", "EngineType"): ALL,
    ("pipes", "list_pipes", "CurrentState"): ALL,
    ("pipes", "list_pipes", "DesiredState"): ALL,
    ("rds", "describe_db_cluster_snapshots", "IncludePublic"): OWN,
    ("rds", "describe_db_cluster_snapshots", "IncludeShared"): OWN,
    ("rds", "describe_db_clusters", "IncludeShared"): OWN,
    ("rds", "describe_db_snapshots", "IncludePublic"): OWN,
    ("rds", "describe_db_snapshots", "IncludeShared"): OWN,
    ("rds", "describe_option_groups", "MajorEngineVersion"): ALL,
    ("redshift", "describe_cluster_snapshots", "ClusterExists"): ALL,
    ("redshift", "describe_cluster_snapshots", "OwnerAccount"): OWN,
    ("redshift-serverless", "list_workgroups", "ownerAccount"): OWN,
    ("s3tables", "list_table_buckets", "type"): ALL,
    ("s3tables", "list_tables", "namespace"): ALL,
    ("scheduler", "list_schedules", "State"): ALL,
    ("servicecatalog", "search_products_as_admin", "ProductSource"): ALL,
    ("ssm", "describe_parameters", "Shared"): OWN,
}
PASSED: Final[Mapping[tuple[str, str, str], str]] = {
    ("backup", "list_backup_vaults", "ByVaultType"): "the first type is what is shown without it",
    ("batch", "describe_job_definitions", "status"): "no job is started from an inactive one",
    ("bedrock", "list_inference_profiles", "typeEquals"): "system-defined ones are AWS's",
    ("bedrock-agentcore-control", "list_browsers", "type"): "the system's own is AWS's",
    ("bedrock-agentcore-control", "list_code_interpreters", "type"): "the system's own is AWS's",
    ("cloudformation", "list_stack_sets", "Status"): "deleted ones are gone",
    ("cloudformation", "list_types", "DeprecatedStatus"): "deregistered ones are gone",
    ("cloudformation", "list_types", "Visibility"): "public ones are everybody's, until they are activated",
    ("cloudfront", "list_cache_policies", "Type"): "managed ones are AWS's",
    ("cloudfront", "list_functions", "Stage"): "each function has both stages",
    ("cloudfront", "list_origin_request_policies", "Type"): "managed ones are AWS's",
    ("cloudfront", "list_response_headers_policies", "Type"): "managed ones are AWS's",
    ("cloudtrail", "describe_trails", "includeShadowTrails"): "a shadow is the trail's of another region",
    ("dynamodb", "list_backups", "BackupType"): "nobody can delete the system's: they end by themselves",
    ("ec2", "describe_images", "Owners"): OWN,
    ("ec2", "describe_snapshots", "OwnerIds"): OWN,
    ("ecs", "list_task_definitions", "status"): "no task is started from an inactive one",
    ("elasticache", "describe_snapshots", "SnapshotSource"): "automatic ones go with their cluster",
    ("elasticbeanstalk", "describe_environments", "IncludeDeleted"): "deleted ones are gone",
    ("emr", "list_clusters", "ClusterStates"): "terminated ones are gone",
    ("iam", "list_policies", "Scope"): "AWS's own are AWS's",
    ("imagebuilder", "list_components", "owner"): OWN,
    ("imagebuilder", "list_container_recipes", "owner"): OWN,
    ("imagebuilder", "list_image_recipes", "owner"): OWN,
    ("imagebuilder", "list_images", "owner"): OWN,
    ("imagebuilder", "list_workflows", "owner"): OWN,
    ("iam", "list_virtual_mfa_devices", "AssignmentStatus"): "any: assigned or not",
    ("rds", "describe_db_cluster_snapshots", "SnapshotType"): "automated ones go with their cluster or its backup",
    ("rds", "describe_db_snapshots", "SnapshotType"): "automated ones go with their instance or its backup",
    ("redshift", "describe_cluster_snapshots", "SnapshotType"): "automated ones go with their cluster",
    ("ssm", "describe_instance_information", "Filters"): "instances of EC2 are listed by EC2",
    ("ssm", "describe_patch_baselines", "Filters"): OWN,
    ("ssm", "list_documents", "Filters"): OWN,
}
"""Parameters by which a row asks for less than there is, and why that is all."""


def _listings() -> Iterator[tuple[Row, Listing]]:
    for row in CATALOGUE:
        if isinstance(row, Row):
            yield from ((row, each) for each in chain(row.listing))


CASES: Final = {(row.service, each.operation): (row, each) for row, each in _listings()}


def _given(row: Row, listing: Listing) -> set[str]:
    of = (listing.of,) if isinstance(listing.of, str) else listing.of or ()
    spread = {row.key} if isinstance(row, Spread) else set()
    return {*of, *spread, *(listing.fixed or {}), *(name for each in listing.variants for name in each)}


def _open(row: Row, listing: Listing) -> Iterator[str]:
    """Optional parameters that are not given, and are no plain choice of what to show."""
    shape = operations(row.service)[listing.operation].input_shape
    if shape is None:
        return
    for name in shape.members:
        plain = name in shape.required_members or _PAGES.fullmatch(name) or _CHOICES.fullmatch(name)
        if not plain and name not in _given(row, listing):
            yield name


def test_every_parameter_that_may_leave_something_out_is_reviewed() -> None:
    found = {(row.service, each.operation, name) for row, each in _listings() for name in _open(row, each)}
    assert found - REVIEWED.keys() == set(), "read what its default leaves out, and pass it or say why not"
    assert REVIEWED.keys() - found == set(), "no row leaves this to its default any more"


def _less(shape: Shape, values: list[Any]) -> bool:
    """Whether these values may not be all that there is: AWS knows other words, or any."""
    if isinstance(shape, StructureShape):
        names = {name for value in values for name in value}
        return any(_less(shape.members[name], [value[name] for value in values if name in value]) for name in names)
    if isinstance(shape, ListShape):
        return _less(shape.member, [word for value in values for word in value])
    if isinstance(shape, StringShape):
        return not shape.enum or set(shape.enum) - set(values) != set()
    return shape.type_name == "boolean" and False in values


def _narrowing() -> Iterator[tuple[str, str, str]]:
    """Parameters with a set of words of which a row does not pass all, in one call or in several."""
    passed: dict[tuple[str, str, str], list[Any]] = {}
    for row, each in _listings():
        for variant in each.variants:
            for name, value in {**(each.fixed or {}), **variant}.items():
                passed.setdefault((row.service, each.operation, name), []).append(value)
    for (service, operation, name), values in passed.items():
        shape = operations(service)[operation].input_shape
        assert shape is not None
        if _less(shape.members[name], values):
            yield service, operation, name


def test_every_parameter_by_which_a_row_asks_for_less_is_reviewed() -> None:
    assert set(_narrowing()) == PASSED.keys()


@pytest.mark.parametrize("service", ["ec2"])
def test_what_services_manage_is_asked_for_wherever_it_may_be_hidden(service: str) -> None:
    hides = {(s, o) for s, o in CASES if "IncludeManagedResources" in _inputs(s, o)}
    asks = {
        (row.service, each.operation) for row, each in _listings() if "IncludeManagedResources" in _given(row, each)
    }
    assert {each for each in hides if each[0] == service} == asks


def _inputs(service: str, operation: str) -> Mapping[str, Shape]:
    shape = operations(service)[operation].input_shape
    return shape.members if shape else {}


LATE: Final[tuple[tuple[str, dict[str, Any], dict[str, Any]], ...]] = (
    ("AWS::CertificateManager::Certificate", {"CertificateKeyPairOrigin": "ACME"}, {}),
    ("AWS::CertificateManager::Certificate", {"RootHierarchyType": "N2_AMAZON_MANAGED"}, {"KeyAlgorithm": "RSA_4096"}),
    ("AWS::Backup::BackupVault", {"VaultType": "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"}, {"VaultType": "BACKUP_VAULT"}),
    ("AWS::Backup::RecoveryPoint", {"VaultType": "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"}, {"VaultType": "BACKUP_VAULT"}),
    ("AWS::EC2::Instance", {"Operator": {"Managed": True}}, {"Operator": {"Managed": False}}),
    ("AWS::EC2::LaunchTemplate", {"Operator": {"Managed": True}}, {}),
    ("AWS::EC2::NetworkInterface", {"Operator": {"Managed": True}}, {"Attachment": {}}),
    ("AWS::EC2::Volume", {"Operator": {"Managed": True}}, {"Attachments": []}),
)


@pytest.mark.parametrize(("name", "now", "before"), LATE)
def test_what_is_asked_for_since_is_late_and_what_was_always_shown_is_not(
    name: str, now: dict[str, Any], before: dict[str, Any]
) -> None:
    [late] = (row.listing.late for row in CATALOGUE if isinstance(row, Row) and row.name == name)
    assert jmespath.search(late, now) == "unknown"
    assert not jmespath.search(late, before)
