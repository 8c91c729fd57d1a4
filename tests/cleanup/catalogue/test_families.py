"""Types that one listing of AWS's mixes up are told apart: each thing is found as one type only."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import complete
from atmosphere.cleanup.catalogue.base import Found, Unread
from tests.cleanup.catalogue.frame import TYPES, Rule, Seed, StandIn
from tests.cleanup.catalogue.seeds import SEEDS
from tests.cleanup.conftest import REGION
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cleanup.catalogue.frame import Plot


def seed(name: str) -> Seed:
    return next(each for each in SEEDS if each.type == name)


def found(plot: Plot, name: str) -> set[str]:
    return {each.id for each in complete(TYPES[name].list(plot.account, REGION), name)}


def test_neptune_is_not_found_as_rds_nor_rds_as_neptune(till: Callable[..., Plot]) -> None:
    names = ("AWS::RDS::DBInstance", "AWS::Neptune::DBInstance")
    plot = till(*map(seed, names))
    made = {name: seed(name).make(plot.client) for name in names}

    assert {name: found(plot, name) for name in names} == {name: {identity} for name, identity in made.items()}
    assert found(plot, "AWS::RDS::DBCluster") == set()
    assert found(plot, "AWS::DocDB::DBInstance") == set()


def test_what_is_part_of_a_network_by_itself_is_not_a_leftover_of_its_own(till: Callable[..., Plot]) -> None:
    plot = till(seed("AWS::EC2::VPC"))
    seed("AWS::EC2::VPC").make(plot.client)

    found_too = {name for name in TYPES if name.startswith("AWS::EC2::") and name not in MISSING and found(plot, name)}
    assert found_too == {"AWS::EC2::VPC"}


MISSING = {"AWS::EC2::ClientVpnEndpoint", "AWS::EC2::IPAM", "AWS::EC2::PlacementGroup"}
"""What moto cannot list."""


def test_one_that_cannot_be_asked_whose_it_is_hides_no_other(till: Callable[..., Plot]) -> None:
    name, code = "AWS::WAFv2::WebACL", "WAFInternalErrorException"
    rule = Rule("GetWebACL", code, lambda _, asked: asked["Name"].startswith("FMManaged"))
    plot = till(Seed(type=name, make=seed(name).make, rules=(rule,)))
    waf = plot.client("wafv2")
    shown = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "x"}
    for each in ("FMManagedX", "other"):
        waf.create_web_acl(Name=each, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=shown)
    listed = {each.id.partition("|")[0]: each for each in TYPES[name].list(plot.account, REGION)}
    assert isinstance(listed["FMManagedX"], Unread)
    assert listed["FMManagedX"].code == code
    assert isinstance(listed["other"], Found)


def test_tasks_are_gone_with_their_cluster_but_a_look_that_fails_is_no_answer(till: Callable[..., Plot]) -> None:
    name = "AWS::ECS::Task"
    for code, fails in (("ClusterNotFoundException", False), ("InvalidParameterException", True)):
        plot = till(Seed(type=name, make=seed(name).make, stand_ins=(StandIn("ecs", partial(Unlisted, code)),)))
        with pytest.raises(ClientError) if fails else nullcontext():
            assert found(plot, name) == set()


class Unlisted:
    """A cluster whose tasks nobody can list."""

    def __init__(self, code: str) -> None:
        self._code = code

    def list_clusters(self, **_: Any) -> dict[str, Any]:
        return {"clusterArns": ["arn:aws:ecs:us-east-1:222222222222:cluster/cluster"]}

    def list_tasks(self, **_: Any) -> dict[str, Any]:
        raise refuse(self._code, "no")


class Started:
    """Tasks in one cluster: of a service, of a person, stopped, and of persons that chose the group of a service."""

    def __init__(self) -> None:
        home = "arn:aws:ecs:us-east-1:222222222222:task/cluster"
        self.tasks = [
            {"taskArn": f"{home}/{number}", "group": group, "lastStatus": status}
            for number, (group, status) in enumerate(
                (
                    ("service:web", "RUNNING"),
                    ("family:job", "PENDING"),
                    ("family:job", "STOPPED"),
                    ("service:web", "RUNNING"),
                    ("service:none", "RUNNING"),
                )
            )
        ]

    def list_clusters(self, **_: Any) -> dict[str, Any]:
        return {"clusterArns": ["arn:aws:ecs:us-east-1:222222222222:cluster/cluster"]}

    def list_tasks(self, *, serviceName: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
        if serviceName == "none":
            raise refuse("ServiceNotFoundException", "Service not found.")
        return {"taskArns": [task["taskArn"] for task in (self.tasks[:1] if serviceName else self.tasks)]}

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> dict[str, Any]:
        assert cluster.endswith("cluster")
        return {"tasks": [task for task in self.tasks if task["taskArn"] in tasks]}


def test_tasks_of_a_service_are_the_services_and_stopped_ones_are_gone(till: Callable[..., Plot]) -> None:
    name = "AWS::ECS::Task"
    plot = till(Seed(type=name, make=seed(name).make, stand_ins=(StandIn("ecs", Started),)))
    of_service, alone, stopped, *others = (task["taskArn"] for task in Started().tasks)

    assert found(plot, name) == {alone, *others}
    assert TYPES[name].exists(plot.account, REGION, of_service)
    assert not TYPES[name].exists(plot.account, REGION, stopped)
