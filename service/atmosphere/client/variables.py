"""Environment variables that make one environment's credentials those of every AWS tool in a process.

Tools disagree on what comes first (docs/clients.md has the table), so what could win over these is to be unset.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.credentials import SessionCredentials

KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# Older names that botocore reads too, the first even before AWS_SESSION_TOKEN.
STALE: Final = ("AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID")
PROFILES: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
OVER_KEYS: Final = (*PROFILES, *STALE)
"""What some tool prefers to keys in variables."""
OVER_A_PROFILE: Final = (*KEYS, *STALE, "AWS_DEFAULT_PROFILE")
"""What some tool prefers to the profile in AWS_PROFILE."""


def names(allocation: str, environment: str) -> dict[str, str]:
    """Which allocation this is, and which of its environments."""
    return {"ATMOSPHERE_ALLOCATION": allocation, "ATMOSPHERE_ENVIRONMENT": environment}


def by_keys(keys: tuple[str, str, str], region: str) -> dict[str, str]:
    """Variables with the keys (id, secret and token) and the region."""
    return {**dict(zip(KEYS, keys, strict=True)), **dict.fromkeys(REGIONS, region)}


def parts(keys: SessionCredentials) -> tuple[str, str, str]:
    """The id, the secret and the token."""
    return keys.access_key_id, keys.secret_access_key, keys.session_token


def by_profile(path: str, profile: str, region: str) -> dict[str, str]:
    """Variables that name a profile in a config file."""
    return {"AWS_CONFIG_FILE": path, "AWS_PROFILE": profile, **dict.fromkeys(REGIONS, region)}


def without(unwanted: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of this process but for these."""
    return {name: value for name, value in environ.items() if name not in unwanted}
