"""Each put-back: what was captured, changed by a test and put back is read as what it was.

A fake holds the state and answers as the real service does, in the shapes of the page that its docstring names; what it
is called with is checked by botocore, and its replies are held to botocore's model.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, StructureShape

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.aws.accounts import Account
from atmosphere.cleanup.aws.budget import Budget
from atmosphere.cleanup.aws.guard import Guard
from atmosphere.cleanup.aws.protected import Protected
from atmosphere.cleanup.contents.account_settings import settings
from atmosphere.cleanup.contents.base import Drift
from atmosphere.cleanup.contents.bucket_settings import BUCKET_SETTINGS
from atmosphere.cleanup.contents.default_network import DefaultNetwork
from atmosphere.cleanup.contents.providers import SamlProviders
from atmosphere.cleanup.contents.resource_policies import RESOURCE_POLICIES
from atmosphere.cleanup.contents.settings import SETTING
from atmosphere.cleanup.model import GLOBAL, Resource, Verdict
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from atmosphere.core.model import AccountId, Region
from tests.cleanup.clients import KEYS, shared
from tests.cleanup.fakes import refuse
from tests.cleanup.faults import Reply
from tests.cleanup.scene import KEY as KEY_OF_SCENE
from tests.cleanup.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.model import Shape

    from atmosphere.cleanup.contents.base import Content

OWNER: Final = AccountId("222222222222")
REGION: Final = Region("us-east-1")
ROLE: Final = f"arn:aws:iam::{OWNER}:role/logs"
KEY: Final = f"arn:aws:kms:us-east-1:{OWNER}:key/1"
POLICY: Final = json.dumps({"Version": "2012-10-17", "Statement": []})
OPEN: Final = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*"}]})


class Api:
    """A fake: methods named as boto3's operations. `change` is what a test does."""

    def change(self) -> None:
        """See the class."""
        raise NotImplementedError


class LogRole(Api):
    """API Gateway API reference, GetAccount (its example) and UpdateAccount: an empty value takes it off.

    A role that was taken off is told as empty, one that was never set not at all.
    """

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}

    def change(self) -> None:
        self.told = {"cloudwatchRoleArn": ROLE}

    def get_account(self) -> dict[str, Any]:
        limits = {"throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0}}
        return {**limits, "features": ["UsagePlans"], "apiKeyVersion": "4", **self.told}

    def update_account(self, patchOperations: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        [operation] = patchOperations
        assert (operation["op"], operation["path"]) == ("replace", "/cloudwatchRoleArn")
        self.told = {"cloudwatchRoleArn": operation["value"]}
        return self.get_account()


class TakenOffLogRole(LogRole):
    """The same; the capture found one that had been taken off."""

    def __init__(self) -> None:
        self.told = {"cloudwatchRoleArn": ""}

    def update_account(self, patchOperations: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        super().update_account(patchOperations)
        self.told = {}
        return self.get_account()


class Switch(Api):
    """EC2 API reference: Get/Enable/DisableEbsEncryptionByDefault, Get/Enable/DisableSerialConsoleAccess."""

    def __init__(self) -> None:
        self.on = False

    def change(self) -> None:
        self.on = True

    def get_ebs_encryption_by_default(self) -> dict[str, Any]:
        return {"EbsEncryptionByDefault": self.on, "SseType": "none"}

    def get_serial_console_access_status(self) -> dict[str, Any]:
        return {"SerialConsoleAccessEnabled": self.on, "ManagedBy": "account"}

    def _set(self, *, on: bool) -> dict[str, Any]:
        self.on = on
        return {}

    def disable_ebs_encryption_by_default(self) -> dict[str, Any]:
        return self._set(on=False)

    def disable_serial_console_access(self) -> dict[str, Any]:
        return self._set(on=False)


class EbsKey(Api):
    """EC2 API reference, GetEbsDefaultKmsKeyId and ResetEbsDefaultKmsKeyId (CLI examples: `alias/aws/ebs`)."""

    def __init__(self, key: str = "alias/aws/ebs") -> None:
        self.key = key

    def change(self) -> None:
        self.key = f"{KEY}-of-the-test"

    def get_ebs_default_kms_key_id(self) -> dict[str, Any]:
        return {"KmsKeyId": self.key}

    def reset_ebs_default_kms_key_id(self) -> dict[str, Any]:
        self.key = "alias/aws/ebs"
        return self.get_ebs_default_kms_key_id()

    def modify_ebs_default_kms_key_id(self, KmsKeyId: str) -> dict[str, Any]:  # noqa: N803
        self.key = KmsKeyId
        return self.get_ebs_default_kms_key_id()


class Metadata(Api):
    """EC2 API reference, ModifyInstanceMetadataDefaults: `no-preference` and -1 take a preference off.

    Whether what was taken off is told so or not at all the page leaves open; `ManagedBy` comes with the first call.
    """

    def __init__(self, *, tells: bool = False, **level: Any) -> None:
        self.level: dict[str, Any] = level
        self.tells = tells

    def change(self) -> None:
        self.level = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 64, "ManagedBy": "account"}

    def get_instance_metadata_defaults(self) -> dict[str, Any]:
        return {"AccountLevel": self.level}

    def modify_instance_metadata_defaults(self, **asked: Any) -> dict[str, Any]:
        kept = {name: value for name, value in asked.items() if self.tells or value not in ("no-preference", -1)}
        self.level = {**kept, "ManagedBy": "account"}
        return {"Return": True}


class Visibility(Api):
    """EC2 API reference, GetManagedResourceVisibility and ModifyManagedResourceVisibility."""

    def __init__(self) -> None:
        self.value = "visible"

    def change(self) -> None:
        self.value = "hidden"

    def get_managed_resource_visibility(self) -> dict[str, Any]:
        return {"Visibility": {"DefaultVisibility": self.value}}

    def modify_managed_resource_visibility(self, DefaultVisibility: str) -> dict[str, Any]:  # noqa: N803
        self.value = DefaultVisibility
        return self.get_managed_resource_visibility()


class PublicAccess(Api):
    """EC2 API reference: Get-, Enable- and Disable(Snapshot|Image)BlockPublicAccess and their states."""

    def __init__(self, state: str) -> None:
        self.state = state

    def change(self) -> None:
        self.state = "block-new-sharing" if self.state == "unblocked" else "unblocked"

    def get_snapshot_block_public_access_state(self) -> dict[str, Any]:
        return {"State": self.state, "ManagedBy": "account"}

    def get_image_block_public_access_state(self) -> dict[str, Any]:
        return {"ImageBlockPublicAccessState": self.state, "ManagedBy": "account"}

    def enable_snapshot_block_public_access(self, State: str) -> dict[str, Any]:  # noqa: N803
        self.state = State
        return {"State": State}

    def enable_image_block_public_access(self, ImageBlockPublicAccessState: str) -> dict[str, Any]:  # noqa: N803
        self.state = ImageBlockPublicAccessState
        return {"ImageBlockPublicAccessState": self.state}

    def disable_snapshot_block_public_access(self) -> dict[str, Any]:
        self.state = "unblocked"
        return {"State": self.state}

    def disable_image_block_public_access(self) -> dict[str, Any]:
        self.state = "unblocked"
        return {"ImageBlockPublicAccessState": self.state}


class Registry(Api):
    """ECR API reference: registry policy (told as text of its own lay-out), scanning and replication configuration.

    PutRegistryScanningConfiguration without rules is read with an empty list.
    """

    def __init__(self, policy: str | None = None, scanning: dict[str, Any] | None = None) -> None:
        self.policy = policy
        self.scanning: dict[str, Any] = scanning or {"scanType": "BASIC", "rules": []}
        self.replication: dict[str, Any] = {"rules": []}

    def change(self) -> None:
        filters = [{"filter": "*", "filterType": "WILDCARD"}]
        self.policy = OPEN
        self.scanning = {
            "scanType": "ENHANCED",
            "rules": [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": filters}],
        }
        self.replication = {"rules": [{"destinations": [{"region": "eu-west-1", "registryId": OWNER}]}]}

    def get_registry_policy(self) -> dict[str, Any]:
        if self.policy is None:
            raise refuse("RegistryPolicyNotFoundException", "no policy")
        return {"registryId": OWNER, "policyText": json.dumps(json.loads(self.policy), indent=2)}

    def put_registry_policy(self, policyText: str) -> dict[str, Any]:  # noqa: N803
        self.policy = policyText
        return {"registryId": OWNER}

    def delete_registry_policy(self) -> dict[str, Any]:
        self.policy = None
        return {"registryId": OWNER}

    def get_registry_scanning_configuration(self) -> dict[str, Any]:
        return {"registryId": OWNER, "scanningConfiguration": self.scanning}

    def put_registry_scanning_configuration(
        self,
        scanType: str,  # noqa: N803
        rules: list[Any] | None = None,
    ) -> dict[str, Any]:
        self.scanning = {"scanType": scanType, "rules": rules or []}
        return {"registryScanningConfiguration": self.scanning}

    def describe_registry(self) -> dict[str, Any]:
        return {"registryId": OWNER, "replicationConfiguration": self.replication}

    def put_replication_configuration(self, replicationConfiguration: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        self.replication = replicationConfiguration
        return {"replicationConfiguration": self.replication}


class Tasks(Api):
    """ECS API reference, ListAccountSettings (`effectiveSettings`) and PutAccountSettingDefault."""

    def __init__(self) -> None:
        self.values = {"containerInsights": "disabled", "taskLongArnFormat": "enabled"}

    def change(self) -> None:
        self.values["containerInsights"] = "enhanced"

    def list_account_settings(self, **asked: Any) -> dict[str, Any]:
        assert asked["effectiveSettings"] is True
        return {"settings": [{"name": name, "value": value, "type": "user"} for name, value in self.values.items()]}

    def put_account_setting_default(self, name: str, value: str) -> dict[str, Any]:
        self.values[name] = value
        return {"setting": {"name": name, "value": value}}


class RuleSet(Api):
    """SES API reference, DescribeActiveReceiptRuleSet: an empty reply if none is active; SetActiveReceiptRuleSet."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def change(self) -> None:
        self.name = "of-the-test"

    def describe_active_receipt_rule_set(self) -> dict[str, Any]:
        return {"Metadata": {"Name": self.name}, "Rules": []} if self.name else {}

    def set_active_receipt_rule_set(self, RuleSetName: str | None = None) -> dict[str, Any]:  # noqa: N803
        self.name = RuleSetName
        return {}


class Alias(Api):
    """IAM API reference, ListAccountAliases: at most one."""

    def __init__(self, *aliases: str) -> None:
        self.aliases = list(aliases)

    def change(self) -> None:
        self.aliases = ["of-the-test"]

    def list_account_aliases(self) -> dict[str, Any]:
        return {"AccountAliases": self.aliases, "IsTruncated": False}

    def delete_account_alias(self, AccountAlias: str) -> dict[str, Any]:  # noqa: N803
        self.aliases.remove(AccountAlias)
        return {}

    def create_account_alias(self, AccountAlias: str) -> dict[str, Any]:  # noqa: N803
        self.aliases = [AccountAlias]
        return {}


class Passwords(Api):
    """IAM API reference, GetAccountPasswordPolicy (an example without age and reuse), UpdateAccountPasswordPolicy.

    Update sets every parameter that is left out to its default; `ExpirePasswords` follows from the age.
    """

    def __init__(self, **policy: Any) -> None:
        self.policy: dict[str, Any] | None = self._whole(policy) if policy else None

    @staticmethod
    def _whole(policy: dict[str, Any]) -> dict[str, Any]:
        switches = ("RequireSymbols", "RequireNumbers", "RequireUppercaseCharacters", "RequireLowercaseCharacters")
        defaults = {**dict.fromkeys(switches, False), "AllowUsersToChangePassword": False, "MinimumPasswordLength": 6}
        expires = {"ExpirePasswords": bool(policy.get("MaxPasswordAge")), "HardExpiry": policy.get("HardExpiry", False)}
        return {**defaults, **policy, **expires}

    def change(self) -> None:
        self.policy = self._whole({"MinimumPasswordLength": 6})

    def get_account_password_policy(self) -> dict[str, Any]:
        if self.policy is None:
            raise refuse("NoSuchEntity", "none")
        return {"PasswordPolicy": self.policy}

    def update_account_password_policy(self, **policy: Any) -> dict[str, Any]:
        self.policy = self._whole(policy)
        return {}

    def delete_account_password_policy(self) -> dict[str, Any]:
        self.policy = None
        return {}


class Blocks(Api):
    """S3 API reference (Control), GetPublicAccessBlock, PutPublicAccessBlock, DeletePublicAccessBlock."""

    def __init__(self, *, on: bool | None = None) -> None:
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.blocks = None if on is None else dict.fromkeys(names, on)

    def change(self) -> None:
        self.blocks = Blocks(on=False).blocks

    def get_public_access_block(self, AccountId: str) -> dict[str, Any]:  # noqa: N803
        assert AccountId == OWNER
        if self.blocks is None:
            raise refuse("NoSuchPublicAccessBlockConfiguration", "none")
        return {"PublicAccessBlockConfiguration": self.blocks}

    def put_public_access_block(
        self,
        AccountId: str,  # noqa: N803
        PublicAccessBlockConfiguration: dict[str, bool],  # noqa: N803
    ) -> dict[str, Any]:
        self.blocks = PublicAccessBlockConfiguration
        return {}

    def delete_public_access_block(self, AccountId: str) -> dict[str, Any]:  # noqa: N803
        self.blocks = None
        return {}


SETTINGS: Final[dict[str, tuple[Callable[[], Api], ...]]] = {
    "apigateway/log-role": (LogRole, TakenOffLogRole),
    "ec2/ebs-encryption": (Switch,),
    "ec2/ebs-key": (EbsKey, lambda: EbsKey(KEY)),
    "ec2/instance-metadata": (
        Metadata,
        lambda: Metadata(tells=True),
        lambda: Metadata(HttpTokens="required", ManagedBy="account"),
        lambda: Metadata(tells=True, HttpTokens="required", HttpPutResponseHopLimit=2),
    ),
    "ec2/managed-resource-visibility": (Visibility,),
    "ec2/serial-console": (Switch,),
    "ec2/snapshot-public-access": (lambda: PublicAccess("block-all-sharing"), lambda: PublicAccess("unblocked")),
    "ec2/image-public-access": (lambda: PublicAccess("block-new-sharing"), lambda: PublicAccess("unblocked")),
    "ecr/registry-policy": (Registry, lambda: Registry(POLICY)),
    "ecr/scanning": (Registry, lambda: Registry(scanning={"scanType": "BASIC"})),
    "ecr/replication": (Registry,),
    "ecs/defaults": (Tasks,),
    "ses/active-rule-set": (RuleSet, lambda: RuleSet("needed")),
    "iam/alias": (Alias, lambda: Alias("needed")),
    "iam/password-policy": (
        Passwords,
        lambda: Passwords(MinimumPasswordLength=14, RequireSymbols=True),
        lambda: Passwords(MinimumPasswordLength=14, MaxPasswordAge=90, PasswordReusePrevention=5, HardExpiry=True),
    ),
    "s3/public-access-block": (Blocks, lambda: Blocks(on=True)),
}
"""What the service has at the capture, for each setting."""


class Room:
    """An account in which one service is faked."""

    def __init__(self, api: object) -> None:
        self.api = api
        clock = FakeClock()
        budget = Budget(clock, timedelta(minutes=4))
        session = shared("put-back").session(KEYS)
        session.register("before-parameter-build", self._remember)
        session.register("before-call", self._answer)
        guard = Guard(
            may_mutate=True,
            regions=(REGION,),
            deadline=clock.now() + timedelta(hours=1),
            budget=budget,
            protected=Protected(),
        )
        self.account = Account(session, guard, home=REGION)

    def _remember(self, **event: Any) -> None:
        event["context"]["asked"] = dict(event["params"])

    def _answer(self, **event: Any) -> Any:
        model = event["model"]
        try:
            reply = getattr(self.api, xform_name(model.name))(**event["context"]["asked"])
        except ClientError as error:
            return Reply(), error.response
        fits(model.output_shape, reply)
        return Reply(200), reply

    def round(self, content: Content, item: Resource, change: Callable[[], None]) -> None:
        """Read, change, put back, read again."""
        before = content.read(self.account, item.region, [item.id])[item.id]
        change()
        now = content.read(self.account, item.region, [item.id])[item.id]
        drift = Drift(item, content, json.loads(json.dumps(before)), now)  # type: ignore[arg-type]
        assert not content.alike(drift.before, drift.now)
        assert content.restores(drift)
        with self.account.guard.restoring(content.restoring, item.id):
            content.restore(self.account, drift, lambda: None)
        after = content.read(self.account, item.region, [item.id])[item.id]
        assert content.alike(drift.before, after), (before, after)  # type: ignore[arg-type]


def fits(shape: Shape | None, value: Any) -> None:
    """The reply has nothing that the model does not know."""
    if isinstance(shape, StructureShape):
        assert set(value) <= set(shape.members), set(value) - set(shape.members)
        for name, inner in value.items():
            fits(shape.members[name], inner)
    elif isinstance(shape, ListShape):
        for inner in value:
            fits(shape.member, inner)
    elif isinstance(shape, MapShape):
        for inner in value.values():
            fits(shape.value, inner)


CASES: Final = [(name, make) for name, makes in SETTINGS.items() for make in makes]
BY_ID: Final = {setting.id: setting for setting in settings(OWNER)}


@pytest.mark.parametrize(("name", "make"), CASES, ids=[f"{name}-{n}" for n, (name, _) in enumerate(CASES)])
def test_a_setting_that_was_put_back_is_read_as_what_it_was(name: str, make: Callable[[], Api]) -> None:
    api, setting = make(), BY_ID[name]
    region = GLOBAL if setting.scope == "global" else REGION
    Room(api).round(setting, Resource(setting.type, setting.id, region), api.change)


def test_every_setting_that_is_put_back_is_among_them() -> None:
    assert SETTINGS.keys() == {name for name, setting in BY_ID.items() if setting.restorable}


# --- policies ---------------------------------------------------------------------------------------------------------


class Queue:
    """SQS API reference, SetQueueAttributes: an empty Policy takes it off; GetQueueAttributes then tells none."""

    def __init__(self, policy: str | None) -> None:
        self.policy = policy

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"Policy": self.policy}} if self.policy else {}

    def set_queue_attributes(self, QueueUrl: str, Attributes: Mapping[str, str]) -> dict[str, Any]:  # noqa: N803
        self.policy = Attributes["Policy"] or None
        return {}


class Secret:
    """Secrets Manager API reference, GetResourcePolicy: without `ResourcePolicy` where there is none."""

    def __init__(self, policy: str | None) -> None:
        self.policy = policy

    def get_resource_policy(self, **_: Any) -> dict[str, Any]:
        return {"ARN": "arn", "Name": "s", **({"ResourcePolicy": self.policy} if self.policy else {})}

    def put_resource_policy(self, SecretId: str, ResourcePolicy: str) -> dict[str, Any]:  # noqa: N803
        self.policy = ResourcePolicy
        return {}

    def delete_resource_policy(self, SecretId: str) -> dict[str, Any]:  # noqa: N803
        self.policy = None
        return {}


class Bucket:
    """S3 API reference, GetBucketPolicy (404 without one; its text is laid out anew), PutBucketPolicy."""

    def __init__(self, policy: str | None) -> None:
        self.policy = policy

    def get_bucket_policy(self, **_: Any) -> dict[str, Any]:
        if self.policy is None:
            raise refuse("NoSuchBucketPolicy", "none")
        return {"Policy": json.dumps(json.loads(self.policy), separators=(",", ":"))}

    def put_bucket_policy(self, Bucket: str, Policy: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.policy = Policy
        return {}

    def delete_bucket_policy(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        self.policy = None
        return {}


class Repository:
    """ECR API reference, GetRepositoryPolicy, SetRepositoryPolicy, DeleteRepositoryPolicy."""

    def __init__(self, policy: str | None) -> None:
        self.policy = policy

    def get_repository_policy(self, **_: Any) -> dict[str, Any]:
        if self.policy is None:
            raise refuse("RepositoryPolicyNotFoundException", "none")
        return {"policyText": json.dumps(json.loads(self.policy), indent=2)}

    def set_repository_policy(self, repositoryName: str, policyText: str) -> dict[str, Any]:  # noqa: N803
        self.policy = policyText
        return {}

    def delete_repository_policy(self, repositoryName: str) -> dict[str, Any]:  # noqa: N803
        self.policy = None
        return {}


class Topic:
    """SNS API reference, GetTopicAttributes: a topic always has a policy, at first one that lets in its owner."""

    def __init__(self, policy: str | None) -> None:
        self.policy = policy or POLICY

    def get_topic_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"Policy": self.policy, "TopicArn": "arn"}}

    def set_topic_attributes(self, TopicArn: str, AttributeName: str, AttributeValue: str) -> dict[str, Any]:  # noqa: N803
        assert AttributeName == "Policy"
        self.policy = AttributeValue
        return {}


POLICIES: Final[dict[str, Callable[[str | None], Any]]] = {
    "AWS::S3::Bucket": Bucket,
    "AWS::SQS::Queue": Queue,
    "AWS::SNS::Topic": Topic,
    "AWS::SecretsManager::Secret": Secret,
    "AWS::ECR::Repository": Repository,
}


@pytest.mark.parametrize("policy", [None, POLICY], ids=["none", "some"])
@pytest.mark.parametrize("type_", POLICIES)
def test_a_policy_that_was_put_back_is_read_as_what_it_was(type_: str, policy: str | None) -> None:
    api = POLICIES[type_](policy)
    [content] = [each for each in RESOURCE_POLICIES if each.type == type_]
    identity = "https://sqs.us-east-1.amazonaws.com/1/q" if type_.endswith("Queue") else "one-thing"

    def change() -> None:
        api.policy = OPEN

    Room(api).round(content, Resource(type_, identity, REGION), change)


def test_every_policy_that_is_put_back_is_among_them() -> None:
    assert POLICIES.keys() == {each.type for each in RESOURCE_POLICIES if each.restorable}


# --- settings of buckets ----------------------------------------------------------------------------------------------


class Notifications:
    """S3 API reference, PutBucketNotificationConfiguration: replaces all; EventBridge is on by an empty element.

    It makes up ids where none are written (user guide, "Enabling event notifications"), and asks every destination
    unless told not to. The one of the baseline refuses here.
    """

    def __init__(self, **told: Any) -> None:
        self.told = told

    def change(self) -> None:
        self._keep({"QueueConfigurations": [{"QueueArn": "arn:mine", "Events": ["s3:ObjectRemoved:*"]}]})

    def _keep(self, told: dict[str, Any]) -> None:
        named = {
            kind: [{"Id": f"made-up-{place}", **each} for place, each in enumerate(entries)] if entries else {}
            for kind, entries in told.items()
        }
        self.told = dict(reversed(named.items()))

    def get_bucket_notification_configuration(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        return self.told

    def put_bucket_notification_configuration(
        self,
        Bucket: str,  # noqa: N803
        NotificationConfiguration: dict[str, Any],  # noqa: N803
        SkipDestinationValidation: bool = False,  # noqa: FBT001, FBT002, N803
    ) -> dict[str, Any]:
        if not SkipDestinationValidation:
            raise refuse("InvalidArgument", "Unable to validate the following destination configurations")
        self._keep(NotificationConfiguration)
        return {}


class Replication:
    """S3 API reference, GetBucketReplication (404 without one), PutBucketReplication, DeleteBucketReplication."""

    def __init__(self, *prefixes: str) -> None:
        self.rules = [self._rule(prefix) for prefix in prefixes]

    @staticmethod
    def _rule(prefix: str) -> dict[str, Any]:
        return {"ID": prefix, "Status": "Enabled", "Filter": {"Prefix": prefix}, "Destination": {"Bucket": "arn:b"}}

    def change(self) -> None:
        self.rules = [self._rule("all")]

    def get_bucket_replication(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        if not self.rules:
            raise refuse("ReplicationConfigurationNotFoundError", "none")
        return {"ReplicationConfiguration": {"Role": ROLE, "Rules": self.rules[::-1]}}

    def put_bucket_replication(self, Bucket: str, ReplicationConfiguration: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        assert ReplicationConfiguration["Rules"]  # the schema demands one
        self.rules = ReplicationConfiguration["Rules"]
        return {}

    def delete_bucket_replication(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        self.rules = []
        return {}


class Grants:
    """S3 API reference, GetBucketAcl and PutBucketAcl: all grants of a call replace all there were."""

    def __init__(self, *whom: dict[str, str]) -> None:
        self.whom = list(whom)

    def change(self) -> None:
        self.whom = [*self.whom, {"Type": "CanonicalUser", "ID": "of-the-test"}]

    def get_bucket_acl(self, Bucket: str) -> dict[str, Any]:  # noqa: N803
        named = [{**each, "DisplayName": "name"} if "ID" in each else each for each in self.whom[::-1]]
        grants = [{"Grantee": each, "Permission": "READ"} for each in named]
        return {"Owner": {"DisplayName": "owner", "ID": "owner"}, "Grants": grants}

    def put_bucket_acl(self, Bucket: str, AccessControlPolicy: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        assert AccessControlPolicy["Owner"] == {"ID": "owner"}  # another one is refused
        assert all(each["Permission"] == "READ" for each in AccessControlPolicy["Grants"])
        self.whom = [each["Grantee"] for each in AccessControlPolicy["Grants"]]
        return {}


TOPIC: Final = {"TopicArn": "arn:t", "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], "Id": "stack-A"}
LOGS: Final = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}
OF_BUCKETS: Final[dict[str, tuple[Callable[[], Any], ...]]] = {
    "notifications": (
        Notifications,
        lambda: Notifications(EventBridgeConfiguration={}),
        lambda: Notifications(TopicConfigurations=[TOPIC], EventBridgeConfiguration={}),
    ),
    "replication": (Replication, lambda: Replication("a", "b")),
    "grants": (Grants, lambda: Grants(LOGS, {"Type": "CanonicalUser", "ID": "owner"})),
}


CASES_OF_BUCKETS: Final = [(name, make) for name, makes in OF_BUCKETS.items() for make in makes]


@pytest.mark.parametrize(
    ("name", "make"), CASES_OF_BUCKETS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(CASES_OF_BUCKETS)]
)
def test_a_setting_of_a_bucket_that_was_put_back_is_read_as_what_it_was(name: str, make: Callable[[], Any]) -> None:
    api = make()
    [content] = [each for each in BUCKET_SETTINGS if each.name == name]
    Room(api).round(content, Resource(content.type, "one-thing", REGION), api.change)


def test_every_setting_of_a_bucket_that_is_put_back_is_among_them() -> None:
    assert OF_BUCKETS.keys() == {each.name for each in BUCKET_SETTINGS if each.restorable}


# --- identity providers, the default network --------------------------------------------------------------------------


PROVIDER: Final = f"arn:aws:iam::{OWNER}:saml-provider/company"
DOCUMENT: Final = "<EntityDescriptor/>" * 60


class Provider:
    """IAM API reference, GetSAMLProvider and UpdateSAMLProvider: no encryption mode where nobody chose one."""

    def __init__(self, mode: str | None = None) -> None:
        self.document, self.mode = DOCUMENT, mode

    def get_saml_provider(self, **_: Any) -> dict[str, Any]:
        mode = {"AssertionEncryptionMode": self.mode} if self.mode else {}
        return {"SAMLMetadataDocument": self.document, "PrivateKeyList": [], **mode}

    def update_saml_provider(self, **asked: Any) -> dict[str, Any]:
        self.document = asked.get("SAMLMetadataDocument", self.document)
        self.mode = asked.get("AssertionEncryptionMode", self.mode)
        return {}


@pytest.mark.parametrize("mode", [None, "Allowed", "Required"])
@pytest.mark.parametrize("other", ["Allowed", "Required"])
def test_metadata_and_encryption_of_a_provider_are_put_back(mode: str | None, other: str) -> None:
    api = Provider(mode)

    def change() -> None:
        api.document, api.mode = DOCUMENT.replace("Entity", "Stranger"), other

    Room(api).round(SamlProviders(restorable=True), Resource("AWS::IAM::SAMLProvider", PROVIDER, GLOBAL), change)


def test_that_a_provider_says_what_nobody_chose_is_no_change() -> None:
    content = SamlProviders(restorable=True)
    room = Room(api := Provider(None))
    before = content.read(room.account, GLOBAL, [PROVIDER])[PROVIDER]
    api.mode = "Allowed"
    assert content.alike(before, content.read(room.account, GLOBAL, [PROVIDER])[PROVIDER])  # type: ignore[arg-type]


class Networks:
    """EC2 API reference, CreateDefaultVpc: a default subnet in each zone, and a gateway; CreateDefaultSubnet."""

    ZONES: Final = ("us-east-1a", "us-east-1b", "us-east-1c")

    def __init__(self, *zones: str) -> None:
        self.there, self.zones = True, list(zones)

    def describe_vpcs(self, **_: Any) -> dict[str, Any]:
        return {"Vpcs": [{"VpcId": "vpc-1", "IsDefault": True}] if self.there else []}

    def describe_subnets(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        asked = {each["Name"]: each["Values"] for each in Filters}
        zones = [zone for zone in self.zones if zone in asked.get("availability-zone", self.zones)]
        return {"Subnets": [{"SubnetId": f"subnet-{zone}", "AvailabilityZone": zone} for zone in zones]}

    def describe_internet_gateways(self, **_: Any) -> dict[str, Any]:
        return {"InternetGateways": [{"InternetGatewayId": "igw-1"}] if self.there else []}

    def create_default_vpc(self) -> dict[str, Any]:
        self.there, self.zones = True, list(self.ZONES)
        return {"Vpc": {"VpcId": "vpc-2"}}

    def create_default_subnet(self, AvailabilityZone: str) -> dict[str, Any]:  # noqa: N803
        self.zones.append(AvailabilityZone)
        return {}

    def delete_subnet(self, SubnetId: str) -> dict[str, Any]:  # noqa: N803
        self.zones.remove(SubnetId.removeprefix("subnet-"))
        return {}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (("us-east-1a", "us-east-1b"), ("us-east-1a",)),
        (("us-east-1a",), ("us-east-1a", "us-east-1b")),
        (("us-east-1a",), ("us-east-1b",)),
    ],
)
def test_the_default_subnets_are_put_back(before: tuple[str, ...], now: tuple[str, ...]) -> None:
    api = Networks(*before)

    def change() -> None:
        api.zones = list(now)

    Room(api).round(DefaultNetwork(), Resource(DefaultNetwork.type, DefaultNetwork.name, REGION), change)


def test_a_recreated_default_network_loses_the_subnets_that_the_old_one_did_not_have() -> None:
    content, api = DefaultNetwork(), Networks("us-east-1a")
    room, item = Room(api), Resource(DefaultNetwork.type, DefaultNetwork.name, REGION)
    before = content.read(room.account, REGION, None)[item.id]
    api.there = False
    for _ in range(2):  # a round makes it, the next one compares it
        drift = Drift(item, content, before, content.read(room.account, REGION, None)[item.id])
        assert content.restores(drift)
        content.restore(room.account, drift, lambda: None)
    assert content.alike(before, content.read(room.account, REGION, None)[item.id])


# --- what nothing can put back ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("moto_account")
def test_drift_that_nothing_can_put_back_is_final_at_the_first_attempt() -> None:
    scene = Scene()
    scene.remember("AWS::SQS::Queue", "https://sqs.us-east-1.amazonaws.com/222222222222/gone")
    began = scene.clock.now()
    result = scene.clean()
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "baseline-missing")
    assert (scene.clock.now() - began, scene.passes) == (timedelta(0), 1)


def test_whether_anything_can_be_put_back_is_asked_of_the_very_difference() -> None:
    item = Resource("AWS::IAM::SAMLProvider", PROVIDER, GLOBAL)
    before: dict[str, Any] = {"metadata": "m", "encryption": None, "keys": ["k"], "context": None, "center": None}
    content = SamlProviders(restorable=True)
    assert not Drift(item, content, before, {**before, "keys": []}).restorable
    assert not Drift(item, content, before, {**before, "context": "c"}).restorable
    assert Drift(item, content, before, {**before, "keys": ["k", "new"]}).restorable


@pytest.mark.usefixtures("moto_account")
@pytest.mark.parametrize(("minutes", "verdict"), [(8, Verdict.CLEAN), (30, Verdict.BLOCKED)])
def test_a_setting_that_takes_effect_minutes_later_is_waited_for(minutes: int, verdict: Verdict) -> None:
    """EC2 API reference, EnableImageBlockPublicAccess: up to 10 minutes, in which the state is told as `unblocked`."""
    scene, name = Scene(), "ec2/image-public-access"
    baseline = Baseline.from_json(scene.store.texts[baseline_name(KEY_OF_SCENE)])
    setting = Resource(SETTING, name, REGION)
    scene.store.put(baseline_name(KEY_OF_SCENE), replace(baseline, contents={setting: "block-new-sharing"}).to_json())
    enabled: list[datetime] = []

    def state() -> dict[str, Any]:
        done = enabled and scene.clock.now() - enabled[0] >= timedelta(minutes=minutes)
        return {"ImageBlockPublicAccessState": "block-new-sharing" if done else "unblocked"}

    def enable() -> dict[str, Any]:
        enabled.append(scene.clock.now())
        return {"ImageBlockPublicAccessState": "block-new-sharing"}

    scene.world.answers |= {"GetImageBlockPublicAccessState": state, "EnableImageBlockPublicAccess": enable}
    result = scene.clean()
    assert (result.verdict, scene.clock.now() - enabled[0] < timedelta(minutes=12)) == (verdict, True)
    assert (len(enabled) == 1) is (verdict is Verdict.CLEAN)  # what takes effect is not asked for again
