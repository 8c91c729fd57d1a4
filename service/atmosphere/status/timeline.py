"""The last day of one environment: when it was in use, what it has been since its last change, what operators did.

The history tells when allocations began and ended. When a cleanup ended it does not tell, except for the last one: so
between two allocations an environment was being cleaned, or free.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from atmosphere.client.leftovers import Recent
    from atmosphere.client.results import EnvironmentState, HistoryLine

IN_USE: Final = "in-use"
_ALLOCATION: Final = "allocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time in which the environment had a status, within the day; `note` says whose test or why."""

    status: str
    begin: datetime
    end: datetime
    note: str = ""

    @property
    def length(self) -> timedelta:
        """How long it lasted within the day."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What an operator did, and when."""

    at: datetime
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The spans of an environment from `begin` to `end`, in order. With `cut`, earlier ones are missing."""

    begin: datetime
    end: datetime
    spans: Sequence[Span]
    acts: Sequence[Act]
    cut: bool = False

    @property
    def allocations(self) -> int:
        """How many there were."""
        return sum(span.status == IN_USE for span in self.spans)

    @property
    def in_use(self) -> timedelta:
        """How long it was allocated."""
        return sum((span.length for span in self.spans if span.status == IN_USE), timedelta())


def day_of(environment: EnvironmentState, recent: Recent, *, begin: datetime, end: datetime) -> Day:
    """The day of one environment, from its status and its history."""
    spans = [_allocated(line, environment, end) for line in recent.lines if line.kind == _ALLOCATION]
    if environment.status not in (None, IN_USE) and environment.since is not None:
        spans.append(Span(status=str(environment.status), begin=environment.since, end=end))
    acts = [
        Act(at=line.at, what=line.kind, reason=line.reason or "")
        for line in recent.lines
        if line.kind != _ALLOCATION and begin <= line.at <= end
    ]
    oldest = min((line.at for line in recent.lines), default=end)
    return Day(
        begin=begin,
        end=end,
        spans=tuple(_within(spans, begin, end)),
        acts=tuple(sorted(acts, key=lambda act: act.at)),
        cut=recent.more and oldest > begin,
    )


def _allocated(line: HistoryLine, environment: EnvironmentState, end: datetime) -> Span:
    """An allocation without an end lasts, unless the environment has moved on: then it ended at the latest then."""
    moved_on = environment.allocation != line.id or environment.status != IN_USE
    until = line.ended_at or (environment.since if moved_on else None) or end
    return Span(status=IN_USE, begin=line.at, end=max(until, line.at), note=line.requester)


def _within(spans: Iterable[Span], begin: datetime, end: datetime) -> list[Span]:
    inside = [
        Span(status=span.status, begin=max(span.begin, begin), end=min(span.end, end), note=span.note)
        for span in spans
        if span.end > begin and span.begin < end
    ]
    return sorted(inside, key=lambda span: span.begin)


def lasted(span: timedelta) -> str:
    """A duration in words for people: its two largest units, to the minute; below one, in seconds."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return f"{max(int(span.total_seconds()), 0)} s"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    first = next(index for index, (number, _) in enumerate(parts) if number)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number)


def clock(at: datetime) -> str:
    """The time of day in UTC, to the minute."""
    return f"{at.astimezone(UTC):%H:%M}"
