"""JSON from strangers: one object, no duplicate keys, no NaN, bounded depth, so no two parsers disagree (RFC 8259)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

from atmosphere.core.errors import InvalidRequest, TooLarge

if TYPE_CHECKING:
    from atmosphere.core.model import Json

MAX_BYTES: Final = 16 * 1024
_MAX_DEPTH: Final = 10


def parse_object(body: bytes) -> dict[str, Json]:
    """The object in `body`; raises `TooLarge` or `InvalidRequest`."""
    if len(body) > MAX_BYTES:
        raise TooLarge
    try:
        text = body.decode("utf-8")
        _bound_depth(text)
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as broken:
        raise InvalidRequest("the body is not UTF-8: send JSON in UTF-8") from broken
    except (ValueError, RecursionError) as broken:
        raise InvalidRequest("the body is not valid JSON: send one JSON object") from broken
    if not isinstance(value, dict):
        raise InvalidRequest("the body is not a JSON object: send one, e.g. {}")
    return value


def _bound_depth(text: str) -> None:
    """Refuse deep nesting before the parser recurses; brackets inside strings only make the bound stricter."""
    depth = 0
    for character in text:
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
