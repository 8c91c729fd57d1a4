"""The frame of the `atmosphere` command: finds subcommands without importing them, and is the outermost entry point.

Everything heavy (boto3, pydantic, the template) is imported by the subcommand that needs it: start-up stays quick.
"""

from __future__ import annotations

import json
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli.exits import Exit, of_failure, own
from atmosphere.client.errors import NotConnected, ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class _Subcommand:
    module: str
    help: str


_SERVICE: Final = "atmosphere.cli.service"
_OPERATOR: Final = "atmosphere.cli.operator"
_SUBCOMMANDS: Final = {
    "allocate": _Subcommand("atmosphere.cli.allocate", "Allocate an environment, and wait until one is free."),
    "run": _Subcommand("atmosphere.cli.run", "Run a command with an environment that is allocated for it."),
    "credentials": _Subcommand(
        "atmosphere.cli.credentials", "Print credentials of an allocation, in the format of `credential_process`."
    ),
    "deallocate": _Subcommand(_SERVICE, "End an allocation."),
    "status": _Subcommand(_SERVICE, "Show an allocation, or the pools."),
    "history": _Subcommand(_OPERATOR, "Show the history of an environment or of a requester (operators)."),
    "leftovers": _Subcommand("atmosphere.cli.leftovers", "Show what tests leave behind, by requester (operators)."),
    "costs": _Subcommand("atmosphere.cli.costs", "Show what tests cost in their accounts (operators)."),
    "environment": _Subcommand(
        _OPERATOR, "Show environments, and clean, reinstate, discard, hold, resume or release them (operators)."
    ),
    "pool": _Subcommand("atmosphere.cli.pool", "Show why a pool is held, and resume it (operators)."),
    "baseline": _Subcommand("atmosphere.cli.baseline", "Show and change the baseline of an environment (operators)."),
    "cleanup": _Subcommand(
        "atmosphere.cli.cleanup",
        "Plan and verify the cleaning of an environment from this machine, or run and follow it.",
    ),
    "config": _Subcommand("atmosphere.cli.config", "Check the configuration, and show what a change would do."),
    "local": _Subcommand("atmosphere.cli.local", "Run the whole service on this machine."),
}


def _is_installed(subcommand: _Subcommand) -> bool:
    """The distribution for callers has only the subcommands that they use."""
    return find_spec(subcommand.module) is not None


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 click calls it so
    if not wanted:
        return
    for distribution in ("atmosphere-service", "atmosphere-client"):
        with suppress(PackageNotFoundError):
            print(f"atmosphere, version {version(distribution)}")
            ctx.exit()
    raise click.ClickException("no distribution of atmosphere is installed: this is a bare source tree")


class _Lazy(click.Group):
    """Lists subcommands from the table above and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click calls it so
        return [name for name, known in _SUBCOMMANDS.items() if _is_installed(known)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 click calls it so
        known = _SUBCOMMANDS.get(cmd_name)
        if known is None or not _is_installed(known):
            return None
        try:
            command: click.Command = getattr(import_module(known.module), cmd_name)
        except ModuleNotFoundError as missing:
            if str(missing.name).partition(".")[0] == "atmosphere":
                raise
            raise click.ClickException(
                f"`atmosphere {cmd_name}` needs more packages, for example {missing.name}: "
                "pip install 'atmosphere-service[local]'"
            ) from missing
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SUBCOMMANDS[name].help) for name in self.list_commands(ctx)])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 success, 1 problems or a refusal, 2 wrong usage. Also: 3 something could not be scanned "
    "or compared, 4 something changes (config plan), 130 interrupted.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected failure.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="The version.")
def atmosphere(*, debug: bool) -> None:
    """Allocate clean AWS environments to tests, deallocate them, and operate the service."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code. No exception propagates from here."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug, as_json = words[:1] == ["--debug"], "--json" in own(words)
    try:
        result = atmosphere.main(args=words, prog_name="atmosphere", standalone_mode=False)
    except click.ClickException as wrong:
        if as_json:
            _print_error(wrong.format_message(), "usage" if wrong.exit_code == Exit.USAGE else "failed")
        else:
            wrong.show()
        return of_failure(words, wrong) if wrong.exit_code == Exit.PROBLEMS else wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except Exception as fault:  # noqa: BLE001 the outermost entry point: type and text, and no traceback unless asked for
        _report(fault, debug=debug, as_json=as_json)
        return of_failure(words, fault)
    return result if isinstance(result, int) else Exit.FINE


def _report(fault: Exception, *, debug: bool, as_json: bool) -> None:
    if isinstance(fault, ServiceError):
        text, code, details = str(fault), fault.code, {**fault.details, "status": fault.status}
        message = fault.message
    else:
        expected = isinstance(fault, NotConnected)
        if debug and not expected:
            traceback.print_exc()
        text = message = str(fault) if expected else f"{type(fault).__name__}: {fault}"
        code, details = "not-connected" if expected else "failed", {}
    if as_json:
        _print_error(message, code, details)
    else:
        print(text, file=sys.stderr)


def _print_error(message: str, code: str, more: Mapping[str, Any] = MappingProxyType({})) -> None:
    """One JSON object on one line, the last one of stderr: `message` and `code` as in the API's errors."""
    print(json.dumps({**more, "message": message, "code": code}), file=sys.stderr)
