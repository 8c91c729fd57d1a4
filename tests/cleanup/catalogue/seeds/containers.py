"""Seeds of ECS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Backend, Rule, Seed, StandIn
from tests.cleanup.catalogue.seeds.network import instance
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _cluster(clients: Clients, name: str) -> str:
    clients("ecs").create_cluster(clusterName=name)
    return name


def _definition(clients: Clients, family: str = "seeded-definition") -> str:
    made = clients("ecs").register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "main", "image": "busybox", "memory": 128}],
    )
    identity: str = made["taskDefinition"]["taskDefinitionArn"]
    return identity


def _service(clients: Clients) -> str:
    made = clients("ecs").create_service(
        cluster=_cluster(clients, "seeded-for-a-service"),
        serviceName="seeded-service",
        taskDefinition=_definition(clients, "seeded-for-a-service"),
        desiredCount=2,
    )
    identity: str = made["service"]["serviceArn"]
    return identity


def _wants_tasks(clients: Clients, identity: str) -> object:
    _, cluster, name = identity.split("/")
    [service] = clients("ecs").describe_services(cluster=cluster, services=[name])["services"]
    return service["desiredCount"]


def _task(clients: Clients) -> str:
    [subnet, *_] = clients("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    made = clients("ecs").run_task(
        cluster=_cluster(clients, "seeded-for-a-task"),
        taskDefinition=_definition(clients, "seeded-for-a-task"),
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet["SubnetId"]], "securityGroups": []}},
    )
    identity: str = made["tasks"][0]["taskArn"]
    return identity


def _cluster_with_an_instance(clients: Clients) -> str:
    cluster = _cluster(clients, "seeded-cluster")
    document = {"instanceId": instance(clients), "accountId": "222222222222", "region": "us-east-1"}
    clients("ecs").register_container_instance(cluster=cluster, instanceIdentityDocument=json.dumps(document))
    return cluster


def _has_instances(clients: Clients, asked: Mapping[str, Any]) -> object:
    return clients("ecs").list_container_instances(cluster=asked["cluster"])["containerInstanceArns"]


def _capacity_provider(clients: Clients) -> str:
    group = "arn:aws:autoscaling:us-east-1:222222222222:autoScalingGroup:0:autoScalingGroupName/seeded"
    clients("ecs").create_capacity_provider(
        name="seeded-capacity", autoScalingGroupProvider={"autoScalingGroupArn": group}
    )
    return "seeded-capacity"


class ManagedInstances:
    """A cluster with a capacity provider of managed instances: shown and deleted with the cluster's name only."""

    def __init__(self) -> None:
        self.there = False

    def create_capacity_provider(self, *, cluster: str, **_: Any) -> dict[str, Any]:
        self.there = bool(cluster)
        return {"capacityProvider": self._provider()}

    def describe_capacity_providers(self, *, cluster: str = "", **_: Any) -> dict[str, Any]:
        return {"capacityProviders": [self._provider()] if cluster and self.there else []}

    def delete_capacity_provider(self, *, capacityProvider: str, cluster: str = "") -> dict[str, Any]:  # noqa: N803
        if not cluster:
            raise refuse("ClientException", "say which cluster")
        self.there = self.there and capacityProvider != "seeded-managed"
        return {}

    def _provider(self) -> dict[str, Any]:
        return {"name": "seeded-managed", "cluster": "seeded", "status": "ACTIVE", "capacityProviderArn": "arn:seeded"}


def _managed_instances(clients: Clients) -> str:
    ecs = clients("ecs")
    cluster: str = ecs.create_cluster(clusterName="seeded-managing")["cluster"]["clusterArn"]
    ecs.create_capacity_provider(name="seeded-managed", cluster=cluster)
    return f"{cluster}|seeded-managed"


SEEDS: Final = (
    # moto lists what is INACTIVE
    Seed(type="AWS::ECS::Service", make=_service, running=_wants_tasks, on=Backend.EMULATOR),
    Seed(type="AWS::ECS::Task", make=_task),
    Seed(type="AWS::ECS::TaskDefinition", make=_definition, spare=("deregister_task_definition",)),
    Seed(
        type="AWS::ECS::Cluster",
        make=_cluster_with_an_instance,
        rules=(Rule("DeleteCluster", "ClusterContainsContainerInstancesException", _has_instances),),
    ),
    Seed(
        type="AWS::ECS::ClusterCapacityProvider",
        make=_managed_instances,
        stand_ins=(StandIn("ecs", ManagedInstances),),
    ),
    # moto fails when it is asked for all of them
    Seed(type="AWS::ECS::CapacityProvider", make=_capacity_provider, on=Backend.EMULATOR),
)
