"""Reads one YAML file into plain values and the line of each, and refuses what a reviewer could overlook.

Refused: anchors and aliases (an alias bomb is a few lines), tags, merges, duplicate keys, several documents, deep
nesting, files over 1 MiB, anything that is not UTF-8 text, and plain scalars that YAML 1.1 and 1.2 read differently.
Works on the parser's events, so that nothing is ever expanded and nothing recurses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from atmosphere.config import lookalikes
from atmosphere.config.problems import brief
from atmosphere.config.scalars import is_text, scalar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path as FilePath

    from atmosphere.config.problems import Path

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 12
MAX_FAULTS: Final = 200  # of one file; whoever has more has one cause
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a place of the file, and what to do; the file's name is the caller's."""

    line: int
    path: Path
    what: str
    remedy: str


@dataclass(slots=True)
class Read:
    """A file's value (None when it has none), the line of every value by its path, and the faults found."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of a path, or of the innermost thing around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def broken(self, path: Path) -> bool:
        """Whether a fault stands at this path or above it, so that its value says nothing."""
        return any(path[: len(fault.path)] == fault.path for fault in self.faults)


def read(path: FilePath) -> Read:
    """Read a file. Never raises for what the file holds or for a file that cannot be read: that is a fault."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return _missing(path)
    except IsADirectoryError:
        return _only("this is a directory", "replace it with a file")
    except OSError as error:
        return _only(f"the file cannot be read ({error.strerror})", "make it readable")
    if len(content) > MAX_BYTES:
        return _only(f"the file is larger than {MAX_BYTES} bytes", "a configuration is much smaller: check its content")
    return _from_bytes(content)


def _missing(path: FilePath) -> Read:
    if strays := strangers(path):
        what = f"the file is missing, but {strays[0]} is there, which is not read"
        return _only(what, f"rename {strays[0]} to {path.name}")
    return _only("the file is missing", "add it; a configuration has all three files (config/README.md)")


def strangers(path: FilePath) -> list[str]:
    """Files beside `path` that somebody may take for it: with `.yml`, or with capital letters."""
    likely = {f"{path.stem}{suffix}" for suffix in (".yaml", ".yml")}
    try:
        names = sorted(each.name for each in path.parent.iterdir())
    except OSError:
        return []  # what is wrong with the directory is reported by reading the file
    return [name for name in names if name != path.name and name.lower() in likely]


def _only(what: str, remedy: str, *, line: int = 1) -> Read:
    return Read(faults=[Fault(line, (), what, remedy)])


def _from_bytes(content: bytes) -> Read:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _only(f"byte {error.start} is not UTF-8", "save the file as UTF-8", line=line)
    if found := lookalikes.first(text):
        return _only(found.what, found.remedy, line=found.line)
    try:
        return _Builder().run(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"this is not YAML: {error.problem or error.context}"
        return _only(what, "correct the line or the one above it", line=mark.line + 1 if mark else 1)


class _Builder:
    """Folds events into values with a stack of open containers."""

    def __init__(self) -> None:
        self._read = Read()
        self._open: list[_Open] = []
        self._documents = 0

    def run(self, events: Iterable[Any]) -> Read:
        for event in events:
            if not self._take(event):
                break
            if len(self._read.faults) >= MAX_FAULTS:
                what = f"reading stopped here, after {MAX_FAULTS} problems"
                self._fault(event.start_mark.line + 1, (), what, "fix the problems above and check again")
                break
        if not self._documents and not self._read.faults:
            self._fault(1, (), "the file is empty", "see config/README.md for its content")
        return self._read

    def _take(self, event: Any) -> bool:
        line: int = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._fault(line, (), "a second document starts here", "keep one document per file: remove the `---`")
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.NodeEvent):
            return self._node(event, line)
        return True

    def _node(self, event: Any, line: int) -> bool:
        path = self._place(event, line)
        if path is None:
            return len(self._open) <= MAX_DEPTH
        self._read.lines.setdefault(path, line)
        self._decorations(event, line, path)
        value = self._value(event, line, path)
        if self._open:
            self._open[-1].put(value)
        else:
            self._read.value = value
        return self._enter(event, line, path, value)

    def _enter(self, event: Any, line: int, path: Path, value: Any) -> bool:
        if isinstance(event, yaml.CollectionStartEvent):
            if len(self._open) >= MAX_DEPTH:
                self._fault(line, path, f"nested deeper than {MAX_DEPTH} levels", "flatten it")
                return False
            self._open.append(_Open(path, value))
        return True

    def _place(self, event: Any, line: int) -> Path | None:
        """Where the next node belongs; None if the event was a mapping's key."""
        if not self._open:
            return ()
        inner = self._open[-1]
        if isinstance(inner.value, list):
            return (*inner.path, len(inner.value))
        if inner.key is not None:
            return (*inner.path, inner.key)
        inner.key = self._key(event, line, inner)
        return None

    def _key(self, event: Any, line: int, inner: _Open) -> str:
        if isinstance(event, yaml.CollectionStartEvent):
            self._fault(line, inner.path, "a key that is a list or a map", "use a string as the key")
            self._open.append(_Open((*inner.path, "?"), {} if isinstance(event, yaml.MappingStartEvent) else []))
            return "?"
        key: str = getattr(event, "value", "?")
        path = (*inner.path, key)
        self._decorations(event, line, path)
        if isinstance(event, yaml.ScalarEvent) and _plain(event) and not is_text(key):
            self._fault(line, path, f"the key {brief(key)} without quotes is not a string", "put it in quotes")
        if key in inner.value or key in inner.twice:
            self._fault(line, path, f"the key {brief(key)} is duplicated", "keep one of them")
            inner.twice.add(key)
        self._read.lines.setdefault(path, line)
        return key

    def _decorations(self, event: Any, line: int, path: Path) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._fault(line, path, f"an alias (*{event.anchor})", "write the value itself: aliases are not allowed")
        elif event.anchor is not None:
            self._fault(line, path, f"an anchor (&{event.anchor})", "remove it: anchors and aliases are not allowed")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._fault(line, path, f"a tag ({tag})", "remove it: tags are not allowed")

    def _value(self, event: Any, line: int, path: Path) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return {}
        if isinstance(event, yaml.SequenceStartEvent):
            return []
        if not isinstance(event, yaml.ScalarEvent):
            return None
        if not _plain(event):
            return event.value
        value, reading = scalar(event.value)
        if reading:
            what = f"{brief(value)} without quotes is read differently by different tools: {reading.readings}"
            self._fault(line, path, what, reading.remedy(brief(value)))
        elif (inner := lookalikes.without_curly_quotes(event.value)) is not None:
            what = f"{brief(value)} has curly quotes, which are part of the text and do not quote it"
            self._fault(line, path, what, f'use straight quotes: "{inner}"')
        return value

    def _fault(self, line: int, path: Path, what: str, remedy: str) -> None:
        self._read.faults.append(Fault(line, path, what, remedy))


@dataclass(slots=True)
class _Open:
    path: Path
    value: Any
    key: str | None = None
    twice: set[str] = field(default_factory=set)

    def put(self, value: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None:
            self.value.setdefault(self.key, value)
            self.key = None


def _plain(event: Any) -> bool:
    return event.style in (None, "") and event.tag is None
