"""The birth of a registration: everything that is there becomes the baseline, if the roles work. Changes nothing.

A role has to be assumable and allowed one of the probes, or a revocation on it could never be seen to work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.aws.accounts import RoleUnusable
from atmosphere.cleanup.baseline.drift import read_contents
from atmosphere.cleanup.catalogue.roles import role_id
from atmosphere.cleanup.model import Ended, Verdict
from atmosphere.cleanup.revoke.revocation import PROBES, find_probe
from atmosphere.cleanup.scan.inventory import covered, look
from atmosphere.cleanup.scan.tagged import shown
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.aws.accounts import Account, Accounts
    from atmosphere.cleanup.aws.pace import Pace
    from atmosphere.cleanup.baseline.drift import Inside
    from atmosphere.cleanup.model import Assignment, Resource
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.core.model import RoleArn

_LOOKS: Final = 4
_NAP: Final = timedelta(seconds=2)


def capture(assignment: Assignment, *, account: Account, accounts: Accounts, pace: Pace) -> Baseline:
    """Preflight the roles, and list what is there. Raises `Ended`, `Unreachable`."""
    roles = sorted(set(assignment.registration.roles.values()))
    pace.side_by_side([partial(_preflight, assignment, accounts, role, pace) for role in roles])
    found = _complete_look(assignment, account, pace)
    return Baseline(
        items={**found.inventory.everything(), **found.roles},
        types=covered(assignment),
        regions=assignment.regions,
        tagged=found.tagged,
        contents=found.inside.contents,
        unwatched=found.inside.unwatched,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What one look came to: `roles` are those of the registration, `unknown` is what could not be looked at."""

    inventory: Inventory
    inside: Inside
    roles: Mapping[Resource, str | None]
    tagged: frozenset[str]
    unknown: Mapping[str, str]


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


def _complete_look(assignment: Assignment, account: Account, pace: Pace) -> _Look:
    for _ in range(_LOOKS):
        found = _look(assignment, account, pace)
        if not found.unknown:
            return found
        pace.sleep(_NAP)
    labels = sorted(found.unknown)
    told = ", ".join(f"{label} ({found.unknown[label]})" for label in labels)
    raise Ended(
        Verdict.BLOCKED,
        f"unknown:{labels[0]}",
        f"{len(labels)} cannot be listed, so there is no telling what has to survive: check the admin role: {told}",
    )


def _look(assignment: Assignment, account: Account, pace: Pace) -> _Look:
    inventory = look(assignment, account, pace)
    inside = read_contents(assignment, account, pace, off=inventory.off)
    tagged, untold = shown(account, [region for region in assignment.regions if region not in inventory.off], pace)
    roles, unseen = _roles(assignment, account)
    return _Look(
        inventory=inventory,
        inside=inside,
        roles=roles,
        tagged=frozenset(each.arn.text for each in tagged),
        unknown={**inventory.unknown, **inside.unknown, **untold, **unseen},
    )


def _roles(assignment: Assignment, account: Account) -> tuple[dict[Resource, str | None], dict[str, str]]:
    """The ids of the registration's roles, and which could not be asked for, with the code."""
    ids: dict[Resource, str | None] = {}
    unknown: dict[str, str] = {}
    for item in assignment.role_resources:
        try:
            ids[item] = role_id(account, item.id)
        except (ClientError, BotoCoreError) as error:
            unknown[item.address] = code_of(error)
    return ids, unknown
