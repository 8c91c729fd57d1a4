"""The settings of an account that are watched. A further one is a row; `settings` says what the columns mean.

Source: the API reference of each service.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.contents.settings import Setting

if TYPE_CHECKING:
    from atmosphere.cleanup.contents.settings import Write
    from atmosphere.core.model import AccountId


def _switch(on: str, off: str) -> Write:
    """Two operations without parameters."""
    return lambda client, before, _: getattr(client, on if before else off)()


def _put(operation: str, parameter: str, clear: str | None = None, **more: Any) -> Write:
    """One operation that takes the value, and one that clears it; without the latter None is never found."""

    def write(client: Any, before: Any, _: Any) -> object:
        if before is None and clear is not None:
            return getattr(client, clear)(**more)
        return getattr(client, operation)(**{parameter: before}, **more)

    return write


def _spread(operation: str, clear: str | None = None, *, but: tuple[str, ...] = ()) -> Write:
    """One operation whose parameters are the parts of the value."""

    def write(client: Any, before: Any, _: Any) -> object:
        if before is None and clear is not None:
            return getattr(client, clear)()
        return getattr(client, operation)(**{key: part for key, part in before.items() if key not in but})

    return write


def _unless(state: str, enable: str, parameter: str, disable: str) -> Write:
    def write(client: Any, before: Any, _: Any) -> object:
        return getattr(client, disable)() if before == state else getattr(client, enable)(**{parameter: before})

    return write


def _log_role(client: Any, before: Any, _: Any) -> object:
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": before or ""}
    return client.update_account(patchOperations=[change])


def _ebs_key(client: Any, before: Any, _: Any) -> object:
    if str(before).endswith("alias/aws/ebs"):
        return client.reset_ebs_default_kms_key_id()
    return client.modify_ebs_default_kms_key_id(KmsKeyId=before)


_METADATA: Final = ("HttpTokens", "HttpTokensEnforced", "HttpEndpoint", "InstanceMetadataTags")
_NO_PREFERENCE: Final = "no-preference"
_HOPS: Final = "HttpPutResponseHopLimit"
_NO_HOPS: Final = -1


def _metadata(client: Any, before: Any, _: Any) -> object:
    asked = {name: (before or {}).get(name, _NO_PREFERENCE) for name in _METADATA}
    return client.modify_instance_metadata_defaults(**asked, **{_HOPS: (before or {}).get(_HOPS, _NO_HOPS)})


def _ecs_defaults(client: Any, before: Any, now: Any) -> None:
    for name, value in before.items():
        if (now or {}).get(name) != value:
            client.put_account_setting_default(name=name, value=value)


def _rule_set(client: Any, before: Any, _: Any) -> object:
    return client.set_active_receipt_rule_set(**({"RuleSetName": before} if before else {}))


def _alias(client: Any, before: Any, now: Any) -> None:
    if now is not None:
        client.delete_account_alias(AccountAlias=now)
    if before is not None:
        client.create_account_alias(AccountAlias=before)


def settings(owner: AccountId) -> tuple[Setting, ...]:
    """Every setting that is watched, of this account."""
    return (
        *_OF_REGIONS,
        *_OF_THE_ACCOUNT,
        Setting(
            id="s3/public-access-block",
            service="s3control",
            read_by="get_public_access_block",
            value="PublicAccessBlockConfiguration",
            asks={"AccountId": owner},
            unset=("NoSuchPublicAccessBlockConfiguration",),
            write=_put(
                "put_public_access_block",
                "PublicAccessBlockConfiguration",
                "delete_public_access_block",
                AccountId=owner,
            ),
            scope=Scope.GLOBAL,
        ),
    )


_OF_REGIONS: Final = (
    # there is no operation that ends it
    Setting(
        id="cloudformation/publisher",
        service="cloudformation",
        read_by="describe_publisher",
        value="PublisherId",
        unset=("CFNRegistryException",),
    ),
    Setting(
        id="apigateway/log-role",
        service="apigateway",
        read_by="get_account",
        value="cloudwatchRoleArn",
        write=_log_role,
    ),
    Setting(
        id="ec2/ebs-encryption",
        service="ec2",
        read_by="get_ebs_encryption_by_default",
        value="EbsEncryptionByDefault",
        write=_switch("enable_ebs_encryption_by_default", "disable_ebs_encryption_by_default"),
    ),
    Setting(id="ec2/ebs-key", service="ec2", read_by="get_ebs_default_kms_key_id", value="KmsKeyId", write=_ebs_key),
    Setting(
        id="ec2/instance-metadata",
        service="ec2",
        read_by="get_instance_metadata_defaults",
        value="AccountLevel",
        write=_metadata,
        unsaid={
            **dict.fromkeys(_METADATA, (_NO_PREFERENCE,)),
            _HOPS: (_NO_HOPS,),
            "ManagedBy": ("account",),
        },
    ),
    # one call hides from everybody what services manage, as long as nobody asks for it
    Setting(
        id="ec2/managed-resource-visibility",
        service="ec2",
        read_by="get_managed_resource_visibility",
        value="Visibility.DefaultVisibility",
        write=_put("modify_managed_resource_visibility", "DefaultVisibility"),
    ),
    Setting(
        id="ec2/serial-console",
        service="ec2",
        read_by="get_serial_console_access_status",
        value="SerialConsoleAccessEnabled",
        write=_switch("enable_serial_console_access", "disable_serial_console_access"),
    ),
    Setting(
        id="ec2/snapshot-public-access",
        service="ec2",
        read_by="get_snapshot_block_public_access_state",
        value="State",
        write=_unless(
            "unblocked", "enable_snapshot_block_public_access", "State", "disable_snapshot_block_public_access"
        ),
    ),
    Setting(
        id="ec2/image-public-access",
        service="ec2",
        read_by="get_image_block_public_access_state",
        value="ImageBlockPublicAccessState",
        write=_unless(
            "unblocked",
            "enable_image_block_public_access",
            "ImageBlockPublicAccessState",
            "disable_image_block_public_access",
        ),
        takes=timedelta(minutes=10),
    ),
    Setting(
        id="ecr/registry-policy",
        service="ecr",
        read_by="get_registry_policy",
        value="policyText",
        unset=("RegistryPolicyNotFoundException",),
        write=_put("put_registry_policy", "policyText", "delete_registry_policy"),
    ),
    Setting(
        id="ecr/scanning",
        service="ecr",
        read_by="get_registry_scanning_configuration",
        value="scanningConfiguration",
        write=_spread("put_registry_scanning_configuration"),
    ),
    Setting(
        id="ecr/replication",
        service="ecr",
        read_by="describe_registry",
        value="replicationConfiguration",
        write=_put("put_replication_configuration", "replicationConfiguration"),
    ),
    Setting(
        id="ecs/defaults",
        service="ecs",
        read_by="list_account_settings",
        asks={"effectiveSettings": True},
        value="settings[].[name, value]",
        merged=True,
        write=_ecs_defaults,
    ),
    Setting(
        id="ses/active-rule-set",
        service="ses",
        read_by="describe_active_receipt_rule_set",
        value="Metadata.Name",
        write=_rule_set,
        restoring=frozenset({"ses:SetActiveReceiptRuleSet"}),
    ),
)
_OF_THE_ACCOUNT: Final = (
    Setting(
        id="iam/alias",
        service="iam",
        read_by="list_account_aliases",
        value="AccountAliases[0]",
        write=_alias,
        scope=Scope.GLOBAL,
    ),
    Setting(
        id="iam/password-policy",
        service="iam",
        read_by="get_account_password_policy",
        value="PasswordPolicy",
        unset=("NoSuchEntity",),
        write=_spread("update_account_password_policy", "delete_account_password_policy", but=("ExpirePasswords",)),
        unsaid=dict.fromkeys(("HardExpiry", "MaxPasswordAge", "PasswordReusePrevention"), (False, 0)),
        scope=Scope.GLOBAL,
    ),
)
