"""What AWS demands before a deletion, continued: events, names, rights, images, databases and what serves them.

As in `demands`, the source is botocore's model of each operation.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.demanding import of_bucket, of_row
from tests.cleanup.fakes.refusing import Clears, Demand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BEFORE: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ARN: Final = "arn:aws:{}:us-east-1:222222222222:{}"

# --- events, logs, patches --------------------------------------------------------------------------------------------

_RULE: Final = "seeded-rule"
_LOGS: Final = "seeded-protected"
_SMALL: Final = (
    of_row(
        "AWS::Events::Rule",
        what="no targets",
        id=_RULE,
        there={
            "list_event_buses": {"EventBuses": [{"Name": "default"}]},
            "list_rules": {"Rules": [{"Name": _RULE, "EventBusName": "default"}]},
            "describe_rule": {"Name": _RULE},
            "disable_rule": {},
        },
        held={"list_targets_by_rule": {"Targets": [{"Id": "target", "Arn": _ARN.format("sqs", "seeded")}]}},
        refused={"delete_rule": "ValidationException"},
        clears=(Clears("remove_targets", {"Rule": _RULE, "Ids": ["target"]}),),
    ),
    of_row(
        "AWS::Logs::LogGroup",
        what="deletion protection off",
        id=_LOGS,
        there={"describe_log_groups": {"logGroups": [{"logGroupName": _LOGS}]}, "describe_log_streams": {}},
        held={"describe_log_groups": {"logGroups": [{"logGroupName": _LOGS, "deletionProtectionEnabled": True}]}},
        refused={"delete_log_group": "ValidationException"},
        clears=(
            Clears(
                "put_log_group_deletion_protection", {"logGroupIdentifier": _LOGS, "deletionProtectionEnabled": False}
            ),
        ),
    ),
)

# --- catalogues of services -------------------------------------------------------------------------------------------

_PORTFOLIO: Final = "port-refusing"
_PERSON: Final = "arn:aws:iam::222222222222:role/person"
_PATTERN: Final = "arn:aws:iam:::role/per*"
_APPLICATION: Final = "application-refusing"


def _principal(arn: str, kind: str) -> Mapping[str, str]:
    return {"PrincipalARN": arn, "PrincipalType": kind}


_CATALOGS: Final = (
    of_row(
        "AWS::ServiceCatalog::Portfolio",
        what="no products, principals, constraints and TagOptions",
        id=_PORTFOLIO,
        there={
            "list_portfolios": {"PortfolioDetails": [{"Id": _PORTFOLIO, "CreatedTime": _BEFORE}]},
            "describe_portfolio": {"PortfolioDetail": {"Id": _PORTFOLIO}},
        },
        held={
            "describe_portfolio": {"PortfolioDetail": {"Id": _PORTFOLIO}, "TagOptions": [{"Id": "tag-refusing"}]},
            "list_constraints_for_portfolio": {"ConstraintDetails": [{"ConstraintId": "cons-refusing"}]},
            "list_principals_for_portfolio": {
                "Principals": [_principal(_PERSON, "IAM"), _principal(_PATTERN, "IAM_PATTERN")]
            },
            "search_products_as_admin": {
                "ProductViewDetails": [{"ProductViewSummary": {"ProductId": "prod-refusing"}}]
            },
        },
        only={"search_products_as_admin": {"PortfolioId": _PORTFOLIO}},
        refused={"delete_portfolio": "ResourceInUseException"},
        clears=(
            Clears("delete_constraint", {"Id": "cons-refusing"}),
            Clears(
                "disassociate_product_from_portfolio",
                {"PortfolioId": _PORTFOLIO, "ProductId": "prod-refusing"},
                before="ResourceInUseException",
            ),
            *(
                Clears("disassociate_principal_from_portfolio", {"PortfolioId": _PORTFOLIO, **each})
                for each in (_principal(_PERSON, "IAM"), _principal(_PATTERN, "IAM_PATTERN"))
            ),
            Clears("disassociate_tag_option_from_resource", {"ResourceId": _PORTFOLIO, "TagOptionId": "tag-refusing"}),
        ),
    ),
    of_row(
        "AWS::ServiceCatalogAppRegistry::Application",
        what="no resources and no attribute groups",
        id=_APPLICATION,
        there={
            "list_applications": {"applications": [{"id": _APPLICATION, "creationTime": _BEFORE}]},
            "get_application": {"id": _APPLICATION},
        },
        held={
            "list_associated_resources": {
                "resources": [
                    {"name": "stack", "resourceType": "CFN_STACK"},
                    {"name": "tag", "resourceType": "RESOURCE_TAG_VALUE"},
                ]
            },
            "list_associated_attribute_groups": {"attributeGroups": ["group"]},
        },
        refused={"delete_application": "ValidationException"},
        clears=(
            *(
                Clears(
                    "disassociate_resource",
                    {"application": _APPLICATION, "resource": resource, "resourceType": kind},
                )
                for resource, kind in (("stack", "CFN_STACK"), ("tag", "RESOURCE_TAG_VALUE"))
            ),
            Clears("disassociate_attribute_group", {"application": _APPLICATION, "attributeGroup": "group"}),
        ),
    ),
)

# --- rights -----------------------------------------------------------------------------------------------------------

_POLICY: Final = "arn:aws:iam::222222222222:policy/refusing"
_ATTACHED: Final = "arn:aws:iam::222222222222:policy/attached"
_ROLE: Final = "held-role"
_TOLD: Final = {
    "RoleName": _ROLE,
    "RoleId": "AROAREFUSING",
    "Arn": f"arn:aws:iam::222222222222:role/{_ROLE}",
    "Path": "/",
    "CreateDate": _BEFORE,
}
_RIGHTS: Final = (
    of_row(
        "AWS::IAM::ManagedPolicy",
        what="attached to nothing, also as a boundary; one version only",
        id=_POLICY,
        there={
            "list_policies": {"Policies": [{"Arn": _POLICY, "PolicyId": "ANPAREFUSING"}]},
            "get_policy": {"Policy": {"Arn": _POLICY}},
        },
        held={
            "list_entities_for_policy": {
                "PolicyRoles": [{"RoleName": "a-role"}],
                "PolicyUsers": [{"UserName": "a-user"}],
                "PolicyGroups": [{"GroupName": "a-group"}],
            },
            "list_policy_versions": {
                "Versions": [
                    {"VersionId": "v2", "IsDefaultVersion": True},
                    {"VersionId": "v1", "IsDefaultVersion": False},
                ]
            },
        },
        refused={"delete_policy": "DeleteConflict"},
        clears=(
            Clears("detach_role_policy", {"PolicyArn": _POLICY, "RoleName": "a-role"}),
            Clears("detach_user_policy", {"PolicyArn": _POLICY, "UserName": "a-user"}),
            Clears("detach_group_policy", {"PolicyArn": _POLICY, "GroupName": "a-group"}),
            Clears("delete_role_permissions_boundary", {"RoleName": "a-role"}),
            Clears("delete_user_permissions_boundary", {"UserName": "a-user"}),
            Clears("delete_policy_version", {"PolicyArn": _POLICY, "VersionId": "v1"}),
        ),
    ),
    Demand(
        type="AWS::IAM::Role",
        what="no policies; in no instance profile",
        id=_ROLE,
        there={"list_roles": {"Roles": [_TOLD]}, "get_role": {"Role": _TOLD}},
        held={
            "list_instance_profiles_for_role": {"InstanceProfiles": [{"InstanceProfileName": "a-profile"}]},
            "list_attached_role_policies": {"AttachedPolicies": [{"PolicyArn": _ATTACHED, "PolicyName": "attached"}]},
            "list_role_policies": {"PolicyNames": ["inline"]},
        },
        removes="delete_role",
        refused={"delete_role": "DeleteConflict"},
        clears=(
            Clears("remove_role_from_instance_profile", {"RoleName": _ROLE, "InstanceProfileName": "a-profile"}),
            Clears("detach_role_policy", {"RoleName": _ROLE, "PolicyArn": _ATTACHED}),
            Clears("delete_role_policy", {"RoleName": _ROLE, "PolicyName": "inline"}),
        ),
        lists=("list_roles",),
        absent="NoSuchEntity",
    ),
)

# --- images -----------------------------------------------------------------------------------------------------------

_VERSION: Final = _ARN.format("imagebuilder", "image/refusing/1.0.0")
_IMAGES: Final = (
    of_row(
        "AWS::ImageBuilder::Image",
        what="it is not being built",
        id=f"{_VERSION}/1",
        there={
            "list_images": {"imageVersionList": [{"arn": _VERSION}]},
            "list_image_build_versions": {"imageSummaryList": [{"arn": f"{_VERSION}/1"}]},
        },
        refused={"delete_image": "ResourceDependencyException"},
        clears=(Clears("cancel_image_creation", {"imageBuildVersionArn": f"{_VERSION}/1"}),),
        absent="ResourceNotFoundException",
    ),
)

# --- databases --------------------------------------------------------------------------------------------------------

_WORLD: Final = {"GlobalClusterIdentifier": "world-refusing", "Status": "available"}
_WRITER: Final = _ARN.format("rds", "cluster:writer")
_READER: Final = _ARN.format("rds", "cluster:reader")


def _cluster(family: str, engine: str) -> Demand:
    name = f"{engine}-stopped"
    cluster = {"DBClusterIdentifier": name, "Engine": engine, "Status": "available"}
    return of_row(
        f"AWS::{family}::DBCluster",
        what="deletion protection off, not stopped; no instances",
        id=name,
        there={"describe_db_clusters": {"DBClusters": [cluster]}},
        held={"describe_db_clusters": {"DBClusters": [{**cluster, "Status": "stopped", "DeletionProtection": True}]}},
        refused={"delete_db_cluster": "InvalidDBClusterStateFault"},
        clears=(
            Clears("start_db_cluster", {"DBClusterIdentifier": name}),
            Clears(
                "modify_db_cluster",
                {"DBClusterIdentifier": name, "DeletionProtection": False},
                before="InvalidDBClusterStateFault",
            ),
        ),
        after=(f"AWS::{family}::DBInstance",),
    )


def _leaves(member: str, **told: Any) -> Clears:
    return Clears(
        "remove_from_global_cluster",
        {"GlobalClusterIdentifier": _WORLD["GlobalClusterIdentifier"], "DbClusterIdentifier": member},
        **told,
    )


_DATABASES: Final = (
    _cluster("RDS", "aurora-mysql"),
    _cluster("Neptune", "neptune"),
    of_row(
        "AWS::RDS::GlobalCluster",
        what="no members, the writer last; deletion protection off",
        id=_WORLD["GlobalClusterIdentifier"],
        there={"describe_global_clusters": {"GlobalClusters": [_WORLD]}},
        held={
            "describe_global_clusters": {
                "GlobalClusters": [
                    {
                        **_WORLD,
                        "DeletionProtection": True,
                        "GlobalClusterMembers": [
                            {"DBClusterArn": _WRITER, "IsWriter": True},
                            {"DBClusterArn": _READER, "IsWriter": False},
                        ],
                    }
                ]
            }
        },
        refused={"delete_global_cluster": "InvalidGlobalClusterStateFault"},
        clears=(
            _leaves(_READER),
            _leaves(_WRITER, before="InvalidGlobalClusterStateFault"),
            Clears(
                "modify_global_cluster",
                {"GlobalClusterIdentifier": _WORLD["GlobalClusterIdentifier"], "DeletionProtection": False},
            ),
        ),
    ),
)

# --- Global Accelerator -----------------------------------------------------------------------------------------------

_ACCELERATOR: Final = _ARN.format("globalaccelerator", "accelerator/refusing")
_ENABLED: Final = {"AcceleratorArn": _ACCELERATOR, "Enabled": True}
_ACCELERATORS: Final = (
    of_row(
        "AWS::GlobalAccelerator::Accelerator",
        what="disabled; no listeners",
        id=_ACCELERATOR,
        there={
            "list_accelerators": {"Accelerators": [{"AcceleratorArn": _ACCELERATOR, "CreatedTime": _BEFORE}]},
            "describe_accelerator": {"Accelerator": {**_ENABLED, "Enabled": False}},
        },
        held={"describe_accelerator": {"Accelerator": _ENABLED}},
        refused={"delete_accelerator": "AcceleratorNotDisabledException"},
        clears=(Clears("update_accelerator", {"AcceleratorArn": _ACCELERATOR, "Enabled": False}),),
        after=("AWS::GlobalAccelerator::Listener",),
    ),
)

# --- storage ----------------------------------------------------------------------------------------------------------

_BUCKET: Final = "full-refusing"
_GOVERNED: Final = {"Key": "object", "VersionId": "governed"}
_HELD: Final = {"Key": "object", "VersionId": "legally-held"}
_MARKER: Final = {"Key": "object", "VersionId": "marker"}


def _denied(*versions: Mapping[str, str]) -> Mapping[str, Any]:
    return {"Errors": [{**each, "Code": "AccessDenied", "Message": "it is locked"} for each in versions]}


def _past_governance(*versions: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "Bucket": _BUCKET,
        "Delete": {"Objects": [*versions], "Quiet": True},
        "BypassGovernanceRetention": True,
    }


_BUCKETS: Final = (
    of_bucket(
        _BUCKET,
        what="no objects, versions and delete markers",
        held={
            "list_object_versions": {"Versions": [_GOVERNED, _HELD], "DeleteMarkers": [_MARKER]},
            "get_object_legal_hold": {"LegalHold": {"Status": "ON"}},
        },
        refused={"delete_bucket": "BucketNotEmpty"},
        clears=(
            Clears(
                "delete_objects",
                {"Bucket": _BUCKET, "Delete": {"Objects": [_GOVERNED, _HELD, _MARKER], "Quiet": True}},
                replies=_denied(_GOVERNED, _HELD),
            ),
            Clears("delete_objects", _past_governance(_GOVERNED, _HELD), replies=_denied(_HELD)),
            Clears("put_object_legal_hold", {"Bucket": _BUCKET, **_HELD, "LegalHold": {"Status": "OFF"}}),
            Clears("delete_objects", _past_governance(_HELD), before="AccessDenied"),
        ),
    ),
)

DEMANDS_SERVICES: Final[tuple[Demand, ...]] = (
    *_SMALL,
    *_CATALOGS,
    *_RIGHTS,
    *_IMAGES,
    *_DATABASES,
    *_ACCELERATORS,
    *_BUCKETS,
)

# --- what waits for something else, or is waited for ------------------------------------------------------------------

SHOWN: Final[Mapping[str, Callable[[str], Mapping[str, Mapping[str, Any]]]]] = {
    "AWS::ElasticLoadBalancingV2::Listener": lambda name: {
        "describe_listeners": {"Listeners": [{"ListenerArn": name}]}
    },
    "AWS::GlobalAccelerator::EndpointGroup": lambda name: {
        "list_endpoint_groups": {"EndpointGroups": [{"EndpointGroupArn": name}]},
        "describe_endpoint_group": {"EndpointGroup": {"EndpointGroupArn": name}},
    },
    "AWS::GlobalAccelerator::Listener": lambda name: {
        "list_listeners": {"Listeners": [{"ListenerArn": name}]},
        "describe_listener": {"Listener": {"ListenerArn": name}},
    },
    "AWS::ImageBuilder::Component": lambda name: {
        "list_components": {"componentVersionList": [{"arn": f"{name}/1.0.0"}]},
        "list_component_build_versions": {"componentSummaryList": [{"arn": name}]},
    },
    "AWS::ImageBuilder::Workflow": lambda name: {
        "list_workflows": {"workflowVersionList": [{"arn": f"{name}/1.0.0"}]},
        "list_workflow_build_versions": {"workflowSummaryList": [{"arn": name}]},
    },
    "AWS::KMS::Key": lambda name: {
        "list_keys": {"Keys": [{"KeyId": name}]},
        "describe_key": {"KeyMetadata": {"KeyId": name, "KeyManager": "CUSTOMER", "KeyState": "Enabled"}},
    },
    "AWS::KinesisFirehose::DeliveryStream": lambda name: {
        "list_delivery_streams": {"DeliveryStreamNames": [name], "HasMoreDeliveryStreams": False},
        "describe_delivery_stream": {"DeliveryStreamDescription": {"DeliveryStreamStatus": "CREATING"}},
    },
    "AWS::Lambda::CapacityProvider": lambda name: {
        "list_capacity_providers": {
            "CapacityProviders": [{"CapacityProviderArn": _ARN.format("lambda", f"capacity-provider:{name}")}]
        },
        "get_capacity_provider": {"CapacityProvider": {"State": "Active"}},
    },
    "AWS::Lambda::Function": lambda name: {
        "list_functions": {"Functions": [{"FunctionName": name}]},
        "get_function_configuration": {"FunctionName": name},
    },
    "AWS::S3Tables::Namespace": lambda name: {
        "list_namespaces": {"namespaces": [{"namespace": [name]}]},
        "get_namespace": {"namespace": [name]},
    },
    "AWS::S3Tables::Table": lambda name: {
        "list_tables": {"tables": [{"tableARN": f"bucket/table/{name}"}]},
        "get_table": {"namespace": ["space"], "name": name},
    },
}
"""The replies that show one of that name, where its listing cannot be turned around or its type is no row.

Where a listing goes by what a thing is part of, that is another demand's.
"""
