"""What a shell needs to use an environment with any AWS tool: lines to evaluate, and the command to run next.

Tools disagree on what comes first (docs/clients.md has the table), so what could win over these credentials is unset.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# Older names that botocore reads too, the first even before AWS_SESSION_TOKEN.
_STALE: Final = ("AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID")
_PROFILES: Final = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
OVER_A_PROFILE: Final = (*KEYS, *_STALE, "AWS_DEFAULT_PROFILE")
"""What some tool prefers to the profile in AWS_PROFILE."""


def export_lines(allocation: str, *, name: str, region: str, credentials: Mapping[str, Any]) -> list[str]:
    """Lines for `eval` that make one environment's credentials those of the shell, for every tool."""
    values = {
        "ATMOSPHERE_ALLOCATION": allocation,
        "ATMOSPHERE_ENVIRONMENT": name,
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        **dict.fromkeys(REGIONS, region),
    }
    return [
        f"unset {' '.join((*_PROFILES, *_STALE))}",
        *(f"export {name}={shlex.quote(str(value))}" for name, value in values.items()),
    ]


def in_the_way(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The variables of this shell that some tool would prefer to a profile."""
    return [name for name in OVER_A_PROFILE if environ.get(name)]


def with_profile(path: Path, profile: str, region: str, *, without: Iterable[str]) -> str:
    """The command line that runs a test with a profile, in every tool's eyes the same."""
    unset = [word for name in without for word in ("-u", name)]
    values = {"AWS_CONFIG_FILE": str(path), "AWS_PROFILE": profile, **dict.fromkeys(REGIONS, region)}
    settings = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    return " ".join([*(["env", *unset] if unset else []), *settings, "YOUR-TEST"])
