"""CloudFormation's own: extensions of its registry, StackSets, and templates that it wrote from what is there.

All of these go on without a stack: a hook or a default version decides about every later stack of the account. An
extension that was registered is deleted version by version, the default one last; one that was activated (hooks of
Guard and Lambda are such) is deactivated, which takes its configuration along. Source: the CloudFormation API
reference, ListTypes (without a ProvisioningType it shows FULLY_MUTABLE resource types only), DeregisterType,
DeactivateType, DeleteStackInstances; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.calls import Call, Listing, Step
from atmosphere.cleanup.catalogue.row import Row

_VISIBLE: Final = {"Visibility": "PRIVATE", "DeprecatedStatus": "LIVE"}
_RESOURCES: Final = tuple(
    {"Type": "RESOURCE", "ProvisioningType": kind} for kind in ("FULLY_MUTABLE", "IMMUTABLE", "NON_PROVISIONABLE")
)
_MODULES: Final = ({"Type": "MODULE"},)
_HOOKS: Final = ({"Type": "HOOK"},)
_ACTIVATED: Final = "IsActivated || OriginalTypeName"
_REGISTRY: Final = Errors(absent=("TypeNotFoundException",), busy=("CFNRegistryException",))


def _versions(name: str, kinds: tuple[dict[str, str], ...]) -> Row:
    """The default version is refused as long as there are others."""
    return Row(
        name=f"AWS::CloudFormation::{name}",
        service="cloudformation",
        listing=Listing(
            "list_type_versions",
            "Arn",
            "TimeCreated",
            members="TypeVersionSummaries",
            parent=Listing("list_types", "TypeArn", fixed=_VISIBLE, variants=kinds, unless=_ACTIVATED),
            of="Arn",
        ),
        see=Call("describe_type", "Arn"),
        gone="DeprecatedStatus == 'DEPRECATED'",
        remove=Call("deregister_type", "Arn"),
        errors=_REGISTRY,
    )


ROWS: Final = (
    _versions("ResourceVersion", _RESOURCES),
    _versions("ModuleVersion", _MODULES),
    _versions("HookVersion", _HOOKS),
    Row(
        name="AWS::CloudFormation::TypeActivation",
        service="cloudformation",
        listing=Listing(
            "list_types",
            "TypeArn",
            fixed=_VISIBLE,
            variants=(*_RESOURCES, *_MODULES, *_HOOKS),
            unless=f"!({_ACTIVATED})",
        ),
        see=Call("describe_type", "Arn"),
        remove=Call("deactivate_type", "Arn"),
        errors=_REGISTRY,
    ),
    # its stacks are let go of, and are leftovers of their own here; those in other accounts are not ours
    Row(
        name="AWS::CloudFormation::StackSet",
        service="cloudformation",
        listing=Listing("list_stack_sets", "StackSetId", fixed={"Status": "ACTIVE"}),
        see=Call("describe_stack_set"),
        gone="StackSet.Status == 'DELETED'",
        strip=(
            Step(
                call=Call(
                    "delete_stack_instances",
                    ("StackSetName", "Accounts"),
                    {"RetainStacks": True},
                    seen={"Regions": "StackSet.Regions"},
                ),
                each=Listing("list_stack_instances", "Account"),
            ),
        ),
        remove=Call("delete_stack_set"),
        errors=Errors(
            absent=("StackSetNotFoundException",),
            busy=("StackSetNotEmptyException", "OperationInProgressException", "StaleRequestException"),
        ),
    ),
    Row(
        name="AWS::CloudFormation::GeneratedTemplate",
        service="cloudformation",
        listing=Listing("list_generated_templates", "GeneratedTemplateId", "CreationTime"),
        see=Call("describe_generated_template"),
        remove=Call("delete_generated_template"),
        errors=Errors(
            absent=("GeneratedTemplateNotFoundException",), busy=("ConcurrentResourcesLimitExceededException",)
        ),
    ),
)
