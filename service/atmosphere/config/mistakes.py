"""What a wrong value is called, and what to write instead: a table by pydantic's kinds of errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from atmosphere.config.problems import brief

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from atmosphere.config.problems import Path


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that has the wrong shape, the innermost model around it, and pydantic's text about it."""

    path: Path
    model: type[BaseModel]
    value: Any
    text: str

    @property
    def name(self) -> str:
        """The key or the index that the value belongs to."""
        return str(self.path[-1])


def explain(kind: str, wrong: Wrong) -> tuple[str, str]:
    """What is wrong and the remedy, which is empty if only the key's description helps."""
    return _WORDS.get(kind, _otherwise)(wrong)


def _missing(wrong: Wrong) -> tuple[str, str]:
    return f"the key {wrong.name} is missing", f"add {wrong.name}: {wrong.model.model_fields[wrong.name].description}"


def _unknown(wrong: Wrong) -> tuple[str, str]:
    known = wrong.model.model_fields
    close = get_close_matches(wrong.name, known, n=1)
    remedy = f"did you mean {close[0]}?" if close else f"remove it; the known keys are: {', '.join(known)}"
    return f"unknown key {wrong.name!r}", remedy


def _not_a_text(wrong: Wrong) -> tuple[str, str]:
    if not isinstance(wrong.value, (bool, int, float)):
        return f"{_kind(wrong.value)} is not a string", ""
    written = str(wrong.value).lower()
    wanted = "an account id" if "account" in wrong.path or "blocked_accounts" in wrong.path else "a string"
    return f"{written} is {_kind(wrong.value)}, not {wanted}", f'put it in quotes: "{written}"'


def _otherwise(wrong: Wrong) -> tuple[str, str]:
    return f"{brief(wrong.value)}: {wrong.text.removeprefix('Value error, ')}", ""


def _wrong_form(wrong: Wrong) -> tuple[str, str]:
    return f"{brief(wrong.value)} has the wrong format", ""


def _not_a_list(wrong: Wrong) -> tuple[str, str]:
    remedy = f"write a list: {wrong.name}: [{wrong.value}]" if _is_word(wrong.value) else ""
    return f"{_kind(wrong.value)} is not a list", remedy


_A_WORD: Final = re.compile(r"[\w.:/@+-]{1,200}")


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _A_WORD.fullmatch(value) is not None


def _not_a_map(wrong: Wrong) -> tuple[str, str]:
    description = getattr(wrong.model.model_fields.get(wrong.name), "description", None)
    example = f"{wrong.name}: {{NAME: {wrong.value}}}" if _is_word(wrong.value) else f"{wrong.name}: {{NAME: VALUE}}"
    return f"{_kind(wrong.value)} is not a map", f"write a map: {example}{f' ({description})' if description else ''}"


def _not_an_entry(wrong: Wrong) -> tuple[str, str]:
    keys = [name for name, field in wrong.model.model_fields.items() if field.is_required()]
    return f"{_kind(wrong.value)} is not allowed here", f"write a map with the keys {', '.join(keys)}"


_SPAN: Final = re.compile(r"([0-9]{1,9})\s*([a-z]+)", re.IGNORECASE)
_QUOTED: Final = re.compile(r"[0-9]{1,18}")
_UNITS: Final[dict[str, int]] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
}


def _not_a_number(wrong: Wrong) -> tuple[str, str]:
    text = wrong.value if isinstance(wrong.value, str) else ""
    if _QUOTED.fullmatch(text):
        return f"{brief(text)} in quotes is a string, not a number", f"remove the quotes: {int(text)}"
    span = _SPAN.fullmatch(text)
    if span and wrong.name.endswith("_seconds") and (unit := _UNITS.get(span[2].lower())):
        return f"{brief(text)} has a unit, but this is a number of seconds", f"write {int(span[1]) * unit}"
    return f"{_kind(wrong.value)} is not a whole number", ""


def _too_small(wrong: Wrong) -> tuple[str, str]:
    return f"{brief(wrong.value)} is too small", ""


def _too_large(wrong: Wrong) -> tuple[str, str]:
    return f"{brief(wrong.value)} is too large", ""


def _empty(_: Wrong) -> tuple[str, str]:
    return "the list is empty", ""


def _too_long(_: Wrong) -> tuple[str, str]:
    return "this has too many entries or characters", ""


_WORDS: Final[dict[str, Callable[[Wrong], tuple[str, str]]]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "string_type": _not_a_text,
    "string_pattern_mismatch": _wrong_form,
    "literal_error": _wrong_form,
    "list_type": _not_a_list,
    "dict_type": _not_a_map,
    "model_type": _not_an_entry,
    "int_type": _not_a_number,
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
