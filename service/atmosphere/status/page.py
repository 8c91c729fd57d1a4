"""The page as HTML: one file, no script, nothing fetched from anywhere; made from an overview alone.

Its policy allows the page its own style, by digest, and nothing else: even an element that came from somewhere else
could do nothing. Lengths of bars are numbers in SVG, because style attributes would need a wider policy.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from atmosphere.status import drawing
from atmosphere.status.markup import Markup, element, joined, table, text
from atmosphere.status.style import STYLE
from atmosphere.status.timeline import clock, lasted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.client.results import EnvironmentState, HistoryLine
    from atmosphere.status.overview import Blocker, Dirty, Leavings, Overview

_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"


def html(shown: Overview, *, reload_seconds: int | None = None) -> str:
    """The whole page. With `reload_seconds`, a browser asks for it again after that time."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", http_equiv="refresh", content=reload_seconds) if reload_seconds else "",
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"Atmosphere: {_headline(shown)}"),
        element("style", Markup(STYLE)),
    )
    body = element("body", _header(shown), element("main", *_sections(shown)), _footer(shown))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _headline(shown: Overview) -> str:
    counts = shown.counts
    return f"{counts['free']} of {len(shown.environments)} environments free, {counts['dirty']} dirty"


def _header(shown: Overview) -> Markup:
    when = element("time", f"{shown.at:%Y-%m-%d %H:%M:%S} UTC", datetime=shown.at.isoformat())
    return element("header", element("h1", "Atmosphere"), element("p", _headline(shown), ", at ", when))


def _footer(shown: Overview) -> Markup:
    about = f"The last 24 hours begin at {shown.begin:%Y-%m-%d %H:%M} UTC. All times are in UTC."
    return element("footer", element("p", about))


def _sections(shown: Overview) -> Iterator[Markup]:
    yield _counts(shown)
    yield _dirty(shown)
    yield _section("pools", "Pools", _pools(shown))
    yield _section("days", "The last 24 hours", _days(shown))
    yield _section("outcomes", "Recent outcomes", _outcomes(shown))
    yield _section("leftovers", "Leftovers by requester, last 24 hours", _leavings(shown))


def _section(name: str, title: str, *content: object, class_: str | None = None) -> Markup:
    heading = element("h2", title, id=name)
    return element("section", heading, *content, aria_labelledby=name, class_=class_)


def _counts(shown: Overview) -> Markup:
    rows = [(status, shown.counts[status], status) for status in drawing.STATUSES]
    rows.append(("waiting callers", shown.waiting, "waiting"))
    boxes = [element("div", element("dt", name), element("dd", number), class_=kind) for name, number, kind in rows]
    return element("dl", *boxes, class_="counts")


def _dirty(shown: Overview) -> Markup:
    if not shown.dirty:
        return _section("dirty", "Dirty environments", element("p", "None: nothing waits for an operator here."))
    listed = element("ul", *(element("li", *_one_dirty(each, shown)) for each in shown.dirty), class_="plain")
    return _section("dirty", f"Dirty environments: {len(shown.dirty)}", listed, class_="alert")


def _one_dirty(each: Dirty, shown: Overview) -> Iterator[Markup]:
    row = each.environment
    since = f"for {lasted(shown.at - row.since)}" if row.since else ""
    about = element("span", f"{row.pool}, {since}", class_="quiet")
    yield element("h3", _address(row.account, row.region), element("code", row.dirty_reason or "no reason"), about)
    if row.retry_at:
        yield element("p", f"It is cleaned again by itself at {row.retry_at:%Y-%m-%d %H:%M} UTC.")
    if each.blockers:
        yield element("ul", *map(_blocker, each.blockers), class_="steps")
    if each.more:
        yield element("p", f"{each.more} more blockers are in the report.")
    yield element("p", "Next: ", joined(_between(element("code", command) for command in each.commands)))


def _blocker(each: Blocker) -> Markup:
    step = (element("br"), each.step, ": ", element("code", each.command)) if each.command else ()
    return element("li", element("code", each.what), " ", each.error, *step)


def _between(parts: Iterator[Markup]) -> Iterator[Markup]:
    for number, part in enumerate(parts):
        yield joined((", then " if number else "", part))


def _pools(shown: Overview) -> Markup:
    if not shown.pools:
        return element("p", "There is no pool.")
    head = ("pool", "environments", *drawing.STATUSES, "waiting")
    rows = (
        (
            _whole(pool.name),
            drawing.bar(pool.counts),
            *(pool.counts.get(status, 0) for status in drawing.STATUSES),
            "not told" if pool.waiting is None else pool.waiting,
        )
        for pool in shown.pools
    )
    return joined((table("Pools, with their environments by status", head, rows, class_="numbers"), drawing.KEYS))


def _days(shown: Overview) -> Markup:
    if not shown.environments:
        return element("p", "No environment is registered.")
    hours = element("span", *(element("span", name) for name in drawing.hours(shown.begin)), class_="hours")
    head = ("environment", "pool", "now", hours, "in use (allocations)")
    rows = (_day(each, shown) for each in shown.environments)
    hidden = len(shown.environments) - len(shown.days)
    left_out = element("p", f"{hidden} environments are shown without their history.", class_="quiet")
    parts = (table("The last day of each environment", head, rows), drawing.DAY_KEYS, left_out if hidden else "")
    return joined(parts)


def _day(each: EnvironmentState, shown: Overview) -> tuple[object, ...]:
    day = shown.days.get(f"{each.account}/{each.region}")
    since = f" for {lasted(shown.at - each.since)}" if each.since else ""
    quiet = element("span", since, class_="quiet")
    now = element("span", drawing.key(str(each.status)), each.standing, quiet, class_="nowrap")
    where = (_address(each.account, each.region), _whole(each.pool or ""), now)
    if day is None:
        return (*where, "not asked", "")
    used = f"{lasted(day.in_use)} ({day.allocations})" if day.allocations else "not in use"
    return (*where, drawing.timeline(day), _whole(used))


def _outcomes(shown: Overview) -> Markup:
    if not shown.outcomes:
        return element("p", "No allocation ended within the last 24 hours.")
    head = ("ended", "requester", "outcome", "ended by", "environment", "lasted")
    return table("Allocations that ended last, newest first", head, map(_outcome, shown.outcomes))


def _outcome(line: HistoryLine) -> tuple[object, ...]:
    ended = line.ended_at or line.at
    return (
        element("time", clock(ended), datetime=ended.isoformat(), class_="time"),
        _words(line.requester or "not named"),
        _words(line.outcome or ""),
        line.ended_by or "",
        _address(line.account, line.region),
        _whole(lasted(ended - line.at)),
    )


def _leavings(shown: Overview) -> Markup:
    if not shown.leavings:
        return element("p", "No leftovers are recorded.")
    head = ("requester", "cleanings", "removed", "left", "most of them")
    return table("What tests left behind, by requester", head, map(_leaving, shown.leavings))


def _leaving(each: Leavings) -> tuple[object, ...]:
    types = ", ".join(f"{number} {name}" for name, number in each.types)
    return _words(each.requester or "not named"), each.cleanings, each.removed, each.left, types


def _words(value: str) -> Markup:
    """What somebody wrote: it may be folded anywhere."""
    return element("span", value, class_="words")


def _whole(value: str) -> Markup:
    """What is not folded."""
    return element("span", value, class_="nowrap")


def _address(account: str, region: str) -> Markup:
    return element("span", text(f"{account}/{region}"), class_="place")
