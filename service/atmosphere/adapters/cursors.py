"""Where a page of history ended, as text that fits a URL; and the span of instants that a history is asked for."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.adapters.codecs import instant_text
from atmosphere.core.snapshot import canonical
from atmosphere.ports import InvalidCursor

if TYPE_CHECKING:
    from datetime import datetime

    from atmosphere.core.model import EnvironmentKey

PAGE: Final = 50  # rows
_BEFORE_ALL, _AFTER_ALL = "0", ":"  # every instant's text begins with a digit
_AFTER_IDS: Final = "$"  # follows `#`, which stands between an instant and an id


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A row of a history: its sort key and its environment (a requester's rows may share the sort key)."""

    start_id: str
    path: str

    def cursor(self) -> str:
        """As callers get it."""
        return urlsafe_b64encode(canonical([self.start_id, self.path]).encode()).decode()


@dataclass(frozen=True, slots=True)
class Span:
    """Bounds of sort keys, both included, and the row after which to go on."""

    first: str
    last: str
    after: Position | None

    @property
    def is_empty(self) -> bool:
        """Nothing can lie in it."""
        return self.first > self.last


def span(
    since: datetime | None, until: datetime | None, cursor: str | None, *, key: EnvironmentKey | None = None
) -> Span:
    """The part of a history between two instants that a page's cursor left over; of one environment if `key` is given.

    Raises `InvalidCursor` for a cursor that was not given out for these bounds and this environment.
    """
    first = instant_text(since) if since else _BEFORE_ALL
    last = f"{instant_text(until)}{_AFTER_IDS}" if until else _AFTER_ALL
    if cursor is None:
        return Span(first, last, None)
    after = _position(cursor)
    if after is None or not first <= after.start_id <= last or (key is not None and after.path != key.path):
        raise InvalidCursor("the cursor is not one that this history gave out: begin again without a cursor")
    return Span(first, last, after)


def _position(cursor: str) -> Position | None:
    try:
        match json.loads(urlsafe_b64decode(cursor.encode("ascii"))):
            case [str(start_id), str(path)] if path:
                return Position(start_id, path)
    except (ValueError, RecursionError):
        return None
    return None
