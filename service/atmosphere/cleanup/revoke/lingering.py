"""Sessions of roles that outlive a test: whoever had the account to himself may have entered them and come back later.

A session that a test opened on a role of the baseline works for hours after the test's own keys are dead. So each role
that a test may have entered as it is, as those of the CDK's toolkit, and each role of the registration gets a Deny for
every session from before the cut-off; who has business there opens a new one. Roles that let in nobody but AWS's
services or other accounts are left alone: entering them takes a change of their trust, which is seen
(`contents.policies`) unless it was taken back. In an account of several environments nothing is done, because the
sessions may be those of another environment's test.

Who may enter is decided by the trust as it was captured (`trust`), and in doubt the role counts.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.model import GLOBAL
from atmosphere.cleanup.revoke.iam import DenialRefused
from atmosphere.cleanup.revoke.imposing import ROLE
from atmosphere.cleanup.trust import lets_in

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.revoke.imposing import Imposing
    from atmosphere.cleanup.state.baseline import Baseline

_AWS_OWN: Final = "UnmodifiableEntity"


def cut_off_others(context: PassContext, imposing: Imposing, cut_off: datetime) -> None:
    """End the sessions of every other role that the test could enter. Raises `DenialRefused`, `Unreachable`."""
    roles = enterable(context.assignment, context.baseline)
    context.heartbeat.confirm()  # waiting for the canary took a while, in which another environment may have come
    context.workers.run([partial(_deny, imposing, role, cut_off) for role in roles])


def _deny(imposing: Imposing, role: str, cut_off: datetime) -> None:
    try:
        imposing.deny(role, cut_off)
    except DenialRefused as refused:
        if refused.code != _AWS_OWN:  # only AWS itself can change such a role, and let somebody in
            raise


def enterable(assignment: Assignment, baseline: Baseline) -> list[str]:
    """All but the roles that were used, which have a canary, and the cleaner's own, which comes last."""
    aside = {role.rpartition("/")[2] for role, _ in assignment.roles_used}
    aside.add(assignment.registration.cleaner_role.rpartition("/")[2])
    registered = {role.id for role in assignment.role_resources}
    inside = {
        item.id
        for item, content in baseline.contents.items()
        if item.type == ROLE and item.region == GLOBAL and lets_in(_trust(content), assignment.key.account)
    }
    return sorted((registered | inside) - aside)


def _trust(content: Any) -> Any:
    """The trust policy as it was captured; None where there is none to read, which counts as open to everybody."""
    return content.get("trust") if isinstance(content, dict) else None
