"""What the steps of one pass share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from atmosphere.cleanup.aws.accounts import Account, Accounts
    from atmosphere.cleanup.aws.budget import Budget, Heartbeat
    from atmosphere.cleanup.aws.protected import Protected
    from atmosphere.cleanup.aws.workers import Workers
    from atmosphere.cleanup.limits import Limits
    from atmosphere.cleanup.model import Assignment, Resource
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.cleanup.state.troubles import TroubleRepository


class Protects(Protocol):
    """Which resources cleaning leaves alone (`verdict.protected`)."""

    def reason(self, item: Resource) -> str | None:
        """Why a resource stays, None if it does not, or if that depends on who may enter it."""

    def keep(self, item: Resource) -> str | None:
        """What of the configuration names it; None if nothing does. A wildcard names no identity."""

    def names_exactly(self, item: Resource) -> bool:
        """Whether the configuration names it without a wildcard, so that only operators can have meant it."""

    def protected(self) -> Protected:
        """The same as what no call of the pass may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassContext:
    """One pass of one assignment.

    `accounts` opens sessions, `account` is the cleaner's own. `store` holds what outlives the pass. `baseline` is the
    one in force when the pass began, `protection` what follows from it and from the configuration. `held` says why
    cleanups of the pool delete nothing now, None if they may.
    """

    assignment: Assignment
    limits: Limits
    accounts: Accounts
    account: Account
    store: TextStore
    budget: Budget
    heartbeat: Heartbeat
    workers: Workers
    baseline: Baseline
    protection: Protects
    troubles: TroubleRepository
    held: Callable[[], str | None] = lambda: None

    def now(self) -> datetime:
        """The time."""
        return self.budget.now()
