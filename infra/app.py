"""The CDK app: `python -m infra.app --config DIR --target aws|host --out DIR [--setting name=value ...]`.

Synthesizes the stacks `atmosphere` and `atmosphere-environment`, called after `--service-name`. For AWS it demands the
Python that the functions run on, because only that one makes their byte code; `--without-byte-code` accepts functions
that start slowly. Exit codes: 0 done, 1 problems (printed; nothing is written), 2 usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_cdk import App

from atmosphere.config.load import load, load_deployment
from atmosphere.config.problems import ConfigProblems
from infra.assets import has_byte_code
from infra.dependencies import AssetFailed
from infra.deployment import options_of
from infra.environment import EnvironmentStack
from infra.names import DEFAULT, ServiceName, checked_name
from infra.options import Options
from infra.sources import IS_INSTALLED
from infra.stack import AtmosphereStack
from infra.target import RUNTIME, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.core.snapshot import Snapshot

_DEFAULT: Final = Options()
_NO_BYTE_CODE: Final = (
    f"this is Python {sys.version_info.major}.{sys.version_info.minor}, but the functions run on {RUNTIME}, and only "
    f"that one can compile them: without byte code each start takes twice as long. "
    + ("Install it there" if IS_INSTALLED else f"Make .venv with it (`make clean setup PYTHON=python{RUNTIME}`)")
    + ", or accept slow starts with --without-byte-code"
)


def synthesize(
    snapshot: Snapshot, *, target: Target, out: Path, name: ServiceName = DEFAULT, options: Options = _DEFAULT
) -> None:
    """Write the assembly of both stacks, which are called after the service, to `out`. Raises `AssetFailed`."""
    app = App(outdir=str(out), analytics_reporting=False, tree_metadata=False)
    AtmosphereStack(app, name, snapshot=snapshot, target=target, service_name=name, options=options)
    EnvironmentStack(app, f"{name}-environment", service_name=name)
    app.synth()


def main(arguments: Sequence[str] | None = None) -> int:
    """The outermost door: problems become text and an exit code."""
    options = _parser().parse_args(arguments)
    try:
        _demand_byte_code(options.target, unless=options.without_byte_code)
        snapshot = load(options.config, dict(options.setting))
        chosen = _possible(options_of(load_deployment(options.config)), options.target)
        synthesize(snapshot, target=options.target, out=options.out, name=options.service_name, options=chosen)
    except ConfigProblems as found:
        for problem in found.problems:
            sys.stderr.write(f"{problem}\n")
        return 1
    except AssetFailed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    return 0


def _possible(options: Options, target: Target) -> Options:
    """On one machine without a domain, whose zone is elsewhere, and a firewall, which no API here can have."""
    return replace(options, domain=None, firewall=None) if target is Target.HOST else options


def _demand_byte_code(target: Target, *, unless: bool) -> None:
    if not (unless or has_byte_code(target)):
        raise AssetFailed(_NO_BYTE_CODE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}.app", description="Synthesize Atmosphere's stacks.")
    parser.add_argument("--config", type=Path, default=Path("config"), help="the directory of the YAML files")
    parser.add_argument("--target", type=Target, choices=list(Target), default=Target.AWS)
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("CDK_OUTDIR", "cdk.out")))
    parser.add_argument(
        "--service-name", type=_name, default=DEFAULT, help="what stacks, roles, functions and alarms are called after"
    )
    parser.add_argument("--without-byte-code", action="store_true", help="let the functions on AWS start slowly")
    parser.add_argument("--setting", type=_setting, action="append", default=[], metavar="name=value")
    return parser


def _name(text: str) -> ServiceName:
    try:
        return checked_name(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from wrong


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not name=value")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
