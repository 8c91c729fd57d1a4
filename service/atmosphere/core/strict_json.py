"""JSON from strangers: one object, no duplicate keys, no NaN, bounded depth, so no two parsers disagree (RFC 8259)."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from atmosphere.core.errors import InvalidRequest, TooLarge

if TYPE_CHECKING:
    from atmosphere.core.model import Json

MAX_BYTES: Final = 16 * 1024
_MAX_DEPTH: Final = 10
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # possessive: nothing is kept to go back to


def parse_object(body: bytes) -> dict[str, Json]:
    """The object in `body`; raises `TooLarge` or `InvalidRequest`."""
    if len(body) > MAX_BYTES:
        raise TooLarge
    try:
        text = body.decode("utf-8")
        _bound_depth(text)
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except UnicodeDecodeError as broken:
        raise InvalidRequest("the body is not UTF-8: send JSON in UTF-8") from broken
    except (ValueError, RecursionError) as broken:
        raise InvalidRequest("the body is not valid JSON: send one JSON object") from broken
    if not isinstance(value, dict):
        raise InvalidRequest("the body is not a JSON object: send one, e.g. {}")
    return value


def _bound_depth(text: str) -> None:
    """Refuse deep nesting before the parser recurses; brackets inside strings do not count."""
    depth = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        if depth > _MAX_DEPTH:
            raise InvalidRequest(f"the body is nested deeper than {_MAX_DEPTH} levels")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise InvalidRequest("the body names a key twice: name each once")
    return value


def _no_constant(name: str) -> NoReturn:
    raise InvalidRequest(f"{name} is not JSON")


def _finite(text: str) -> float:
    """`1e999` would become infinity, which no JSON can hold."""
    number = float(text)
    if math.isinf(number):
        raise InvalidRequest(f"the number {text[:20]!r} is too large")
    return number
