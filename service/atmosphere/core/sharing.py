"""When an account is shared: the one rule on what may be swept of an account as a whole, and who shares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atmosphere.core.model import EnvironmentKey, Region


def is_alone(key: EnvironmentKey, known: Iterable[EnvironmentKey]) -> bool:
    """Whether an environment is known and is the only one of its account; those that are draining count too.

    Only then may cleaning sweep what belongs to the account as a whole (IAM, Route 53 and other global services).
    """
    return {other for other in known if other.account == key.account} == {key}


def neighbours(key: EnvironmentKey, known: Iterable[EnvironmentKey]) -> tuple[Region, ...]:
    """The regions of the account's other environments."""
    return tuple(sorted({other.region for other in known if other.account == key.account and other != key}))
