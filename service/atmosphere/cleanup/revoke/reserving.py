"""The first Deny of a role, at registration: it denies nothing yet, and keeps the room that a revocation will need.

Without it a test could fill the room for inline policies, and its keys would outlive it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.cleanup.model import Finished, Verdict
from atmosphere.cleanup.revoke.canaries import role_name
from atmosphere.cleanup.revoke.denial import NOBODY, Denials, policy_document
from atmosphere.cleanup.revoke.iam import DenialRefused, of_role

if TYPE_CHECKING:
    from atmosphere.cleanup.context import PassContext
    from atmosphere.core.model import RoleArn


def reserve(context: PassContext, role: RoleArn) -> Finished | None:
    """Write the longest form of the Deny where there is none; how the registration ends if that cannot be.

    Raises `Unreachable`.
    """
    if context.accounts.plan:
        return None
    denials, name = Denials.of(context.assignment), role_name(role)
    text = policy_document(denials.region, NOBODY)
    asked = {"RoleName": name, "PolicyName": denials.name}
    try:
        there = of_role(context.account, "get_role_policy", asked)
        if there is None or denials.cut_off(there["PolicyDocument"], context.now(), whole=False) is None:
            of_role(context.account, "put_role_policy", {**asked, "PolicyDocument": text})
    except DenialRefused as refused:
        return Finished(
            Verdict.DIRTY,
            "role-preflight",
            f"{refused}, so the credentials of tests could not be revoked: let the admin role read and write inline "
            f"policies of {name}, which need {len(text)} characters of room (of the 10,240 that IAM allows all of them "
            "together), then let the environment be cleaned",
        )
    return None
