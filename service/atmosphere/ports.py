"""The doors to the outside, each with its promise. Adapters keep the promises; tests/contract/ holds them to it.

No boto3 value and no `ClientError` passes inwards. "Could not look" is `Unreachable`, never an empty answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime, timedelta

    from atmosphere.core.breaker import Breaker
    from atmosphere.core.changes import Change, Row
    from atmosphere.core.costs import DayCost
    from atmosphere.core.credentials import SessionCredentials
    from atmosphere.core.events import Event
    from atmosphere.core.github import Issuer, RunKey, TrustedIssuer
    from atmosphere.core.model import (
        AccountId,
        ActKind,
        Allocation,
        AllocationId,
        Environment,
        EnvironmentKey,
        HistoryEntry,
        Json,
        PoolName,
        Region,
        RoleArn,
        Status,
    )
    from atmosphere.core.queue import Waiter
    from atmosphere.core.quota import Slot
    from atmosphere.core.shortage import Shortage
    from atmosphere.core.snapshot import Snapshot


class Unreachable(Exception):
    """A dependency did not answer, or answered with a fault of its own; says nothing about what is there."""


class RoleRefused(Unreachable):
    """Roles did not let the service in. `positions` says which of the requests named them, counted from 0."""

    def __init__(self, positions: frozenset[int]) -> None:
        super().__init__("AssumeRole was refused: check the trust policy and the external id of the environment's role")
        self.positions = positions


class OutcomeUnknown(Unreachable):
    """A commit may or may not have been applied; only a consistent read can tell."""


class Conflict(Exception):
    """A commit found an expectation broken and changed nothing.

    `actual` maps the index of each change that failed to the row found there, None where there was no row. It is empty
    when the store lost a race without being told to whom: read again.
    """

    def __init__(self, actual: Mapping[int, Row | None]) -> None:
        super().__init__(f"expectations broken: {sorted(actual)}")
        self.actual = dict(actual)


class TokenReused(ValueError):
    """A commit's token came with other changes before: a bug of whoever made the token."""


class InvalidCursor(ValueError):
    """A cursor that no page of this history gave out."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an environment's or a requester's history, newest first; `cursor` continues it."""

    entries: tuple[HistoryEntry, ...]
    cursor: str | None = None


class Store(Protocol):
    """Environments, allocations and history. Knows no rules: it compares, swaps and finds."""

    def commit(self, changes: Sequence[Change], *, token: str) -> None:
        """Apply all changes or none (at most 100, one for each row).

        Raises `Conflict` when an expectation is broken; an update or a deletion expects its row to be there. The same
        token with the same changes has no further effect for at least ten minutes; with others it raises `TokenReused`.
        Raises `OutcomeUnknown` when the reply was lost and repeating it did not settle it, `Unreachable` when nothing
        was applied.
        """

    def free(self, pool: PoolName) -> Iterator[Sequence[Environment]]:
        """The free rows of a pool in pages, longest free first. May be a moment old: `commit` decides."""

    def holding(self, pool: PoolName, status: Status) -> Iterator[Sequence[Environment]]:
        """The rows of a pool in one status, in pages. May be a moment old."""

    def any_with(self, pool: PoolName, status: Status) -> bool:
        """Whether the pool has a row in this status; one read."""

    def counts(self, pool: PoolName) -> Mapping[Status, int]:
        """How many rows of the pool are in each status; every status is a key."""

    def environment(self, key: EnvironmentKey) -> Environment | None:
        """The row as it is now (consistent), None if it is not registered."""

    def of_account(self, account: AccountId) -> Sequence[Environment]:
        """The rows of an account as they are now (consistent), in order of region."""

    def environments(self) -> Sequence[Environment]:
        """Every row, registered or deregistering, in order of its key; for operators and for deployments."""

    def waking(self, until: datetime, limit: int, *, strays: bool = False) -> Sequence[Environment]:
        """Rows whose `wake_at` is at or before `until`, earliest first, at most `limit`; one read if none.

        In a large configuration one for each partition. With `strays` those that are not found without it.
        """

    def allocation(self, allocation: AllocationId) -> Allocation | None:
        """The allocation as it is now (consistent), None if there is none."""

    def waiters(self, pool: PoolName) -> Sequence[Waiter]:
        """The queue of a pool as it is now (consistent), in no order, with those that lost their place; one read."""

    def slots(self) -> Sequence[Slot]:
        """The slots that are held, of all rules, as they are now (consistent); one read."""

    def breaker(self, pool: PoolName) -> Breaker | None:
        """The pool's breaker as it is now (consistent), None if nothing was ever counted."""

    def shortage(self, pool: PoolName) -> Shortage | None:
        """The row of the pool's exhaustion as it is now (consistent), None if it is not exhausted."""

    def active_of_run(self, run: RunKey) -> Sequence[Allocation]:
        """The active allocations of a workflow run, oldest first. May be a moment old: `commit` decides."""

    def history_of(
        self, key: EnvironmentKey, *, since: datetime | None, until: datetime | None, cursor: str | None
    ) -> Page:
        """An environment's history, newest first, between two instants (both included). Raises `InvalidCursor`."""

    def history_by(self, requester: str, *, since: datetime | None, until: datetime | None, cursor: str | None) -> Page:
        """A requester's history, newest first, between two instants (both included). May be a moment old.

        Raises `InvalidCursor`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """What to assume: a role, its external id, the session's name, its lifetime and an optional narrowing policy."""

    role_arn: RoleArn
    session_name: str
    region: Region
    lifetime: timedelta
    external_id: str = ""
    session_policy: str | None = None


class Credentials(Protocol):
    """Mints short-lived credentials."""

    def mint(self, requests: Sequence[SessionRequest]) -> Sequence[SessionCredentials]:
        """One session for each request, in order, at the same time; one AssumeRole each.

        All are tried before the first failure is raised. Raises `InvalidPolicy` when a session policy is not one that
        STS takes, `Unreachable` if one could not be had, and `RoleRefused` if nothing else went wrong but roles that
        refuse the service.
        """


class InvalidPolicy(Exception):
    """STS refused a session policy as malformed or too large."""


@dataclass(frozen=True, slots=True)
class CleanupOrder:
    """One attempt to clean one environment after one allocation."""

    allocation: AllocationId
    key: EnvironmentKey
    attempt: int


@dataclass(frozen=True, slots=True)
class WatchOrder:
    """One scan of an environment that has been free since `freed_at`. `id` is no allocation's."""

    id: AllocationId
    key: EnvironmentKey
    freed_at: datetime


class Cleaner(Protocol):
    """Starts cleanups, and scans."""

    def start(self, order: CleanupOrder) -> None:
        """Start a cleanup; one that was started before is left alone. Raises `Unreachable`."""

    def watch(self, order: WatchOrder) -> None:
        """Start a scan of a free environment, likewise. Raises `Unreachable`."""


class Events(Protocol):
    """Programs that subscribed."""

    def publish(self, event: Event) -> None:
        """Send it to them; it may arrive twice, and late. Of a long Markdown they get the beginning.

        Raises `Unreachable` when it was not accepted, or when it is not known whether it was.
        """


class Notices(Protocol):
    """People on duty."""

    def send(self, event: Event) -> None:
        """Send them what happened and what to do, as plain text; it may arrive twice. Raises `Unreachable`."""


class Snapshots(Protocol):
    """Every configuration that was deployed, as text, by its digest."""

    def get(self, name: str) -> str | None:
        """The text, None if there is none. Raises `Unreachable`."""

    def put(self, name: str, text: str) -> None:
        """Keep it; what is there stays. Raises `Unreachable`."""


class SnapshotSource(Protocol):
    """The configuration as deployed."""

    def load(self) -> Snapshot:
        """The snapshot, read once and kept. Raises `Unreachable` when it is missing or unreadable."""


class Reports(Protocol):
    """What cleanups reported, and how those at work stand."""

    def load(self, key: str) -> Json:
        """What is under a key, as JSON, None if there is none (any more). Raises `Unreachable`."""


class Baselines(Protocol):
    """The baselines of environments, as operators see and amend them; JSON as in docs/api. All raise `Unreachable`."""

    def load(self, key: EnvironmentKey) -> dict[str, Json] | None:
        """The baseline in force, None if none was captured."""

    def amend(
        self, key: EnvironmentKey, act: ActKind, items: Sequence[str], *, at: datetime, by: str, why: str
    ) -> dict[str, Json]:
        """Put in force what dropping or adopting these makes of it, and return that; the one before is kept."""


class UsedTokens(Protocol):
    """Which tokens were used: each works once."""

    def burn(self, issuer: Issuer, jti: str, *, until: datetime) -> bool:
        """Use a token up; whether this was the first time. Remembered at least until `until`. Raises `Unreachable`."""


class BadToken(Exception):
    """A token that no issuer we trust has signed for us, or that is out of shape. The text names the rule, no claim."""


class TokenSignatures(Protocol):
    """Checks signatures of tokens with the issuers' published keys."""

    def claims(self, unverified_token: str, *, issuer: TrustedIssuer, audience: str) -> Mapping[str, object]:
        """The claims of a token whose signature, algorithm, issuer and audience hold; times are not judged here.

        Raises `BadToken`, and `Unreachable` when the keys are not known and cannot be had now.
        """


class WebhookSecrets(Protocol):
    """What each issuer's server signs its messages with."""

    def of(self, issuer: Issuer) -> tuple[bytes, ...]:
        """The secret in force and, for a while after a change, the one before it; none is an empty text.

        Nothing for an issuer that has no secret, or one without a value. May be some minutes old. Raises `Unreachable`
        when it is not known and cannot be had now.
        """


class Costs(Protocol):
    """What AWS charged, as the operator may see it."""

    def daily(self, accounts: Sequence[AccountId], *, since: date, until: date) -> Sequence[DayCost]:
        """The cost of each of these accounts in each region on each day (UTC) before `until`; no entry where it is 0.

        AWS charges for asking. Raises `Unreachable`, also when the operator may not ask.
        """


class Signer(StrEnum):
    """Who a request that the service sends to itself comes from."""

    NOBODY = "nobody"
    """Without a signature or token."""
    STRANGER = "stranger"
    """A role of an account that may not use the service."""
    ITSELF = "itself"
    """The role of the function that sends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request to the API. `path` is appended to the endpoint; `key` is the Idempotency-Key."""

    method: str
    path: str
    signer: Signer
    body: Mapping[str, Json] = field(default_factory=dict)
    key: AllocationId | None = None


class OwnApi(Protocol):
    """The API as callers reach it: over its public endpoint."""

    def status(self, ask: Ask) -> int:
        """The status of the answer; its body is dropped, for it may hold credentials.

        Raises `Unreachable` if none came, or if the signer's credentials could not be had.
        """


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Aware, UTC."""

    def sleep(self, duration: timedelta) -> None:
        """Wait."""


class Ids(Protocol):
    """Ids and chance."""

    def new(self) -> AllocationId:
        """A random UUID."""

    def below(self, limit: int) -> int:
        """A random integer from 0 to `limit` - 1."""
