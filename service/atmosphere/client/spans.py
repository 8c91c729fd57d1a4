"""Times as people write them: `3h`, `90m`, `45s`, or seconds."""

from __future__ import annotations

import re
from typing import Final

_SPAN: Final = re.compile(r"([0-9]{1,7}(?:\.[0-9]+)?)\s*([smh]?)")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> float:
    """The seconds; raises `ValueError` with what to write instead."""
    found = _SPAN.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"{text!r} is not a time: write seconds, or a time such as 45s, 90m or 3h")
    return float(found[1]) * _UNITS[found[2]]
