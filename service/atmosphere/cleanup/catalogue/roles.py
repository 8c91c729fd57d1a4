"""IAM roles: everything attached to one goes first, or IAM answers DeleteConflict.

All roles are listed, with who may enter them: which of them AWS reserves for itself is decided in `verdict.staying`.
Source: IAM API reference, DeleteRole, ListRoles, GetRole.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Errors, Found, Plain, Scope, Stage, pages
from atmosphere.cleanup.model import GLOBAL
from atmosphere.cleanup.trust import Role
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

ABSENT: Final = "NoSuchEntity"
RESERVED_PATHS: Final = ("/aws-service-role/", "/aws-reserved/sso.amazonaws.com/")
"""Where AWS alone makes roles; who may enter one is checked even so. Source: IAM user guide, "Create a service-linked
role"; IAM Identity Center user guide, "Using service-linked roles"."""


def role_id(account: Account, name: str) -> str | None:
    """The unique id of a role, None if it does not exist. Raises `ClientError`."""
    told = _told(account, name)
    return None if told is None else told["RoleId"]


def role_of(account: Account, name: str) -> Role | None:
    """A role by its name, None if it does not exist. Raises `ClientError`."""
    told = _told(account, name)
    return None if told is None else _role(told)


def _told(account: Account, name: str) -> dict[str, Any] | None:
    try:
        role: dict[str, Any] = account.client("iam", GLOBAL).get_role(RoleName=name)["Role"]
    except ClientError as error:
        if code_of(error) == ABSENT:
            return None
        raise
    return role


def _role(told: Mapping[str, Any]) -> Role:
    trust = told.get("AssumeRolePolicyDocument")
    return Role(told["Arn"], json.loads(trust) if isinstance(trust, str) else trust, told.get("CreateDate"))


class Roles(Plain):
    """`AWS::IAM::Role`; the fingerprint is the role's unique id, which a role made anew does not share.

    Nothing is prepared: while its stack is being deleted, custom resources still need what the role may do.
    """

    name: Final = "AWS::IAM::Role"
    service: Final = "iam"
    scope = Scope.GLOBAL
    stage = Stage.LAST
    errors = Errors(absent=(ABSENT,), busy=("DeleteConflict",))

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """See `ResourceType`."""
        for page in pages(account.client("iam", region), "list_roles"):
            for role in page["Roles"]:
                yield Found(role["RoleName"], role["RoleId"], _role(role))

    def exists(self, account: Account, region: Region, identity: str) -> bool:  # noqa: ARG002  roles have no region
        """See `ResourceType`."""
        return role_id(account, identity) is not None

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        client = account.client("iam", region)
        try:
            self._strip(client, identity, check)
            client.delete_role(RoleName=identity)
        except ClientError as error:
            if code_of(error) != ABSENT:
                raise

    def _strip(self, client: Any, role: str, check: Check) -> None:
        for page in pages(client, "list_instance_profiles_for_role", RoleName=role):
            for profile in page["InstanceProfiles"]:
                check()
                client.remove_role_from_instance_profile(
                    RoleName=role, InstanceProfileName=profile["InstanceProfileName"]
                )
        for page in pages(client, "list_attached_role_policies", RoleName=role):
            for policy in page["AttachedPolicies"]:
                check()
                client.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        for page in pages(client, "list_role_policies", RoleName=role):
            for name in page["PolicyNames"]:
                check()
                client.delete_role_policy(RoleName=role, PolicyName=name)
