"""Extensions of CloudFormation's registry: which version is the default, whose rights it has, how it is configured.

Each decides about every later stack of the account. The default version is put back; the rest is compared, and a
configuration by a digest, as it may hold secrets. Source: the CloudFormation API reference, DescribeType,
BatchDescribeTypeConfigurations, SetTypeDefaultVersion.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import insides
from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.contents.base import Captured, ids_or_listed
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region

_NONE: Final = "TypeNotFoundException"
_UNCONFIGURED: Final = "TypeConfigurationNotFoundException"
_DEFAULT: Final = "default"


class ExtensionState(Captured):
    """The state of each version of one type, or of each activated extension."""

    name: Final = "state"
    scope: Scope = Scope.REGION
    restorable: bool = True
    restoring: frozenset[str] = frozenset({"cloudformation:SetTypeDefaultVersion"})

    def __init__(self, name: str) -> None:
        self.type = f"AWS::CloudFormation::{name}"

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("cloudformation", region)
        return insides(ids_or_listed(self.type, account, region, ids), partial(_state, client))

    def restores(self, drift: Drift) -> bool:
        """See `Content`. That another one is no default any more comes with it."""
        before: Any = drift.before
        now: Any = drift.now
        return bool(before[_DEFAULT]) and not now[_DEFAULT]

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        if self.restores(drift):
            check()
            account.client("cloudformation", drift.item.region).set_type_default_version(Arn=drift.item.id)


def _state(client: Any, arn: str) -> Iterator[dict[str, Json]]:
    try:
        reply = client.describe_type(Arn=arn)
    except ClientError as error:
        if code_of(error) == _NONE:
            return
        raise
    yield {
        _DEFAULT: bool(reply.get("IsDefaultVersion")),
        "role": reply.get("ExecutionRoleArn"),
        "updates": bool(reply.get("AutoUpdate")),
        "configuration": _configuration(client, arn),
    }


def _configuration(client: Any, arn: str) -> Json:
    """A digest of each by its alias; of a version those of its type."""
    type_ = "/".join(arn.split("/")[:3])
    try:
        reply = client.batch_describe_type_configurations(TypeConfigurationIdentifiers=[{"TypeArn": type_}])
    except ClientError as error:
        if code_of(error) != _UNCONFIGURED:
            raise
        return {}
    told = reply.get("TypeConfigurations", ())
    return {each.get("Alias", _DEFAULT): sha256(each["Configuration"].encode()).hexdigest() for each in told}


EXTENSIONS: Final = tuple(
    ExtensionState(name) for name in ("ResourceVersion", "ModuleVersion", "HookVersion", "TypeActivation")
)
