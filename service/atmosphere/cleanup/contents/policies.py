"""What roles may do and who may assume them: compared, never put back, as nobody but its owner knows what is right.

A managed policy of the account's own that is rewritten makes another role of each that it is attached to (`rights`).
Only what bears the name of a revocation and is none goes: no owner has a policy of that name, and it would deny later
tenants. A boundary that a revocation made goes as soon as an inline policy of it holds (`revoke.imposing`).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.aws.guard import REVOCATION_POLICY
from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.catalogue.roles import RESERVED_PATHS
from atmosphere.cleanup.contents.base import Captured, as_json
from atmosphere.cleanup.contents.rights import details
from atmosphere.cleanup.model import GLOBAL
from atmosphere.faults import code_of

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
    restoring: frozenset[str] = frozenset(
        {"iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"}
    )

    def __init__(self, denials: Denials) -> None:
        self._denials = denials

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:
        """See `Content`."""
        found, now = details(account.client("iam", region), "Role"), account.guard.budget.now()
        return {
            role["RoleName"]: self._policies(role, found, now)
            for role in found.identities
            if (role["RoleName"] in ids if ids is not None else not role["Path"].startswith(RESERVED_PATHS))
        }

    def _policies(self, role: Mapping[str, Any], found: Details, now: datetime) -> dict[str, Json]:
        rights = found.rights(role, "Role")
        own = {name: text for name, text in rights["inline"].items() if not self._denials.is_one(name, text, now)}
        return {**rights, "inline": own, "trust": as_json(_without_secrets(role["AssumeRolePolicyDocument"]))}

    def restores(self, drift: Drift) -> bool:
        """See `Content`."""
        return bool(_planted(drift.before, drift.now)) or self._is_bound(drift)

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        client = account.client("iam", drift.item.region)
        for name in _planted(drift.before, drift.now):
            check()
            client.delete_role_policy(RoleName=drift.item.id, PolicyName=name)
        check()
        if self._is_bound(drift) and self._is_denied(account, drift):
            unbind(client, drift.item.id, before=_boundary(drift.before), bound=str(_boundary(drift.now)))

    def _is_bound(self, drift: Drift) -> bool:
        """Whether the boundary is a revocation's, which had no room as an inline policy."""
        bound = _boundary(drift.now)
        return bound != _boundary(drift.before) and str(bound).endswith(f"/{self._denials.bound_name(drift.item.id)}")

    def _is_denied(self, account: Account, drift: Drift) -> bool:
        """Whether an inline policy denies by now all that the boundary does."""
        now: Any = drift.now
        role, instant = drift.item.id, account.guard.budget.now()
        bound = self._denials.cut_off_within(now["texts"].get(now["boundary"]), instant)
        try:
            reply = account.client("iam", GLOBAL).get_role_policy(RoleName=role, PolicyName=self._denials.name)
        except ClientError as error:
            if code_of(error) != "NoSuchEntity":
                raise
            return bound is None
        cut_off = self._denials.cut_off(reply["PolicyDocument"], instant)
        return bound is None or (cut_off is not None and cut_off >= bound)


def unbind(client: Any, role: str, *, before: str | None, bound: str) -> None:
    """Put a role's boundary back, and delete the policy that was it for a while."""
    if before is None:
        client.delete_role_permissions_boundary(RoleName=role)
    else:
        client.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=before)
    for version in client.list_policy_versions(PolicyArn=bound)["Versions"]:
        if not version["IsDefaultVersion"]:
            client.delete_policy_version(PolicyArn=bound, VersionId=version["VersionId"])
    client.delete_policy(PolicyArn=bound)


def _boundary(rights: Any) -> str | None:
    boundary: str | None = rights["boundary"]
    return boundary


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
