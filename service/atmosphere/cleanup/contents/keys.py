"""Who may use keys of KMS: the policy of each, and the grants that let in somebody from outside.

Grants within the account come and go with what uses a key, so only those to other accounts are watched; what is new of
them is revoked. Source: the KMS API reference, GetKeyPolicy, ListGrants, RevokeGrant.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import insides
from atmosphere.cleanup.catalogue.base import pages
from atmosphere.cleanup.contents.base import Captured, as_json, ids_or_listed
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import AccountId, Json, Region

_DEFAULT: Final = "default"
_POLICY, _GRANTS = "policy", "grants"


class KeyAccess(Captured):
    """The policy of each key of the account's own, and its grants to others."""

    name: Final = "access"
    type: str = "AWS::KMS::Key"
    restorable: bool = True
    restoring: frozenset[str] = frozenset({"kms:PutKeyPolicy", "kms:RevokeGrant"})

    def __init__(self, owner: AccountId) -> None:
        self._owner = owner

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("kms", region)
        return insides(ids_or_listed(self.type, account, region, ids), partial(self._read_one, client))

    def _read_one(self, client: Any, key: str) -> Iterator[dict[str, Json]]:
        try:
            policy = client.get_key_policy(KeyId=key, PolicyName=_DEFAULT)["Policy"]
            grants = [grant for page in pages(client, "list_grants", KeyId=key) for grant in page["Grants"]]
        except ClientError as error:
            if code_of(error) == "NotFoundException":
                return
            raise
        outside = {
            grant["GrantId"]: {"grantee": grant["GranteePrincipal"], "operations": sorted(grant["Operations"])}
            for grant in grants
            if self._is_from_outside(grant["GranteePrincipal"])
        }
        yield {_POLICY: as_json(json.loads(policy)), _GRANTS: as_json(outside)}

    def _is_from_outside(self, principal: str) -> bool:
        """Whether it is somebody of another account; services are told by their domain."""
        return principal.startswith("arn:") and f":{self._owner}:" not in principal

    def restores(self, drift: Drift) -> bool:
        """See `Content`. A grant that is gone cannot be given back under its id."""
        return bool(_new(drift)) or _policy(drift.now) != _policy(drift.before)

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        client, key = account.client("kms", drift.item.region), drift.item.id
        for grant in _new(drift):
            check()
            client.revoke_grant(KeyId=key, GrantId=grant)
        if _policy(drift.now) != (policy := _policy(drift.before)):
            check()
            client.put_key_policy(KeyId=key, PolicyName=_DEFAULT, Policy=json.dumps(policy))


def _new(drift: Drift) -> list[str]:
    """The grants that came after the capture."""
    before: Any = drift.before
    now: Any = drift.now
    return sorted(now[_GRANTS].keys() - before[_GRANTS].keys())


def _policy(access: Any) -> Any:
    return access[_POLICY]
