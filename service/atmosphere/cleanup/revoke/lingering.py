"""Sessions of roles that outlive a test: whoever had the account to himself may have entered them and come back later.

A session that a test opened on a role of the baseline works for hours after the test's own keys are dead. So each role
that lets in its own account, as those of the CDK's toolkit do, gets a Deny for every session from before the cut-off;
who has business there opens a new one. Roles that let in nobody but services or other accounts are left alone: entering
them takes a change of their trust, which is seen (`contents.policies`) unless it was taken back. In an account of
several environments nothing is done, because the sessions may be those of another environment's test.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.model import GLOBAL
from atmosphere.cleanup.revoke.denial import DenialRefused, deny, policy_name, whole_document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Assignment, Finished
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.core.model import AccountId

_ROLE: Final = "AWS::IAM::Role"
_ENTERING: Final = ("sts:assumerole", "sts:*", "*")


def cut_off_others(context: PassContext, cut_off: datetime | None) -> Finished | None:
    """End the sessions of every other role that the test could enter. Raises `Unreachable`."""
    assignment = context.assignment
    roles = _enterable(assignment, context.baseline)
    if cut_off is None or not assignment.sweep_globals or not roles:
        return None
    name, document = policy_name(assignment.key.region), whole_document(cut_off)
    context.heartbeat.confirm()  # waiting for the canary took a while, in which another environment may have come
    try:
        context.workers.run([partial(deny, context.account, role, name, document) for role in roles])
    except DenialRefused as refused:
        return refused.finished()
    return None


def _enterable(assignment: Assignment, baseline: Baseline) -> list[str]:
    own = {role.id for role in assignment.role_resources}
    inside = {
        item.id: content
        for item, content in baseline.contents.items()
        if item.type == _ROLE and item.region == GLOBAL and item.id not in own
    }
    return sorted(role for role, content in inside.items() if _lets_in(content, assignment.key.account))


def _lets_in(content: Any, owner: AccountId) -> bool:
    """Whether a role's trust policy names the account, somebody in it, or everybody."""
    return any(name in ("*", owner) or f"::{owner}:" in name for name in _principals(content.get("trust") or {}))


def _principals(trust: Any) -> Iterator[str]:
    for statement in _list(trust.get("Statement", ())):
        actions = {action.lower() for action in _list(statement.get("Action", ()))}
        if statement.get("Effect") != "Allow" or actions.isdisjoint(_ENTERING):
            continue
        principal = statement.get("Principal", {})
        yield from _list(principal if isinstance(principal, str) else principal.get("AWS", ()))


def _list(value: Any) -> list[Any]:
    return [value] if isinstance(value, str | dict) else list(value)
