"""Problems as workflow commands: GitHub shows each at its file and line of the pull request.

A command is one line. Nothing that a file holds can end it or begin another: everything that has no form of its own is
written as its code first, and then `%`, and in properties `:` and `,`, as GitHub's runner decodes them. The runner also
reads an older form, `##[name]`, anywhere in a line that is no command; it is broken, so that this holds on any runner.

Source: docs.github.com, "Workflow commands for GitHub Actions"; actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.config.problems import Severity
from atmosphere.core.inert import visible

if TYPE_CHECKING:
    from pathlib import Path

    from atmosphere.config.problems import Problem

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_LONGEST: Final = 4000  # characters; GitHub cuts at 4096


def annotation(directory: Path, problem: Problem) -> str:
    """One problem as one command; its file is as seen from the current directory, which is the repository's."""
    where = f"{problem.path}: " if problem.path else ""
    name = _COMMANDS[problem.severity]
    return command(
        name,
        f"{where}{problem.what}; {problem.remedy}",
        file=(directory / problem.file).as_posix(),
        line=str(problem.line),
        title=f"Configuration {name}",
    )


def command(name: str, text: str, **properties: str) -> str:
    """A workflow command of this name, whatever the text and the properties hold."""
    shown = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name}{' ' + shown if shown else ''}::{_text(text)}"


def _text(text: str) -> str:
    return visible(text).replace("##[", "## [")[:_LONGEST].replace("%", "%25")


def _property(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
