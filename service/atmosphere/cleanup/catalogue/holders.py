"""What may hold a leftover: other things, kept ones too, whose description has the leftover's id in it.

One rule for every type: which types use it is a row, and a thing of these uses it if its id is a value in what
describes the thing. What can be taken off without a loss is, as the baseline cannot have had it: one of several
certificates, groups or capacity providers, a route. What took the place of something else (a default certificate, the
web ACL or the policy of a distribution, a parameter group) is not: only its owner knows what was there, so the holder
is named.

Source: the API reference of each service, of the operations that are named here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.base import pages
from atmosphere.cleanup.catalogue.defaults import members
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.cleanup.model import Resource

if TYPE_CHECKING:
    from atmosphere.cleanup.aws.accounts import Account

Keeps = Callable[[Resource], object]


@dataclass(frozen=True, slots=True)
class Release:
    """A call that takes a leftover off a kept thing, by its operation, and the protected things that it names."""

    operation: str
    names: tuple[str, ...]
    call: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Holder:
    """A kept thing that uses a leftover. Without `releases` only its owner can let go of it."""

    item: Resource
    releases: tuple[Release, ...] = ()


def holders(account: Account, item: Resource, keeps: Keeps) -> Iterator[Holder]:
    """The kept things that use a leftover, as far as the table knows. Raises `ClientError`, `BotoCoreError`."""
    for type_ in _HELD_BY.get(item.type, ()):
        for identity, description in _DESCRIBED.get(type_, _listed)(account, item, type_):
            holder = Resource.at(type_, identity, item.region)
            if not keeps(holder):
                continue
            found = _DETAILED.get(type_, _as_listed)(account, item, description)
            if _uses(found, item):
                yield Holder(holder, tuple(_TAKEN_OFF.get((item.type, type_), _nothing)(account, item, found)))


def _uses(description: Any, item: Resource) -> bool:
    """Whether the id is a value in it, by itself or at the end of a path or an ARN."""
    identity = item.id.split("|")[1] if item.type == _WEB_ACL else item.id
    return any(value == identity or value.endswith(f"/{identity}") for value in _values(description))


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner)


# --- what describes them ----------------------------------------------------------------------------------------------


def _listed(account: Account, item: Resource, type_: str) -> Iterator[tuple[str, Any]]:
    """Members of the listing of the holder's row, with their ids."""
    row = type_of(type_)
    if isinstance(row, Row):
        client = account.client(row.service, row.at or Resource.at(type_, "", item.region).region)
        for member in members(client, row.listing.operation, row.listing.members):
            yield str(jmespath.search(row.listing.id, member)), member


def _listeners(account: Account, item: Resource, _: str) -> Iterator[tuple[str, Any]]:
    client = account.client("elbv2", item.region)
    for page in pages(client, "describe_load_balancers"):
        for balancer in page["LoadBalancers"]:
            for found in pages(client, "describe_listeners", LoadBalancerArn=balancer["LoadBalancerArn"]):
                yield from ((each["ListenerArn"], each) for each in found["Listeners"])


def _clusters(account: Account, item: Resource, _: str) -> Iterator[tuple[str, Any]]:
    client = account.client("ecs", item.region)
    for page in pages(client, "list_clusters"):
        if page["clusterArns"]:
            found = client.describe_clusters(clusters=page["clusterArns"])["clusters"]
            yield from ((each["clusterName"], each) for each in found)


def _as_listed(_: Account, __: Resource, description: Any) -> Any:
    return description


def _with_rules(account: Account, item: Resource, listener: Any) -> Any:
    """A listener with its rules and all of its certificates."""
    client, arn = account.client("elbv2", item.region), listener["ListenerArn"]
    rules = [rule for page in pages(client, "describe_rules", ListenerArn=arn) for rule in page["Rules"]]
    listed = pages(client, "describe_listener_certificates", ListenerArn=arn) if listener.get("Certificates") else ()
    further = [each for page in listed for each in page["Certificates"] if not each.get("IsDefault")]
    return {**listener, "Rules": rules, _FURTHER: further}


_FURTHER: Final = "FurtherCertificates"
_LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"
_CLUSTER: Final = "AWS::ECS::Cluster"
_DESCRIBED: Final[Mapping[str, Callable[[Account, Resource, str], Iterator[tuple[str, Any]]]]] = {
    _LISTENER: _listeners,
    _CLUSTER: _clusters,
}
_DETAILED: Final[Mapping[str, Callable[[Account, Resource, Any], Any]]] = {_LISTENER: _with_rules}


# --- what is taken off ------------------------------------------------------------------------------------------------


def _nothing(_: Account, __: Resource, ___: Any) -> Iterator[Release]:
    return iter(())


def _certificate(account: Account, item: Resource, listener: Any) -> Iterator[Release]:
    """One of the further certificates of a listener; the default one took another's place."""
    arn = listener["ListenerArn"]
    if any(each["CertificateArn"] == item.id for each in listener[_FURTHER]):
        call = account.client("elbv2", item.region).remove_listener_certificates
        asked = {"ListenerArn": arn, "Certificates": [{"CertificateArn": item.id}]}
        yield Release("elbv2:RemoveListenerCertificates", (arn,), partial(call, **asked))


def _capacity_provider(account: Account, item: Resource, cluster: Any) -> Iterator[Release]:
    name = cluster["clusterName"]
    strategy = cluster.get("defaultCapacityProviderStrategy", ())
    call = account.client("ecs", item.region).put_cluster_capacity_providers
    asked = {
        "cluster": name,
        "capacityProviders": [each for each in cluster.get("capacityProviders", ()) if each != item.id],
        "defaultCapacityProviderStrategy": [each for each in strategy if each["capacityProvider"] != item.id],
    }
    yield Release("ecs:PutClusterCapacityProviders", (name, *asked["capacityProviders"]), partial(call, **asked))


def _route(account: Account, item: Resource, table: Any) -> Iterator[Release]:
    """Each route to it, or to what it names; a route that names a leftover came after the baseline."""
    call = account.client("ec2", item.region).delete_route
    for route in table["Routes"]:
        if item.id in route.values():
            to = {name: route[name] for name in _DESTINATIONS if name in route}
            if len(to) == 1:
                yield Release(
                    "ec2:DeleteRoute",
                    (table["RouteTableId"],),
                    partial(call, RouteTableId=table["RouteTableId"], **to),
                )


def _group(account: Account, item: Resource, interface: Any) -> Iterator[Release]:
    """One of several groups of an interface; the only one took another's place."""
    others = [group["GroupId"] for group in interface.get("Groups", ()) if group["GroupId"] != item.id]
    if others:
        identity = interface["NetworkInterfaceId"]
        call = account.client("ec2", item.region).modify_network_interface_attribute
        names = (identity, *others)
        yield Release(
            "ec2:ModifyNetworkInterfaceAttribute", names, partial(call, NetworkInterfaceId=identity, Groups=others)
        )


_DESTINATIONS: Final = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_WEB_ACL: Final = "AWS::WAFv2::WebACL"
_DISTRIBUTION: Final = ("AWS::CloudFront::Distribution",)
_INSTANCES: Final = ("AWS::RDS::DBInstance",)
_DATABASES: Final = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
_GROUPS: Final = ("AWS::AutoScaling::AutoScalingGroup",)
_INTERFACE: Final = "AWS::EC2::NetworkInterface"
_TABLE: Final = "AWS::EC2::RouteTable"

_HELD_BY: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            "AWS::CloudFront::CachePolicy",
            "AWS::CloudFront::CloudFrontOriginAccessIdentity",
            "AWS::CloudFront::Function",
            "AWS::CloudFront::KeyGroup",
            "AWS::CloudFront::OriginAccessControl",
            "AWS::CloudFront::OriginRequestPolicy",
            "AWS::CloudFront::ResponseHeadersPolicy",
            "AWS::IAM::ServerCertificate",
            _WEB_ACL,
        ),
        _DISTRIBUTION,
    ),
    "AWS::CertificateManager::Certificate": (_LISTENER, "AWS::ApiGateway::DomainName", *_DISTRIBUTION),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (_LISTENER,),
    "AWS::ECS::CapacityProvider": (_CLUSTER,),
    "AWS::RDS::DBParameterGroup": _INSTANCES,
    "AWS::RDS::OptionGroup": _INSTANCES,
    "AWS::RDS::DBSubnetGroup": _DATABASES,
    "AWS::RDS::DBClusterParameterGroup": ("AWS::RDS::DBCluster",),
    "AWS::ElastiCache::SubnetGroup": ("AWS::ElastiCache::CacheCluster",),
    "AWS::Batch::ComputeEnvironment": ("AWS::Batch::JobQueue",),
    "AWS::AutoScaling::LaunchConfiguration": _GROUPS,
    "AWS::EC2::PlacementGroup": (*_GROUPS, "AWS::EC2::Instance"),
    "AWS::EC2::SecurityGroup": (_INTERFACE,),
    "AWS::EC2::PrefixList": (_TABLE,),
}
"""The types that may use a leftover of a type."""
_TAKEN_OFF: Final[Mapping[tuple[str, str], Callable[[Account, Resource, Any], Iterator[Release]]]] = {
    ("AWS::CertificateManager::Certificate", _LISTENER): _certificate,
    ("AWS::ECS::CapacityProvider", _CLUSTER): _capacity_provider,
    ("AWS::EC2::SecurityGroup", _INTERFACE): _group,
    ("AWS::EC2::PrefixList", _TABLE): _route,
}
"""How a leftover is taken off a holder, where that is known and loses nothing of the baseline."""
