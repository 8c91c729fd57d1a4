"""`atmosphere credentials`: what AWS tools run as a profile's `credential_process`, and what a shell can evaluate."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atmosphere.cli import cache
from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.kept import Kept, kept, read
from atmosphere.cli.options import EPILOG
from atmosphere.cli.pinning import acting_as, resolving
from atmosphere.cli.shell import export_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.client.results import Granted


@click.command(epilog=EPILOG)
@click.argument("allocation")
@click.option("--environment", default=None, help="The environment's name, if there are several.")
@click.option("--export", is_flag=True, help="Print shell lines that set the credentials instead.")
@click.option(
    "--lease",
    type=click.Path(path_type=Path, file_okay=False),
    help="The directory that `allocate --profile-file` made: its caller asks, regardless of this shell's variables.",
)
@connected(caller="runner")
def credentials(
    connection: Connection, *, allocation: str, environment: str | None, export: bool, lease: Path | None
) -> None:
    """Print credentials of ALLOCATION, as JSON for `credential_process` of AWS tools (secret).

    They are cached in a private file, and renewed when less than 16 minutes are left.
    """
    files, variables = _files(allocation, lease)

    def ask() -> Granted:
        with acting_as(variables):
            return connection.client().credentials(allocation)

    asker = f"lease {files.place}" if lease is not None else " ".join(connection.words(_identity()))
    with resolving(allocation):
        environments = cache.current(files, ask, asker=asker)
    name = next(iter(environments)) if environment is None else environment
    if name not in environments:
        raise click.BadParameter(f"the allocation has no environment {name!r}; it has {', '.join(environments)}")
    if export:
        print("\n".join(export_lines(allocation, name=name, **environments[name])))
    else:
        print(json.dumps(environments[name]["credentials"], indent=2))


def _files(allocation: str, lease: Path | None) -> tuple[Kept, Mapping[str, str] | None]:
    """The allocation's files, and who asked for it if its lease knows."""
    if lease is None:
        files = kept(allocation)
        files.create_place()
        return files, None
    files = Kept(lease)
    found: dict[str, Any] | None = read(files.lease)
    if found is None:
        raise click.ClickException(f"{files.lease} cannot be read: allocation {allocation} has ended on this machine")
    return files, found.get("variables")


def _identity() -> str:
    """What decides who this shell's AWS credentials are."""
    return os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_PROFILE") or "default"
