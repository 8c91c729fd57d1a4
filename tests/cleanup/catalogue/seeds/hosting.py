"""Seeds of where code and traffic end up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Rule, Seed
from tests.cleanup.catalogue.seeds.stock import WHEN, Stock, arn
from tests.cleanup.conftest import ACCOUNT
from tests.cleanup.fakes.shelves import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cleanup.catalogue.frame import Clients
    from tests.cleanup.fakes.shelves import Service, Thing


def held_by(kind: str) -> Callable[[Thing, Service], object]:
    """Whether there is one of this kind."""
    return lambda _, shelves: shelves.shelves[kind]


_ACCELERATOR: Final = f"arn:aws:globalaccelerator::{ACCOUNT}:accelerator/seeded"


def _accelerated(kind: str, path: str, code: str, rule: Callable[[Thing, Service], object], **like: Any) -> Kind:
    key = f"{kind.title().replace('_', '')}"
    return Kind(
        lists={f"list_{kind}s": f"{key}s"},
        shows={f"describe_{kind}": key},
        removes=f"delete_{kind}",
        by={f"{key}Arn": f"{key}Arn"},
        like={f"{key}Arn": _ACCELERATOR + path, **like},
        id=f"{{{key}Arn}}",
        absent=f"{key}NotFoundException",
        refuses=(code, rule),
        changes={"update_accelerator": {"Enabled": False}} if not path else {},
    )


_ACCELERATORS: Final = Stock(
    "globalaccelerator",
    accelerator=_accelerated(
        "accelerator",
        "",
        "AcceleratorNotDisabledException",
        lambda each, shelves: each["Enabled"] or shelves.shelves["listener"],
        Enabled=True,
        CreatedTime=WHEN,
    ),
    listener=_accelerated("listener", "/listener/1", "AssociatedEndpointGroupFoundException", held_by("group")),
    group=_accelerated("endpoint_group", "/listener/1/endpoint-group/1", "ConflictException", lambda _, __: False),
)
_APPRUNNER: Final = Stock(
    "apprunner",
    service=Kind(
        lists={"list_services": "ServiceSummaryList"},
        shows={"describe_service": "Service"},
        removes="delete_service",
        by={"ServiceArn": "ServiceArn"},
        like={"ServiceArn": arn("apprunner", "service/seeded/0b1c"), "CreatedAt": WHEN, "Status": "RUNNING"},
        id="{ServiceArn}",
        given=({"ServiceArn": arn("apprunner", "service/old/0b1c"), "CreatedAt": WHEN, "Status": "DELETED"},),
    ),
)
_BEANSTALK: Final = Stock(
    "elasticbeanstalk",
    application=Kind(
        lists={"describe_applications": "Applications"},
        removes="delete_application",
        by={"ApplicationNames": "ApplicationName", "ApplicationName": "ApplicationName"},
        like={"ApplicationName": "seeded", "DateCreated": WHEN},
        id="{ApplicationName}",
        absent="",
        refuses=("OperationInProgressFailure", held_by("environment")),
    ),
    environment=Kind(
        lists={"describe_environments": "Environments"},
        removes="terminate_environment",
        by={"EnvironmentNames": "EnvironmentName", "EnvironmentName": "EnvironmentName"},
        of={"ApplicationName": "ApplicationName"},
        like={"EnvironmentName": "seeded-e", "EnvironmentId": "e-1", "ApplicationName": "seeded", "Status": "Ready"},
        id="{EnvironmentName}",
        absent="",
    ),
)
_GAMELIFT: Final = Stock(
    "gamelift",
    fleet=Kind(
        lists={"list_fleets": "FleetIds:FleetId"},
        shows={"describe_fleet_attributes": "FleetAttributes.[]"},
        removes="delete_fleet",
        by={"FleetIds": "FleetId", "FleetId": "FleetId"},
        like={"FleetId": "fleet-0b1c", "Status": "ACTIVE"},
        id="{FleetId}",
        absent="NotFoundException",
    ),
)
_PROVIDER: Final = "arn:aws:lambda:us-east-1:222222222222:capacity-provider:seeded"
_LAMBDA: Final = Stock(
    "lambda",
    provider=Kind(
        lists={"list_capacity_providers": "CapacityProviders"},
        shows={"get_capacity_provider": "CapacityProvider"},
        removes="delete_capacity_provider",
        by={"CapacityProviderName": "name"},
        like={"CapacityProviderArn": _PROVIDER, "name": "seeded", "State": "Active"},
        id="{name}",
    ),
)
_EC2: Final = Stock(
    "ec2",
    vpn=Kind(
        lists={"describe_client_vpn_endpoints": "ClientVpnEndpoints"},
        shows={"describe_client_vpn_endpoints": "ClientVpnEndpoints.[]"},
        removes="delete_client_vpn_endpoint",
        by={"ClientVpnEndpointIds": "ClientVpnEndpointId", "ClientVpnEndpointId": "ClientVpnEndpointId"},
        like={"ClientVpnEndpointId": "cvpn-endpoint-1", "CreationTime": "2026-11-22", "Status": {"Code": "available"}},
        id="{ClientVpnEndpointId}",
        absent="InvalidClientVpnEndpointId.NotFound",
        refuses=("DependencyViolation", held_by("network")),
    ),
    network=Kind(
        lists={"describe_client_vpn_target_networks": "ClientVpnTargetNetworks"},
        removes="disassociate_client_vpn_target_network",
        by={"AssociationId": "AssociationId"},
        like={"AssociationId": "cvpn-assoc-1", "Status": {"Code": "associated"}},
        id="",
        absent="InvalidClientVpnAssociationId.NotFound",
    ),
    ipam=Kind(
        lists={"describe_ipams": "Ipams"},
        shows={"describe_ipams": "Ipams.[]"},
        removes="delete_ipam",
        by={"IpamIds": "IpamId", "IpamId": "IpamId"},
        like={"IpamId": "ipam-1", "State": "create-complete"},
        id="{IpamId}",
        absent="InvalidIpamId.NotFound",
    ),
)
_TRUST: Final = Stock(
    "elbv2",
    store=Kind(
        lists={"describe_trust_stores": "TrustStores"},
        shows={"describe_trust_stores": "TrustStores.[]"},
        removes="delete_trust_store",
        by={"TrustStoreArns": "TrustStoreArn", "TrustStoreArn": "TrustStoreArn"},
        like={"TrustStoreArn": arn("elasticloadbalancing", "truststore/seeded/0b1c")},
        id="{TrustStoreArn}",
        absent="TrustStoreNotFound",
    ),
)
_CLOUDFRONT: Final = Stock(
    "cloudfront",
    origin=Kind(
        lists={"list_vpc_origins": "VpcOriginList.Items"},
        shows={"get_vpc_origin": ""},
        removes="delete_vpc_origin",
        by={"Id": "Id"},
        like={"Id": "vo_1", "ETag": "E1", "VpcOrigin": {"Id": "vo_1", "Status": "Deployed"}},
        id="{Id}",
        absent="EntityNotFound",
    ),
)


def _directory(clients: Clients) -> str:
    ec2 = clients("ec2")
    network = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=network, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate("ab")
    ]
    made: str = clients("ds").create_microsoft_ad(
        Name="seeded.example.com",
        Password="Seeded-1" + "x" * 8,
        VpcSettings={"VpcId": network, "SubnetIds": subnets},
        Edition="Standard",
    )["DirectoryId"]
    return made


def _authority(clients: Clients) -> str:
    made: str = clients("acm-pca").create_certificate_authority(
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "RSA_2048",
            "SigningAlgorithm": "SHA256WITHRSA",
            "Subject": {"CommonName": "seeded"},
        },
        CertificateAuthorityType="ROOT",
    )["CertificateAuthorityArn"]
    clients("acm-pca").update_certificate_authority(CertificateAuthorityArn=made, Status="ACTIVE")
    return made


def _is_active(clients: Clients, asked: Any) -> object:
    seen = clients("acm-pca").describe_certificate_authority(CertificateAuthorityArn=asked["CertificateAuthorityArn"])
    return seen["CertificateAuthority"]["Status"] == "ACTIVE"


SEEDS: Final = (
    _ACCELERATORS.seed("GlobalAccelerator::EndpointGroup", "group", with_=("accelerator", "listener")),
    _ACCELERATORS.seed("GlobalAccelerator::Listener", "listener", with_=("accelerator",)),
    _ACCELERATORS.seed("GlobalAccelerator::Accelerator", "accelerator"),
    _APPRUNNER.seed("AppRunner::Service", "service"),
    _BEANSTALK.seed("ElasticBeanstalk::Environment", "environment", with_=("application",)),
    _BEANSTALK.seed("ElasticBeanstalk::Application", "application"),
    _GAMELIFT.seed("GameLift::Fleet", "fleet"),
    _LAMBDA.seed("Lambda::CapacityProvider", "provider"),
    _EC2.seed("EC2::ClientVpnEndpoint", "vpn", with_=("network",)),
    _EC2.seed("EC2::IPAM", "ipam"),
    _TRUST.seed("ElasticLoadBalancingV2::TrustStore", "store"),
    _CLOUDFRONT.seed("CloudFront::VpcOrigin", "origin"),
    Seed(type="AWS::DirectoryService::MicrosoftAD", make=_directory),
    Seed(
        type="AWS::ACMPCA::CertificateAuthority",
        make=_authority,
        rules=(Rule("DeleteCertificateAuthority", "InvalidStateException", _is_active),),
    ),
)
