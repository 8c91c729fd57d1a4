"""How long sessions of roles last: a test that raises it keeps what it opens for longer, and so do all after it.

They stand in a baseline under a type of their own, as what a role may do is compared by another content. Roles that AWS
manages are left out: Identity Center sets these by itself. Source: the IAM API reference, ListRoles, UpdateRole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import Scope, pages
from atmosphere.cleanup.catalogue.roles import RESERVED_PATHS
from atmosphere.cleanup.contents.base import Captured

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region

_ROLE: Final = "MaxSessionDuration"
_SIGN_IN: Final = "MaxSigninSessionDuration"
_UNSET: Final = {"ResetMaxSigninSessionDuration": True}


class RoleSessions(Captured):
    """The longest session of each role and of who signs in with it, in seconds; None where the latter is not set."""

    name: Final = "sessions"
    type: str = "Atmosphere::IAM::RoleSessions"
    scope: Scope = Scope.GLOBAL
    restorable: bool = True
    restoring: frozenset[str] = frozenset({"iam:UpdateRole"})

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:
        """See `Content`."""
        return {
            role["RoleName"]: {"longest": role.get(_ROLE), "longestSignIn": role.get(_SIGN_IN)}
            for page in pages(account.client("iam", region), "list_roles")
            for role in page["Roles"]
            if (role["RoleName"] in ids if ids is not None else not role["Path"].startswith(RESERVED_PATHS))
        }

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        before: Any = drift.before
        now: Any = drift.now
        asked = {_ROLE: before["longest"]} if before["longest"] != now["longest"] else {}
        if before["longestSignIn"] != now["longestSignIn"]:
            asked |= _UNSET if before["longestSignIn"] is None else {_SIGN_IN: before["longestSignIn"]}
        check()
        account.client("iam", drift.item.region).update_role(RoleName=drift.item.id, **asked)
