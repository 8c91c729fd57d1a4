"""A report as Markdown: from its JSON, so that whoever has the one has the other.

All that a test or an error of AWS may have worded is a code span (`core.inert`), never part of the page's markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.report.next_steps import clean_again
from atmosphere.core.inert import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_ROWS: Final = 100
"""Of a table: the JSON has all of them."""
_LISTS: Final = (
    ("Could not be listed", "unknown"),
    ("What to do about it", "advice"),
    ("May remain", "deferred"),
    ("Not swept", "uncovered"),
    ("Tagged, and nothing tells of it", "unexplained"),
    ("Skipped", "skipped"),
    ("Named in the configuration, and not kept", "refused"),
    ("Toolkit", "toolkit"),
)


def markdown(content: Mapping[str, Any]) -> str:
    """What the report says, for people. Reports of older versions say less."""
    reason = f" ({code(content['reason'])})" if content["reason"] else ""
    lines = [
        f"# {content['environment']}: {content['verdict']}{reason}",
        "",
        f"Allocation {content['allocation']}, attempt {content['attempt']}, {content['at']}.",
        f"Passes: {content['passes']}. Changes: {content['mutations']}.",
    ]
    lines += [f"Left by: {code(content['requester'])}."] if content.get("requester") else []
    lines += _seconds(content.get("seconds", {}))
    lines += ["", code(content["explanation"])] if content["explanation"] else []
    lines += _blockers(content["blockers"])
    lines += _listed("AWS was at work on", {_waited(each): _doing(each) for each in content.get("waitingFor", ())})
    lines += _totals(content.get("totals", {}))
    for title, key in _LISTS:
        lines += _listed(title, content.get(key, ()))
        if key == "unknown" and content.get(key):
            lines += ["", f"Allow the admin role to list these, then {code(clean_again(_place(content)))}."]
    return "\n".join(lines) + "\n"


def _seconds(spent: Mapping[str, float]) -> list[str]:
    if not spent:
        return []
    return ["Seconds: " + ", ".join(f"{phase} {seconds:.0f}" for phase, seconds in spent.items()) + "."]


def _blockers(blockers: Sequence[Mapping[str, Any]]) -> list[str]:
    if not blockers:
        return []
    head = ("type", "id", "region", "stack", "created", "attempts", "error", "named in it", "console", "next")
    return ["", *_table(head, blockers, _blocker)]


def _blocker(blocker: Mapping[str, Any]) -> tuple[object, ...]:
    link, first, step = blocker.get("console"), blocker.get("first"), blocker.get("next")
    error = f"{blocker['code']}: {blocker['message']}"
    if until := blocker.get("until"):
        error = f"{error} (until {until})"
    return (
        code(blocker["type"]),
        code(blocker["id"]),
        code(blocker["region"]),
        code(blocker["stack"] or ""),
        blocker.get("created") or "",
        blocker["attempts"],
        code(f"{error} (first {first['code']}: {first['message']})" if first else error),
        code(", ".join(blocker.get("blockedBy", ()))),
        f"[open]({link})" if link else "",
        f"{step['what']}: {code(step['command'])}" if step else "",
    )


def _place(content: Mapping[str, Any]) -> str:
    return str(content["environment"]).removeprefix("aws://")


def _waited(wait: Mapping[str, str]) -> str:
    return f"{wait['type']}:{wait['id']}@{wait['region']}"


def _doing(wait: Mapping[str, str]) -> str:
    return f"{wait['doing']}, since {wait['since']}"


def _totals(totals: Mapping[str, Mapping[str, int]]) -> list[str]:
    found, removed, left = (totals.get(name, {}) for name in ("found", "removed", "left"))
    if not found:
        return []
    rows = [(code(name), number, removed.get(name, 0), left.get(name, 0)) for name, number in found.items()]
    return ["", *_table(("type", "found", "removed", "left"), rows, tuple)]


def _table(head: tuple[str, ...], rows: Sequence[Any], row: Any) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    yield from (_row(row(each)) for each in rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        yield _row([f"and {len(rows) - MOST_ROWS} more in the JSON", *[""] * (len(head) - 1)])


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _listed(title: str, entries: Mapping[str, str] | Sequence[str]) -> list[str]:
    if not entries:
        return []
    pairs = list(entries.items()) if hasattr(entries, "items") else [(entry, "") for entry in entries]
    more = [f"- and {len(pairs) - MOST_ROWS} more in the JSON"] if len(pairs) > MOST_ROWS else []
    return [
        "",
        f"{title}:",
        "",
        *(f"- {code(name)} {code(error)}".rstrip() for name, error in pairs[:MOST_ROWS]),
        *more,
    ]
