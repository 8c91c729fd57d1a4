"""What is asked about an environment, what AWS answered, and what a check makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.model import AccountId, Json, Region, RoleArn

ENABLED: Final = frozenset({"opt-in-not-required", "opted-in"})
"""What EC2 says of a region that can be used."""


class Level(StrEnum):
    """What a check found."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "unknown"
    """It could not be checked, which is never ok."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer; `advice` says what to do, and is empty where nothing is to be done."""

    check: str
    level: Level
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """AWS gave no answer: its error code, never its message. `refused` if it says that the caller may not ask."""

    code: str
    refused: bool = False


NOT_ASKED: Final = Unread("no session in the account")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFacts:
    """A role: the account of a session of it, and its trust policy, which is None if there is no such role."""

    arn: RoleArn
    account: AccountId | Unread
    trust: Json | Unread


@dataclass(frozen=True, slots=True)
class Question:
    """Whether `role` may do these actions to a resource, for the simulator of IAM."""

    check: str
    role: RoleArn
    actions: tuple[str, ...]
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """What `cdk bootstrap` left in a region: the status of its stack and the version, None for what is not there."""

    status: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota that tests meet, as Service Quotas names it; `least` is what AWS documents as its default."""

    service: str
    code: str
    name: str
    least: int


QUOTAS: Final = (
    Quota("lambda", "L-B99A9384", "concurrent executions of Lambda", 1000),
    Quota("vpc", "L-F678F1CE", "VPCs", 5),
    Quota("ec2", "L-0263D0A3", "Elastic IP addresses", 5),
    Quota("ec2", "L-1216C47A", "vCPUs of standard on-demand instances", 5),
)
"""New accounts begin with less than the default of some, e.g. 10 concurrent executions.

Source: Service Quotas user guide; Lambda developer guide, "Lambda quotas": new accounts have reduced quotas.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that was read. `caller` is the ARN of who asks; `denied` are the actions that the simulator denies."""

    caller: str | Unread
    roles: tuple[RoleFacts, ...]
    denied: Mapping[Question, tuple[str, ...] | Unread]
    regions: Mapping[Region, str | Unread | None]
    bootstraps: Mapping[Region, Bootstrap | Unread]
    quotas: Mapping[Quota, float | Unread]
