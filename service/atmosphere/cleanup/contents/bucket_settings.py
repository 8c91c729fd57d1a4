"""Settings of buckets of the baseline by which somebody could see, or spoil, what a later test does. Put back whole.

Each is a row, and stands in a baseline under a type of its own: the policy of a bucket is another content of it. A row
costs a call for each bucket and scan, so only those are here that let something out (notifications, replication) or
somebody in (grants). `docs/cleanup.md` names the others, and why they are left out. Source: the S3 API reference,
PutBucketNotificationConfiguration, PutBucketReplication, PutBucketAcl.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import insides
from atmosphere.cleanup.contents.base import Captured, as_json, ids_or_listed
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region

_BUCKET: Final = "AWS::S3::Bucket"
_GONE: Final = "NoSuchBucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSetting(Captured):
    """`value` is a JMESPath into the reply of `read_by`, and `put` takes the same as `parameter`.

    `unset` is the code that means that there is none; `delete` takes it away then, where there is such an operation.
    `id` is the member by which an entry is told from others and that S3 makes up where nobody writes one.
    """

    type: str
    name: str
    read_by: str
    value: str
    put: str
    parameter: str
    writes: tuple[str, ...]
    unset: str = ""
    delete: str = ""
    id: str = ""
    asks: Mapping[str, Any] = field(default_factory=dict)
    restorable: bool = True

    @property
    def restoring(self) -> frozenset[str]:  # type: ignore[override]
        """See `Content`."""
        return frozenset(f"s3:{operation}" for operation in self.writes)

    def alike(self, before: Json, now: Json) -> bool:
        """See `Content`. Ids decide nothing, and a stack that writes those of others without gives them new ones.

        They are captured all the same, and put back: stacks know their own entries by them.
        """
        return bool(_in_order(before, self.id) == _in_order(now, self.id))

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("s3", region)
        return insides(ids_or_listed(_BUCKET, account, region, ids), partial(self._read_one, client))

    def _read_one(self, client: Any, bucket: str) -> tuple[Json, ...]:
        try:
            reply = getattr(client, self.read_by)(Bucket=bucket)
        except ClientError as error:
            if code_of(error) == self.unset:
                return (None,)
            if code_of(error) == _GONE:
                return ()
            raise
        return (as_json(_in_order(jmespath.search(self.value, reply))),)

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        check()
        client, bucket = account.client("s3", drift.item.region), drift.item.id
        if drift.before is None:
            getattr(client, self.delete)(Bucket=bucket)
        else:
            getattr(client, self.put)(**{"Bucket": bucket, self.parameter: drift.before}, **self.asks)


def _in_order(value: Any, but: str = "") -> Any:
    """The value without this member, and without what is not there: an empty map is, as it says that EventBridge is on.

    No list of these settings has an order that means a thing.
    """
    if isinstance(value, dict):
        return {name: _in_order(part, but) for name, part in value.items() if name != but and part is not None}
    if isinstance(value, list):
        return sorted((_in_order(part, but) for part in value), key=partial(json.dumps, sort_keys=True))
    return value


BUCKET_SETTINGS: Final = (
    BucketSetting(
        type="Atmosphere::S3::Notifications",
        name="notifications",
        read_by="get_bucket_notification_configuration",
        value="""{
            TopicConfigurations: TopicConfigurations, QueueConfigurations: QueueConfigurations,
            LambdaFunctionConfigurations: LambdaFunctionConfigurations,
            EventBridgeConfiguration: EventBridgeConfiguration
        }""",
        put="put_bucket_notification_configuration",
        parameter="NotificationConfiguration",
        writes=("PutBucketNotificationConfiguration",),
        id="Id",
        # it replaces all of them, and S3 would ask each destination, of which one of the baseline's may refuse
        asks={"SkipDestinationValidation": True},
    ),
    BucketSetting(
        type="Atmosphere::S3::Replication",
        name="replication",
        read_by="get_bucket_replication",
        value="ReplicationConfiguration",
        unset="ReplicationConfigurationNotFoundError",
        put="put_bucket_replication",
        parameter="ReplicationConfiguration",
        delete="delete_bucket_replication",
        writes=("PutBucketReplication", "DeleteBucketReplication"),
        id="ID",
    ),
    BucketSetting(
        # without the names of who is let in, which may change and follow from the ids
        type="Atmosphere::S3::Grants",
        name="grants",
        read_by="get_bucket_acl",
        value="""{
            Owner: Owner.{ID: ID},
            Grants: Grants[].{Grantee: Grantee.{Type: Type, ID: ID, URI: URI}, Permission: Permission}
        }""",
        put="put_bucket_acl",
        parameter="AccessControlPolicy",
        writes=("PutBucketAcl",),
    ),
)
