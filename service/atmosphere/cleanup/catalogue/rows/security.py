"""Keys and secrets, and what Systems Manager keeps.

Source: the API reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from operator import eq
from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.calls import Call, Listing, Step
from atmosphere.cleanup.catalogue.row import Row

_PENDING: Final = "contains(['PendingDeletion', 'PendingReplicaDeletion'], {state})"
_REPLICA: Final = "(PrimaryRegion && !contains(ARN, join('', [':', PrimaryRegion, ':'])))"
_OWN: Final = [{"Key": "Owner", "Values": ["Self"]}]
_OWN_BASELINES: Final = [{"Key": "OWNER", "Values": ["Self"]}]
_AWS_BASELINES: Final = [{"Key": "OWNER", "Values": ["AWS"]}]
_OUTSIDE: Final = [{"Key": "ResourceType", "Values": ["ManagedInstance"]}]
"""Instances of EC2 are listed by EC2."""

ROWS: Final = (
    Row(
        name="AWS::KMS::Key",
        service="kms",
        stage=Stage.LAST,
        # replica keys are keys, too; a key lasts a week at least after its deletion, which is as good as gone
        listing=Listing(
            "describe_key",
            "KeyId",
            "CreationDate",
            unless=f"KeyManager == 'AWS' || {_PENDING.format(state='KeyState')}",
            members="[KeyMetadata]",
            parent=Listing("list_keys", "KeyId"),
        ),
        see=Call("describe_key"),
        gone=_PENDING.format(state="KeyMetadata.KeyState"),
        ending=_PENDING.format(state="KeyMetadata.KeyState"),
        remove=Call("schedule_key_deletion", fixed={"PendingWindowInDays": 7}),
        errors=Errors(absent=("NotFoundException",), busy=("KMSInvalidStateException",)),
    ),
    Row(
        name="AWS::KMS::Alias",
        service="kms",
        stage=Stage.LAST,
        listing=Listing("list_aliases", "AliasName", "CreationDate", unless="starts_with(AliasName, 'alias/aws/')"),
        remove=Call("delete_alias"),
        errors=Errors(absent=("NotFoundException",)),
    ),
    Row(
        name="AWS::SecretsManager::Secret",
        service="secretsmanager",
        # one that waits for its deletion keeps its name; what a service owns goes with what it is for
        listing=Listing(
            "list_secrets", "ARN", "CreatedDate", fixed={"IncludePlannedDeletion": True}, unless="OwningService"
        ),
        see=Call("describe_secret"),
        strip=(
            Step(
                call=Call("remove_regions_from_replication", ("SecretId", "RemoveReplicaRegions")),
                each=Listing("describe_secret", "Region", members="ReplicationStatus"),
            ),
            Step(
                call=Call("disassociate_cross_account_replica", ("SecretId", "CrossAccountReplicaARN")),
                when="CrossAccountReplicas",
                each=Listing(
                    "describe_secret",
                    "ReplicaSecretARN",
                    members="CrossAccountReplicas[?ReplicationStatus != 'Detached']",
                ),
            ),
        ),
        rare=(Step(call=Call("stop_replication_to_replica"), when=f"CrossAccountPrimary || {_REPLICA}"),),
        remove=Call("delete_secret", fixed={"ForceDeleteWithoutRecovery": True}),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("InvalidRequestException",)),
    ),
    Row(
        name="AWS::SSM::Document",
        service="ssm",
        after=("AWS::SSM::Association",),
        listing=Listing("list_documents", "Name", "CreatedDate", fixed={"Filters": _OWN}),
        see=Call("describe_document"),
        ending="Document.Status == 'Deleting'",
        strip=(
            Step(
                call=Call("modify_document_permission", ("Name", "AccountIdsToRemove"), {"PermissionType": "Share"}),
                each=Listing("describe_document_permission", fixed={"PermissionType": "Share"}, members="AccountIds"),
            ),
        ),
        remove=Call("delete_document"),
        errors=Errors(absent=("InvalidDocument",), busy=("AssociatedInstances",)),
    ),
    Row(
        name="AWS::SSM::Association",
        service="ssm",
        listing=Listing("list_associations", "AssociationId"),
        see=Call("describe_association", "AssociationId"),
        remove=Call("delete_association", "AssociationId"),
        errors=Errors(absent=("AssociationDoesNotExist",)),
    ),
    Row(  # with its code a machine outside of AWS gets sessions of the activation's role
        name="AWS::SSM::Activation",
        service="ssm",
        listing=Listing("describe_activations", "ActivationId"),
        remove=Call("delete_activation"),
        errors=Errors(absent=("InvalidActivationId", "InvalidActivation")),
    ),
    Row(  # a machine that was registered so; it goes on getting sessions without the activation
        name="AWS::SSM::ManagedInstance",
        service="ssm",
        after=("AWS::SSM::Activation",),
        listing=Listing("describe_instance_information", "InstanceId", fixed={"Filters": _OUTSIDE, "MaxResults": 50}),
        remove=Call("deregister_managed_instance"),
        errors=Errors(absent=("InvalidInstanceId",)),
    ),
    Row(
        name="AWS::SSM::MaintenanceWindow",
        service="ssm",
        listing=Listing("describe_maintenance_windows", "WindowId"),
        see=Call("get_maintenance_window"),
        halt=(Step(call=Call("update_maintenance_window", fixed={"Enabled": False}), when="Enabled"),),
        remove=Call("delete_maintenance_window"),
        errors=Errors(absent=("DoesNotExistException",)),
    ),
    Row(
        name="AWS::SSM::PatchBaseline",
        service="ssm",
        listing=Listing("describe_patch_baselines", "BaselineId", fixed={"Filters": _OWN_BASELINES}),
        see=Call("get_patch_baseline"),
        strip=(
            Step(
                call=Call("deregister_patch_baseline_for_patch_group", ("BaselineId", "PatchGroup")),
                each=Listing("get_patch_baseline", members="PatchGroups"),
            ),
        ),
        # the default of its operating system: AWS's own is put back
        rare=(
            Step(
                call=Call("register_default_patch_baseline", ("", "BaselineId")),
                each=Listing(
                    "describe_patch_baselines",
                    "BaselineId",
                    fixed={"Filters": _AWS_BASELINES},
                    members="BaselineIdentities[?ends_with(BaselineName, 'DefaultPatchBaseline')]",
                    of=(),
                    where=("OperatingSystem", eq, "OperatingSystem"),
                ),
            ),
        ),
        remove=Call("delete_patch_baseline"),
        errors=Errors(absent=("DoesNotExistException",), busy=("ResourceInUseException",)),
    ),
)
