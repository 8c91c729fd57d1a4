"""Where a race takes place: which pools, under which rules, with which durations."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import yaml

from atmosphere.cleanup.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SESSION: Final = 100  # seconds; a refresh needs 60 of them
HEARTBEAT: Final = 15  # seconds
CLEANING: Final = 400  # seconds; a cleanup that was killed is replaced after 90, which no setting changes
GRACE: Final = 30  # seconds after a deadline, for the 120 of AWS: the reconciler runs every second instead of a minute
_KEPT: Final = frozenset({"AWS::S3::Bucket", "AWS::SQS::Queue"})
SETTINGS: Final[Mapping[str, str]] = {
    "session_seconds": str(SESSION),
    "min_heartbeat_seconds": "1",
    "cleanup_limit_seconds": str(CLEANING),
    "verify_gap_seconds": "1",
    "clock_skew_seconds": "1",
    "attempt_pause_seconds": "1",
    "watch_free_seconds": "0",
    "skipped_types": ",".join(entry.name for entry in CATALOGUE if entry.name not in _KEPT),
}
"""Seconds instead of minutes, and cleanings that look at two types: a race is not about what is found."""
_REGIONS: Final = ("us-east-1", "us-east-2", "us-west-2", "eu-west-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The pools of a race; those of `both` are open to both trees. `limits` are the quotas of rules.

    `keyless` and `group` are shares of the requests: without an Idempotency-Key, and for two environments at once;
    `abandoned` is the share of releases that nobody sends.
    """

    pools: tuple[str, ...]
    both: tuple[str, ...]
    limits: Mapping[str, int]
    heartbeat: int = HEARTBEAT
    keyless: float = 0.15
    abandoned: float = 0.06
    group: float = 0.1


OPEN: Final = "race"
LIMITED: Final = "race-limited"
_ACCOUNTS: Final = {OPEN: ("810000000001", "810000000002"), LIMITED: ("810000000003",)}
_LIMIT: Final = 3
_GITHUB: Final = "example-workflows"
SCENE: Final = Scene(pools=(OPEN, LIMITED), both=(OPEN,), limits={LIMITED: _LIMIT, _GITHUB: _LIMIT})


def add_pools(config: Path) -> None:
    """Make a configuration the race's: one pool has a limit for IAM callers, the other one for GitHub's."""
    environments: list[dict[str, Any]] = [
        {
            "account": account,
            "region": region,
            "pool": pool,
            "admin_role": f"arn:aws:iam::{account}:role/AtmosphereAdmin",
            "external_id": pool,
            "capabilities": [],
        }
        for pool, accounts in _ACCOUNTS.items()
        for account, region in product(accounts, _REGIONS)
    ]
    (config / "environments.yaml").write_text(yaml.safe_dump({"environments": environments}))
    access = yaml.safe_load((config / "access.yaml").read_text())
    access["iam"] = [
        {"name": OPEN, "account": "111111111111", "roles": ["runner"], "pools": [OPEN]},
        {"name": LIMITED, "account": "111111111111", "roles": ["runner"], "pools": [LIMITED], "max_active": _LIMIT},
    ]
    access["github"][0] |= {"name": _GITHUB, "pools": [OPEN], "max_active": _LIMIT}
    (config / "access.yaml").write_text(yaml.safe_dump(access))
