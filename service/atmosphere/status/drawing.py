"""The drawings of the page: bars and timelines as SVG, each with its content in words, and the key of their colors."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from atmosphere.core.model import Status
from atmosphere.status.markup import Markup, element
from atmosphere.status.timeline import clock, lasted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.status.timeline import Act, Day, Span

STATUSES: Final = tuple(str(status) for status in Status)
_WIDTH: Final = 1440  # units of a drawing; minutes of a day
_HEIGHT: Final = 20
_GAP: Final = 4  # between two parts of a bar
_LEAST: Final = 10  # what is shorter could not be seen
_EVERY: Final = timedelta(hours=6)


def key(status: str) -> Markup:
    """The color of a status, beside its word."""
    return element("span", class_=f"key {status}", aria_hidden="true")


def _keys(*rows: tuple[str, str]) -> Markup:
    items = (element("li", key(status), word) for status, word in rows)
    return element("ul", *items, class_="keys", aria_label="Colors")


KEYS: Final = _keys(*((status, status) for status in STATUSES))
DAY_KEYS: Final = _keys(
    *((status, status) for status in STATUSES),
    ("unknown", "between allocations: being cleaned, or free"),
    ("act", "act of an operator"),
)


def bar(counts: Mapping[str, int]) -> Markup:
    """The environments of a pool, each as a part of the same width."""
    statuses = [status for status in STATUSES for _ in range(counts.get(status, 0))]
    told = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts.get(status))
    width = _WIDTH / max(len(statuses), 1)
    gap = min(_GAP, width / 4)
    parts = (_rect(status, number * width, width - gap) for number, status in enumerate(statuses))
    return element("span", _drawing(told or "no environment", *parts), class_="wide")


def hours(begin: datetime) -> list[str]:
    """What stands above a day."""
    return [*(clock(begin + number * _EVERY) for number in range(4)), "now"]


def timeline(day: Day) -> Markup:
    """The day of an environment."""
    told = [_in_words(day), *(f"{act.what} by an operator at {clock(act.at)}" for act in day.acts)]
    if day.cut:
        told.append("what was before is not shown")
    parts = [_span(span, day) for span in day.spans] + [_act(act, day) for act in day.acts]
    return element("span", _drawing("; ".join(told), *parts), class_="wide")


def _in_words(day: Day) -> str:
    used = f"{day.allocations} allocations, {lasted(day.in_use)} in use" if day.allocations else "not in use"
    rest = [
        f"{span.status} from {clock(span.begin)} to {clock(span.end)}" for span in day.spans if span.status != "in-use"
    ]
    return "; ".join([used, *rest])


def _span(span: Span, day: Day) -> Markup:
    title = f"{span.status} {clock(span.begin)} to {clock(span.end)} ({lasted(span.length)})"
    width = max(_minutes(span.length), _LEAST)
    begin = min(_minutes(span.begin - day.begin), _WIDTH - width)
    return _rect(span.status, begin, width, title=f"{title}: {span.note}" if span.note else title)


def _act(act: Act, day: Day) -> Markup:
    title = f"{act.what} at {clock(act.at)}: {act.reason}"
    return _rect("act", min(_minutes(act.at - day.begin), _WIDTH - _LEAST), _LEAST, title=title)


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


def _rect(status: str, begin: float, width: float, *, title: str = "") -> Markup:
    told = (element("title", title),) if title else ()
    return element("rect", *told, class_=status, x=f"{begin:.1f}", width=f"{width:.1f}", height=_HEIGHT)


def _drawing(told: str, *parts: Markup) -> Markup:
    size = f"0 0 {_WIDTH} {_HEIGHT}"
    return element("svg", *parts, role="img", aria_label=told, viewBox=size, preserveAspectRatio="none")
