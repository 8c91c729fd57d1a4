"""Policies on resources of the baseline: by them somebody from outside could go on using what a test had its hands on.

They are put back whole. Each service is a row: how the policy of one resource is read, written and taken away. Source:
the API reference of each service.
"""

from __future__ import annotations

import json
from collections.abc import Callable
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

Write = Callable[[Any, str, str | None], object]
"""Gives the resource of an id this policy, as JSON text, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePolicy(Captured):
    """`value` is a JMESPath into the reply of `read_by`, which takes the id as `key`.

    `unset` are codes that mean that it has no policy, `gone` those that mean that there is no such resource. Without
    `write` it is only compared; `writes` are its operations.
    """

    type: str
    service: str
    read_by: str
    key: str
    value: str
    gone: tuple[str, ...]
    unset: tuple[str, ...] = ()
    asks: Mapping[str, Any] = field(default_factory=dict)
    write: Write | None = None
    writes: tuple[str, ...] = ()
    name: str = "policy"

    @property
    def restorable(self) -> bool:  # type: ignore[override]
        """See `Content`."""
        return self.write is not None

    @property
    def restoring(self) -> frozenset[str]:  # type: ignore[override]
        """See `Content`."""
        return frozenset(f"{self.service}:{operation}" for operation in self.writes)

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client(self.service, region)
        return insides(ids_or_listed(self.type, account, region, ids), partial(self._read_one, client))

    def _read_one(self, client: Any, identity: str) -> tuple[Json, ...]:
        try:
            reply = getattr(client, self.read_by)(**{self.key: identity}, **self.asks)
        except ClientError as error:
            if code_of(error) in self.unset:
                return (None,)
            if code_of(error) in self.gone:
                return ()
            raise
        text = jmespath.search(self.value, reply)
        return (as_json(json.loads(text)) if text else None,)

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        if self.write is not None:
            check()
            text = json.dumps(drift.before) if drift.before is not None else None
            self.write(account.client(self.service, drift.item.region), drift.item.id, text)


def _put(put: str, delete: str, key: str, parameter: str) -> Write:
    """One operation that writes it, and one that takes it away."""

    def write(client: Any, identity: str, text: str | None) -> object:
        if text is None:
            return getattr(client, delete)(**{key: identity})
        return getattr(client, put)(**{key: identity, parameter: text})

    return write


def _of_queue(client: Any, identity: str, text: str | None) -> object:
    return client.set_queue_attributes(QueueUrl=identity, Attributes={"Policy": text or ""})


def _of_topic(client: Any, identity: str, text: str | None) -> object:
    return client.set_topic_attributes(TopicArn=identity, AttributeName="Policy", AttributeValue=text or "")


RESOURCE_POLICIES: Final = (
    ResourcePolicy(
        type="AWS::S3::Bucket",
        service="s3",
        read_by="get_bucket_policy",
        key="Bucket",
        value="Policy",
        unset=("NoSuchBucketPolicy",),
        gone=("NoSuchBucket",),
        write=_put("put_bucket_policy", "delete_bucket_policy", "Bucket", "Policy"),
        writes=("PutBucketPolicy", "DeleteBucketPolicy"),
    ),
    ResourcePolicy(
        type="AWS::SQS::Queue",
        service="sqs",
        read_by="get_queue_attributes",
        key="QueueUrl",
        value="Attributes.Policy",
        asks={"AttributeNames": ["Policy"]},
        gone=("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
        write=_of_queue,
        writes=("SetQueueAttributes",),
    ),
    ResourcePolicy(
        type="AWS::SNS::Topic",
        service="sns",
        read_by="get_topic_attributes",
        key="TopicArn",
        value="Attributes.Policy",
        gone=("NotFound", "NotFoundException"),
        write=_of_topic,
        writes=("SetTopicAttributes",),
    ),
    ResourcePolicy(
        type="AWS::SecretsManager::Secret",
        service="secretsmanager",
        read_by="get_resource_policy",
        key="SecretId",
        value="ResourcePolicy",
        gone=("ResourceNotFoundException",),
        write=_put("put_resource_policy", "delete_resource_policy", "SecretId", "ResourcePolicy"),
        writes=("PutResourcePolicy", "DeleteResourcePolicy"),
    ),
    ResourcePolicy(
        type="AWS::ECR::Repository",
        service="ecr",
        read_by="get_repository_policy",
        key="repositoryName",
        value="policyText",
        unset=("RepositoryPolicyNotFoundException",),
        gone=("RepositoryNotFoundException",),
        write=_put("set_repository_policy", "delete_repository_policy", "repositoryName", "policyText"),
        writes=("SetRepositoryPolicy", "DeleteRepositoryPolicy"),
    ),
    ResourcePolicy(
        # its statements are written one by one, and not all of what they say can be: compared only
        type="AWS::Lambda::Function",
        service="lambda",
        read_by="get_policy",
        key="FunctionName",
        value="Policy",
        unset=("ResourceNotFoundException",),  # the listing tells whether the function is there
        gone=(),
    ),
)
