"""Seeds of CloudFormation's own: a registry as moto has none, StackSets with an instance, a template that it wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Seed, StandIn
from tests.cleanup.conftest import ACCOUNT, REGION
from tests.cleanup.fakes.world import STARTED, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cleanup.catalogue.frame import Clients

_ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/seeded"


class Registry:
    """Extensions by ARN; a registered one goes version by version, the default one last. Shows what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.types: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, dict[str, Any]] = {}

    def register_type(self, *, Type: str, TypeName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:type/{Type.lower()}/{TypeName.replace('::', '-')}"
        self.types[arn] = {"Type": Type, "TypeName": TypeName, "TypeArn": arn}
        number = f"{sum(each['of'] == arn for each in self.versions.values()) + 1:08}"
        self.versions[f"{arn}/{number}"] = {"of": arn, "VersionId": number, "IsDefaultVersion": number == f"{1:08}"}
        return {"RegistrationToken": "seeded"}

    def activate_type(self, *, Type: str, TypeNameAlias: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:type/{Type.lower()}/{TypeNameAlias.replace('::', '-')}"
        self.types[arn] = {"Type": Type, "TypeArn": arn, "OriginalTypeName": "AWS::Hooks::LambdaHook"}
        return {"Arn": arn}

    def list_types(
        self,
        *,
        Type: str,  # noqa: N803
        Visibility: str = "PRIVATE",  # noqa: N803
        ProvisioningType: str = "FULLY_MUTABLE",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """Of resource types those of one provisioning type, which these here have."""
        wanted = Visibility == "PRIVATE" and (Type != "RESOURCE" or ProvisioningType == "NON_PROVISIONABLE")
        return {"TypeSummaries": [each for each in self.types.values() if wanted and each["Type"] == Type]}

    def list_type_versions(self, *, Arn: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        found = {arn: each for arn, each in self.versions.items() if each["of"] == Arn}
        return {"TypeVersionSummaries": [{"Arn": arn, "TimeCreated": STARTED, **each} for arn, each in found.items()]}

    def describe_type(self, *, Arn: str) -> dict[str, Any]:  # noqa: N803
        if Arn in self.versions or Arn in self.types:
            return {"Arn": Arn, "DeprecatedStatus": "LIVE"}
        raise refuse("TypeNotFoundException", "no such extension")

    def deregister_type(self, *, Arn: str) -> dict[str, Any]:  # noqa: N803
        if Arn not in self.versions:
            raise refuse("TypeNotFoundException", "no such version")
        of = self.versions[Arn]["of"]
        if self.versions[Arn]["IsDefaultVersion"] and sum(each["of"] == of for each in self.versions.values()) > 1:
            raise refuse("CFNRegistryException", "it is the default version, and there are others")
        del self.versions[Arn]
        return {}

    def deactivate_type(self, *, Arn: str) -> dict[str, Any]:  # noqa: N803
        if self.types.pop(Arn, None) is None:
            raise refuse("TypeNotFoundException", "no such extension")
        return {}


class Generator:
    """Templates that CloudFormation wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.templates: dict[str, dict[str, Any]] = {}

    def create_generated_template(self, *, GeneratedTemplateName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        arn = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:generatedTemplate/{GeneratedTemplateName}"
        self.templates[arn] = {"GeneratedTemplateId": arn, "CreationTime": STARTED}
        return {"GeneratedTemplateId": arn}

    def list_generated_templates(self, **_: Any) -> dict[str, Any]:
        return {"Summaries": list(self.templates.values())}

    def describe_generated_template(self, *, GeneratedTemplateName: str) -> dict[str, Any]:  # noqa: N803
        if GeneratedTemplateName not in self.templates:
            raise refuse("GeneratedTemplateNotFoundException", "no such template")
        return self.templates[GeneratedTemplateName]

    def delete_generated_template(self, *, GeneratedTemplateName: str) -> dict[str, Any]:  # noqa: N803
        self.describe_generated_template(GeneratedTemplateName=GeneratedTemplateName)
        del self.templates[GeneratedTemplateName]
        return {}


class Sets:
    """StackSets: one with instances is not deleted, and one operation runs at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.sets: dict[str, set[tuple[str, str]]] = {}

    def create_stack_set(self, *, StackSetName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.sets[f"{StackSetName}:11112222"] = set()
        return {"StackSetId": f"{StackSetName}:11112222"}

    def create_stack_instances(
        self,
        *,
        StackSetName: str,  # noqa: N803
        Accounts: list[str],  # noqa: N803
        Regions: list[str],  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        self.sets[StackSetName] |= {(account, region) for account in Accounts for region in Regions}
        return {"OperationId": "seeded"}

    def list_stack_sets(self, **_: Any) -> dict[str, Any]:
        return {"Summaries": [{"StackSetName": name.split(":")[0], "StackSetId": name} for name in self.sets]}

    def describe_stack_set(self, *, StackSetName: str) -> dict[str, Any]:  # noqa: N803
        regions = sorted({region for _, region in self._of(StackSetName)})
        return {"StackSet": {"StackSetId": StackSetName, "Status": "ACTIVE", "Regions": regions}}

    def list_stack_instances(self, *, StackSetName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        of = sorted(self._of(StackSetName))
        return {"Summaries": [{"Account": account, "Region": region} for account, region in of]}

    def delete_stack_instances(
        self,
        *,
        StackSetName: str,  # noqa: N803
        Accounts: list[str],  # noqa: N803
        Regions: list[str],  # noqa: N803
        RetainStacks: bool,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        if not RetainStacks:
            raise refuse("InvalidOperationException", "the execution role of the other account does not exist")
        going = {(account, region) for account in Accounts for region in Regions}
        if not going & self._of(StackSetName):
            raise refuse("OperationInProgressException", "another operation runs")
        self.sets[StackSetName] -= going
        return {"OperationId": "seeded"}

    def delete_stack_set(self, *, StackSetName: str) -> dict[str, Any]:  # noqa: N803
        if self._of(StackSetName):
            raise refuse("StackSetNotEmptyException", "it has instances")
        del self.sets[StackSetName]
        return {}

    def _of(self, name: str) -> set[tuple[str, str]]:
        if name not in self.sets:
            raise refuse("StackSetNotFoundException", "no such set")
        return self.sets[name]


class Own(Registry, Generator, Sets):
    """All of these."""


def _registered(kind: str) -> Callable[[Clients], str]:
    """Two versions, of which the default one is refused while the other is there."""

    def make(clients: Clients) -> str:
        cloudformation = clients("cloudformation")
        for _ in range(2):
            cloudformation.register_type(
                Type=kind, TypeName="Seeded::Own::Thing", SchemaHandlerPackage="s3://seeded/thing.zip"
            )
        [arn] = (each["TypeArn"] for each in _types(cloudformation, kind) if "TypeName" in each)
        return f"{arn}/00000002"

    return make


def _types(cloudformation: Any, kind: str) -> list[dict[str, Any]]:
    asked = {"ProvisioningType": "NON_PROVISIONABLE"} if kind == "RESOURCE" else {}
    found: list[dict[str, Any]] = cloudformation.list_types(Type=kind, **asked)["TypeSummaries"]
    return found


def _activated(clients: Clients) -> str:
    arn: str = clients("cloudformation").activate_type(
        Type="HOOK", TypeName="AWS::Hooks::LambdaHook", TypeNameAlias="Seeded::Lambda::Hook", ExecutionRoleArn=_ROLE
    )["Arn"]
    return arn


def _set(clients: Clients) -> str:
    cloudformation = clients("cloudformation")
    made: str = cloudformation.create_stack_set(StackSetName="seeded-set", TemplateBody="{}")["StackSetId"]
    cloudformation.create_stack_instances(
        StackSetName=made, Accounts=[ACCOUNT, "999999999999"], Regions=[REGION, "eu-west-1"]
    )
    return made


def _template(clients: Clients) -> str:
    made: str = clients("cloudformation").create_generated_template(GeneratedTemplateName="seeded-template")[
        "GeneratedTemplateId"
    ]
    return made


_KINDS: Final = {"ResourceVersion": "RESOURCE", "ModuleVersion": "MODULE", "HookVersion": "HOOK"}
_OWN: Final = (StandIn("cloudformation", Own),)

SEEDS: Final = (
    *(
        Seed(type=f"AWS::CloudFormation::{name}", make=_registered(kind), stand_ins=_OWN, others=1)
        for name, kind in _KINDS.items()
    ),
    Seed(type="AWS::CloudFormation::TypeActivation", make=_activated, stand_ins=_OWN),
    Seed(type="AWS::CloudFormation::StackSet", make=_set, stand_ins=_OWN),
    Seed(
        type="AWS::CloudFormation::GeneratedTemplate",
        make=_template,
        stand_ins=_OWN,
    ),
)
