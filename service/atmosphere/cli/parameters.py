"""The forms of single options, each read into a value or a usage error with what to write instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atmosphere.client import spans

if TYPE_CHECKING:
    from collections.abc import Callable


class Span(click.ParamType):  # type: ignore[type-arg] # generic in the newest click only
    """A time: `3h`, `90m`, `45s`, or seconds. The value is in seconds."""

    name = "time"

    def __init__(self, *, least: float = 0, most: float | None = None) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds."""
        if isinstance(value, int | float):
            return float(value)
        try:
            seconds = spans.seconds(value)
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)
        if seconds < self._least or (self._most is not None and seconds > self._most):
            self.fail(f"{value!r} is not between {self._least:g} and {self._most:g} seconds", param, ctx)
        return seconds


class Form(click.ParamType):  # type: ignore[type-arg] # as above
    """A text that a parser reads; its `ValueError` says what to write instead."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The parsed value."""
        try:
            return self._parse(value) if isinstance(value, str) else value
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)


def policy(text: str) -> str:
    """An IAM policy: JSON, or the path of a file with it."""
    if not text.lstrip().startswith("{"):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except OSError as broken:
            raise ValueError(f"{text!r} is neither JSON nor a readable file ({broken.strerror})") from broken
    try:
        document = json.loads(text)
    except ValueError as broken:
        raise ValueError(f"it is not valid JSON ({broken}): write an IAM policy document") from broken
    if not isinstance(document, dict) or "Statement" not in document:
        raise ValueError("it is not an IAM policy document: write an object with `Version` and `Statement`")
    return json.dumps(document)
