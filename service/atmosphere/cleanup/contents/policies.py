"""What roles may do and who may assume them: compared, never put back, as nobody but its owner knows what is right.

A managed policy of the account's own that is rewritten makes another role of each that it is attached to (`rights`).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.catalogue.roles import RESERVED_PATHS
from atmosphere.cleanup.contents.base import Captured, as_json
from atmosphere.cleanup.contents.rights import details
from atmosphere.cleanup.revoke.denial import is_denial

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.contents.rights import Details
    from atmosphere.core.model import Json, Region

_HIDDEN: Final = "sts:externalid"  # is told to nobody who need not know it


class RolePolicies(Captured):
    """Trust, boundary, attached and inline policies of each role that AWS does not manage; not the revocation's."""

    name: Final = "policies"
    type: str = "AWS::IAM::Role"
    scope: Scope = Scope.GLOBAL

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:
        """See `Content`."""
        found = details(account.client("iam", region), "Role")
        return {
            role["RoleName"]: _policies(role, found)
            for role in found.identities
            if (role["RoleName"] in ids if ids is not None else not role["Path"].startswith(RESERVED_PATHS))
        }


def _policies(role: Mapping[str, Any], found: Details) -> dict[str, Json]:
    rights = found.rights(role, "Role")
    own = {name: text for name, text in rights["inline"].items() if not is_denial(name, text)}
    return {**rights, "inline": own, "trust": as_json(_without_secrets(role["AssumeRolePolicyDocument"]))}


def _without_secrets(value: Any) -> Any:
    """The document with a digest where an external id stands: enough to see that it changed."""
    if isinstance(value, dict):
        return {key: _digest(part) if key.lower() == _HIDDEN else _without_secrets(part) for key, part in value.items()}
    return [_without_secrets(part) for part in value] if isinstance(value, list) else value


def _digest(value: Any) -> str:
    return "sha256:" + sha256(str(value).encode()).hexdigest()[:16]
