"""`atmosphere local`: the whole service on this machine, in the foreground.

Standard output carries one JSON object, the description of what runs; everything for people goes to standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli.demo import tell
from atmosphere.cli.output import console
from atmosphere.config.problems import ConfigProblems
from atmosphere.local import places
from atmosphere.local.assembly import SynthesisFailed
from atmosphere.local.claims import DemoFailed
from atmosphere.local.deployment import DeploymentFailed
from atmosphere.local.emulator import EmulatorFailed
from atmosphere.local.service import TICKER, LocalService
from atmosphere.local.setup import SetupFailed, install
from atmosphere.local.state import StateInUse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from rich.status import Status

    from atmosphere.local.progress import Progress

_EPILOG: Final = (
    "Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the start failed or the embedded AWS died, 2 wrong usage."
)
_FAILURES: Final = (ConfigProblems, DeploymentFailed, EmulatorFailed, StateInUse, SynthesisFailed)
_INTERVAL: Final = 1.0  # seconds between two checks that the embedded AWS is alive


@click.group(epilog=_EPILOG)
def local() -> None:
    """Run the whole service on this machine, on an embedded AWS. No AWS account is needed."""


@local.command(epilog=_EPILOG)
@click.option(
    "--config",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=places.EXAMPLE,
    help="The directory of environments.yaml, access.yaml and settings.yaml (default: the example configuration).",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The loopback port of the API and AWS (default: any free port)."
)
@click.option(
    "--setting",
    "chosen",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"A duration, e.g. session_seconds=60; `ticker` is the interval of the reconciler (default {TICKER:.0f}).",
)
@click.option(
    "--ready-file", type=click.Path(path_type=Path, dir_okay=False), help="Also write the JSON object to this file."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the state in this directory across restarts.",
)
@click.option("--json", "quiet", is_flag=True, help="Print the JSON object on one line, and no progress.")
def up(
    *,
    directory: Path,
    port: int | None,
    chosen: tuple[str, ...],
    ready_file: Path | None,
    state: Path | None,
    quiet: bool,
) -> None:
    """Start the service and keep it running until Ctrl-C or SIGTERM.

    When it is ready, it prints one JSON object with the endpoint, example callers and more on standard output.
    """
    settings, ticker = _settings(chosen)
    progress = progress_for_people(quiet=quiet)
    service = LocalService(directory, port=port, settings=settings, state=state, ticker=ticker, progress=progress)
    stopping = threading.Event()
    _on_signals(stopping)
    try:
        _withdraw(ready_file)  # of a run that was killed
        service.start()
        _announce(service.description, ready_file, quiet=quiet)
        progress.notice(f"ready; {service.description['status']} shows what goes on; Ctrl-C stops it")
        while not stopping.wait(_INTERVAL):
            if not service.emulator.alive:
                raise EmulatorFailed(f"the embedded AWS died: {service.emulator.last_words()}")
    except KeyboardInterrupt:
        pass
    except _FAILURES as failed:
        raise click.ClickException(str(failed)) from failed
    finally:
        _ignore_signals()
        service.stop()
        _withdraw(ready_file)


@local.command(
    epilog="Exit codes: 0 every check passed, 1 a check failed or the service could not start, 2 wrong usage."
)
def demo() -> None:
    """Show the whole life of an allocation, with real output, in about a minute."""
    try:
        tell(progress_for_people())
    except (*_FAILURES, DemoFailed) as failed:
        raise click.ClickException(str(failed)) from failed


@local.command(epilog="Exit codes: 0 it is there, 1 it could not be installed, 2 wrong usage.")
def setup() -> None:
    """Install the embedded AWS, once for each version. Needs pip, npm and network access."""
    if places.IS_CHECKOUT:
        raise click.ClickException("this is a checkout, which has its own embedded AWS: run `make setup`")
    try:
        made = install(places.EMULATOR, places.REQUIREMENTS)
    except (OSError, SetupFailed) as failed:
        raise click.ClickException(f"{places.EMULATOR} could not be made: {failed}") from failed
    print(f"{places.EMULATOR} is {'installed' if made else 'installed already'}", file=sys.stderr)


def _settings(chosen: tuple[str, ...]) -> tuple[dict[str, str], float]:
    """The settings by name, and the ticker's gap, which is ours alone."""
    settings = {}
    for text in chosen:
        name, found, value = text.partition("=")
        if not (name and found):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--setting")
        settings[name] = value
    try:
        gap = float(settings.pop("ticker", TICKER))
    except ValueError as wrong:
        raise click.BadParameter("ticker is a number of seconds", param_hint="--setting") from wrong
    if not 0 < gap <= 60:  # noqa: PLR2004 - on AWS it is a minute
        raise click.BadParameter("ticker is a number of seconds up to 60", param_hint="--setting")
    return settings, gap


def _on_signals(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()
        raise KeyboardInterrupt  # wherever the start is

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _ignore_signals() -> None:
    """From here on it is stopping, and a second Ctrl-C would only leave things behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _announce(description: Mapping[str, Any], ready_file: Path | None, *, quiet: bool) -> None:
    if ready_file is not None:
        _write_privately(ready_file, json.dumps(description, indent=2) + "\n")
    print(json.dumps(description, indent=None if quiet else 2), flush=True)


def _write_privately(path: Path, text: str) -> None:
    """In one step and for the owner's eyes: it holds keys, and somebody may be waiting for the file to appear."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(partial).replace(path)


def _withdraw(ready_file: Path | None) -> None:
    """What is no longer running is no longer ready."""
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)


class _Lines:
    """Progress as plain lines, for logs."""

    def began(self, step: str) -> None:
        """A line only when it is done."""

    def ended(self, step: str, seconds: float) -> None:
        """One line with its time."""
        print(f"{step}: {seconds:.1f} s", file=sys.stderr, flush=True)

    def notice(self, text: str) -> None:
        """One line."""
        print(text, file=sys.stderr, flush=True)


class _Live:
    """Progress in a terminal."""

    def __init__(self) -> None:
        self._console = console(stderr=True)
        self._status: Status | None = None

    def began(self, step: str) -> None:
        """Turn the wheel."""
        self._status = self._console.status(f"{step} …")
        self._status.start()

    def ended(self, step: str, seconds: float) -> None:
        """Leave a line behind."""
        self._still()
        self._console.print(f"✓ {step:<14}{seconds:6.1f} s", style="green")

    def notice(self, text: str) -> None:
        """Leave a line behind."""
        self._still()
        self._console.print(text, style="bold")

    def _still(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


class _Quiet(_Lines):
    """Only what a person should read."""

    def ended(self, step: str, seconds: float) -> None:
        """Nothing."""


def progress_for_people(*, quiet: bool = False) -> Progress:
    """Progress on standard error, as fits what it is connected to."""
    if quiet:
        return _Quiet()
    return _Live() if sys.stderr.isatty() else _Lines()
