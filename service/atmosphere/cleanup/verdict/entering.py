"""Who may enter a role that came after the baseline, and which roles AWS or an operator vouches for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.scan.containers import ROLE
from atmosphere.cleanup.trust import Admitted, Kind, entrants, lets_in, outsiders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Assignment, Resource
    from atmosphere.cleanup.trust import Role

_PROVIDERS: Final = ("AWS::IAM::SAMLProvider", "AWS::IAM::OIDCProvider")
_LINKED: Final = "/aws-service-role/"


def admitted(context: PassContext, kept: Iterable[Resource]) -> Admitted:
    """Who may enter a role that came after the baseline.

    A role of the baseline that a test can enter admits nobody: what a test is given, and what lets in its own account.
    """
    assignment = context.assignment
    given = {role.id for role in assignment.role_resources}
    closed = {
        item.id
        for item, inside in context.baseline.contents.items()
        if item.type == ROLE and isinstance(inside, dict) and not lets_in(inside.get("trust"), assignment.key.account)
    }
    return Admitted(
        account=assignment.key.account,
        management=assignment.registration.organization.management_account,
        roles=frozenset(closed - given),
        providers=frozenset(item.id for item in (*context.baseline.items, *kept) if item.type in _PROVIDERS),
    )


def reserved(role: Role, may_enter: Admitted) -> str | None:
    """Why a role stays that is where AWS alone makes roles."""
    who = entrants(role.trust)
    if role.path.startswith(_LINKED):
        return "reserved by AWS: a service-linked role" if {each.kind for each in who} <= {Kind.SERVICE} else None
    federated = {each.kind for each in who} <= {Kind.FEDERATED} and not outsiders(role.trust, may_enter)
    return "reserved by AWS: a role of IAM Identity Center" if federated else None


def of_organization(role: Role, assignment: Assignment) -> str | None:
    """Which entry of the pool's `organization` names a role; who may enter it is another question."""
    organization = assignment.registration.organization
    return next((f"kept by organization: {name}" for name in organization.roles if names_role(name, role.arn)), None)


def names_role(name: str, arn: str) -> bool:
    """Whether an entry of `organization.roles` names the role of an ARN."""
    named, is_ = name.split(":", 5), arn.split(":", 5)
    places = zip(named[:5], is_[:5], strict=False)
    if len(named) != len(is_) or any(one not in (other, "*") for one, other in places):
        return False
    return is_[5].startswith(named[5][:-1]) if named[5].endswith("*") else is_[5] == named[5]
