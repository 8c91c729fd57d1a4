"""What `access.yaml` has to mean, once its shape is right: a table of small checks, all of them run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.config.problems import Severity
from atmosphere.core.snapshot import canonical

if TYPE_CHECKING:
    from atmosphere.config.problems import Path
    from atmosphere.config.shapes import GitHubEntry, IamEntry
    from atmosphere.config.sources import Check, Sources


def _rule_names(sources: Sources) -> None:
    seen: dict[str, Path] = {}
    for path, rule in sources.rules():
        other = seen.setdefault(rule.name, path)
        if other != path:
            what = f"the rule name {rule.name} is already used at line {sources.access.read.line(other)}"
            sources.access.report((*path, "name"), what, "give each rule its own name: quotas are counted by name")


def _rule_pools(sources: Sources) -> None:
    if not sources.environments.whole:
        return  # an entry that was set aside may be the one that has the pool
    pools = {entry.pool for _, entry in sources.environment_entries()}
    for path, rule in sources.rules():
        for index, pool in enumerate(rule.pools):
            place = (*path, "pools", index)
            if pool not in pools:
                remedy = f"correct it (there are {', '.join(sorted(pools))}), or register an environment for it"
                sources.access.report(place, f"the pool {pool} has no environment", remedy)
            elif pool in rule.pools[:index]:
                sources.access.report(place, f"the pool {pool} is listed twice", "keep one of them")


_LISTS: Final = ("roles", "events", "refs", "workflows")


def _said_once(sources: Sources) -> None:
    for path, rule in sources.rules():
        for key in _LISTS:
            values: list[str] = getattr(rule, key, None) or []
            for index, value in enumerate(values):
                if value in values[:index]:
                    sources.access.report((*path, key, index), f"{value} is listed twice", "keep one of them")


_NOT_WHOM: Final = {"name", "repository", "max_active"}


def _meaning(rule: IamEntry | GitHubEntry) -> str:
    """Whom a rule lets in where, whatever order its lists are in."""
    said = rule.model_dump(exclude=_NOT_WHOM).items()
    return canonical({key: sorted(value) if isinstance(value, list) else value for key, value in said})


def _rules_differ(sources: Sources) -> None:
    seen: dict[str, Path] = {}
    for path, rule in sources.rules():
        other = seen.setdefault(_meaning(rule), path)
        if other != path:
            line = sources.access.read.line(other)
            what = f"the rule {rule.name} allows the same callers the same pools as the rule at line {line}"
            sources.access.report(path, what, "remove one of the two: only the first has an effect")


def _unused_pools(sources: Sources) -> None:
    if not (sources.access.whole and sources.environments.whole):
        return
    allowed = {pool for _, rule in sources.rules() for pool in rule.pools}
    told: set[str] = set()
    for path, entry in sources.environment_entries():
        if entry.pool not in allowed | told:
            told.add(entry.pool)
            what = f"no rule of access.yaml allows the pool {entry.pool}, so no caller can allocate from it"
            sources.environments.report(
                (*path, "pool"), what, "add the pool to a rule in access.yaml", severity=Severity.WARNING
            )


ACCESS_CHECKS: Final[tuple[Check, ...]] = (_rule_names, _rule_pools, _said_once, _rules_differ, _unused_pools)
