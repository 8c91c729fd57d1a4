"""The CDK's side of `infra/`, imported when it is first used: importing it starts a node process of its own.

Every test process collects all tests, and only the one that runs these should pay for that.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atmosphere.contract import Route
    from atmosphere.core.snapshot import Snapshot
    from infra.options import Options
    from infra.target import Target


def synthesize(snapshot: Snapshot, *, target: Target, out: Path, **options: Options) -> None:
    """See `infra.app`."""
    import_module("infra.app").synthesize(snapshot, target=target, out=out, **options)


def main(arguments: Sequence[str]) -> int:
    """See `infra.app`."""
    code: int = import_module("infra.app").main(arguments)
    return code


def resource_policy(accounts: Sequence[str], routes: Sequence[Route]) -> dict[str, Any]:
    """See `infra.constructs.policy`; as JSON."""
    document: dict[str, Any] = import_module("infra.constructs.policy").resource_policy(accounts, routes).to_json()
    return document
