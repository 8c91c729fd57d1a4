"""From a file's plain values to its shape: pydantic's errors become problems with a line and a remedy.

An entry of a list that is wrong is reported and set aside, so that the checks of meaning still see the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from atmosphere.config.mistakes import Wrong, explain
from atmosphere.config.problems import Problem, Severity, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from atmosphere.config.problems import Path
    from atmosphere.config.yamlfile import Read

Shape = TypeVar("Shape", bound=BaseModel)
MAX_ERRORS: Final = 200  # of one file's shape; whoever has more has one cause


@dataclass(slots=True)
class Parsed(Generic[Shape]):
    """One file: its shape as far as it is right, and its problems. `indices`: where list entries stood originally."""

    file: str
    read: Read
    shape: Shape | None = None
    problems: list[Problem] = field(default_factory=list)
    indices: dict[str, list[int]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing was set aside, so that absence means absence."""
        return self.shape is not None and not any(p.severity is Severity.ERROR for p in self.problems)

    def entries(self, name: str) -> Iterator[tuple[Path, Any]]:
        """The right entries of a list of the file, with their paths."""
        values = getattr(self.shape, name) if self.shape is not None else ()
        for place, value in zip(self.indices.get(name, range(len(values))), values, strict=True):
            yield (name, place), value

    def report(self, path: Path, what: str, remedy: str, *, severity: Severity = Severity.ERROR) -> None:
        """Add a problem at a path of this file."""
        line = self.read.line(path)
        self.problems.append(
            Problem(file=self.file, line=line, path=shown(path), what=what, remedy=remedy, severity=severity)
        )


def parse(file: str, read: Read, shape: type[Shape]) -> Parsed[Shape]:
    """The file's shape and everything that is wrong with it."""
    parsed = Parsed[Shape](file, read)
    for fault in read.faults:
        parsed.problems.append(
            Problem(file=file, line=fault.line, path=shown(fault.path), what=fault.what, remedy=fault.remedy)
        )
    if any(not fault.path for fault in read.faults):
        return parsed
    if not isinstance(read.value, dict):
        keys = ", ".join(shape.model_fields)
        parsed.report((), "the file is not a map of keys to values", f"start it with one of the keys {keys}")
        return parsed
    _shape(parsed, read.value, shape)
    return parsed


def _shape(parsed: Parsed[Shape], value: dict[str, Any], shape: type[Shape]) -> None:
    errors: list[ErrorDetails] = []
    try:
        parsed.shape = shape.model_validate(value)
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False)
        for error in errors[:MAX_ERRORS]:
            _report(parsed, shape, error)
        if len(errors) > MAX_ERRORS:
            unshown = f"{len(errors) - MAX_ERRORS} further problems are not shown"
            parsed.report((), unshown, "fix the problems above and check again")
    if errors or parsed.read.faults:
        parsed.shape = _rest(parsed, value, shape, errors)


def _rest(parsed: Parsed[Shape], value: dict[str, Any], shape: type[Shape], errors: list[ErrorDetails]) -> Shape | None:
    """What is left without the wrong entries and the unknown keys; None if that is still wrong."""
    bad = {error["loc"][:2] for error in errors} | {fault.path[:2] for fault in parsed.read.faults}
    kept = {name: entry for name, entry in value.items() if name in shape.model_fields and (name,) not in bad}
    for name, entries in kept.items():
        if isinstance(entries, list):
            places = [place for place in range(len(entries)) if (name, place) not in bad]
            parsed.indices[name] = places
            kept[name] = [entries[place] for place in places]
        elif isinstance(entries, dict):
            kept[name] = {key: entry for key, entry in entries.items() if (name, key) not in bad}
    try:
        return shape.model_validate(kept)
    except ValidationError:
        return None


def _report(parsed: Parsed[Shape], shape: type[Shape], error: ErrorDetails) -> None:
    path, model, description = _place(error["loc"], shape)
    if parsed.read.broken(path):
        return
    what, remedy = explain(error["type"], Wrong(path, model, error["input"], error["msg"]))
    parsed.report(path, what, remedy or (f"write {description}" if description else "see config/README.md"))


def _place(loc: tuple[str | int, ...], shape: type[BaseModel]) -> tuple[Path, type[BaseModel], str]:
    """The path in the file, the innermost shape around it and the description of the innermost field."""
    path = loc[:-1] if loc[-1:] == ("[key]",) else loc  # pydantic's mark for an error in a map's key
    model, description = shape, ""
    for place, part in enumerate(path, start=1):
        known = model.model_fields.get(part) if isinstance(part, str) else None
        if known is not None:
            description = known.description or ""
            model = (_inner(known.annotation) if place < len(path) else None) or model
    return path, model, description


def _inner(annotation: Any) -> type[BaseModel] | None:
    for argument in getattr(annotation, "__args__", (annotation,)):
        if isinstance(argument, type) and issubclass(argument, BaseModel):
            return argument
    return None
