"""Seeds of keys and secrets, and of what Systems Manager keeps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from atmosphere.core.model import Region
from tests.cleanup.catalogue.frame import Rule, Seed, StandIn
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients

_FAR: Final = Region("eu-west-1")


def _key(clients: Clients) -> str:
    """Beside one that waits for its deletion."""
    kms = clients("kms")
    waiting = kms.create_key(Description="seeded, waits for its deletion")["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=waiting, PendingWindowInDays=7)
    identity: str = kms.create_key(Description="seeded")["KeyMetadata"]["KeyId"]
    return identity


def _waits(clients: Clients, asked: Mapping[str, Any]) -> object:
    return clients("kms").describe_key(KeyId=asked["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def _replica(clients: Clients) -> str:
    """The replica of a key in another region."""
    primary = clients("kms", _FAR).create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    identity: str = clients("kms", _FAR).replicate_key(KeyId=primary, ReplicaRegion="us-east-1")["ReplicaKeyMetadata"][
        "KeyId"
    ]
    return identity


def _alias(clients: Clients) -> str:
    kms = clients("kms")
    key = kms.create_key(Description="seeded, with an alias")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/seeded", TargetKeyId=key)
    return "alias/seeded"


def _secret(clients: Clients) -> str:
    """With a replica elsewhere."""
    arn: str = clients("secretsmanager").create_secret(
        Name="seeded-secret", SecretString="seeded", AddReplicaRegions=[{"Region": _FAR}]
    )["ARN"]
    return arn


def _waiting_secret(clients: Clients) -> str:
    """One that waits for its deletion and keeps its name meanwhile."""
    secrets = clients("secretsmanager")
    arn: str = secrets.create_secret(Name="seeded-waiting-secret", SecretString="seeded")["ARN"]
    secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=30)
    return arn


# --- Systems Manager --------------------------------------------------------------------------------------------------


def _document(clients: Clients) -> str:
    """Shared with another account."""
    ssm = clients("ssm")
    step = {"action": "aws:runShellScript", "name": "seeded", "inputs": {"runCommand": ["true"]}}
    content = {"schemaVersion": "2.2", "description": "seeded", "mainSteps": [step]}
    ssm.create_document(Name="seeded-document", DocumentType="Command", Content=json.dumps(content))
    ssm.modify_document_permission(Name="seeded-document", PermissionType="Share", AccountIdsToAdd=["333333333333"])
    return "seeded-document"


class Associations:
    """What no backend has: documents that are run on instances time and again."""

    def __init__(self) -> None:
        self._there: dict[str, str] = {}

    def create_association(self, *, Name: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._there["0a1b2c3d-0000-4000-8000-000000000001"] = Name
        return self.describe_association(AssociationId="0a1b2c3d-0000-4000-8000-000000000001")

    def list_associations(self) -> dict[str, Any]:
        return {"Associations": [{"AssociationId": each, "Name": name} for each, name in self._there.items()]}

    def describe_association(self, *, AssociationId: str) -> dict[str, Any]:  # noqa: N803
        if AssociationId not in self._there:
            raise refuse("AssociationDoesNotExist", "no such association")
        return {"AssociationDescription": {"AssociationId": AssociationId}}

    def delete_association(self, *, AssociationId: str) -> dict[str, Any]:  # noqa: N803
        self.describe_association(AssociationId=AssociationId)
        del self._there[AssociationId]
        return {}


def _association(clients: Clients) -> str:
    identity: str = clients("ssm").create_association(
        Name="AWS-RunPatchBaseline", Targets=[{"Key": "InstanceIds", "Values": ["*"]}]
    )["AssociationDescription"]["AssociationId"]
    return identity


class Machines:
    """Machines outside of AWS that are registered with an activation's code; no backend has any."""

    def __init__(self) -> None:
        self._activations: set[str] = set()
        self._there: set[str] = set()

    def describe_activations(self) -> dict[str, Any]:
        return {"ActivationList": [{"ActivationId": each} for each in self._activations]}

    def delete_activation(self, *, ActivationId: str) -> dict[str, Any]:  # noqa: N803
        if ActivationId not in self._activations:
            raise refuse("InvalidActivation", "the activation might have been deleted")
        self._activations.remove(ActivationId)
        return {}

    def create_activation(self, **_: Any) -> dict[str, Any]:
        """A machine is registered with it at once."""
        self._activations.add("0a1b2c3d-0000-4000-8000-000000000002")
        self._there.add("mi-0123456789abcdef0")
        return {"ActivationId": "0a1b2c3d-0000-4000-8000-000000000002", "ActivationCode": "x"}

    def describe_instance_information(
        self,
        *,
        Filters: list[dict[str, Any]],  # noqa: N803
        MaxResults: int,  # noqa: N803
    ) -> dict[str, Any]:
        assert (Filters, MaxResults) == ([{"Key": "ResourceType", "Values": ["ManagedInstance"]}], 50)
        return {"InstanceInformationList": [{"InstanceId": each} for each in self._there]}

    def deregister_managed_instance(self, *, InstanceId: str) -> dict[str, Any]:  # noqa: N803
        if InstanceId not in self._there:
            raise refuse("InvalidInstanceId", "no such instance")
        self._there.remove(InstanceId)
        return {}


def _activation(clients: Clients) -> str:
    identity: str = clients("ssm").create_activation(IamRole="seeded-role", RegistrationLimit=1)["ActivationId"]
    return identity


def _machine(clients: Clients) -> str:
    _activation(clients)
    return "mi-0123456789abcdef0"


class Windows:
    """Maintenance windows that can be switched off, which moto's cannot."""

    def __init__(self) -> None:
        self._there: dict[str, bool] = {}

    def create_maintenance_window(self, **_: Any) -> dict[str, Any]:
        self._there["mw-0123456789abcdef0"] = True
        return {"WindowId": "mw-0123456789abcdef0"}

    def describe_maintenance_windows(self) -> dict[str, Any]:
        return {"WindowIdentities": [{"WindowId": each, "Enabled": on} for each, on in self._there.items()]}

    def get_maintenance_window(self, *, WindowId: str) -> dict[str, Any]:  # noqa: N803
        if WindowId not in self._there:
            raise refuse("DoesNotExistException", "no such window")
        return {"WindowId": WindowId, "Enabled": self._there[WindowId]}

    def update_maintenance_window(self, *, WindowId: str, Enabled: bool) -> dict[str, Any]:  # noqa: N803
        self.get_maintenance_window(WindowId=WindowId)
        self._there[WindowId] = Enabled
        return {"WindowId": WindowId, "Enabled": Enabled}

    def delete_maintenance_window(self, *, WindowId: str) -> dict[str, Any]:  # noqa: N803
        self._there.pop(WindowId, None)
        return {"WindowId": WindowId}


def _window(clients: Clients) -> str:
    identity: str = clients("ssm").create_maintenance_window(
        Name="seeded-window", Schedule="rate(1 day)", Duration=1, Cutoff=0, AllowUnassociatedTargets=False
    )["WindowId"]
    return identity


def _opens(clients: Clients, identity: str) -> object:
    return clients("ssm").get_maintenance_window(WindowId=identity)["Enabled"]


_AWS_BASELINES: Final = [
    {"BaselineId": "pb-0aaaaaaaaaaaaaaaa", "BaselineName": "AWS-SuseDefaultPatchBaseline", "OperatingSystem": "SUSE"},
    {
        "BaselineId": "pb-0bbbbbbbbbbbbbbbb",
        "BaselineName": "AWS-UbuntuDefaultPatchBaseline",
        "OperatingSystem": "UBUNTU",
    },
]


class PatchBaselines:
    """Patch baselines with their groups, which moto does not tell, and the default of an operating system."""

    def __init__(self) -> None:
        self._there: dict[str, list[str]] = {}
        self._default = _AWS_BASELINES[1]["BaselineId"]

    def create_patch_baseline(self, **_: Any) -> dict[str, Any]:
        self._there["pb-0123456789abcdef0"] = []
        return {"BaselineId": "pb-0123456789abcdef0"}

    def describe_patch_baselines(self, *, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        [owner] = Filters
        if owner == {"Key": "OWNER", "Values": ["AWS"]}:
            return {"BaselineIdentities": [*_AWS_BASELINES]}
        assert owner == {"Key": "OWNER", "Values": ["Self"]}
        return {"BaselineIdentities": [{"BaselineId": each} for each in self._there]}

    def get_patch_baseline(self, *, BaselineId: str) -> dict[str, Any]:  # noqa: N803
        if BaselineId not in self._there:
            raise refuse("DoesNotExistException", "no such baseline")
        return {"BaselineId": BaselineId, "PatchGroups": [*self._there[BaselineId]], "OperatingSystem": "UBUNTU"}

    def register_default_patch_baseline(self, *, BaselineId: str) -> dict[str, Any]:  # noqa: N803
        self._default = BaselineId
        return {"BaselineId": BaselineId}

    def register_patch_baseline_for_patch_group(self, *, BaselineId: str, PatchGroup: str) -> dict[str, Any]:  # noqa: N803
        self._there[BaselineId].append(PatchGroup)
        return {}

    def deregister_patch_baseline_for_patch_group(self, *, BaselineId: str, PatchGroup: str) -> dict[str, Any]:  # noqa: N803
        self._there[BaselineId].remove(PatchGroup)
        return {}

    def delete_patch_baseline(self, *, BaselineId: str) -> dict[str, Any]:  # noqa: N803
        if self._there.get(BaselineId):
            raise refuse("ResourceInUseException", "groups are registered for it")
        if self._default not in {each["BaselineId"] for each in _AWS_BASELINES if each["OperatingSystem"] == "UBUNTU"}:
            raise refuse("ResourceInUseException", "it is the default of Ubuntu")
        self._there.pop(BaselineId, None)
        return {"BaselineId": BaselineId}


def _patch_baseline(clients: Clients) -> str:
    """Registered for two groups, and the default of its operating system."""
    ssm = clients("ssm")
    identity: str = ssm.create_patch_baseline(Name="seeded-baseline")["BaselineId"]
    for group in ("seeded-group-1", "seeded-group-2"):
        ssm.register_patch_baseline_for_patch_group(BaselineId=identity, PatchGroup=group)
    ssm.register_default_patch_baseline(BaselineId=identity)
    return identity


SEEDS: Final = (
    Seed(
        type="AWS::KMS::Key",
        make=_key,
        rules=(Rule("ScheduleKeyDeletion", "KMSInvalidStateException", _waits),),
    ),
    Seed(type="AWS::KMS::Key", what="replica", make=_replica),
    Seed(type="AWS::KMS::Alias", make=_alias),
    Seed(type="AWS::SecretsManager::Secret", make=_secret),
    Seed(
        type="AWS::SecretsManager::Secret",
        what="that-waits",
        make=_waiting_secret,
        spare=("remove_regions_from_replication",),
    ),
    Seed(type="AWS::SSM::Document", make=_document),
    Seed(type="AWS::SSM::Association", make=_association, stand_ins=(StandIn("ssm", Associations),)),
    Seed(type="AWS::SSM::Activation", make=_activation, stand_ins=(StandIn("ssm", Machines),)),
    Seed(type="AWS::SSM::ManagedInstance", make=_machine, stand_ins=(StandIn("ssm", Machines),)),
    Seed(type="AWS::SSM::MaintenanceWindow", make=_window, running=_opens, stand_ins=(StandIn("ssm", Windows),)),
    Seed(type="AWS::SSM::PatchBaseline", make=_patch_baseline, stand_ins=(StandIn("ssm", PatchBaselines),)),
)
