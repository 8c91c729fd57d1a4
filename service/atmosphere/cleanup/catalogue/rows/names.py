"""What gives things names and proves who they are: health checks, Cloud Map, certificates, Cognito.

Hosted zones are in `zones`. Source: the API reference of each service; the ids are what the CloudFormation reference
gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Scope, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_KEYS: Final = ("RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1")


def _namespace(kind: str, type_: str) -> Row:
    """Its hosted zone goes along with it."""
    return Row(
        name=f"AWS::ServiceDiscovery::{kind}",
        service="servicediscovery",
        after=("AWS::ServiceDiscovery::Service",),
        listing=Listing(
            "list_namespaces",
            "Namespaces",
            "Id",
            "CreateDate",
            unless=f"Type != '{type_}' || ResourceOwner == 'OTHER_ACCOUNTS'",
        ),
        see=Call("get_namespace", "Id"),
        remove=Call("delete_namespace", "Id"),
        errors=Errors(absent=("NamespaceNotFound",), under_way=("DuplicateRequest",), busy=("ResourceInUse",)),
    )


ROWS: Final = (
    Row(
        name="AWS::Route53::HealthCheck",
        service="route53",
        scope=Scope.GLOBAL,
        after=("AWS::Route53::HostedZone",),
        listing=Listing("list_health_checks", "HealthChecks", "Id", "CallerReference", unless="LinkedService"),
        see=Call("get_health_check", "HealthCheckId"),
        remove=Call("delete_health_check", "HealthCheckId"),
        errors=Errors(absent=("NoSuchHealthCheck",), busy=("HealthCheckInUse",)),
    ),
    Row(
        name="AWS::ServiceDiscovery::Service",
        service="servicediscovery",
        after=("AWS::ECS::Service",),  # which takes its own instances out
        listing=Listing("list_services", "Services", "Id", "CreateDate", unless="ResourceOwner == 'OTHER_ACCOUNTS'"),
        see=Call("get_service", "Id"),
        strip=(
            Step(
                call=Call("deregister_instance", ("ServiceId", "InstanceId")),
                each=Listing("list_instances", "Instances", "Id", of="ServiceId"),
            ),
        ),
        remove=Call("delete_service", "Id"),
        errors=Errors(
            absent=("ServiceNotFound", "InstanceNotFound"), under_way=("DuplicateRequest",), busy=("ResourceInUse",)
        ),
    ),
    _namespace("HttpNamespace", "HTTP"),
    _namespace("PrivateDnsNamespace", "DNS_PRIVATE"),
    _namespace("PublicDnsNamespace", "DNS_PUBLIC"),
    Row(
        name="AWS::CertificateManager::Certificate",
        service="acm",
        stage=Stage.LAST,  # whatever uses it has to go first
        # only the keys that are asked for are listed
        listing=Listing(
            "list_certificates",
            "CertificateSummaryList",
            "CertificateArn",
            "CreatedAt",
            fixed={"Includes": {"keyTypes": list(_KEYS)}},
            unless="ManagedBy",
        ),
        see=Call("describe_certificate", "CertificateArn"),
        remove=Call("delete_certificate", "CertificateArn"),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ResourceInUseException", "ConflictException")),
    ),
    Row(
        name="AWS::Cognito::UserPool",
        service="cognito-idp",
        listing=Listing("list_user_pools", "UserPools", "Id", "CreationDate", fixed={"MaxResults": 60}),
        see=Call("describe_user_pool", "UserPoolId"),
        unprotect=(
            # what is not said is forgotten, and AWS refuses to ask for proof of what it does not verify any more
            Step(
                call=Call(
                    "update_user_pool",
                    "UserPoolId",
                    {"DeletionProtection": "INACTIVE"},
                    seen={
                        "AutoVerifiedAttributes": "UserPool.AutoVerifiedAttributes",
                        "UserAttributeUpdateSettings": "UserPool.UserAttributeUpdateSettings",
                    },
                ),
                when="UserPool.DeletionProtection == 'ACTIVE'",
            ),
        ),
        strip=tuple(
            Step(call=Call("delete_user_pool_domain", "UserPoolId", seen={"Domain": domain}), when=domain)
            for domain in ("UserPool.Domain", "UserPool.CustomDomain")
        ),
        remove=Call("delete_user_pool", "UserPoolId"),
        errors=Errors(
            absent=("ResourceNotFoundException",),
            busy=("InvalidParameterException", "UserImportInProgressException", "ConcurrentModificationException"),
        ),
    ),
    Row(
        name="AWS::Cognito::IdentityPool",
        service="cognito-identity",
        listing=Listing("list_identity_pools", "IdentityPools", "IdentityPoolId", fixed={"MaxResults": 60}),
        see=Call("describe_identity_pool", "IdentityPoolId"),
        remove=Call("delete_identity_pool", "IdentityPoolId"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
)
