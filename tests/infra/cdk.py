"""The CDK's side of `infra/`, imported when it is first used: importing it starts a node process of its own.

Every test process collects all tests, and only the one that runs these should pay for that.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from infra.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atmosphere.contract import Route
    from atmosphere.core.snapshot import Snapshot
    from infra.options import Options


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


def made(stack_id: str, names: Sequence[str], config: Snapshot | Path, out: Path) -> Path:
    """An app that is not ours: one stack with services of these names."""
    cdk, service = import_module("aws_cdk"), import_module("infra.service")
    app = cdk.App(outdir=str(out), analytics_reporting=False)
    stack = cdk.Stack(app, stack_id)
    for name in names:
        service.AtmosphereService(stack, f"Of-{name}", config=config, service_name=name, target=Target.HOST)
    app.synth()
    return out


def taken(services: Sequence[tuple[str, str | None, str | None]]) -> None:
    """Take the names in one app, for each in a stack of its own: name, account, region."""
    cdk, names, constructs = import_module("aws_cdk"), import_module("infra.names"), import_module("constructs")
    app = cdk.App(analytics_reporting=False)
    for number, (name, account, region) in enumerate(services):
        stack = cdk.Stack(app, f"Stack{number}", env=cdk.Environment(account=account, region=region))
        names.only_one(constructs.Construct(stack, "Service"), name)


def named(text: str) -> str:
    """See `infra.names.checked_name`."""
    name: str = import_module("infra.names").checked_name(text)
    return name
