"""What gives things names and proves who they are: health checks, Cloud Map, certificates, Cognito.

Hosted zones are in `zones`. Source: the API reference of each service; the ids are what the CloudFormation reference
gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Scope, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

# what ListCertificates leaves out by default; certificates of the hierarchies it shows only by themselves
_ORIGINS: Final = ("AWS_MANAGED", "CUSTOMER_PROVIDED", "ACME")
_HIERARCHIES: Final = ("N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED")
_KEYS: Final = ("RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1")


def _namespace(kind: str, type_: str) -> Row:
    """Its hosted zone goes along with it."""
    return Row(
        name=f"AWS::ServiceDiscovery::{kind}",
        service="servicediscovery",
        after=("AWS::ServiceDiscovery::Service",),
        listing=Listing(
            "list_namespaces", "Id", "CreateDate", unless=f"Type != '{type_}' || ResourceOwner == 'OTHER_ACCOUNTS'"
        ),
        see=Call("get_namespace"),
        remove=Call("delete_namespace"),
        errors=Errors(absent=("NamespaceNotFound",), under_way=("DuplicateRequest",), busy=("ResourceInUse",)),
    )


ROWS: Final = (
    Row(
        name="AWS::Route53::HealthCheck",
        service="route53",
        scope=Scope.GLOBAL,
        after=("AWS::Route53::HostedZone",),
        listing=Listing("list_health_checks", "Id", "CallerReference", unless="LinkedService"),
        see=Call("get_health_check"),
        remove=Call("delete_health_check"),
        errors=Errors(absent=("NoSuchHealthCheck",), busy=("HealthCheckInUse",)),
    ),
    Row(
        name="AWS::ServiceDiscovery::Service",
        service="servicediscovery",
        after=("AWS::ECS::Service",),  # which takes its own instances out
        listing=Listing(
            "list_services",
            "Id",
            "CreateDate",
            unless="ResourceOwner == 'OTHER_ACCOUNTS'",
            only_with=Listing("list_namespaces", "Id"),  # of other accounts, too
        ),
        see=Call("get_service"),
        strip=(
            Step(call=Call("deregister_instance", ("ServiceId", "InstanceId")), each=Listing("list_instances", "Id")),
        ),
        remove=Call("delete_service"),
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
            "CertificateArn",
            "CreatedAt",
            fixed={"Includes": {"keyTypes": list(_KEYS)}, "CertificateKeyPairOrigins": list(_ORIGINS)},
            variants=({}, {"RootHierarchyTypes": list(_HIERARCHIES)}),
            late="(CertificateKeyPairOrigin == 'ACME' || RootHierarchyType) && (CreatedAt || 'unknown')",
            unless="ManagedBy",
        ),
        see=Call("describe_certificate"),
        remove=Call("delete_certificate"),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("ResourceInUseException", "ConflictException")),
    ),
    Row(
        name="AWS::Cognito::UserPool",
        service="cognito-idp",
        listing=Listing("list_user_pools", "Id", "CreationDate", fixed={"MaxResults": 60}),
        see=Call("describe_user_pool"),
        unprotect=(
            # what is not said is forgotten, and AWS refuses to ask for proof of what it does not verify any more
            Step(
                call=Call(
                    "update_user_pool",
                    fixed={"DeletionProtection": "INACTIVE"},
                    seen={
                        "AutoVerifiedAttributes": "UserPool.AutoVerifiedAttributes",
                        "UserAttributeUpdateSettings": "UserPool.UserAttributeUpdateSettings",
                    },
                ),
                when="UserPool.DeletionProtection == 'ACTIVE'",
            ),
        ),
        strip=tuple(
            Step(call=Call("delete_user_pool_domain", seen={"Domain": domain}), when=domain)
            for domain in ("UserPool.Domain", "UserPool.CustomDomain")
        ),
        remove=Call("delete_user_pool"),
        errors=Errors(
            absent=("ResourceNotFoundException",),
            busy=("InvalidParameterException", "UserImportInProgressException", "ConcurrentModificationException"),
        ),
    ),
    Row(
        name="AWS::Cognito::IdentityPool",
        service="cognito-identity",
        listing=Listing("list_identity_pools", "IdentityPoolId", fixed={"MaxResults": 60}),
        see=Call("describe_identity_pool"),
        remove=Call("delete_identity_pool"),
        errors=Errors(absent=("ResourceNotFoundException",)),
    ),
)
