"""ECS: services, what runs by itself, definitions, clusters. Much of it lingers as INACTIVE, which is as good as gone.

Source: the ECS API reference; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_CLUSTERS: Final = Listing("list_clusters")
_OF_A_CLUSTER: Final = "AWS::ECS::ClusterCapacityProvider"
_NOT_DELETED: Final = (  # one that does not exist is named there, too
    "failures[?!contains(reason || '', 'does not exist')].{Code: reason || 'Failed', Message: detail || reason}"
)
_NO_CLUSTER: Final = "ClusterNotFoundException"

ROWS: Final = (
    Row(
        name="AWS::ECS::Service",
        service="ecs",
        listing=Listing("list_services", parent=_CLUSTERS, of="cluster"),
        see=Call("describe_services", ("cluster", "services")),
        shows="services",
        gone="services[0].status == 'INACTIVE'",
        ending="services[0].status == 'DRAINING'",
        parts=r"arn:[^:]+:ecs:[^:]+:[^:]+:service/([^/]+)/(.+)",
        # one daemon for each instance is not a number that could be nought
        halt=(
            Step(
                call=Call("update_service", ("cluster", "service"), {"desiredCount": 0}),
                when="services[?schedulingStrategy == 'REPLICA' && desiredCount > `0`]",
            ),
        ),
        remove=Call("delete_service", ("cluster", "service"), {"force": True}),
        errors=Errors(absent=("ServiceNotFoundException", _NO_CLUSTER), under_way=("ServiceNotActiveException",)),
        stage=Stage.SLOW,  # it drains its load balancer first
    ),
    Row(
        name="AWS::ECS::TaskDefinition",
        service="ecs",
        listing=Listing("list_task_definitions", fixed={"status": "ACTIVE"}),
        see=Call("describe_task_definition"),
        gone="taskDefinition.status != 'ACTIVE'",
        strip=(Step(call=Call("deregister_task_definition")),),
        remove=Call("delete_task_definitions", refusals=_NOT_DELETED),
        # what one that does not exist is answered with
        errors=Errors(absent=("ClientException",)),
        after=("AWS::ECS::Service",),
    ),
    Row(
        name="AWS::ECS::Cluster",
        service="ecs",
        listing=Listing(
            "describe_clusters",
            "clusterName",
            unless="status == 'INACTIVE'",
            members="clusters",
            parent=_CLUSTERS,
            of="clusters",
        ),
        see=Call("describe_clusters", "clusters"),
        shows="clusters",
        gone="clusters[0].status == 'INACTIVE'",
        ending="clusters[0].status == 'DEPROVISIONING'",
        strip=(
            Step(
                call=Call("deregister_container_instance", ("cluster", "containerInstance"), {"force": True}),
                each=Listing("list_container_instances", of="cluster"),
            ),
        ),
        remove=Call("delete_cluster"),
        errors=Errors(
            absent=(_NO_CLUSTER,),
            busy=(
                "ClusterContainsServicesException",
                "ClusterContainsTasksException",
                "ClusterContainsContainerInstancesException",
                "ClusterContainsCapacityProviderException",
                "UpdateInProgressException",
            ),
        ),
        after=(_OF_A_CLUSTER, "AWS::ECS::Service", "AWS::ECS::Task"),
    ),
    # A name of ours: those of managed instances are shown, and deleted, with their cluster only, and before it.
    Row(
        name=_OF_A_CLUSTER,
        service="ecs",
        listing=Listing(
            "describe_capacity_providers",
            "name",
            "capacityProviderArn",
            unless="status == 'INACTIVE' || !cluster",
            members="capacityProviders",
            parent=Listing("list_clusters"),
            of="cluster",
            join="{parent}|{id}",
        ),
        see=Call("describe_capacity_providers", ("cluster", "capacityProviders")),
        shows="capacityProviders",
        gone="capacityProviders[0].status == 'INACTIVE'",
        ending="contains(['DELETE_IN_PROGRESS', 'DELETE_COMPLETE'], capacityProviders[0].updateStatus || '')",
        parts=r"([^|]+)\|(.+)",
        remove=Call("delete_capacity_provider", ("cluster", "capacityProvider")),
        errors=Errors(absent=(_NO_CLUSTER,), busy=("ClientException", "UpdateInProgressException")),
        after=("AWS::ECS::Service", "AWS::ECS::Task"),
    ),
    Row(
        name="AWS::ECS::CapacityProvider",
        service="ecs",
        listing=Listing(
            "describe_capacity_providers",
            "name",
            "capacityProviderArn",
            unless="status == 'INACTIVE' || contains(['FARGATE', 'FARGATE_SPOT'], name) || cluster",
            members="capacityProviders",
        ),
        see=Call("describe_capacity_providers", "capacityProviders"),
        shows="capacityProviders",
        gone="capacityProviders[0].status == 'INACTIVE'",
        ending="capacityProviders[0].updateStatus == 'DELETE_IN_PROGRESS'",
        remove=Call("delete_capacity_provider"),
        errors=Errors(busy=("ClientException", "UpdateInProgressException")),
        after=("AWS::ECS::Cluster",),
    ),
)
