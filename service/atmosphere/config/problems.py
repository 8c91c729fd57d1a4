"""What can be wrong with the configuration, said so that whoever wrote it can put it right."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Path: TypeAlias = "tuple[str | int, ...]"
"""Where a value stands in its file, e.g. `("environments", 3, "admin_role")`."""

_WIDTH: Final = 80  # characters of a wrong value that a message quotes


class Severity(StrEnum):
    """Errors keep a configuration from being deployed; warnings do not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to put right.

    `line` counts from 1; `path` is like `environments[3].admin_role`, empty for a whole file.
    """

    file: str
    line: int
    path: str
    what: str
    remedy: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f" {self.path}:" if self.path else ""
        return f"{self.file}:{self.line}:{where} {self.what}; {self.remedy}"


class ConfigProblems(ValueError):
    """The configuration is refused. `problems` has all of them, ordered by file and line, warnings included."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def shown(path: Path) -> str:
    """A path as people write it: `environments[3].admin_role`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:_WIDTH]}" for part in path)
    return text.removeprefix(".")


def brief(value: object) -> str:
    """A value as a message quotes it: texts in quotes, cut where it gets long."""
    text = f'"{value}"' if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
