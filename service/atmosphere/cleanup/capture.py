"""The birth of a registration: everything that is there becomes the baseline, if the roles work. Changes nothing.

A role has to be assumable and allowed one of the probes, or a revocation on it could never be seen to work.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.accounts import RoleUnusable
from atmosphere.cleanup.baseline import Baseline
from atmosphere.cleanup.catalogue.roles import role_id
from atmosphere.cleanup.detector import tagged
from atmosphere.cleanup.inventory import covered, look
from atmosphere.cleanup.judging import registered_roles
from atmosphere.cleanup.model import Ended, Verdict
from atmosphere.cleanup.restoring import read_contents
from atmosphere.cleanup.revocation import PROBES, find_probe
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.accounts import Account, Accounts
    from atmosphere.cleanup.inventory import Inventory
    from atmosphere.cleanup.model import Assignment, Resource
    from atmosphere.cleanup.pace import Pace
    from atmosphere.cleanup.restoring import Inside
    from atmosphere.core.model import RoleArn

_LOOKS: Final = 4
_NAP: Final = timedelta(seconds=2)


def capture(assignment: Assignment, *, account: Account, accounts: Accounts, pace: Pace) -> Baseline:
    """Preflight the roles, and list what is there. Raises `Ended`, `Unreachable`."""
    roles = sorted(set(assignment.registration.roles.values()))
    pace.side_by_side([partial(_preflight, assignment, accounts, role, pace) for role in roles])
    ids = _role_ids(assignment, account)
    inventory, inside = _complete_look(assignment, account, pace)
    return Baseline(
        items={**inventory.everything(), **ids},
        types=covered(assignment),
        regions=assignment.regions,
        tagged=_tagged(assignment, account, inventory),
        contents=inside.contents,
        unwatched=inside.unwatched,
    )


def _preflight(assignment: Assignment, accounts: Accounts, role: RoleArn, pace: Pace) -> None:
    try:
        canary = accounts.canary(assignment, role, assignment.registration.external_id, pace)
    except RoleUnusable as unusable:
        raise Ended(Verdict.BLOCKED, "role-unusable", str(unusable)) from unusable
    if find_probe(canary, assignment.key.region) is None:
        calls = ", ".join(f"{service}:{operation}" for service, operation in PROBES)
        raise Ended(
            Verdict.DIRTY,
            "role-preflight",
            f"{role} may call none of {calls}, so nothing could show that its keys are refused: grant it one of them, "
            "then let the environment be cleaned",
        )


def _role_ids(assignment: Assignment, account: Account) -> Mapping[Resource, str | None]:
    try:
        return {item: role_id(account, item.id) for item in registered_roles(assignment)}
    except (ClientError, BotoCoreError) as error:
        raise Unreachable("IAM does not say what the registration's roles are") from error


def _tagged(assignment: Assignment, account: Account, inventory: Inventory) -> frozenset[str]:
    regions = [region for region in assignment.regions if region not in inventory.off]
    try:
        return frozenset(each.arn.text for region in regions for each in tagged(account, region))
    except (ClientError, BotoCoreError) as error:
        raise Unreachable("the tagging API does not say what is there") from error


def _complete_look(assignment: Assignment, account: Account, pace: Pace) -> tuple[Inventory, Inside]:
    for _ in range(_LOOKS):
        inventory = look(assignment, account, pace)
        inside = read_contents(assignment, account, pace, off=inventory.off)
        unknown = {**inventory.unknown, **inside.unknown}
        if not unknown:
            return inventory, inside
        pace.sleep(_NAP)
    label, code = min(unknown.items())
    raise Ended(
        Verdict.BLOCKED,
        f"unknown:{label}",
        f"{label} cannot be listed ({code}), so there is no telling what has to survive: check the admin role",
    )
