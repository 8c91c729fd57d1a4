"""What a shell needs to use an environment with any AWS tool: lines to evaluate, and the command to run next."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

from atmosphere.client import variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def export_lines(allocation: str, *, name: str, region: str, credentials: Mapping[str, Any]) -> list[str]:
    """Lines for `eval` that make one environment's credentials those of the shell, for every tool."""
    keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
    values = {**variables.names(allocation, name), **variables.by_keys(keys, region)}
    return [
        f"unset {' '.join(variables.OVER_KEYS)}",
        *(f"export {each}={shlex.quote(value)}" for each, value in values.items()),
    ]


def in_the_way(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The variables of this shell that some tool would prefer to a profile."""
    return [name for name in variables.OVER_A_PROFILE if environ.get(name)]


def with_profile(path: Path, profile: str, region: str, *, without: Iterable[str]) -> str:
    """The command line that runs a test with a profile, in every tool's eyes the same."""
    unset = [word for name in without for word in ("-u", name)]
    settings = [
        f"{name}={shlex.quote(value)}" for name, value in variables.by_profile(str(path), profile, region).items()
    ]
    return " ".join([*(["env", *unset] if unset else []), *settings, "YOUR-TEST"])
