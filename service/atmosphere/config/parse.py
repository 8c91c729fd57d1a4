"""From a file's plain values to its shape: pydantic's errors become problems with a line and a remedy.

An entry of a list that is wrong is reported and set aside, so that the checks of meaning still see the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from atmosphere.config.problems import Problem, Severity, brief, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    describe = _WORDS.get(error["type"], _otherwise)
    what, remedy = describe(_Wrong(path, model, error["input"], error["msg"]))
    parsed.report(path, what, remedy or (f"write {description}" if description else "see config/README.md"))


@dataclass(frozen=True, slots=True)
class _Wrong:
    path: Path
    model: type[BaseModel]
    value: Any
    text: str

    @property
    def name(self) -> str:
        return str(self.path[-1])


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


def _missing(wrong: _Wrong) -> tuple[str, str]:
    return f"the key {wrong.name} is missing", f"add {wrong.name}: {wrong.model.model_fields[wrong.name].description}"


def _unknown(wrong: _Wrong) -> tuple[str, str]:
    known = wrong.model.model_fields
    close = get_close_matches(wrong.name, known, n=1)
    remedy = f"did you mean {close[0]}?" if close else f"remove it; the known keys are: {', '.join(known)}"
    return f"unknown key {wrong.name!r}", remedy


def _not_a_text(wrong: _Wrong) -> tuple[str, str]:
    if not isinstance(wrong.value, (bool, int, float)):
        return f"{_kind(wrong.value)} is not a string", ""
    written = str(wrong.value).lower()
    wanted = "an account id" if "account" in wrong.path or "blocked_accounts" in wrong.path else "a string"
    return f"{written} is {_kind(wrong.value)}, not {wanted}", f'put it in quotes: "{written}"'


def _otherwise(wrong: _Wrong) -> tuple[str, str]:
    return f"{brief(wrong.value)}: {wrong.text.removeprefix('Value error, ')}", ""


def _wrong_form(wrong: _Wrong) -> tuple[str, str]:
    return f"{brief(wrong.value)} has the wrong format", ""


def _wrong_kind(wrong: _Wrong) -> tuple[str, str]:
    return f"{_kind(wrong.value)} is not allowed here", ""


def _not_an_entry(wrong: _Wrong) -> tuple[str, str]:
    keys = [name for name, field in wrong.model.model_fields.items() if field.is_required()]
    return f"{_kind(wrong.value)} is not allowed here", f"write a map with the keys {', '.join(keys)}"


def _too_small(wrong: _Wrong) -> tuple[str, str]:
    return f"{brief(wrong.value)} is too small", ""


def _too_large(wrong: _Wrong) -> tuple[str, str]:
    return f"{brief(wrong.value)} is too large", ""


def _empty(_: _Wrong) -> tuple[str, str]:
    return "the list is empty", ""


def _too_long(_: _Wrong) -> tuple[str, str]:
    return "this has too many entries or characters", ""


_WORDS: Final[dict[str, Callable[[_Wrong], tuple[str, str]]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "string_type": _not_a_text,
    "string_pattern_mismatch": _wrong_form,
    "literal_error": _wrong_form,
    "list_type": _wrong_kind,
    "dict_type": _wrong_kind,
    "model_type": _not_an_entry,
    "int_type": _wrong_kind,
    "greater_than_equal": _too_small,
    "less_than_equal": _too_large,
    "too_short": _empty,
    "too_long": _too_long,
    "string_too_long": _too_long,
}


def _kind(value: object) -> str:
    return _KINDS.get(type(value)) or f"the string {brief(value)}"


_KINDS: Final[dict[type, str]] = {
    dict: "a map",
    list: "a list",
    type(None): "an empty value",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}
