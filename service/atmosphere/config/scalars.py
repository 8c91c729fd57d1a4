"""What an unquoted YAML scalar means, where YAML 1.1 and 1.2 agree; where they do not, the caller asks for quotes."""

from __future__ import annotations

import re
from typing import Any, Final

# YAML 1.2's core schema, in the spellings that 1.1 reads the same way. First match counts.
_SCALARS: Final = (
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"-?(?:0|[1-9][0-9]{0,17})"), int),
    (re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}"), float),
)
_AMBIGUOUS: Final = (
    re.compile(r"[-+.]?[0-9][0-9_.:]*(?:[eE][-+]?[0-9]+)?"),  # octal, sexagesimal, exponents, too long
    re.compile(r"[-+]?0[xob][0-9a-fA-F_]+"),
    re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE),
    re.compile(r"\d{4}-\d{1,2}-\d{1,2}.*"),
    re.compile(r"y|n|yes|no|on|off", re.IGNORECASE),
    re.compile(r"<<|="),
)


def scalar(text: str) -> tuple[Any, bool]:
    """What a plain scalar means, and whether tools read it differently (then it stays a text)."""
    for pattern, convert in _SCALARS:
        if pattern.fullmatch(text):
            return convert(text), False
    return text, any(pattern.fullmatch(text) for pattern in _AMBIGUOUS)


def is_text(text: str) -> bool:
    """Whether every tool reads the plain scalar as a text."""
    value, ambiguous = scalar(text)
    return isinstance(value, str) and not ambiguous
