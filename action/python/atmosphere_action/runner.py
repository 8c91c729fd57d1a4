"""The runner of GitHub Actions: its commands on standard output and its files (docs.github.com, "Workflow commands").

Values go into the files between random delimiters, so none can end early; texts on standard output are escaped.
"""

from __future__ import annotations

import os
import sys
import unicodedata
import uuid
from contextlib import contextmanager
from typing import Iterator, Mapping, TextIO

from atmosphere_action.errors import FileTrouble

LEAST_SECRET = 8  # characters; masking anything shorter would blank ordinary words in the log
_LONGEST_TEXT = 3800  # characters; an annotation holds 4096
_ESCAPES = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY_ESCAPES = (*_ESCAPES, (":", "%3A"), (",", "%2C"))


def plain(text: object, limit: int = 500) -> str:
    """Foreign text as one line without control characters, at most `limit` characters."""
    line = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in str(text))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _escaped(text: str, escapes: tuple[tuple[str, str], ...] = _ESCAPES) -> str:
    for character, escape in escapes:
        text = text.replace(character, escape)
    return text


class Runner:
    """Speaks to the runner: `environ` names its files, `out` is what it reads commands from.

    A runner that reads no more is an `OSError`, unless `unheard` says that the work goes on all the same.
    """

    def __init__(self, environ: Mapping[str, str], out: TextIO | None = None, *, unheard: bool = False) -> None:
        self._environ = environ
        self._out = out or sys.stdout
        self._unheard = unheard

    def say(self, text: str) -> None:
        """A line for people; what could be read as a command in it (at its start, or `##[` anywhere) is defused."""
        line = plain(text, _LONGEST_TEXT).replace("##[", "## [")
        self._write(f"> {line}" if line.lstrip().startswith("::") else line)

    def mask(self, value: str) -> None:
        """From here on the runner shows `***` for this value."""
        if len(value) >= LEAST_SECRET:
            self._write(f"::add-mask::{_escaped(value)}")

    def notice(self, title: str, text: str) -> None:
        """An annotation that needs no act."""
        self._annotate("notice", title, text)

    def warning(self, title: str, text: str) -> None:
        """An annotation that does not fail the step."""
        self._annotate("warning", title, text)

    def error(self, title: str, text: str) -> None:
        """The annotation of a failed step."""
        self._annotate("error", title, text)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """A part of the log that is folded; always closed, so that errors stand outside it."""
        self._write(f"::group::{_escaped(title)}")
        try:
            yield
        finally:
            self._write("::endgroup::")

    def state(self, name: str, value: str) -> None:
        """Keep a value for the post step; the last one wins. Raises `FileTrouble`."""
        self._set("GITHUB_STATE", name, value)

    def env(self, name: str, value: str) -> None:
        """A variable of all later steps. Raises `FileTrouble`."""
        self._set("GITHUB_ENV", name, value)

    def output(self, name: str, value: str) -> None:
        """An output of the step. Raises `FileTrouble`."""
        self._set("GITHUB_OUTPUT", name, value)

    def summary(self, markdown: str) -> None:
        """Append to the summary of the run, where the runner has one (older ones do not). Raises `FileTrouble`."""
        if self._environ.get("GITHUB_STEP_SUMMARY"):
            self._append("GITHUB_STEP_SUMMARY", markdown)

    def _annotate(self, kind: str, title: str, text: str) -> None:
        limited = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
        self._write(f"::{kind} title={_escaped(title, _PROPERTY_ESCAPES)}::{_escaped(limited)}")

    def _write(self, line: str) -> None:
        try:
            self._out.write(line + "\n")
            self._out.flush()
        except OSError:
            if not self._unheard:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())  # for what is still to be told

    def _set(self, variable: str, name: str, value: str) -> None:
        delimiter = f"end_{uuid.uuid4().hex}"
        self._append(variable, f"{name}<<{delimiter}\n{value}\n{delimiter}\n")

    def _append(self, variable: str, text: str) -> None:
        path = self._environ.get(variable)
        if not path:
            raise FileTrouble(f"{variable} is not set: run this as a step of GitHub Actions")
        try:
            with open(path, "ab") as file:
                file.write(text.encode("utf-8", "replace"))
        except OSError as broken:
            raise FileTrouble(
                f"{path} ({variable}) cannot be written ({broken.strerror}): is the disk full?"
            ) from broken
