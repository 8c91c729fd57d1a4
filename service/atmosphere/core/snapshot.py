"""The validated configuration as one value, and its normalised JSON.

`config/` (YAML) makes it, the publisher stores it under its digest, functions read it. The round trip is exact.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from atmosphere.core.access import AccessRules, IamRule, Operator
from atmosphere.core.github import Issuer, RepositoryId
from atmosphere.core.github_rules import GitHubRule
from atmosphere.core.model import (
    AccountId,
    EnvironmentKey,
    PoolName,
    Region,
    Registration,
    RoleArn,
    RoleName,
    RuleName,
    Toolkit,
)
from atmosphere.core.organization import organization_from_json, organization_to_json
from atmosphere.core.settings import settings_from_json, settings_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.settings import Settings

FORMAT: Final = 3
LARGEST: Final = 390_000
"""Bytes of a packed snapshot: it is one item of DynamoDB, and those end at 400 KB."""


class UnreadableSnapshot(ValueError):
    """The JSON is not a snapshot of this format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything the configuration says, ordered by environment."""

    environments: tuple[Registration, ...]
    access: AccessRules
    settings: Settings

    def pool(self, pool: PoolName) -> tuple[Registration, ...]:
        """The registered environments of a pool."""
        return tuple(entry for entry in self.environments if entry.pool == pool)

    @property
    def pools(self) -> tuple[PoolName, ...]:
        """Every pool that has an environment, sorted."""
        return tuple(sorted({entry.pool for entry in self.environments}))

    @property
    def longest_cleanup(self) -> timedelta:
        """The limit of the pool whose cleanups may take longest."""
        default = self.settings.cleanup_limit
        return max((entry.limit_or(default) for entry in self.environments), default=default)

    def registration(self, key: EnvironmentKey) -> Registration | None:
        """What is registered under a key."""
        return next((entry for entry in self.environments if entry.key == key), None)


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def registration_to_json(entry: Registration) -> dict[str, Any]:
    """A registration as JSON values; empty parts are left out so that rows stay small."""
    full: dict[str, Any] = {
        "account": entry.key.account,
        "region": entry.key.region,
        "pool": entry.pool,
        "roles": dict(entry.roles),
        "capabilities": dict(entry.capabilities),
        "regions": list(entry.regions),
        "keep": list(entry.keep),
        "external_id": entry.external_id,
        "deferred": list(entry.deferred),
        "cdk_toolkit": "" if entry.cdk_toolkit is Toolkit.DELETE else str(entry.cdk_toolkit),
        "organization": organization_to_json(entry.organization),
        "cleaner": entry.cleaner or "",
        "cleanup_limit_seconds": entry.cleanup_limit.total_seconds() if entry.cleanup_limit else "",
    }
    return {name: value for name, value in full.items() if value not in ({}, [], "")}


def registration_from_json(value: Mapping[str, Any]) -> Registration:
    """The inverse of `registration_to_json`."""
    return Registration(
        key=EnvironmentKey(AccountId(value["account"]), Region(value["region"])),
        pool=PoolName(value["pool"]),
        roles={RoleName(name): RoleArn(arn) for name, arn in value["roles"].items()},
        capabilities=dict(value.get("capabilities", {})),
        regions=tuple(Region(region) for region in value.get("regions", ())),
        keep=tuple(value.get("keep", ())),
        external_id=value.get("external_id", ""),
        deferred=tuple(value.get("deferred", ())),
        cdk_toolkit=Toolkit(value.get("cdk_toolkit", Toolkit.DELETE)),
        organization=organization_from_json(value.get("organization", {})),
        cleaner=RoleArn(value["cleaner"]) if "cleaner" in value else None,
        cleanup_limit=timedelta(seconds=value["cleanup_limit_seconds"]) if "cleanup_limit_seconds" in value else None,
    )


def says_the_same(one: Registration, other: Registration) -> bool:
    """Whether two registrations are one configuration: to Python 1 and true are equal, to whoever asks they are not."""
    return canonical(registration_to_json(one)) == canonical(registration_to_json(other))


def _rule_to_json(rule: IamRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "account": rule.account,
        "pools": list(rule.pools),
        "roles": list(rule.roles),
        "max_active": rule.max_active,
    }


def _rule_from_json(value: Mapping[str, Any]) -> IamRule:
    return IamRule(
        name=RuleName(value["name"]),
        account=AccountId(value["account"]),
        pools=tuple(PoolName(pool) for pool in value["pools"]),
        roles=tuple(value["roles"]),
        max_active=value["max_active"],
    )


def _github_rule_to_json(rule: GitHubRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "issuer": rule.issuer,
        "repository_id": rule.repository_id,
        "repository_owner_id": rule.repository_owner_id,
        "repository": rule.repository,
        "pools": list(rule.pools),
        "events": list(rule.events),
        "refs": list(rule.refs),
        "workflows": list(rule.workflows),
        "environment": rule.environment,
        "runner": rule.runner,
        "max_active": rule.max_active,
    }


def _github_rule_from_json(value: Mapping[str, Any]) -> GitHubRule:
    return GitHubRule(
        name=RuleName(value["name"]),
        issuer=Issuer(value["issuer"]),
        repository_id=RepositoryId(value["repository_id"]),
        repository_owner_id=value["repository_owner_id"],
        repository=value["repository"],
        pools=tuple(PoolName(pool) for pool in value["pools"]),
        events=tuple(value["events"]),
        refs=tuple(value["refs"]),
        workflows=tuple(value["workflows"]),
        environment=value["environment"],
        runner=value["runner"],
        max_active=value["max_active"],
    )


def to_value(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as JSON values."""
    return {
        "format": FORMAT,
        "environments": [registration_to_json(entry) for entry in snapshot.environments],
        "settings": settings_to_json(snapshot.settings),
        "access": {
            "iam": [_rule_to_json(rule) for rule in snapshot.access.iam],
            "github": [_github_rule_to_json(rule) for rule in snapshot.access.github],
            "operators": [{"account": entry.account, "role": entry.role} for entry in snapshot.access.operators],
        },
    }


def to_json(snapshot: Snapshot) -> str:
    """The normalised JSON text; its sha-256 is the snapshot's name."""
    return canonical(to_value(snapshot))


def from_json(text: str) -> Snapshot:
    """Read a snapshot; raises `UnreadableSnapshot` for anything that `to_json` did not write."""
    try:
        value = json.loads(text)
        if value["format"] != FORMAT:
            message = f"snapshot format {value['format']!r} is not {FORMAT}: deploy code and configuration together"
            raise UnreadableSnapshot(message)
        access = value["access"]
        return Snapshot(
            environments=tuple(registration_from_json(entry) for entry in value["environments"]),
            settings=settings_from_json(value["settings"]),
            access=AccessRules(
                iam=tuple(_rule_from_json(rule) for rule in access["iam"]),
                github=tuple(_github_rule_from_json(rule) for rule in access["github"]),
                operators=tuple(
                    Operator(account=AccountId(entry["account"]), role=entry["role"]) for entry in access["operators"]
                ),
            ),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as broken:
        if isinstance(broken, UnreadableSnapshot):
            raise
        message = f"the snapshot cannot be read ({type(broken).__name__}): publish the configuration again"
        raise UnreadableSnapshot(message) from broken


def digest(text: str) -> str:
    """The sha-256 of a snapshot's text, in hex."""
    return sha256(text.encode()).hexdigest()


def packed(text: str) -> bytes:
    """The text as it is stored; an environment takes some six bytes."""
    return zlib.compress(text.encode(), level=9)
