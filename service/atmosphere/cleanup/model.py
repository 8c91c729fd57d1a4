"""The nouns of cleaning: what is to be cleaned, where a cleanup stands, and what a pass came to.

`PassState` travels through the state machine from pass to pass and stays small; whatever is big is in a `TextStore`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.kinds import GLOBAL_TYPES, SAME
from atmosphere.core import forms
from atmosphere.core.model import Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.model import AccountId, AllocationId, EnvironmentKey, Registration, RoleArn
    from atmosphere.core.settings import Settings

GLOBAL: Final = Region("global")
"""Where the resources of global services are."""
STACK: Final = "AWS::CloudFormation::Stack"
_ADDRESS: Final = re.compile(forms.RESOURCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One attempt to clean one environment after one allocation, as its row says.

    `roles_used` are the roles (with external ids) that the allocation's sessions were minted on, empty at birth.
    `started` is when the allocation began, `requester` its free text. No mutation happens at or after `deadline`.
    `capture_only` marks the birth of a registration: record the baseline, preflight the roles, mutate nothing.
    `sweep_globals` lets global services be swept, which is right only where the account has a single environment.
    `neighbours` are the regions of its other environments.
    """

    allocation: AllocationId
    key: EnvironmentKey
    attempt: int
    registration: Registration
    roles_used: tuple[tuple[RoleArn, str], ...]
    started: datetime | None
    deadline: datetime
    capture_only: bool
    sweep_globals: bool
    settings: Settings
    service_account: AccountId
    requester: str = ""
    neighbours: tuple[Region, ...] = ()

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions that cleaning covers, the environment's own first."""
        return tuple(dict.fromkeys((self.key.region, *self.registration.regions)))

    @property
    def role_resources(self) -> list[Resource]:
        """The roles of the registration as resources, the cleaner's own included."""
        roles = {*self.registration.roles.values(), self.registration.cleaner_role}
        names = {role.rpartition("/")[2] for role in roles}
        return sorted(Resource("AWS::IAM::Role", name, GLOBAL) for name in names)


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """One thing in the account. `type` is CloudFormation's name of its type, `id` CloudFormation's physical id."""

    type: str
    id: str
    region: Region

    def __str__(self) -> str:
        return f"{self.type}:{self.id}"

    @property
    def address(self) -> str:
        """`TYPE:ID@REGION`, by which operators name it."""
        return f"{self}@{self.region}"

    @classmethod
    def parse(cls, address: str) -> Resource:
        """The inverse of `address`; raises `ValueError` for other texts."""
        if not (parts := _ADDRESS.fullmatch(address)):
            raise ValueError(f"{address!r} is not like AWS::S3::Bucket:NAME@us-east-1")
        return cls(parts["type"], parts["id"], Region(parts["region"]))

    @classmethod
    def at(cls, type_: str, id_: str, region: Region) -> Resource:
        """A resource seen from a region; those of global services are `GLOBAL` wherever they are seen from."""
        return cls(SAME.get(type_, type_), id_, GLOBAL if type_.startswith(GLOBAL_TYPES) else region)


class Residual(StrEnum):
    """What a resource that is still there means."""

    DEFERRED = "deferred"
    """It may remain, and is reported."""
    BLOCKING = "blocking"
    """The environment is not clean."""


class Meaning(StrEnum):
    """What an error of AWS tells of the resource, and so of the next attempt."""

    ABSENT = "absent"
    """It is not there."""
    UNDER_WAY = "under-way"
    """Its deletion has begun already."""
    BUSY = "busy"
    """Something that depends on it has to go first."""
    FATAL = "fatal"
    """Repeating will not help."""
    CLOSED = "closed"
    """Its service cannot be used here, so that there can be none."""
    THROTTLED = "throttled"
    """AWS did not look at the call at all."""
    PASSING = "passing"
    """It may pass by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a resource is still there: what the last attempt to delete it met, and the first if that was another.

    `until`, in ISO form, is when AWS will allow what it refused; empty where it gives no date.
    """

    code: str
    message: str
    attempts: int = 1
    stack: str | None = None
    meaning: Meaning = Meaning.PASSING
    first_code: str = ""
    first_message: str = ""
    until: str = ""


class Phase(StrEnum):
    """Where a cleanup stands; each phase is entered only when the one before it is proven."""

    REVOKE = "revoke"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassState:
    """What one pass tells the next. A new attempt starts from `PassState()`.

    `cut_off`: sessions issued before it are refused. `canary_waits`: passes whose canary was not refused in time.
    `sign_ins`: passes that found sign-in sessions after they had revoked all. `unasked`: what could not be asked for.
    `clean_at`: when nothing was found for the first time. `fewest`: at best, how little was unknown and then how little
    was left; not improved on for `quiet_rounds` rounds, since `quiet_since`. `waiting`: AWS was at work on something.
    `may_delete`: the pool was not held when this attempt was about to delete for the first time.
    """

    number: int = 0
    phase: Phase = Phase.REVOKE
    cut_off: datetime | None = None
    canary_waits: int = 0
    sign_ins: int = 0
    unasked: Mapping[str, str] = field(default_factory=dict)
    clean_at: datetime | None = None
    fewest: tuple[int, int] | None = None
    quiet_rounds: int = 0
    quiet_since: datetime | None = None
    waiting: bool = False
    mutations: int = 0
    may_delete: bool = False

    def to_json(self) -> dict[str, Any]:
        """JSON values; instants as ISO text."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PassState:
        """The inverse of `to_json`; an empty object is the state before the first pass."""
        known = {each.name for each in fields(cls)}
        state: dict[str, Any] = {name: entry for name, entry in value.items() if name in known}
        for name in ("cut_off", "clean_at", "quiet_since"):
            if state.get(name) is not None:
                state[name] = datetime.fromisoformat(state[name])
        if "phase" in state:
            state["phase"] = Phase(state["phase"])
        if state.get("fewest") is not None:
            state["fewest"] = tuple(state["fewest"])
        return cls(**state)


class Verdict(StrEnum):
    """What a pass came to."""

    AGAIN = "again"
    """Not finished: another pass after `PassResult.wait`."""
    CLEAN = "clean"
    """Proven clean, twice."""
    BLOCKED = "blocked"
    """Something could not be deleted; a later attempt may succeed."""
    DIRTY = "dirty"
    """A person has to look; a later attempt would meet the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """A step is not finished: another pass goes on after `wait`. `reason` is a short stable code."""

    wait: timedelta = timedelta(0)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A step ends the cleanup with a final verdict. `reason` is a short stable code, `explanation` is for the report.

    `things` are addresses of what could not be deleted or restored, if that is what ended it. `retry_at` is when it can
    end otherwise by itself, because AWS allows from then on what it refused.
    """

    verdict: Verdict
    reason: str | None = None
    explanation: str = ""
    things: tuple[str, ...] = ()
    retry_at: datetime | None = None


class OutOfTime(Exception):
    """The pass's budget is used up, or the pass was stopped: what is left is the next pass's."""


class PastDeadline(Exception):
    """The cleanup's deadline has come: nothing may be changed any more."""


class MutationRefused(Exception):
    """The guard stopped a call that would have changed something it must not change: a fault of the engine."""
