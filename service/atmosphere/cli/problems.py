"""Prints the problems of a configuration for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cli.output import console
from atmosphere.config.problems import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atmosphere.config.problems import Problem

_STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


def print_problems(directory: Path, problems: Sequence[Problem]) -> None:
    """Each with its file, line and remedy, on stderr."""
    out = console(stderr=True)
    for problem in problems:
        where = f"{directory / problem.file}:{problem.line}: "
        out.print(where, end="")
        out.print(f"{problem.severity}: ", style=_STYLES[problem.severity], end="")
        out.print(f"{problem.path}: {problem.what}" if problem.path else problem.what)
        out.print(f"    {problem.remedy}", style="dim")
