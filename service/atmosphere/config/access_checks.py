"""What `access.yaml` has to mean, once its shape is right: a table of small checks, all of them run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.config.problems import Severity

if TYPE_CHECKING:
    from atmosphere.config.problems import Path
    from atmosphere.config.sources import Check, Sources


def _rule_names(sources: Sources) -> None:
    seen: dict[str, Path] = {}
    for path, rule in sources.rules():
        other = seen.setdefault(rule.name, path)
        if other != path:
            what = f"the rule name {rule.name} is already used at line {sources.access.read.line(other)}"
            sources.access.report((*path, "name"), what, "give each rule its own name: quotas are counted by it")


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
                sources.access.report(place, f"the pool {pool} stands here twice", "keep one of them")


def _unused_pools(sources: Sources) -> None:
    if not (sources.access.whole and sources.environments.whole):
        return
    allowed = {pool for _, rule in sources.rules() for pool in rule.pools}
    told: set[str] = set()
    for path, entry in sources.environment_entries():
        if entry.pool not in allowed | told:
            told.add(entry.pool)
            what = f"no rule of access.yaml allows the pool {entry.pool}, so nobody can allocate from it"
            sources.environments.report(
                (*path, "pool"), what, "add the pool to a rule in access.yaml", severity=Severity.WARNING
            )


ACCESS_CHECKS: Final[tuple[Check, ...]] = (_rule_names, _rule_pools, _unused_pools)
