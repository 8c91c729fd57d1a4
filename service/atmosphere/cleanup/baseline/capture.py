"""The birth of a registration: everything that is there becomes the baseline, if the roles work.

A role has to be assumable and allowed one of the probes, or a revocation on it could never be seen to work, and it has
to have room for the revocation's policy: a first one, which denies nothing yet, is all that is changed.
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
from atmosphere.cleanup.model import Finished, Verdict
from atmosphere.cleanup.revoke.canaries import PROBES, find_probe
from atmosphere.cleanup.revoke.reserving import reserve
from atmosphere.cleanup.scan.inventory import covered, scan
from atmosphere.cleanup.scan.tagged import shown
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.baseline.drift import Contents
    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Assignment, Resource
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.core.model import RoleArn

_SCANS: Final = 4
_NAP: Final = timedelta(seconds=2)


def capture(context: PassContext) -> Baseline | Finished:
    """Preflight the roles, and list what is there. Raises `Unreachable`."""
    assignment = context.assignment
    roles = sorted(set(assignment.registration.roles.values()))
    unfit = context.workers.run([partial(_preflight, context, role) for role in roles])
    cleaner = assignment.registration.cleaner_role
    if refused := next(filter(None, [*unfit, None if cleaner in roles else reserve(context, cleaner)]), None):
        return refused
    found = _complete_scan(context)
    if isinstance(found, Finished):
        return found
    return Baseline(
        items={**found.inventory.everything(), **found.roles},
        types=covered(assignment),
        regions=assignment.regions,
        tagged=found.tagged,
        contents=found.inside.contents,
        unwatched=found.inside.unwatched,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Everything:
    """The result of one scan: `roles` are those of the registration, `unknown` is what could not be looked at."""

    inventory: Inventory
    inside: Contents
    roles: Mapping[Resource, str | None]
    tagged: frozenset[str]
    unknown: Mapping[str, str]


def _preflight(context: PassContext, role: RoleArn) -> Finished | None:
    assignment = context.assignment
    try:
        canary = context.accounts.canary(assignment, role, assignment.registration.external_id, context.budget)
    except RoleUnusable as unusable:
        return Finished(Verdict.BLOCKED, "role-unusable", str(unusable))
    if isinstance(canary, Finished):
        return canary
    if find_probe(canary, assignment.key.region) is None:
        calls = ", ".join(f"{service}:{operation}" for service, operation in PROBES)
        return Finished(
            Verdict.DIRTY,
            "role-preflight",
            f"{role} may call none of {calls}, so nothing could show that its keys are refused: grant it one of them, "
            "then let the environment be cleaned",
        )
    return reserve(context, role)


def _complete_scan(context: PassContext) -> _Everything | Finished:
    for _ in range(_SCANS):
        found = _scan(context)
        if not found.unknown:
            return found
        context.heartbeat.sleep(_NAP)
    labels = sorted(found.unknown)
    told = ", ".join(f"{label} ({found.unknown[label]})" for label in labels)
    return Finished(
        Verdict.BLOCKED,
        f"unknown:{labels[0]}",
        f"{len(labels)} cannot be listed, so there is no telling what has to survive: check the admin role: {told}",
    )


def _scan(context: PassContext) -> _Everything:
    inventory = scan(context)
    inside = read_contents(context, off=inventory.off)
    tagged, untold = shown(context, [each for each in context.assignment.regions if each not in inventory.off])
    roles, unseen = _roles(context.assignment, context.account)
    return _Everything(
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
