"""The nouns of Atmosphere as frozen values.

Ids are NewTypes, closed sets are enums, instants are aware UTC datetimes, durations are timedeltas.
How the nouns change is decided in `lifecycle`; how a change is guarded stands in `changes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NewType, TypeAlias

from atmosphere.core.organization import Organization

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from atmosphere.core.github import RunIdentity

AccountId = NewType("AccountId", str)
Region = NewType("Region", str)
PoolName = NewType("PoolName", str)
AllocationId = NewType("AllocationId", str)
"""A UUID in lower case. Also the fence on every write to an environment."""
RoleName = NewType("RoleName", str)
"""The name by which a test asks for a role of an environment; `admin` always exists."""
RoleArn = NewType("RoleArn", str)
RuleName = NewType("RuleName", str)
OwnerKey = NewType("OwnerKey", str)
"""The authenticated identity that an allocation is bound to, e.g. `iam:111111111111:role/runner`."""

ADMIN = RoleName("admin")

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Status(StrEnum):
    """Where a registered environment is."""

    FREE = "free"
    IN_USE = "in-use"
    CLEANING = "cleaning"
    DIRTY = "dirty"
    HELD = "held"


class Mark(StrEnum):
    """Whether the configuration still names the environment."""

    REGISTERED = "registered"
    DEREGISTERING = "deregistering"


class Toolkit(StrEnum):
    """What cleaning does with a CDK toolkit that is part of the baseline."""

    DELETE = "delete"
    """Nothing of its own: it is a stack like any other."""
    KEEP = "keep"
    """Its stack and roles stay, its bucket and its repository are emptied."""


class AllocationStatus(StrEnum):
    """An allocation is active until it ends, once."""

    ACTIVE = "active"
    ENDED = "ended"


class EndedBy(StrEnum):
    """Who ended an allocation. Never taken from what a requester sends."""

    OWNER = "owner"
    RELEASE_TOKEN = "release-token"  # noqa: S105 a word of the record, no token
    OPERATOR = "operator"
    GITHUB = "github"
    """GitHub told that the run or the job was over."""
    TIMEOUT = "timeout"
    LOST = "lost"
    """It asked for heartbeats, and none came in time."""


@dataclass(frozen=True, slots=True, order=True)
class EnvironmentKey:
    """An AWS account and a region; shown as `aws://ACCOUNT/REGION`."""

    account: AccountId
    region: Region

    def __str__(self) -> str:
        return f"aws://{self.path}"

    @property
    def path(self) -> str:
        """`ACCOUNT/REGION`, as in URLs and table keys."""
        return f"{self.account}/{self.region}"

    @classmethod
    def parse(cls, path: str) -> EnvironmentKey:
        """The inverse of `path`."""
        account, _, region = path.partition("/")
        return cls(AccountId(account), Region(region))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the configuration says of one environment.

    `roles` maps the names a test may ask for to ARNs and always has `admin`; `regions` are the further regions of the
    account that tests use and cleaning covers; `keep` are patterns of what must survive cleaning; `deferred` are types
    of resources that may be left for later cleanings; `organization` is what the accounts' organization may add;
    `cleaner` is a role that cleans instead of the admin role and that no test gets; `cleanup_limit` is the pool's own
    time limit of a cleanup.
    """

    key: EnvironmentKey
    pool: PoolName
    roles: Mapping[RoleName, RoleArn]
    capabilities: Mapping[str, Json] = field(default_factory=dict)
    regions: tuple[Region, ...] = ()
    keep: tuple[str, ...] = ()
    external_id: str = ""
    deferred: tuple[str, ...] = ()
    cdk_toolkit: Toolkit = Toolkit.DELETE
    organization: Organization = field(default_factory=Organization)
    cleaner: RoleArn | None = None
    cleanup_limit: timedelta | None = None

    @property
    def admin_role(self) -> RoleArn:
        """The role that a test gets when it names none."""
        return self.roles[ADMIN]

    def cleaned_like(self, other: Registration) -> Registration:
        """This registration with what another one says of what may stay; all else of it waits until the row is free."""
        return replace(
            self,
            keep=other.keep,
            deferred=other.deferred,
            cdk_toolkit=other.cdk_toolkit,
            organization=other.organization,
        )

    @property
    def cleaner_role(self) -> RoleArn:
        """The role that cleans the environment."""
        return self.cleaner or self.admin_role

    def limit_or(self, default: timedelta) -> timedelta:
        """How long a cleanup may take: the pool's limit, or the default."""
        return self.cleanup_limit or default


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One row of the `environments` table.

    `registered` rules until the row is next free; a configuration that changed meanwhile waits in `next_registered`.
    `allocation` is the fence: the allocation that holds the row, or whose leftovers are being cleaned or made it dirty.
    `attempt` numbers the cleanups of that allocation (a rest has a number too), `blocked` counts those that found
    something undeletable.
    `wake_at` is when the reconciler should look: the deadline or the next heartbeat's latest instant while in use, the
    heartbeat's end while cleaning, the next recheck while dirty; `rechecks` counts these since an operator's act.
    `spared` is set while in use if the reconciler waited for one more heartbeat, and none has come since.
    `watched_at` is when a scan of the free environment began or ended last.
    `capture` is set from birth, and by a recapture, until it is free: what is found then is the baseline, and nothing
    is deleted.
    """

    registered: Registration
    status: Status
    since: datetime
    mark: Mark = Mark.REGISTERED
    next_registered: Registration | None = None
    hold: bool = False
    capture: bool = False
    allocation: AllocationId | None = None
    attempt: int = 0
    blocked: int = 0
    rechecks: int = 0
    spared: bool = False
    deadline: datetime | None = None
    wake_at: datetime | None = None
    freed_at: datetime | None = None
    watched_at: datetime | None = None
    dirty_reason: str | None = None
    report: str | None = None

    @property
    def key(self) -> EnvironmentKey:
        """Account and region."""
        return self.registered.key

    @property
    def pool(self) -> PoolName:
        """The pool whose callers this row serves now."""
        return self.registered.pool

    def is_held_by(self, allocation: AllocationId) -> bool:
        """Whether this allocation has it in use."""
        return self.status is Status.IN_USE and self.allocation == allocation


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationItem:
    """One environment of an allocation, as it was registered when it was taken: enough to mint and revoke its keys."""

    name: str
    role: RoleName
    registered: Registration
    session_policy: str | None = None

    @property
    def key(self) -> EnvironmentKey:
        """Account and region."""
        return self.registered.key

    @property
    def role_arn(self) -> RoleArn:
        """The role that this allocation's sessions are minted on."""
        return self.registered.roles[self.role]

    @property
    def external_id(self) -> str:
        """What the role's trust policy asks for."""
        return self.registered.external_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A time-limited lease of one or more environments. A tombstone is an ended one without environments."""

    id: AllocationId
    pool: PoolName
    requester: str
    owner: OwnerKey
    rule: RuleName
    status: AllocationStatus
    started: datetime
    deadline: datetime
    items: tuple[AllocationItem, ...] = ()
    request_hash: str = ""
    release_token_hash: str | None = None
    ended: datetime | None = None
    outcome: str | None = None
    ended_by: EndedBy | None = None
    asked_by: str = ""
    """Who asked, for the record: the ARN of a session, or `repository@ref`; never a token."""
    run: RunIdentity | None = None
    heartbeat: timedelta | None = None
    """How long it may be silent, if it asked for heartbeats (`core/heartbeat.py`)."""
    slots: tuple[int, ...] | None = None
    """The numbers of its slots, if its rule limits how many environments it holds (`core/quota.py`)."""

    @property
    def is_tombstone(self) -> bool:
        """Released before it existed."""
        return not self.items


class ActKind(StrEnum):
    """What a row of an environment's history tells."""

    ALLOCATION = "allocation"
    CLEAN = "clean"
    REINSTATE = "reinstate"
    DISCARD = "discard"
    HOLD = "hold"
    RESUME = "resume"
    RECAPTURE = "recapture"
    DROP = "drop"
    ADOPT = "adopt"
    RESUME_POOL = "resume-pool"
    """Its pool's breaker was closed, which had counted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One allocation of an environment, or one operator's act on it: who, when, why."""

    key: EnvironmentKey
    at: datetime
    id: str
    kind: ActKind
    pool: PoolName
    who: OwnerKey
    requester: str = ""
    reason: str | None = None
    ended: datetime | None = None
    outcome: str | None = None
    ended_by: EndedBy | None = None
    asked_by: str = ""
    """Who that was, for people: the ARN of a session, or `repository@ref`."""
