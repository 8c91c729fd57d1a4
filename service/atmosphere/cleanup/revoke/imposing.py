"""How the Deny gets onto a role, and which cut-off is in force on it.

All inline policies of a role together may have 10,240 characters: a test can fill them. The Deny that registration
writes keeps its room, and a later one of its size overwrites it. Where it does not fit all the same, inline policies
that are not of the baseline go; where that does not help, or may not be, the Deny becomes a part of the role's
permissions boundary, which has a quota of its own. An explicit Deny counts in either.

The boundary has the statements of the one that was there, so that nobody may do more than before. It is put back as
soon as an inline Deny holds (`contents.policies`). Source: the IAM user guide, quotas and permissions boundaries.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.aws.guard import REVOCATION_POLICY
from atmosphere.cleanup.model import GLOBAL, Resource
from atmosphere.cleanup.revoke.iam import DenialRefused, of_role

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.revoke.denial import Denials

ROLE: Final = "AWS::IAM::Role"
_EVERYTHING: Final = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_ROOM: Final = frozenset({"iam:DeleteRolePolicy"})
_BOUNDARY: Final = frozenset({"iam:PutRolePermissionsBoundary"})


class Imposing:
    """Gives roles the Deny, for one pass. Its methods raise `DenialRefused` and `Unreachable`."""

    def __init__(self, context: PassContext, denials: Denials) -> None:
        self._context = context
        self._account = context.account
        self._denials = denials

    def deny(self, role: str, cut_off: datetime) -> bool:
        """End the sessions of a role from before the cut-off; False if there is no such role."""
        try:
            return self._inline(role, cut_off)
        except DenialRefused as refused:
            if self._context.assignment.capture_only:
                raise  # nothing else may be changed
            if refused.is_full and self._make_room(role):
                return self._inline_or_bound(role, cut_off)
            return self._bound(role, cut_off)

    def standing(self, role: str, *, whole: bool = True) -> datetime | None:
        """The cut-off in force on a role, None if there is none that a cleanup can have written.

        Without `whole` also that of a Deny which does not end all the sessions that it should.
        """
        now = self._context.now()
        reply = of_role(self._account, "get_role_policy", {"RoleName": role, "PolicyName": self._denials.name})
        inline = self._denials.cut_off(reply["PolicyDocument"], now, whole=whole) if reply else None
        arn, bound = self._boundary_of(role), None
        if arn is not None and arn.endswith(f"/{self._denials.bound_name(role)}"):
            bound = self._denials.cut_off_within(self._text_of(role, arn), now, whole=whole)
        return max((cut_off for cut_off in (inline, bound) if cut_off is not None), default=None)

    # --- inline -------------------------------------------------------------------------------------------------------

    def _inline(self, role: str, cut_off: datetime) -> bool:
        asked = {"RoleName": role, "PolicyName": self._denials.name, "PolicyDocument": self._denials.document(cut_off)}
        return of_role(self._account, "put_role_policy", asked) is not None

    def _inline_or_bound(self, role: str, cut_off: datetime) -> bool:
        try:
            return self._inline(role, cut_off)
        except DenialRefused:
            return self._bound(role, cut_off)

    def _make_room(self, role: str) -> bool:
        """Delete the inline policies that the baseline has not; False where it does not say or IAM refuses."""
        before = self._inline_of_baseline(role)
        if before is None:
            return False
        try:
            with self._account.guard.restoring(_ROOM, role):
                for name in self._leftovers(role, before):
                    of_role(self._account, "delete_role_policy", {"RoleName": role, "PolicyName": name})
        except DenialRefused:
            return False
        return True

    def _inline_of_baseline(self, role: str) -> Collection[str] | None:
        content: Any = self._context.baseline.contents.get(Resource(ROLE, role, GLOBAL))
        return content.get("inline") if isinstance(content, dict) else None

    def _leftovers(self, role: str, before: Collection[str]) -> list[str]:
        """Not the revocations of the account's other environments."""
        asked: dict[str, Any] = {"RoleName": role}
        found: list[str] = []
        while (page := of_role(self._account, "list_role_policies", asked)) is not None:
            found += [name for name in page["PolicyNames"] if name not in before and not self._is_denial(role, name)]
            if not page.get("IsTruncated"):
                break
            asked["Marker"] = page["Marker"]
        return found

    def _is_denial(self, role: str, name: str) -> bool:
        if not name.startswith(REVOCATION_POLICY):
            return False
        reply = of_role(self._account, "get_role_policy", {"RoleName": role, "PolicyName": name})
        return reply is not None and self._denials.is_one(name, reply["PolicyDocument"], self._context.now())

    # --- the boundary -------------------------------------------------------------------------------------------------

    def _bound(self, role: str, cut_off: datetime) -> bool:
        """Make the Deny a part of the role's boundary."""
        if of_role(self._account, "get_role", {"RoleName": role}) is None:
            return False
        current = self._boundary_of(role)
        before = self._text_of(role, current) if current else _EVERYTHING
        text = self._denials.added_to(before, cut_off)
        arn = self._written(role, text)
        with self._account.guard.restoring(_BOUNDARY, role):
            asked = {"RoleName": role, "PermissionsBoundary": arn}
            return of_role(self._account, "put_role_permissions_boundary", asked) is not None

    def _boundary_of(self, role: str) -> str | None:
        reply = of_role(self._account, "get_role", {"RoleName": role})
        arn: str | None = (reply or {}).get("Role", {}).get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return arn

    def _text_of(self, role: str, arn: str) -> Any:
        policy = of_role(self._account, "get_policy", {"PolicyArn": arn}, role)
        if policy is None:
            raise DenialRefused(role, "GetPolicy", "NoSuchEntity")
        asked = {"PolicyArn": arn, "VersionId": policy["Policy"]["DefaultVersionId"]}
        version = of_role(self._account, "get_policy_version", asked, role)
        if version is None:
            raise DenialRefused(role, "GetPolicyVersion", "NoSuchEntity")
        document = version["PolicyVersion"]["Document"]
        return json.loads(document) if isinstance(document, str) else document

    def _written(self, role: str, text: str) -> str:
        """The ARN of the policy with this text: a new one, or a new version of the one that an earlier pass made."""
        partition = self._context.assignment.registration.admin_role.split(":")[1]
        arn = f"arn:{partition}:iam::{self._context.assignment.key.account}:policy/{self._denials.bound_name(role)}"
        versions = of_role(self._account, "list_policy_versions", {"PolicyArn": arn}, role)
        if versions is None:
            asked = {"PolicyName": self._denials.bound_name(role), "PolicyDocument": text}
            of_role(self._account, "create_policy", asked, role)
            return arn
        for version in versions["Versions"]:
            if not version["IsDefaultVersion"]:
                asked = {"PolicyArn": arn, "VersionId": version["VersionId"]}
                of_role(self._account, "delete_policy_version", asked, role)
        asked_for: dict[str, Any] = {"PolicyArn": arn, "PolicyDocument": text, "SetAsDefault": True}
        of_role(self._account, "create_policy_version", asked_for, role)
        return arn
