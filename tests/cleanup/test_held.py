"""Leftovers that something kept uses: taken off there where that loses nothing, else the report names the holder."""

from __future__ import annotations

from typing import Any, Final

import pytest

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.holders import _HELD_BY, _TAKEN_OFF
from atmosphere.cleanup.model import GLOBAL, Verdict
from tests.cleanup.fakes import refuse
from tests.cleanup.scene import Scene

pytestmark = pytest.mark.usefixtures("moto_account")

ARN: Final = "arn:aws:elasticloadbalancing:us-east-1:222222222222"
LISTENER: Final = f"{ARN}:listener/app/web/1/2"
BALANCER: Final = f"{ARN}:loadbalancer/app/web/1"
GROUP: Final = f"{ARN}:targetgroup/leftover/1"
CERTIFICATE: Final = "arn:aws:acm:us-east-1:222222222222:certificate/leftover"
OTHER: Final = "arn:aws:acm:us-east-1:222222222222:certificate/needed"
LISTENERS: Final = "AWS::ElasticLoadBalancingV2::Listener"


class Held:
    """A leftover that AWS does not delete while `users` is true; operations are answered, and those asked are told."""

    def __init__(self, type_: str, delete: str, code: str, **answers: Any) -> None:
        self.scene = Scene(types=(type_,))
        self.used, self.gone, self.asked = True, False, list[str]()
        for operation, answer in answers.items():
            self.answer(operation, answer)
        refused = refuse(code, "it is in use")

        def deleting() -> Any:
            if self.used:
                return refused
            self.gone = True
            return {}

        self.answer(delete, deleting)

    def answer(self, operation: str, answer: Any) -> None:
        def answered() -> Any:
            self.asked.append(operation)
            return answer() if callable(answer) else answer

        self.scene.world.answers[operation] = answered

    def released(self) -> dict[str, Any]:
        self.used = False
        return {}


# --- certificates and target groups -----------------------------------------------------------------------------------


def certificate(*, default: bool) -> Held:
    listener = {
        "ListenerArn": LISTENER,
        "LoadBalancerArn": BALANCER,
        "Certificates": [{"CertificateArn": CERTIFICATE if default else OTHER}],
    }
    further = [{"CertificateArn": OTHER, "IsDefault": True}]
    further += [] if default else [{"CertificateArn": CERTIFICATE, "IsDefault": False}]
    held = Held(
        "AWS::CertificateManager::Certificate",
        "DeleteCertificate",
        "ResourceInUseException",
        DescribeLoadBalancers={"LoadBalancers": [{"LoadBalancerArn": BALANCER}]},
        DescribeListeners={"Listeners": [listener]},
        DescribeListenerCertificates={"Certificates": further},
        DescribeRules={"Rules": []},
        GetDomainNames={"items": []},
    )
    listed = {"CertificateSummaryList": [{"CertificateArn": CERTIFICATE, "DomainName": "x"}]}
    held.answer("ListCertificates", lambda: {"CertificateSummaryList": []} if held.gone else listed)
    held.answer("DescribeCertificate", {"Certificate": {"CertificateArn": CERTIFICATE, "InUseBy": [BALANCER]}})
    held.answer("RemoveListenerCertificates", held.released)
    held.scene.remember(LISTENERS, LISTENER)
    return held


def test_one_of_several_certificates_is_taken_off_a_kept_listener() -> None:
    held = certificate(default=False)
    assert held.scene.clean().verdict is Verdict.CLEAN
    assert held.asked.count("RemoveListenerCertificates") == 1


def test_a_default_certificate_is_not_and_the_report_names_the_listener() -> None:
    held = certificate(default=True)
    result = held.scene.clean()
    blocker = held.scene.blockers(result)[CERTIFICATE]
    assert (result.verdict, blocker["code"]) == (Verdict.DIRTY, "held-by-kept")
    assert blocker["message"].startswith(f"the kept {LISTENERS} {LISTENER} uses it: take it off there")
    assert "ResourceInUseException: it is in use" in blocker["message"]
    assert LISTENER in blocker["blockedBy"]
    assert "RemoveListenerCertificates" not in held.asked


def test_nothing_is_looked_into_at_a_first_refusal() -> None:
    held = certificate(default=False)
    held.answer("ListCertificates", {"CertificateSummaryList": [{"CertificateArn": CERTIFICATE, "DomainName": "x"}]})
    asked: list[int] = []

    def balancers() -> dict[str, Any]:
        asked.append(held.asked.count("DeleteCertificate"))
        return {"LoadBalancers": []}

    held.answer("DescribeLoadBalancers", balancers)
    held.scene.clean()
    assert min(asked) >= 2


def test_what_a_leftover_uses_is_nobodys_to_take_off() -> None:
    held = certificate(default=False)
    held.scene.forget(LISTENERS, LISTENER)
    result = held.scene.clean()
    assert (result.verdict, held.scene.blockers(result)[CERTIFICATE]["code"]) == (
        Verdict.BLOCKED,
        "ResourceInUseException",
    )
    assert "RemoveListenerCertificates" not in held.asked


def test_a_take_off_that_is_refused_leaves_the_holder_named() -> None:
    held = certificate(default=False)
    held.answer("RemoveListenerCertificates", refuse("AccessDenied", "no"))
    result = held.scene.clean()
    assert (result.verdict, held.scene.blockers(result)[CERTIFICATE]["code"]) == (Verdict.DIRTY, "held-by-kept")


def test_a_kept_listener_that_cannot_be_read_is_not_taken_for_none() -> None:
    held = certificate(default=False)
    held.answer("DescribeListeners", refuse("AccessDenied", "no"))
    assert held.scene.clean().verdict is Verdict.BLOCKED


def test_a_target_group_in_a_rule_of_a_kept_listener_names_it() -> None:
    rule = {"RuleArn": f"{LISTENER}/3", "Actions": [{"Type": "forward", "TargetGroupArn": GROUP}]}
    held = Held(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "DeleteTargetGroup",
        "ResourceInUse",
        DescribeTargetGroups={"TargetGroups": [{"TargetGroupArn": GROUP, "LoadBalancerArns": [BALANCER]}]},
        DescribeLoadBalancers={"LoadBalancers": [{"LoadBalancerArn": BALANCER}]},
        DescribeListeners={"Listeners": [{"ListenerArn": LISTENER, "LoadBalancerArn": BALANCER}]},
        DescribeRules={"Rules": [rule]},
    )
    held.scene.remember(LISTENERS, LISTENER)
    result = held.scene.clean()
    assert (result.verdict, held.scene.blockers(result)[GROUP]["code"]) == (Verdict.DIRTY, "held-by-kept")


# --- networks and clusters --------------------------------------------------------------------------------------------


def test_a_capacity_provider_is_taken_off_a_kept_cluster() -> None:
    cluster = {
        "clusterName": "needed",
        "status": "ACTIVE",
        "capacityProviders": ["FARGATE", "leftover"],
        "defaultCapacityProviderStrategy": [{"capacityProvider": "leftover"}, {"capacityProvider": "FARGATE"}],
    }
    held = Held(
        "AWS::ECS::CapacityProvider",
        "DeleteCapacityProvider",
        "ClientException",
        ListClusters={"clusterArns": ["arn:aws:ecs:us-east-1:222222222222:cluster/needed"]},
        DescribeClusters={"clusters": [cluster], "failures": []},
    )
    provider = {"name": "leftover", "capacityProviderArn": "arn", "status": "ACTIVE"}
    held.answer("DescribeCapacityProviders", lambda: {"capacityProviders": [] if held.gone else [provider]})
    held.answer("PutClusterCapacityProviders", held.released)
    held.scene.remember("AWS::ECS::Cluster", "needed")
    assert held.scene.clean().verdict is Verdict.CLEAN


def test_a_route_to_it_in_a_kept_table_goes() -> None:
    routes = [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"}]
    routes.append({"DestinationPrefixListId": "pl-1", "GatewayId": "igw-1"})
    table = {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": routes, "Associations": [{"Main": False}]}
    held = Held("AWS::EC2::PrefixList", "DeleteManagedPrefixList", "DependencyViolation")
    found = {"PrefixLists": [{"PrefixListId": "pl-1", "OwnerId": "222222222222", "State": "create-complete"}]}
    held.answer("DescribeManagedPrefixLists", lambda: {"PrefixLists": []} if held.gone else found)
    held.answer("DescribeRouteTables", {"RouteTables": [table]})
    held.answer("DeleteRoute", held.released)
    held.scene.remember("AWS::EC2::RouteTable", "rtb-1")
    assert held.scene.clean().verdict is Verdict.CLEAN


@pytest.mark.parametrize(("others", "verdict"), [(["sg-needed"], Verdict.CLEAN), ([], Verdict.DIRTY)])
def test_a_group_is_taken_off_a_kept_interface_that_has_others(others: list[str], verdict: Verdict) -> None:
    held = Held("AWS::EC2::SecurityGroup", "DeleteSecurityGroup", "DependencyViolation")
    group = {"GroupId": "sg-1", "GroupName": "app", "VpcId": "vpc-1", "IpPermissions": [], "IpPermissionsEgress": []}
    groups = [{"GroupId": each} for each in ("sg-1", *others)]
    interface = {"NetworkInterfaceId": "eni-1", "Status": "in-use", "InterfaceType": "interface", "Groups": groups}
    held.answer("DescribeSecurityGroups", lambda: {"SecurityGroups": [] if held.gone else [group]})
    held.answer("DescribeNetworkInterfaces", {"NetworkInterfaces": [interface]})
    held.answer("ModifyNetworkInterfaceAttribute", held.released)
    held.scene.remember("AWS::EC2::NetworkInterface", "eni-1")
    assert held.scene.clean().verdict is verdict


# --- what took the place of something else ----------------------------------------------------------------------------


def test_a_policy_of_a_kept_distribution_names_it() -> None:
    behavior = {"CachePolicyId": "policy-1", "TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"}
    summary = {"Id": "E1", "DefaultCacheBehavior": behavior, "Enabled": True, "Status": "Deployed"}
    listed = {"Type": "custom", "CachePolicy": {"Id": "policy-1", "LastModifiedTime": "2026-11-22T12:00:00Z"}}
    held = Held(
        "AWS::CloudFront::CachePolicy",
        "DeleteCachePolicy",
        "CachePolicyInUse",
        ListCachePolicies={"CachePolicyList": {"MaxItems": 1, "Quantity": 1, "Items": [listed]}},
        GetCachePolicy={"CachePolicy": {"Id": "policy-1"}, "ETag": "E"},
        ListDistributions={
            "DistributionList": {"IsTruncated": False, "MaxItems": 1, "Quantity": 1, "Marker": "", "Items": [summary]}
        },
    )
    held.scene.changes["sweep_globals"] = True
    held.scene.remember("AWS::CloudFront::Distribution", "E1")
    result = held.scene.clean()
    blocker = held.scene.blockers(result)["policy-1"]
    assert (blocker["code"], blocker["region"]) == ("held-by-kept", GLOBAL)
    assert "the kept AWS::CloudFront::Distribution E1 uses it" in blocker["message"]


def test_a_parameter_group_of_a_kept_database_names_it() -> None:
    instance = {"DBInstanceIdentifier": "needed", "DBParameterGroups": [{"DBParameterGroupName": "leftover"}]}
    held = Held(
        "AWS::RDS::DBParameterGroup",
        "DeleteDBParameterGroup",
        "InvalidDBParameterGroupState",
        DescribeDBParameterGroups={"DBParameterGroups": [{"DBParameterGroupName": "leftover"}]},
        DescribeDBInstances={"DBInstances": [instance]},
    )
    held.scene.remember("AWS::RDS::DBInstance", "needed")
    result = held.scene.clean()
    assert (result.verdict, held.scene.blockers(result)["leftover"]["code"]) == (Verdict.DIRTY, "held-by-kept")


# --- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", _HELD_BY)
def test_what_may_be_held_has_a_row_and_so_has_what_may_hold_it(type_: str) -> None:
    assert type_of(type_).service != "cloudcontrol"
    assert type_of(type_).errors.busy, "AWS has no word for its being in use"
    assert {type_of(holder).service for holder in _HELD_BY[type_]} - {"cloudcontrol"}


def test_what_is_taken_off_is_in_the_table() -> None:
    assert all(holder in _HELD_BY[type_] for type_, holder in _TAKEN_OFF)
