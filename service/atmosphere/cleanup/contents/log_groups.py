"""The resource policy of a log group: it lets services of AWS, of any account, write events into the group.

An account's own policies are listed as resources; one that is attached to a log group is inside of that, and put back.
Source: the CloudWatch Logs API reference, DescribeResourcePolicies (`policyScope`), PutResourcePolicy, which takes the
revision that is replaced.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import insides
from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.contents.base import Captured, as_json, ids_or_listed
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import AccountId, Json, Region

_GONE: Final = "ResourceNotFoundException"


class LogGroupPolicy(Captured):
    """The policy of each log group, by its name; None where it has none."""

    name: Final = "policy"
    type: str = "AWS::Logs::LogGroup"
    scope: Scope = Scope.REGION
    restorable: bool = True
    restoring: frozenset[str] = frozenset({"logs:PutResourcePolicy", "logs:DeleteResourcePolicy"})

    def __init__(self, account: AccountId, partition: str) -> None:
        self._arn = f"arn:{partition}:logs:{{region}}:{account}:log-group:{{name}}"

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("logs", region)
        return insides(ids_or_listed(self.type, account, region, ids), partial(self._read_one, client, region))

    def _read_one(self, client: Any, region: Region, group: str) -> tuple[Json, ...]:
        try:
            policy = self._policy(client, region, group)
        except ClientError as error:
            if code_of(error) == _GONE:
                return ()
            raise
        return (
            {"name": policy["policyName"], "text": as_json(json.loads(policy["policyDocument"]))} if policy else None,
        )

    def _policy(self, client: Any, region: Region, group: str) -> dict[str, Any] | None:
        """What AWS has of it, with its revision."""
        arn = self._arn.format(region=region, name=group)
        told = client.describe_resource_policies(resourceArn=arn, policyScope="RESOURCE")["resourcePolicies"]
        return next((each for each in told if each.get("resourceArn") == arn), None)

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        check()
        region, before = drift.item.region, drift.before
        client = account.client("logs", region)
        now = self._policy(client, region, drift.item.id)
        of = {"resourceArn": self._arn.format(region=region, name=drift.item.id)}
        revision = {"expectedRevisionId": now["revisionId"]} if now else {}
        if isinstance(before, dict):
            text = json.dumps(before["text"])
            client.put_resource_policy(policyName=before["name"], policyDocument=text, **of, **revision)
        elif now:
            client.delete_resource_policy(policyName=now["policyName"], **of, **revision)
