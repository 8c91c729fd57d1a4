"""What roles may do and who may assume them: compared, never put back, as nobody but its owner knows what is right.

A managed policy of the account's own that is rewritten makes another role of each that it is attached to (`rights`).
Only what bears the name of a revocation and is none goes: no owner has a policy of that name, and it would deny later
tenants.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.aws.guard import REVOCATION_POLICY
from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.catalogue.roles import AWS_PATHS
from atmosphere.cleanup.contents.base import Captured, as_json
from atmosphere.cleanup.contents.rights import details

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.cleanup.contents.rights import Details
    from atmosphere.cleanup.revoke.denial import Denials
    from atmosphere.core.model import Json, Region

_HIDDEN: Final = "sts:externalid"  # is told to nobody who need not know it


class RolePolicies(Captured):
    """Trust, boundary, attached and inline policies of each role that AWS does not manage; not the revocation's."""

    name: Final = "policies"
    type: str = "AWS::IAM::Role"
    scope: Scope = Scope.GLOBAL
    restoring: frozenset[str] = frozenset({"iam:DeleteRolePolicy"})

    def __init__(self, denials: Denials) -> None:
        self._denials = denials

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:
        """See `Content`."""
        found, now = details(account.client("iam", region), "Role"), account.guard.budget.now()
        return {
            role["RoleName"]: self._policies(role, found, now)
            for role in found.identities
            if (role["RoleName"] in ids if ids is not None else not role["Path"].startswith(AWS_PATHS))
        }

    def _policies(self, role: Mapping[str, Any], found: Details, now: datetime) -> dict[str, Json]:
        rights = found.rights(role, "Role")
        own = {name: text for name, text in rights["inline"].items() if self._denials.cut_off(name, text, now) is None}
        return {**rights, "inline": own, "trust": as_json(_without_secrets(role["AssumeRolePolicyDocument"]))}

    def restores(self, drift: Drift) -> bool:
        """See `Content`."""
        return bool(_planted(drift.before, drift.now))

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        client = account.client("iam", drift.item.region)
        for name in _planted(drift.before, drift.now):
            check()
            client.delete_role_policy(RoleName=drift.item.id, PolicyName=name)


def _planted(before: Any, now: Any) -> list[str]:
    """Inline policies that bear the name of a revocation, are none and are not of the baseline."""
    return sorted(name for name in now["inline"].keys() - before["inline"] if name.startswith(REVOCATION_POLICY))


def _without_secrets(value: Any) -> Any:
    """The document with a digest where an external id stands: enough to see that it changed."""
    if isinstance(value, dict):
        return {key: _digest(part) if key.lower() == _HIDDEN else _without_secrets(part) for key, part in value.items()}
    return [_without_secrets(part) for part in value] if isinstance(value, list) else value


def _digest(value: Any) -> str:
    return "sha256:" + sha256(str(value).encode()).hexdigest()[:16]
