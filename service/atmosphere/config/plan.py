"""What putting a configuration in force would change: a pure comparison of two snapshots, for reviewers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from atmosphere.core.snapshot import canonical, registration_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.core.access import IamRule
    from atmosphere.core.github_rules import GitHubRule
    from atmosphere.core.snapshot import Snapshot


class Kind(StrEnum):
    """What happens to an environment, a rule or a setting."""

    ADDED = "added"
    CHANGED = "changed"
    DRAINED = "drained"
    REMOVED = "removed"


# What a reviewer needs to know of something new; an empty condition of a rule restricts nothing and is left out.
_TOLD: Final = ("pool", "pools", "repository", "repository_id", "events", "refs", "workflows", "environment", "runner")
_ENVIRONMENT: Final = {
    Kind.ADDED: "captured first, then free; if it was still deregistering, only the mark is cleared",
    Kind.CHANGED: "takes effect when it is next free",
    Kind.DRAINED: "it is no longer allocated; it disappears when it is free",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One difference. `details` are texts like `pool: demo -> release`."""

    kind: Kind
    subject: str
    details: tuple[str, ...] = ()
    effect: str = ""


def plan(old: Snapshot, new: Snapshot) -> tuple[Step, ...]:
    """Every difference, environments first; empty if the two mean the same."""
    return (
        *_compared("", _environments(old), _environments(new), _ENVIRONMENT, gone=Kind.DRAINED),
        *_compared("rule ", _rules(old), _rules(new), {Kind.REMOVED: "its callers are refused immediately"}),
        *_compared("operator ", _operators(old), _operators(new), {}),
        *_compared("", _settings(old), _settings(new), {}),
        *_emptied(old, new),
    )


def _emptied(old: Snapshot, new: Snapshot) -> Iterator[Step]:
    for pool in sorted(set(old.pools) - set(new.pools)):
        yield Step(kind=Kind.REMOVED, subject=f"pool {pool}", effect="requests for it are refused")


def _environments(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {str(entry.key): registration_to_json(entry) for entry in snapshot.environments}


def _rules(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    rules: tuple[IamRule | GitHubRule, ...] = (*snapshot.access.iam, *snapshot.access.github)
    return {rule.name: asdict(rule) for rule in rules}


def _operators(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {f"{entry.account}:role/{entry.role}": {} for entry in snapshot.access.operators}


def _settings(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    return {"settings": {name: _written(value) for name, value in asdict(snapshot.settings).items()}}


def _written(value: Any) -> Any:
    return value if isinstance(value, tuple) else str(value)


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
            details = tuple(_differences(old[name], new[name]))
            if not details:
                continue
        yield Step(kind=kind, subject=f"{prefix}{name}", details=details, effect=effects.get(kind, ""))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"{_shown(key, old.get(key))} -> {_value(new.get(key))}"


def _shown(key: str, value: Any) -> str:
    return f"{key}: {_value(value)}"


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else canonical(value)
