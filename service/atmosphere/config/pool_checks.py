"""What `pools` of `environments.yaml` has to mean, and what of an environment is decided by who may enter it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.config.pool_shapes import PoolEntry
    from atmosphere.config.sources import Check, Sources

_IDENTITIES: Final = "AWS::IAM::"
_WILDCARD: Final = re.compile(r"[*?\[]")
_EVERY_ACCOUNT: Final = "*"


def _pools(sources: Sources) -> Iterator[tuple[str, PoolEntry]]:
    yield from sources.environments.shape.pools.items() if sources.environments.shape else ()


def _keep_names_identities(sources: Sources) -> None:
    """A test could choose a name that a wildcard matches, and so keep a way in."""
    for path, entry in sources.environment_entries():
        for index, pattern in enumerate(entry.keep):
            if pattern.startswith(_IDENTITIES) and _WILDCARD.search(pattern):
                what = f"{pattern!r} has a wildcard, so a test could give a name like it to a way in of its own"
                remedy = "name each identity exactly, or list roles under `organization` of the pool"
                sources.environments.report((*path, "keep", index), what, remedy)


def _management_is_apart(sources: Sources) -> None:
    for _, entry in sources.environment_entries():
        pool = sources.pool(entry.pool)
        if pool.organization.management_account == entry.account:
            place = ("pools", entry.pool, "organization", "management_account")
            what = f"account {entry.account} has an environment of this pool, so tests would count as the organization"
            remedy = "name the organization's management account, and no environment in it"
            sources.environments.report(place, what, remedy)


def _added_roles_have_accounts(sources: Sources) -> None:
    accounts: dict[str, set[str]] = {}
    for _, entry in sources.environment_entries():
        accounts.setdefault(entry.pool, set()).add(entry.account)
    for pool, settings in _pools(sources):
        for index, arn in enumerate(settings.organization.roles):
            account = arn.split(":")[4]
            if account not in (_EVERY_ACCOUNT, *accounts.get(pool, ())):
                what = f"no environment of the pool {pool} is in account {account}"
                remedy = "name an account of the pool, or * for each of them"
                sources.environments.report(("pools", pool, "organization", "roles", index), what, remedy)


POOL_CHECKS: Final[tuple[Check, ...]] = (_keep_names_identities, _management_is_apart, _added_roles_have_accounts)
