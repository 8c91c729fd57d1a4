"""Where code and traffic end up, by the hour: App Runner, Elastic Beanstalk, GameLift, Global Accelerator, VPN, FSx.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Any, Final

from atmosphere.cleanup.catalogue.base import Scope, Stage
from atmosphere.cleanup.catalogue.plain import first, plain
from atmosphere.cleanup.catalogue.row import Call, Listing, Row
from atmosphere.core.model import Region

_HOME: Final = Region("us-west-2")
_ACCELERATORS: Final = Listing("list_accelerators", "AcceleratorArn", "CreatedTime")
_LISTENERS: Final = Listing("list_listeners", "ListenerArn", parent=_ACCELERATORS)
_GROUPS: Final = Listing("list_endpoint_groups", "EndpointGroupArn", parent=_LISTENERS)


def _accelerated(kind: str, listing: Listing, absent: str, busy: str, *after: str, **more: Any) -> Row:
    """Global Accelerator's own region is Oregon, whatever it accelerates."""
    thing = {"Accelerator": "accelerator", "Listener": "listener", "EndpointGroup": "endpoint_group"}[kind]
    return plain(
        f"GlobalAccelerator::{kind}",
        "globalaccelerator",
        listing,
        f"delete_{thing}",
        see=f"describe_{thing}",
        absent=absent,
        busy=f"{busy} TransactionInProgressException",
        scope=Scope.GLOBAL,
        at=_HOME,
        stage=Stage.SLOW,
        after=tuple(f"AWS::GlobalAccelerator::{each}" for each in after),
        **more,
    )


_ACCELERATED: Final = (
    _accelerated("EndpointGroup", _GROUPS, "EndpointGroupNotFoundException", "ConflictException"),
    _accelerated(
        "Listener", _LISTENERS, "ListenerNotFoundException", "AssociatedEndpointGroupFoundException", "EndpointGroup"
    ),
    # off first, which takes a minute to reach all of the world
    _accelerated(
        "Accelerator",
        _ACCELERATORS,
        "AcceleratorNotFoundException",
        "AcceleratorNotDisabledException AssociatedListenerFoundException",
        "Listener",
        strip=(first("update_accelerator", when="Accelerator.Enabled", Enabled=False),),
    ),
)

_ENVIRONMENTS: Final = Listing(
    "describe_environments",
    "EnvironmentName",
    "EnvironmentId",
    {"IncludeDeleted": False},
    parent=Listing("describe_applications", "ApplicationName", members="Applications"),
    of="ApplicationName",
)

_HOSTS: Final = (
    plain(
        "AppRunner::Service",
        "apprunner",
        Listing("list_services", "ServiceArn", "CreatedAt", unless="Status == 'DELETED'", members="ServiceSummaryList"),
        "delete_service",
        see="describe_service",
        gone="Service.Status == 'DELETED'",
        ending="Service.Status == 'OPERATION_IN_PROGRESS'",
        busy="InvalidStateException",
        stage=Stage.SLOW,
    ),
    # its instances are those of a stack of its own
    plain(
        "ElasticBeanstalk::Environment",
        "elasticbeanstalk",
        _ENVIRONMENTS,
        Call("terminate_environment", "EnvironmentName"),
        see=Call("describe_environments", "EnvironmentNames", {"IncludeDeleted": False}),
        shows="Environments",
        gone="Environments[0].Status == 'Terminated'",
        ending="Environments[0].Status == 'Terminating'",
        absent="",
        busy="InvalidParameterValue",
        stage=Stage.SLOW,
    ),
    plain(  # its versions and saved configurations go along
        "ElasticBeanstalk::Application",
        "elasticbeanstalk",
        Listing("describe_applications", "ApplicationName", "DateCreated", members="Applications"),
        Call("delete_application", fixed={"TerminateEnvByForce": True}),
        see=Call("describe_applications", "ApplicationNames"),
        shows="Applications",
        absent="",
        busy="OperationInProgressFailure",
        stage=Stage.SLOW,
        after=("AWS::ElasticBeanstalk::Environment",),
    ),
    plain(
        "GameLift::Fleet",
        "gamelift",
        Listing("list_fleets"),
        "delete_fleet",
        see=Call("describe_fleet_attributes", "FleetIds"),
        shows="FleetAttributes[?Status != 'NOT_FOUND']",
        gone="FleetAttributes[0].Status == 'TERMINATED'",
        ending="FleetAttributes[0].Status == 'DELETING'",
        absent="NotFoundException",
        busy="InvalidFleetStatusException InvalidRequestException",
        stage=Stage.SLOW,
    ),
    plain(
        "Lambda::CapacityProvider",
        "lambda",
        Listing("list_capacity_providers", "CapacityProviderArn", short=r".*:capacity-provider:(.+)"),
        "delete_capacity_provider",
        see="get_capacity_provider",
        ending="CapacityProvider.State == 'Deleting'",
        busy="ResourceConflictException",
        after=("AWS::Lambda::Function",),
    ),
)

_NETWORKS: Final = (
    plain(  # rules and routes go along
        "EC2::ClientVpnEndpoint",
        "ec2",
        Listing(
            "describe_client_vpn_endpoints",
            "ClientVpnEndpointId",
            "CreationTime",
            unless="Status.Code == 'deleted'",
        ),
        "delete_client_vpn_endpoint",
        see=Call("describe_client_vpn_endpoints", "ClientVpnEndpointIds"),
        shows="ClientVpnEndpoints",
        gone="ClientVpnEndpoints[0].Status.Code == 'deleted'",
        ending="ClientVpnEndpoints[0].Status.Code == 'deleting'",
        strip=(
            first(
                "disassociate_client_vpn_target_network",
                "ClientVpnEndpointId",
                "AssociationId",
                each=Listing(
                    "describe_client_vpn_target_networks",
                    "AssociationId",
                    unless="contains(['disassociating', 'disassociated'], Status.Code)",
                ),
            ),
        ),
        absent="InvalidClientVpnEndpointId.NotFound InvalidClientVpnAssociationId.NotFound",
        busy="DependencyViolation",
        stage=Stage.SLOW,
    ),
    plain(  # its scopes, pools and allocations go along
        "EC2::IPAM",
        "ec2",
        Listing("describe_ipams", "IpamId", unless="State == 'delete-complete'"),
        Call("delete_ipam", fixed={"Cascade": True}),
        see=Call("describe_ipams", "IpamIds"),
        shows="Ipams",
        gone="Ipams[0].State == 'delete-complete'",
        ending="Ipams[0].State == 'delete-in-progress'",
        absent="InvalidIpamId.NotFound",
        busy="IncorrectState DependencyViolation",
        stage=Stage.SLOW,
    ),
    plain(
        "ElasticLoadBalancingV2::TrustStore",
        "elbv2",
        Listing("describe_trust_stores", "TrustStoreArn"),
        "delete_trust_store",
        see=Call("describe_trust_stores", "TrustStoreArns"),
        shows="TrustStores",
        absent="TrustStoreNotFound",
        busy="TrustStoreInUse",
        after=("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::Listener"),
    ),
    plain(  # what another account shares is deleted there
        "DirectoryService::MicrosoftAD",
        "ds",
        Listing(
            "describe_directories",
            "DirectoryId",
            "LaunchTime",
            unless="Stage == 'Deleted' || Type == 'SharedMicrosoftAD'",
        ),
        "delete_directory",
        see=Call("describe_directories", "DirectoryIds"),
        shows="DirectoryDescriptions",
        gone="DirectoryDescriptions[0].Stage == 'Deleted'",
        ending="DirectoryDescriptions[0].Stage == 'Deleting'",
        absent="EntityDoesNotExistException",
        busy="ClientException",
        stage=Stage.SLOW,
    ),
    plain(
        "CloudFront::VpcOrigin",
        "cloudfront",
        Listing("list_vpc_origins", "Id", members="VpcOriginList.Items"),
        Call("delete_vpc_origin", seen={"IfMatch": "ETag"}),
        see="get_vpc_origin",
        absent="EntityNotFound",
        busy="CannotDeleteEntityWhileInUse PreconditionFailed InvalidIfMatchVersion IllegalDelete",
        scope=Scope.GLOBAL,
        stage=Stage.SLOW,  # its interfaces stay in their subnets for minutes
        after=("AWS::CloudFront::Distribution",),
    ),
    plain(
        "ACMPCA::CertificateAuthority",
        "acm-pca",
        # one that is deleted could be restored for a week, and costs nothing: as good as gone
        Listing("list_certificate_authorities", "Arn", "CreatedAt", unless="Status == 'DELETED'"),
        Call("delete_certificate_authority", fixed={"PermanentDeletionTimeInDays": 7}),
        see="describe_certificate_authority",
        gone="CertificateAuthority.Status == 'DELETED'",
        strip=(
            first("update_certificate_authority", when="CertificateAuthority.Status == 'ACTIVE'", Status="DISABLED"),
        ),
        busy="InvalidStateException ConcurrentModificationException",
    ),
)

ROWS: Final = (*_ACCELERATED, *_HOSTS, *_NETWORKS)
