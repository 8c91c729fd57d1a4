"""What users of the baseline sign in with and what they may do. New keys and passwords go; the rest is only compared.

Source: the IAM API reference, ListAccessKeys, GetLoginProfile, ListServiceSpecificCredentials.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import insides
from atmosphere.cleanup.catalogue.base import Scope, pages
from atmosphere.cleanup.contents.base import Captured, as_json
from atmosphere.cleanup.contents.rights import details
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.cleanup.contents.rights import Details
    from atmosphere.core.model import Json, Region


@dataclass(frozen=True, slots=True)
class _Keys:
    """One kind of credentials that a user has several of: how they are listed and deleted."""

    name: str
    listing: str
    members: str
    id: str
    delete: str

    def read(self, client: Any, user: str) -> dict[str, str]:
        """The state of each, by its id."""
        found = pages(client, self.listing, UserName=user)
        return {each[self.id]: each["Status"] for page in found for each in page[self.members]}


_KEYS: Final = (
    _Keys("access keys", "list_access_keys", "AccessKeyMetadata", "AccessKeyId", "delete_access_key"),
    _Keys(
        "service credentials",
        "list_service_specific_credentials",
        "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId",
        "delete_service_specific_credential",
    ),
)
_PASSWORD: Final = "password"  # noqa: S105  the name of a member
_NONE: Final = "NoSuchEntity"


class UserAccess(Captured):
    """The credentials of each user, without anything secret, and what it may do, by itself and by its groups."""

    name: Final = "access"
    type: str = "AWS::IAM::User"
    scope: Scope = Scope.GLOBAL
    restorable: bool = True
    restoring: frozenset[str] = frozenset(
        {"iam:DeleteAccessKey", "iam:DeleteServiceSpecificCredential", "iam:DeleteLoginProfile"}
    )

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("iam", region)
        found = details(client, "User")
        users = {user["UserName"]: user for user in found.identities if ids is None or user["UserName"] in ids}
        return insides(users, lambda name: [as_json({**_rights(users[name], found), **_credentials(client, name)})])

    def restores(self, drift: Drift) -> bool:
        """See `Content`."""
        return _has_new_password(drift) or any(_new(kind, drift) for kind in _KEYS)

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        client, user = account.client("iam", drift.item.region), drift.item.id
        for kind in _KEYS:
            for key in _new(kind, drift):
                check()
                getattr(client, kind.delete)(**{"UserName": user, kind.id: key})
        if _has_new_password(drift):
            check()
            client.delete_login_profile(UserName=user)


def _new(kind: _Keys, drift: Drift) -> list[str]:
    """The credentials of a kind that came after the capture."""
    before: Any = drift.before
    now: Any = drift.now
    return sorted(now[kind.name].keys() - before[kind.name].keys())


def _has_new_password(drift: Drift) -> bool:
    before: Any = drift.before
    now: Any = drift.now
    return before[_PASSWORD] is None and now[_PASSWORD] is not None


def _rights(user: Mapping[str, Any], found: Details) -> dict[str, Any]:
    groups = {name: found.rights(found.groups[name], "Group") for name in sorted(user.get("GroupList", ()))}
    return {**found.rights(user, "User"), "groups": groups}


def _credentials(client: Any, user: str) -> dict[str, Any]:
    return {**{kind.name: kind.read(client, user) for kind in _KEYS}, _PASSWORD: _password(client, user)}


def _password(client: Any, user: str) -> str | None:
    """When it was set, None where there is none."""
    try:
        made = client.get_login_profile(UserName=user)["LoginProfile"]["CreateDate"]
    except ClientError as error:
        if code_of(error) != _NONE:
            raise
        return None
    return str(made.astimezone(UTC).isoformat())
