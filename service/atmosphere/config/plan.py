"""What putting a configuration in force would change: a pure comparison of two snapshots, for reviewers.

Where the deployment's environments are known too, a step also says how its environment is now, and what that means.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from atmosphere.config.rights import AccessChange, access_changes
from atmosphere.core.model import Status
from atmosphere.core.settings import settings_to_json
from atmosphere.core.snapshot import canonical, registration_to_json, to_json, to_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.core.model import Registration
    from atmosphere.core.snapshot import Snapshot


class Kind(StrEnum):
    """What happens to an environment, a rule or a setting."""

    ADDED = "added"
    CHANGED = "changed"
    DRAINED = "drained"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an environment is at the deployment. `held_by` and `until` are for people: whose test, and the deadline."""

    status: Status
    deregistering: bool = False
    held_by: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One difference. `details` are texts like `pool: demo -> release`; `now` is None where it is not known."""

    kind: Kind
    subject: str
    details: tuple[str, ...] = ()
    effect: str = ""
    now: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How many environments a pool has in each configuration."""

    pool: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every difference; `steps` is empty only if the two configurations are the same."""

    steps: tuple[Step, ...]
    capacity: tuple[Capacity, ...]
    access: tuple[AccessChange, ...]


# What a reviewer needs to know of something new; an empty condition of a rule restricts nothing and is left out.
_TOLD: Final = ("pool", "pools", "repository", "repository_id", "events", "refs", "workflows", "environment", "runner")
_UNKNOWN: Final = {
    Kind.ADDED: "captured first, then free; if it was still deregistering, only the mark is cleared",
    Kind.CHANGED: "takes effect when it is next free",
    Kind.DRAINED: "it is no longer allocated; it disappears when it is free",
}
_LATER: Final = "takes effect when it is next free; until then it stays as it is"
_KNOWN: Final[Mapping[Kind, Mapping[Status | None, str]]] = {
    Kind.ADDED: {
        None: "captured first, then free",
        **dict.fromkeys(Status, "it is still draining: only the mark is cleared, and nothing is captured again"),
    },
    Kind.CHANGED: {
        None: "it is not registered: captured first, then free",
        **dict.fromkeys(Status, _LATER),
        Status.FREE: "takes effect at once",
        Status.DIRTY: "takes effect when it is reinstated or clean",
    },
    Kind.DRAINED: {
        None: "it is gone already",
        Status.FREE: "it disappears at once",
        Status.IN_USE: "it is no longer allocated; its test can finish, then it is cleaned and disappears",
        Status.CLEANING: "it is no longer allocated; it disappears when it is clean",
        Status.DIRTY: "it stays dirty until an operator cleans, reinstates or discards it; then it disappears",
        Status.HELD: "it stays held until an operator resumes it; then it is cleaned and disappears",
    },
}


def plan(old: Snapshot, new: Snapshot, standings: Mapping[str, Standing] | None = None) -> Plan:
    """Every difference, environments first. `standings` has what the deployment's tables hold, if it was asked."""
    steps = (
        *(_environment(step, standings) for step in _environments(old, new)),
        *_compared("rule ", _rules(old), _rules(new), {Kind.REMOVED: "its callers are refused immediately"}),
        *_compared("operator ", _operators(old), _operators(new), {}),
        *_compared("", _settings(old), _settings(new), {Kind.CHANGED: _abandoned(old, new)}),
        *_emptied(old, new),
    )
    if not steps and to_json(old) != to_json(new):
        steps = (Step(kind=Kind.CHANGED, subject="order", effect="the first rule that lets a caller in counts it"),)
    return Plan(steps=steps, capacity=_capacity(old, new), access=access_changes(old.access, new.access))


def _environments(old: Snapshot, new: Snapshot) -> Iterator[Step]:
    before, after = (
        {str(entry.key): registration_to_json(entry) for entry in snapshot.environments} for snapshot in (old, new)
    )
    return _compared("", before, after, _UNKNOWN, gone=Kind.DRAINED)


def _environment(step: Step, standings: Mapping[str, Standing] | None) -> Step:
    if standings is None:
        return step
    now = standings.get(step.subject)
    effect = _KNOWN[step.kind][now.status if now else None]
    return Step(kind=step.kind, subject=step.subject, details=step.details, effect=effect, now=now)


def _abandoned(old: Snapshot, new: Snapshot) -> str:
    """A role that may not be assumed any more is still the one of each test that has it, and of its cleanup."""
    gone = set(old.settings.role_names) - set(new.settings.role_names)
    roles = {arn.rsplit("/", 1)[1] for entry in old.environments for arn in _arns(entry)}
    if not (names := sorted(gone & roles)):
        return ""
    return (
        f"the service may no longer assume {', '.join(names)}: environments that still have it cannot be refreshed, "
        "revoked or cleaned, and become dirty; remove a name only after they are all free"
    )


def _arns(entry: Registration) -> Iterator[str]:
    yield from entry.roles.values()
    if entry.cleaner:
        yield entry.cleaner


def _emptied(old: Snapshot, new: Snapshot) -> Iterator[Step]:
    for pool in sorted(set(old.pools) - set(new.pools)):
        yield Step(kind=Kind.REMOVED, subject=f"pool {pool}", effect="requests for it are refused")


def _capacity(old: Snapshot, new: Snapshot) -> tuple[Capacity, ...]:
    pools = sorted({*old.pools, *new.pools})
    return tuple(Capacity(pool=pool, before=len(old.pool(pool)), after=len(new.pool(pool))) for pool in pools)


def _rules(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    access = to_value(snapshot)["access"]
    return {rule["name"]: rule for rule in chain(access["iam"], access["github"])}


def _operators(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {f"{entry.account}:role/{entry.role}": {} for entry in snapshot.access.operators}


def _settings(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {"settings": settings_to_json(snapshot.settings)}


def _compared(
    prefix: str,
    old: Mapping[str, dict[str, Any]],
    new: Mapping[str, dict[str, Any]],
    effects: Mapping[Kind, str],
    *,
    gone: Kind = Kind.REMOVED,
) -> Iterator[Step]:
    for name in sorted(old.keys() | new.keys()):
        details: tuple[str, ...] = ()
        if name not in old:
            kind = Kind.ADDED
            details = tuple(_shown(key, new[name][key]) for key in _TOLD if new[name].get(key))
        elif name not in new:
            kind = gone
        else:
            kind = Kind.CHANGED
            details = tuple(differences(old[name], new[name]))
            if not details:
                continue
        yield Step(kind=kind, subject=f"{prefix}{name}", details=details, effect=effects.get(kind, ""))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """One text, like `pool: demo -> release`, for each key whose value differs."""
    for key in sorted(old.keys() | new.keys()):
        if canonical(old.get(key)) != canonical(new.get(key)):  # to Python 1 and true are equal
            yield f"{_shown(key, old.get(key))} -> {shown_value(new.get(key))}"


def _shown(key: str, value: Any) -> str:
    return f"{key}: {shown_value(value)}"


def shown_value(value: Any) -> str:
    """A value of a file for people."""
    if value is None or value == "":
        return "none"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # seconds, as the file has them
    return value if isinstance(value, str) else canonical(value)
