"""Rows and configurations with defaults; a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from atmosphere.core.access import AccessRules, IamRule, Operator
from atmosphere.core.github import GITHUB_COM, RepositoryId, RunId, RunIdentity
from atmosphere.core.github_rules import GitHubRule
from atmosphere.core.model import (
    ADMIN,
    AccountId,
    ActKind,
    Allocation,
    AllocationId,
    AllocationItem,
    AllocationStatus,
    Environment,
    EnvironmentKey,
    HistoryEntry,
    OwnerKey,
    PoolName,
    Region,
    Registration,
    RoleArn,
    RoleName,
    RuleName,
    Status,
)
from atmosphere.core.queue import PRESENT, Waiter, WaiterKey
from atmosphere.core.settings import Settings
from atmosphere.core.snapshot import Snapshot

NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HUB: Final = AccountId("111111111111")
POOL: Final = PoolName("canary")
ROLE: Final = "AtmosphereAdmin"
KEY: Final = EnvironmentKey(AccountId("222222222222"), Region("eu-west-1"))
ALLOCATION: Final = AllocationId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9")
OTHER_ALLOCATION: Final = AllocationId("ffffffff-4f50-4617-8293-a4b5c6d7e8f9")
OWNER: Final = OwnerKey(f"iam:{HUB}:role/runner")
RULE: Final = RuleName("runners")
LIMIT: Final = timedelta(minutes=60)


def after(**parts: float) -> datetime:
    """So much after `NOW`."""
    return NOW + timedelta(**parts)


def a_key(number: int = 1, region: str = "eu-west-1") -> EnvironmentKey:
    """The environment of the n-th pool account."""
    return EnvironmentKey(AccountId(f"{222222222221 + number:012}"), Region(region))


def an_id(number: int) -> AllocationId:
    """The n-th allocation id."""
    return AllocationId(f"00000000-0000-4000-8000-{number:012x}")


def a_registration(key: EnvironmentKey = KEY, **changes: Any) -> Registration:
    """One environment of the pool `canary` with an admin role."""
    defaults: dict[str, Any] = {
        "pool": POOL,
        "roles": {ADMIN: RoleArn(f"arn:aws:iam::{key.account}:role/{ROLE}")},
        "external_id": "atmosphere",
    }
    return Registration(key=key, **(defaults | changes))


def an_environment(key: EnvironmentKey = KEY, **changes: Any) -> Environment:
    """A free row; with another status, a row that can be in it."""
    status = changes.get("status", Status.FREE)
    defaults: dict[str, Any] = {"registered": a_registration(key), "since": NOW}
    return Environment(**(defaults | _OF_STATUS[status] | {"status": status} | changes))


_OF_STATUS: Final[dict[Status, dict[str, Any]]] = {
    Status.FREE: {"freed_at": NOW},
    Status.IN_USE: {
        "allocation": ALLOCATION,
        "deadline": NOW + timedelta(hours=3),
        "wake_at": NOW + timedelta(hours=3),
    },
    Status.CLEANING: {
        "allocation": ALLOCATION,
        "attempt": 1,
        "deadline": NOW + LIMIT,
        "wake_at": NOW + timedelta(seconds=90),
    },
    Status.DIRTY: {"allocation": ALLOCATION, "attempt": 3, "dirty_reason": "blocked"},
    Status.HELD: {},
}


def an_item(key: EnvironmentKey = KEY, **changes: Any) -> AllocationItem:
    """The only environment of an allocation, with its admin role."""
    defaults: dict[str, Any] = {"name": "default", "role": RoleName(ADMIN), "registered": a_registration(key)}
    return AllocationItem(**(defaults | changes))


def an_allocation(*keys: EnvironmentKey, **changes: Any) -> Allocation:
    """An active allocation of these environments (of `KEY` if none is named)."""
    defaults: dict[str, Any] = {
        "id": ALLOCATION,
        "pool": POOL,
        "requester": "github.com/acme/app/actions/runs/1",
        "owner": OWNER,
        "rule": RULE,
        "status": AllocationStatus.ACTIVE,
        "started": NOW,
        "deadline": NOW + timedelta(hours=3),
        "items": tuple(an_item(key) for key in keys or (KEY,)),
        "request_hash": "0" * 64,
    }
    return Allocation(**(defaults | changes))


def a_waiter(number: int = 1, **changes: Any) -> Waiter:
    """The n-th caller in line, which wants any environment and asked just now."""
    defaults: dict[str, Any] = {
        "id": WaiterKey(POOL, f"~{number:064}"),
        "owner": OWNER,
        "rule": RULE,
        "asked_hash": "0" * 64,
        "asked_for": "{}",
        "arrival": NOW + timedelta(seconds=number),
        "last_ask": NOW + timedelta(seconds=number),
        "present_until": NOW + timedelta(seconds=number) + PRESENT,
        "first_rank": number - 1,
    }
    return Waiter(**(defaults | changes))


def a_history_entry(key: EnvironmentKey = KEY, **changes: Any) -> HistoryEntry:
    """The row that an allocation writes when it starts."""
    defaults: dict[str, Any] = {
        "at": NOW,
        "id": ALLOCATION,
        "kind": ActKind.ALLOCATION,
        "pool": POOL,
        "who": OWNER,
        "requester": "github.com/acme/app/actions/runs/1",
    }
    return HistoryEntry(key=key, **(defaults | changes))


def settings(**changes: Any) -> Settings:
    """The settings with one role name."""
    return Settings(**({"role_names": (ROLE,)} | changes))


def an_iam_rule(**changes: Any) -> IamRule:
    """Everybody of the hub account may use the pool `canary`."""
    return IamRule(**({"name": RULE, "account": HUB, "pools": (POOL,)} | changes))


def a_github_rule(**changes: Any) -> GitHubRule:
    """Runs of one repository may use the pool `canary`."""
    defaults: dict[str, Any] = {
        "name": RuleName("app"),
        "issuer": GITHUB_COM,
        "repository_id": RepositoryId("900000001"),
        "repository_owner_id": "800000001",
        "repository": "acme/app",
        "pools": (POOL,),
    }
    return GitHubRule(**(defaults | changes))


def a_run(**changes: Any) -> RunIdentity:
    """The first attempt of a run that `a_github_rule` lets in."""
    defaults: dict[str, Any] = {
        "issuer": GITHUB_COM,
        "repository_id": RepositoryId("900000001"),
        "repository": "acme/app",
        "run_id": RunId("7000000001"),
        "run_attempt": "1",
        "check_run_id": "6000000001",
        "event": "push",
        "ref": "refs/heads/main",
        "workflow": "acme/app/.github/workflows/integration.yml@refs/heads/main",
        "actor": "octocat",
    }
    return RunIdentity(**(defaults | changes))


def a_snapshot(*registrations: Registration, **changes: Any) -> Snapshot:
    """A configuration of these environments (of one if none is named), in their order."""
    defaults: dict[str, Any] = {
        "environments": registrations or (a_registration(),),
        "access": AccessRules(iam=(an_iam_rule(),), operators=(Operator(account=HUB, role="operator"),)),
        "settings": settings(),
    }
    return Snapshot(**(defaults | changes))
