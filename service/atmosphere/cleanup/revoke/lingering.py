"""Sessions of roles that outlive a test: whoever had the account to himself may have entered them and come back later.

A session that a test opened on a role of the baseline works for hours after the test's own keys are dead. So each role
that a test may have entered as it is, as those of the CDK's toolkit, and each role of the registration gets a Deny for
every session from before the cut-off; who has business there opens a new one. Roles that let in nobody but AWS's
services or other accounts are left alone: entering them takes a change of their trust, which is seen
(`contents.policies`) unless it was taken back. In an account of several environments nothing is done, because the
sessions may be those of another environment's test.

Who may enter is decided as IAM decides it, and where that depends on what is not known here (conditions, who a
federated identity is, other statements that deny it) the role counts as one that may be entered. Source: IAM user
guide, "JSON policy elements": Principal, NotPrincipal, Action, NotAction.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.model import GLOBAL
from atmosphere.cleanup.revoke.iam import DenialRefused
from atmosphere.cleanup.revoke.imposing import ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.revoke.imposing import Imposing
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.core.model import AccountId

_ENTERING: Final = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
_ON_BEHALF: Final = "rolesanywhere.amazonaws.com"
"""A service that gives sessions to whoever has a certificate of an authority that a test can register."""
_AWS_OWN: Final = "UnmodifiableEntity"


def cut_off_others(context: PassContext, imposing: Imposing, cut_off: datetime) -> None:
    """End the sessions of every other role that the test could enter. Raises `DenialRefused`, `Unreachable`."""
    roles = _enterable(context.assignment, context.baseline)
    context.heartbeat.confirm()  # waiting for the canary took a while, in which another environment may have come
    context.workers.run([partial(_deny, imposing, role, cut_off) for role in roles])


def _deny(imposing: Imposing, role: str, cut_off: datetime) -> None:
    try:
        imposing.deny(role, cut_off)
    except DenialRefused as refused:
        if refused.code != _AWS_OWN:  # only AWS itself can change such a role, and let somebody in
            raise


def _enterable(assignment: Assignment, baseline: Baseline) -> list[str]:
    """All but the roles that were used, which have a canary, and the cleaner's own, which comes last."""
    aside = {role.rpartition("/")[2] for role, _ in assignment.roles_used}
    aside.add(assignment.registration.admin_role.rpartition("/")[2])
    registered = {role.id for role in assignment.role_resources}
    inside = {
        item.id
        for item, content in baseline.contents.items()
        if item.type == ROLE and item.region == GLOBAL and lets_in(content, assignment.key.account)
    }
    return sorted((registered | inside) - aside)


def lets_in(content: Any, owner: AccountId) -> bool:
    """Whether somebody in the account, or somebody whom nobody here knows, may enter a role as it was captured."""
    trust = content.get("trust") if isinstance(content, dict) else None
    statements = _list(trust.get("Statement", ())) if isinstance(trust, dict) else [None]
    return any(_opens(statement, owner) for statement in statements)


def _opens(statement: Any, owner: AccountId) -> bool:
    if not isinstance(statement, dict):
        return True
    return statement.get("Effect") == "Allow" and _enters(statement) and _is_for_insiders(statement, owner)


def _enters(statement: Mapping[str, Any]) -> bool:
    """Whether one of the ways in is among its actions."""
    if "Action" in statement:
        return any(_matches(way, statement["Action"]) for way in _ENTERING)
    return not all(_matches(way, statement.get("NotAction", ())) for way in _ENTERING)


def _matches(action: str, patterns: Any) -> bool:
    return any(fnmatchcase(action, str(pattern).lower()) for pattern in _list(patterns))


def _is_for_insiders(statement: Mapping[str, Any], owner: AccountId) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):  # everybody, or all but those of NotPrincipal
        return True
    return any(_is_inside(kind, str(name), owner) for kind, names in principal.items() for name in _list(names))


def _is_inside(kind: str, name: str, owner: AccountId) -> bool:
    if kind == "Service":
        return name == _ON_BEHALF
    if kind == "AWS":
        return not _is_of_another_account(name, owner)
    return True


def _is_of_another_account(name: str, owner: AccountId) -> bool:
    account = name.split(":")[4] if name.count(":") >= 5 else name  # noqa: PLR2004  arn:partition:iam::ACCOUNT:…
    return account.isdecimal() and account != owner


def _list(value: Any) -> list[Any]:
    return [value] if isinstance(value, str | dict) else list(value)
