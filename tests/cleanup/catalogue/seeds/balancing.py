"""Seeds of load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Rule, Seed
from tests.cleanup.catalogue.seeds.network import ZONES, subnets, vpc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _balancer(clients: Clients, name: str = "seeded-balancer") -> str:
    made = clients("elbv2").create_load_balancer(Name=name, Type="network", Subnets=subnets(clients))
    identity: str = made["LoadBalancers"][0]["LoadBalancerArn"]
    return identity


def _protected_balancer(clients: Clients) -> str:
    identity = _balancer(clients)
    clients("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=identity, Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}]
    )
    return identity


def _is_protected(clients: Clients, asked: Mapping[str, Any]) -> object:
    if "LoadBalancerArn" not in asked:
        return False  # the classic kind's operation has the same name
    said = clients("elbv2").describe_load_balancer_attributes(LoadBalancerArn=asked["LoadBalancerArn"])["Attributes"]
    return {"Key": "deletion_protection.enabled", "Value": "true"} in said


def _target_group(clients: Clients, name: str = "seeded-targets") -> str:
    made = clients("elbv2").create_target_group(Name=name, Protocol="TCP", Port=80, VpcId=vpc(clients))
    identity: str = made["TargetGroups"][0]["TargetGroupArn"]
    return identity


def _listener(clients: Clients) -> str:
    made = clients("elbv2").create_listener(
        LoadBalancerArn=_balancer(clients, "seeded-for-a-listener"),
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": _target_group(clients, "seeded-for-a-listener")}],
    )
    identity: str = made["Listeners"][0]["ListenerArn"]
    return identity


def _classic(clients: Clients) -> str:
    clients("elb").create_load_balancer(
        LoadBalancerName="seeded-classic",
        Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}],
        AvailabilityZones=[ZONES[0]],
    )
    return "seeded-classic"


SEEDS: Final = (
    Seed(
        type="AWS::ElasticLoadBalancingV2::LoadBalancer",
        make=_protected_balancer,
        rules=(Rule("DeleteLoadBalancer", "OperationNotPermitted", _is_protected),),
    ),
    Seed(type="AWS::ElasticLoadBalancingV2::Listener", make=_listener),
    Seed(type="AWS::ElasticLoadBalancingV2::TargetGroup", make=_target_group),
    Seed(type="AWS::ElasticLoadBalancing::LoadBalancer", make=_classic),
)
