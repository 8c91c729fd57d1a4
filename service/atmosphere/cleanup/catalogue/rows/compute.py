"""Instances, what starts them, and what they are made of: groups, fleets, templates, volumes, snapshots, images, keys.

Source: the API references of EC2 and EC2 Auto Scaling; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

# also where the account hides what services manage
_MANAGED: Final = {"IncludeManagedResources": True}
_OFF: Final = {"Value": False}
# those on the spot market know no protection, and refuse to be told of it
_PROTECTABLE: Final = (
    "Reservations[].Instances[?!contains(['shutting-down', 'terminated'], State.Name) && InstanceLifecycle != 'spot'][]"
)
_ENDED: Final = "Reservations[0].Instances[0].State.Name == 'terminated'"
_GROUP: Final = Listing(
    "describe_auto_scaling_groups",
    "InstanceId",
    members="AutoScalingGroups[].Instances[?ProtectedFromScaleIn][]",
    of="AutoScalingGroupNames",
)

_SCALING: Final = (
    Row(
        name="AWS::AutoScaling::AutoScalingGroup",
        service="autoscaling",
        listing=Listing("describe_auto_scaling_groups", "AutoScalingGroupName", "AutoScalingGroupARN"),
        see=Call("describe_auto_scaling_groups", "AutoScalingGroupNames"),
        shows="AutoScalingGroups",
        ending="AutoScalingGroups[0].Status",  # there only while the group is being deleted
        # not Terminate: CloudFormation deletes a group by scaling it to nothing first
        halt=(
            Step(
                call=Call(
                    "suspend_processes",
                    fixed={
                        "ScalingProcesses": [
                            "Launch",
                            "ReplaceUnhealthy",
                            "AZRebalance",
                            "AlarmNotification",
                            "ScheduledActions",
                        ]
                    },
                ),
                when="AutoScalingGroups",
            ),
        ),
        unprotect=(
            Step(
                call=Call("update_auto_scaling_group", fixed={"DeletionProtection": "none"}), when="AutoScalingGroups"
            ),
            Step(
                call=Call(
                    "set_instance_protection", ("AutoScalingGroupName", "InstanceIds"), {"ProtectedFromScaleIn": False}
                ),
                each=_GROUP,
            ),
        ),
        remove=Call("delete_auto_scaling_group", fixed={"ForceDelete": True}),
        errors=Errors(busy=("ScalingActivityInProgress", "ResourceInUse")),
        stage=Stage.SLOW,
    ),
    Row(
        name="AWS::AutoScaling::LaunchConfiguration",
        service="autoscaling",
        listing=Listing("describe_launch_configurations", "LaunchConfigurationName", "LaunchConfigurationARN"),
        see=Call("describe_launch_configurations", "LaunchConfigurationNames"),
        shows="LaunchConfigurations",
        remove=Call("delete_launch_configuration"),
        errors=Errors(busy=("ResourceInUse",)),
        after=("AWS::AutoScaling::AutoScalingGroup",),
    ),
    Row(
        name="AWS::EC2::EC2Fleet",
        service="ec2",
        listing=Listing("describe_fleets", "FleetId", unless="starts_with(FleetState, 'deleted')"),
        see=Call("describe_fleets", "FleetIds"),
        shows="Fleets",
        gone="starts_with(Fleets[0].FleetState, 'deleted')",
        remove=Call("delete_fleets", fixed={"TerminateInstances": True}, refusals="UnsuccessfulFleetDeletions[].Error"),
        errors=Errors(absent=("InvalidFleetId.NotFound", "fleetIdDoesNotExist")),
        stage=Stage.SLOW,
    ),
    Row(
        name="AWS::EC2::SpotFleet",
        service="ec2",
        listing=Listing(
            "describe_spot_fleet_requests",
            "SpotFleetRequestId",
            unless="starts_with(SpotFleetRequestState, 'cancelled')",
        ),
        see=Call("describe_spot_fleet_requests", "SpotFleetRequestIds"),
        shows="SpotFleetRequestConfigs",
        gone="starts_with(SpotFleetRequestConfigs[0].SpotFleetRequestState, 'cancelled')",
        remove=Call(
            "cancel_spot_fleet_requests",
            fixed={"TerminateInstances": True},
            refusals="UnsuccessfulFleetRequests[].Error",
        ),
        errors=Errors(absent=("InvalidSpotFleetRequestId.NotFound", "fleetRequestIdDoesNotExist")),
        stage=Stage.SLOW,
    ),
    Row(
        name="AWS::EC2::LaunchTemplate",
        service="ec2",
        listing=Listing(
            "describe_launch_templates",
            "LaunchTemplateId",
            fixed=_MANAGED,
            late="Operator.Managed && (CreateTime || 'unknown')",
        ),
        see=Call("describe_launch_templates", "LaunchTemplateIds", _MANAGED),
        shows="LaunchTemplates",
        remove=Call("delete_launch_template", "LaunchTemplateId"),
        errors=Errors(absent=("InvalidLaunchTemplateId.NotFound",)),
        after=("AWS::AutoScaling::AutoScalingGroup",),
    ),
    Row(
        name="AWS::EC2::Instance",
        service="ec2",
        listing=Listing(
            "describe_instances",
            "InstanceId",
            fixed=_MANAGED,
            unless="State.Name == 'terminated'",
            late="Operator.Managed && (LaunchTime || 'unknown')",
            members="Reservations[].Instances[]",
        ),
        see=Call("describe_instances", "InstanceIds", _MANAGED),
        shows="Reservations",
        gone=_ENDED,
        ending="Reservations[0].Instances[0].State.Name == 'shutting-down'",
        unprotect=(
            Step(call=Call("modify_instance_attribute", fixed={"DisableApiTermination": _OFF}), when=_PROTECTABLE),
            Step(call=Call("modify_instance_attribute", fixed={"DisableApiStop": _OFF}), when=_PROTECTABLE),
        ),
        remove=Call("terminate_instances"),
        errors=Errors(absent=("InvalidInstanceID.NotFound",), fatal=("InvalidInstanceID.Malformed",)),
        stage=Stage.SLOW,
        # whatever keeps a number of instances goes first, or it starts others
        after=("AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::EC2Fleet", "AWS::EC2::SpotFleet"),
    ),
    Row(
        name="AWS::EC2::PlacementGroup",
        service="ec2",
        listing=Listing(
            "describe_placement_groups", "GroupName", "GroupId", unless="State == 'deleted'", members="PlacementGroups"
        ),
        see=Call("describe_placement_groups", "GroupNames"),
        shows="PlacementGroups",
        gone="PlacementGroups[0].State == 'deleted'",
        ending="PlacementGroups[0].State == 'deleting'",
        remove=Call("delete_placement_group"),
        errors=Errors(absent=("InvalidPlacementGroup.Unknown",), busy=("InvalidPlacementGroup.InUse",)),
        after=("AWS::EC2::Instance",),
    ),
)

_DISKS: Final = (
    Row(
        name="AWS::EC2::Volume",
        service="ec2",
        listing=Listing(
            "describe_volumes",
            "VolumeId",
            fixed=_MANAGED,
            unless="State == 'deleted'",
            late="(Operator.Managed || Attachments[?DeleteOnTermination]) && (CreateTime || 'unknown')",
            owner=("AWS::EC2::Instance", "Attachments[?DeleteOnTermination] | [0].InstanceId"),
        ),
        see=Call("describe_volumes", "VolumeIds", _MANAGED),
        shows="Volumes",
        ending="Volumes[0].State == 'deleting'",
        strip=(
            Step(
                call=Call("detach_volume", ("VolumeId", "InstanceId")),
                each=Listing(
                    "describe_volumes",
                    "InstanceId",
                    fixed=_MANAGED,
                    members="Volumes[].Attachments[?State == 'attached'][]",
                    of="VolumeIds",
                ),
            ),
        ),
        remove=Call("delete_volume"),
        errors=Errors(absent=("InvalidVolume.NotFound",), busy=("VolumeInUse",)),
        after=("AWS::EC2::Instance",),
    ),
    # Neither images nor snapshots are types of CloudFormation's; tests make them by calls.
    Row(
        name="AWS::EC2::Image",
        service="ec2",
        listing=Listing(
            "describe_images", "ImageId", fixed={"Owners": ["self"], "IncludeDeprecated": True, "IncludeDisabled": True}
        ),
        see=Call("describe_images", "ImageIds", {"IncludeDisabled": True}),
        shows="Images",
        unprotect=(
            Step(
                call=Call("disable_image_deregistration_protection"),
                when="Images[?starts_with(DeregistrationProtection || '', 'enabled')]",
            ),
        ),
        remove=Call("deregister_image"),
        errors=Errors(absent=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")),
    ),
    Row(
        name="AWS::EC2::Snapshot",
        service="ec2",
        listing=Listing("describe_snapshots", "SnapshotId", fixed={"OwnerIds": ["self"]}),
        see=Call("describe_snapshots", "SnapshotIds"),
        shows="Snapshots",
        # one that is locked in compliance mode stays until its date
        unnamed=True,
        rare=(
            Step(
                call=Call("unlock_snapshot"),
                each=Listing(
                    "describe_locked_snapshots",
                    "SnapshotId",
                    members="Snapshots[?contains(['governance', 'compliance-cooloff'], LockState)]",
                    of="SnapshotIds",
                ),
            ),
        ),
        remove=Call("delete_snapshot"),
        errors=Errors(absent=("InvalidSnapshot.NotFound",), busy=("InvalidSnapshot.InUse",)),
        after=("AWS::EC2::Image",),
    ),
    Row(
        name="AWS::EC2::KeyPair",
        service="ec2",
        listing=Listing("describe_key_pairs", "KeyName", "KeyPairId", members="KeyPairs"),
        see=Call("describe_key_pairs", "KeyNames"),
        shows="KeyPairs",
        remove=Call("delete_key_pair", "KeyName"),
        errors=Errors(absent=("InvalidKeyPair.NotFound",)),
    ),
)

ROWS: Final = (*_SCALING, *_DISKS)
