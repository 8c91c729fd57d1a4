"""Load balancers of all kinds. A protected one is deleted neither by us nor with its stack.

Source: the API references of Elastic Load Balancing; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

_ABSENT: Final = "LoadBalancerNotFound"
_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"

ROWS: Final = (
    Row(
        name=_BALANCER,
        service="elbv2",
        listing=Listing("describe_load_balancers", "LoadBalancerArn"),  # the ARN is made once
        see=Call("describe_load_balancers", "LoadBalancerArns"),
        unprotect=(
            Step(
                call=Call(
                    "modify_load_balancer_attributes",
                    fixed={"Attributes": [{"Key": "deletion_protection.enabled", "Value": "false"}]},
                )
            ),
        ),
        remove=Call("delete_load_balancer"),
        # in use: by an endpoint service
        errors=Errors(absent=(_ABSENT,), busy=("ResourceInUse",)),
        after=("AWS::EC2::VPCEndpointService",),
    ),
    Row(
        name="AWS::ElasticLoadBalancingV2::Listener",
        service="elbv2",
        listing=Listing(
            "describe_listeners",
            "ListenerArn",
            parent=Listing("describe_load_balancers", "LoadBalancerArn"),
            of="LoadBalancerArn",
        ),
        see=Call("describe_listeners", "ListenerArns"),
        remove=Call("delete_listener"),
        errors=Errors(absent=("ListenerNotFound", _ABSENT), busy=("ResourceInUse",)),
        after=(_BALANCER,),
    ),
    Row(
        name="AWS::ElasticLoadBalancingV2::TargetGroup",
        service="elbv2",
        listing=Listing("describe_target_groups", "TargetGroupArn"),
        see=Call("describe_target_groups", "TargetGroupArns"),
        remove=Call("delete_target_group"),
        errors=Errors(absent=("TargetGroupNotFound",), busy=("ResourceInUse",)),
        after=(_BALANCER, "AWS::ElasticLoadBalancingV2::Listener"),
    ),
    Row(
        name="AWS::ElasticLoadBalancing::LoadBalancer",
        service="elb",
        listing=Listing("describe_load_balancers", "LoadBalancerName", "CreatedTime"),
        see=Call("describe_load_balancers", "LoadBalancerNames"),
        remove=Call("delete_load_balancer"),
        errors=Errors(absent=(_ABSENT,)),
    ),
)
