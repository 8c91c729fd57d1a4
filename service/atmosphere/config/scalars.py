"""What an unquoted YAML scalar means, where YAML 1.1 and 1.2 agree; where they do not, the caller asks for quotes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

# YAML 1.2's core schema, in the spellings that 1.1 reads the same way; JavaScript keeps 15 digits. First match counts.
_SCALARS: Final = (
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"-?(?:0|[1-9][0-9]{0,14})"), int),
    (re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}"), float),
)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Scalars that tools read differently, and how: `readings`. `number` is what to write if a number was meant."""

    pattern: re.Pattern[str]
    readings: str
    number: str = ""

    def remedy(self, quoted: str) -> str:
        """What to write instead of a scalar, which is given in quotes."""
        return f"put it in quotes: {quoted}{'; ' + self.number if self.number else ''}"


_DECIMAL: Final = "if a number is meant, write it in plain decimal digits"
_AMBIGUOUS: Final = (
    Ambiguous(
        re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?"), "as a number in base 60 or as a string", _DECIMAL
    ),
    Ambiguous(re.compile(r"[-+]?0[0-9_]+"), "as an octal number, as a decimal one or as a string", _DECIMAL),
    Ambiguous(re.compile(r"[-+.]?[0-9][0-9_.:]*(?:[eE][-+]?[0-9]+)?"), "as a number or as a string", _DECIMAL),
    Ambiguous(re.compile(r"[-+]?0[xob][0-9a-fA-F_]+"), "as a number or as a string", _DECIMAL),
    Ambiguous(re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE), "as a number or as a string", _DECIMAL),
    Ambiguous(re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*"), "as a date or as a string"),
    Ambiguous(re.compile(r"y|n|yes|no|on|off", re.IGNORECASE), "as a boolean or as a string", "or write true or false"),
    Ambiguous(re.compile(r"<<|="), "as an instruction or as a string"),
)


def scalar(text: str) -> tuple[Any, Ambiguous | None]:
    """What a plain scalar means, and how tools differ about it, if they do (then it stays a text)."""
    for pattern, convert in _SCALARS:
        if pattern.fullmatch(text):
            return convert(text), None
    return text, next((each for each in _AMBIGUOUS if each.pattern.fullmatch(text)), None)


def is_text(text: str) -> bool:
    """Whether every tool reads the plain scalar as a text."""
    value, ambiguous = scalar(text)
    return isinstance(value, str) and not ambiguous
