"""Seeds of instances, of what starts them, and of what they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Backend, Rule, Seed, StandIn
from tests.cleanup.catalogue.seeds.network import ZONES, instance, subnets
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from tests.cleanup.catalogue.frame import Clients

_PROTECTIONS: Final = ("DisableApiTermination", "DisableApiStop")


class Protections:
    """What protects instances from calls; moto cannot take it off again."""

    def __init__(self) -> None:
        self._on: set[tuple[str, str]] = set()

    def modify_instance_attribute(self, *, InstanceId: str, **asked: Any) -> dict[str, Any]:  # noqa: N803
        for name in _PROTECTIONS:
            if name in asked:
                (self._on.add if asked[name]["Value"] else self._on.discard)((InstanceId, name))
        return {}

    def terminate_instances(self, *, InstanceIds: list[str], **_: Any) -> None:  # noqa: N803
        if any(instance in InstanceIds for instance, _ in self._on):
            raise refuse("OperationNotPermitted", "may not be terminated: modify its instance attribute")


class GroupProtection:
    """What protects groups from being deleted; moto forgets it."""

    def __init__(self) -> None:
        self._on: dict[str, str] = {}

    def create_auto_scaling_group(self, *, AutoScalingGroupName: str, **asked: Any) -> None:  # noqa: N803
        self._on[AutoScalingGroupName] = asked.get("DeletionProtection", "none")

    def update_auto_scaling_group(self, *, AutoScalingGroupName: str, **asked: Any) -> None:  # noqa: N803
        self._on.update({AutoScalingGroupName: asked["DeletionProtection"]} if "DeletionProtection" in asked else {})

    def delete_auto_scaling_group(self, *, AutoScalingGroupName: str, **_: Any) -> None:  # noqa: N803
        if self._on.get(AutoScalingGroupName, "none") != "none":
            raise refuse("ResourceInUse", "the group is protected from being deleted")


class Images:
    """Images of the account's own, which may be protected; moto knows no protection."""

    def __init__(self) -> None:
        self._images: dict[str, dict[str, Any]] = {}

    def register_image(self, *, Name: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        identity = f"ami-{len(self._images):08x}"
        self._images[identity] = {"ImageId": identity, "Name": Name, "DeregistrationProtection": "disabled"}
        return {"ImageId": identity}

    def describe_images(self, *, ImageIds: list[str] | None = None, **_: Any) -> dict[str, Any]:  # noqa: N803
        if ImageIds is None:
            return {"Images": list(self._images.values())}
        return {"Images": [self._image(each) for each in ImageIds]}

    def enable_image_deregistration_protection(self, *, ImageId: str) -> dict[str, Any]:  # noqa: N803
        self._image(ImageId)["DeregistrationProtection"] = "enabled-without-cooldown"
        return {"Return": "true"}

    def disable_image_deregistration_protection(self, *, ImageId: str) -> dict[str, Any]:  # noqa: N803
        self._image(ImageId)["DeregistrationProtection"] = "disabled"
        return {"Return": "true"}

    def deregister_image(self, *, ImageId: str) -> dict[str, Any]:  # noqa: N803
        if self._image(ImageId)["DeregistrationProtection"] != "disabled":
            raise refuse("OperationNotPermitted", "the image is protected from being deregistered")
        del self._images[ImageId]
        return {"Return": True}

    def _image(self, identity: str) -> dict[str, Any]:
        if identity not in self._images:
            raise refuse("InvalidAMIID.NotFound", f"The image id '[{identity}]' does not exist")
        return self._images[identity]


# --- what starts instances --------------------------------------------------------------------------------------------


def _launch_configuration(clients: Clients, name: str = "seeded-configuration") -> str:
    clients("autoscaling").create_launch_configuration(
        LaunchConfigurationName=name, ImageId="ami-12345678", InstanceType="t3.micro"
    )
    return name


def _group(clients: Clients) -> str:
    clients("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="seeded-group",
        LaunchConfigurationName=_launch_configuration(clients, "seeded-for-a-group"),
        MinSize=1,
        MaxSize=2,
        VPCZoneIdentifier=subnets(clients)[0],
        NewInstancesProtectedFromScaleIn=True,
        DeletionProtection="prevent-all-deletion",
    )
    return "seeded-group"


def _launches(clients: Clients, identity: str) -> object:
    groups = clients("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[identity])["AutoScalingGroups"]
    suspended = {each["ProcessName"] for group in groups for each in group["SuspendedProcesses"]}
    return not {"Launch", "ReplaceUnhealthy"} <= suspended


def _launch_template(clients: Clients, name: str = "seeded-template") -> str:
    said = {"ImageId": "ami-12345678", "InstanceType": "t3.micro"}
    made = clients("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=said)
    identity: str = made["LaunchTemplate"]["LaunchTemplateId"]
    return identity


def _fleet(clients: Clients) -> str:
    template = _launch_template(clients, "seeded-for-a-fleet")
    wanted = {"InstanceType": "t3.micro", "SubnetId": subnets(clients)[0], "WeightedCapacity": 1}
    made = clients("ec2").create_fleet(
        Type="maintain",
        LaunchTemplateConfigs=[
            {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
                "Overrides": [wanted],
            }
        ],
        TargetCapacitySpecification={
            "TotalTargetCapacity": 1,
            "OnDemandTargetCapacity": 1,
            "SpotTargetCapacity": 0,
            "DefaultTargetCapacityType": "on-demand",
        },
        OnDemandOptions={"AllocationStrategy": "lowestPrice"},
    )
    identity: str = made["FleetId"]
    return identity


def _spot_fleet(clients: Clients) -> str:
    wanted = {"ImageId": "ami-12345678", "InstanceType": "t3.micro", "SubnetId": subnets(clients)[0]}
    made = clients("ec2").request_spot_fleet(
        SpotFleetRequestConfig={
            "TargetCapacity": 1,
            "IamFleetRole": "arn:aws:iam::222222222222:role/seeded-fleet",
            "SpotPrice": "0.1",
            "AllocationStrategy": "lowestPrice",
            "LaunchSpecifications": [wanted],
        }
    )
    identity: str = made["SpotFleetRequestId"]
    return identity


def _protected_instance(clients: Clients) -> str:
    identity = instance(clients)
    for name in _PROTECTIONS:
        protect: dict[str, Any] = {name: {"Value": True}}
        clients("ec2").modify_instance_attribute(InstanceId=identity, **protect)
    return identity


def _spot_instance(clients: Clients) -> str:
    return instance(clients, InstanceMarketOptions={"MarketType": "spot"})


def _always(*_: object) -> object:
    return True


def _placement_group(clients: Clients) -> str:
    clients("ec2").create_placement_group(GroupName="seeded-placement", Strategy="cluster")
    return "seeded-placement"


# --- what instances are made of ---------------------------------------------------------------------------------------


def _volume(clients: Clients) -> str:
    ec2 = clients("ec2")
    identity: str = ec2.create_volume(AvailabilityZone=ZONES[0], Size=1)["VolumeId"]
    machine = instance(clients, subnets(clients)[0])
    ec2.attach_volume(VolumeId=identity, InstanceId=machine, Device="/dev/sdf")
    return identity


def _image(clients: Clients) -> str:
    identity: str = clients("ec2").register_image(Name="seeded-image", RootDeviceName="/dev/xvda")["ImageId"]
    clients("ec2").enable_image_deregistration_protection(ImageId=identity)
    return identity


def _snapshot(clients: Clients) -> str:
    volume = clients("ec2").create_volume(AvailabilityZone=ZONES[0], Size=1)["VolumeId"]
    identity: str = clients("ec2").create_snapshot(VolumeId=volume)["SnapshotId"]
    return identity


def _key_pair(clients: Clients) -> str:
    clients("ec2").create_key_pair(KeyName="seeded-key")
    return "seeded-key"


SEEDS: Final = (
    # that instances are protected from scaling in keeps only CloudFormation from deleting their group
    Seed(
        type="AWS::AutoScaling::AutoScalingGroup",
        make=_group,
        stand_ins=(StandIn("autoscaling", GroupProtection),),
        running=_launches,
        spare=("set_instance_protection",),
    ),
    Seed(type="AWS::AutoScaling::LaunchConfiguration", make=_launch_configuration),
    Seed(type="AWS::EC2::LaunchTemplate", make=_launch_template),
    Seed(type="AWS::EC2::EC2Fleet", make=_fleet),
    Seed(type="AWS::EC2::SpotFleet", make=_spot_fleet),
    Seed(
        type="AWS::EC2::Instance",
        make=_protected_instance,
        stand_ins=(StandIn("ec2", Protections),),
    ),
    # nothing protects what AWS takes back whenever it likes, and being told so is an error
    Seed(
        type="AWS::EC2::Instance",
        what="spot",
        make=_spot_instance,
        rules=(Rule("ModifyInstanceAttribute", "UnsupportedOperation", _always),),
        spare=("modify_instance_attribute",),
    ),
    # moto has none
    Seed(type="AWS::EC2::PlacementGroup", make=_placement_group, on=Backend.EMULATOR),
    # the other one is the instance's own, which moto leaves behind
    Seed(type="AWS::EC2::Volume", make=_volume, others=1),
    Seed(type="AWS::EC2::Image", make=_image, stand_ins=(StandIn("ec2", Images),)),
    Seed(type="AWS::EC2::Snapshot", make=_snapshot),
    Seed(type="AWS::EC2::KeyPair", make=_key_pair),
)
