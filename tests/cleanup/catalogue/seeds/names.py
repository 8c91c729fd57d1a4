"""Seeds of Route 53, Cloud Map, certificates and Cognito."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tests.cleanup.catalogue.frame import Backend, Rule, Seed
from tests.cleanup.catalogue.seeds.network import vpc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _zone(clients: Clients) -> str:
    """With more records than fit into a page, and a part of it delegated."""
    client = clients("route53")
    made = client.create_hosted_zone(Name="seeded.example.com", CallerReference="seeded")
    identity: str = made["HostedZone"]["Id"].rpartition("/")[2]
    names = [("NS", "part.seeded.example.com", "ns.example.com")]
    names += [("CNAME", f"host-{number}.seeded.example.com", "example.com") for number in range(320)]
    for start in range(0, len(names), 100):
        changes = [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]},
            }
            for kind, name, value in names[start : start + 100]
        ]
        client.change_resource_record_sets(HostedZoneId=identity, ChangeBatch={"Changes": changes})
    return identity


def _health_check(clients: Clients) -> str:
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": "seeded.example.com", "Port": 443}
    made = clients("route53").create_health_check(CallerReference="seeded", HealthCheckConfig=config)
    identity: str = made["HealthCheck"]["Id"]
    return identity


def _http_namespace(clients: Clients, name: str = "seeded-http") -> str:
    discovery = clients("servicediscovery")
    discovery.create_http_namespace(Name=name)
    return next(str(each["Id"]) for each in discovery.list_namespaces()["Namespaces"] if each["Name"] == name)


def _private_namespace(clients: Clients) -> str:
    discovery = clients("servicediscovery")
    _http_namespace(clients, "seeded-not-private")
    discovery.create_private_dns_namespace(Name="seeded.private", Vpc=vpc(clients))
    return next(str(each["Id"]) for each in discovery.list_namespaces()["Namespaces"] if each["Type"] == "DNS_PRIVATE")


def _public_namespace(clients: Clients) -> str:
    discovery = clients("servicediscovery")
    discovery.create_public_dns_namespace(Name="seeded.example.com")
    return next(str(each["Id"]) for each in discovery.list_namespaces()["Namespaces"] if each["Type"] == "DNS_PUBLIC")


def _service(clients: Clients) -> str:
    discovery = clients("servicediscovery")
    namespace = _http_namespace(clients, "seeded-of-service")
    identity: str = discovery.create_service(Name="seeded-service", NamespaceId=namespace)["Service"]["Id"]
    discovery.register_instance(ServiceId=identity, InstanceId="instance", Attributes={"AWS_INSTANCE_IPV4": "10.0.0.1"})
    return identity


def _has_instances(clients: Clients, asked: Mapping[str, str]) -> object:
    try:
        return clients("servicediscovery").list_instances(ServiceId=asked["Id"])["Instances"]
    except ClientError:
        return False


def _certificate(clients: Clients) -> str:
    """Of a key that is not listed unless it is asked for."""
    made = clients("acm").request_certificate(
        DomainName="seeded.example.com", ValidationMethod="DNS", KeyAlgorithm="EC_prime256v1"
    )
    arn: str = made["CertificateArn"]
    return arn


def _pool(clients: Clients) -> str:
    """A protected user pool, with a domain of either kind, whose users have to prove a new address."""
    cognito = clients("cognito-idp")
    made = cognito.create_user_pool(
        PoolName="seeded-pool",
        DeletionProtection="ACTIVE",
        AutoVerifiedAttributes=["email"],
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
    )
    identity: str = made["UserPool"]["Id"]
    cognito.create_user_pool_domain(UserPoolId=identity, Domain="seeded-prefix")
    certificate = {"CertificateArn": "arn:aws:acm:us-east-1:222222222222:certificate/seeded"}
    cognito.create_user_pool_domain(
        UserPoolId=identity, Domain="seeded-auth.example.com", CustomDomainConfig=certificate
    )
    return identity


def _user_pool(clients: Clients, identity: str) -> Mapping[str, str]:
    try:
        pool: Mapping[str, str] = clients("cognito-idp").describe_user_pool(UserPoolId=identity)["UserPool"]
    except ClientError:
        return {}
    return pool


def _is_protected(clients: Clients, asked: Mapping[str, str]) -> object:
    return _user_pool(clients, asked["UserPoolId"]).get("DeletionProtection") == "ACTIVE"


def _has_domain(clients: Clients, asked: Mapping[str, str]) -> object:
    pool = _user_pool(clients, asked["UserPoolId"])
    return pool.get("Domain") or pool.get("CustomDomain")


def _asks_for_unverified(_: Clients, asked: Mapping[str, Any]) -> object:
    return "email" not in asked.get("AutoVerifiedAttributes", ())


_POOL_RULES: Final = (
    Rule("UpdateUserPool", "InvalidParameterException", _asks_for_unverified),
    Rule("DeleteUserPool", "InvalidParameterException", _is_protected),
    Rule("DeleteUserPool", "InvalidParameterException", _has_domain),
)


def _identity_pool(clients: Clients) -> str:
    made = clients("cognito-identity").create_identity_pool(
        IdentityPoolName="seeded-identities", AllowUnauthenticatedIdentities=False
    )
    identity: str = made["IdentityPoolId"]
    return identity


SEEDS: Final = (
    Seed(type="AWS::Route53::HostedZone", make=_zone),
    Seed(type="AWS::Route53::HealthCheck", make=_health_check),
    Seed(type="AWS::ServiceDiscovery::HttpNamespace", make=_http_namespace),
    Seed(type="AWS::ServiceDiscovery::PrivateDnsNamespace", make=_private_namespace),
    Seed(type="AWS::ServiceDiscovery::PublicDnsNamespace", make=_public_namespace),
    Seed(
        type="AWS::ServiceDiscovery::Service",
        make=_service,
        rules=(Rule("DeleteService", "ResourceInUse", _has_instances),),
    ),
    Seed(type="AWS::CertificateManager::Certificate", make=_certificate),
    Seed(
        type="AWS::Cognito::UserPool",
        make=_pool,
        rules=_POOL_RULES,
        on=Backend.EMULATOR,
    ),
    Seed(type="AWS::Cognito::IdentityPool", make=_identity_pool, on=Backend.EMULATOR),
)
