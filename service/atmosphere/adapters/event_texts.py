"""An event's detail as JSON, for the bus and for its twin: every name that may be in it is here.

`text` is one line for a chat or a mail; `requester` and `reason` are as they are, for programs.
EventBridge counts bytes of UTF-8 and takes 256 KB for a whole entry, and so do most of the targets behind it.
docs/events/ has the schemas.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from atmosphere.adapters.commands import commands
from atmosphere.core import inert
from atmosphere.core.events import AllocationEvent, EnvironmentEvent, EventKind, PoolEvent

if TYPE_CHECKING:
    from atmosphere.core.events import Blocker, Event
    from atmosphere.core.model import Json

MOST_BYTES: Final = 200 * 1024
MOST_BLOCKERS: Final = 20
_LONGEST_ERROR: Final = 1000
_DOES: Final = {
    EventKind.FREE: "is free",
    EventKind.DIRTY: "is dirty",
    EventKind.HELD: "is held",
    EventKind.REINSTATED: "was reinstated",
    EventKind.RESUMED: "is no longer held, and is cleaned",
    EventKind.DEREGISTERED: "is gone",
    EventKind.POOL_HELD: "is held: its cleanups delete nothing until an operator resumes it",
    EventKind.POOL_RESUMED: "is resumed: its cleanups delete again",
    EventKind.POOL_EXHAUSTED: "is exhausted: callers wait, and nothing is free",
    EventKind.TIMED_OUT: "did not end before its deadline",
    EventKind.LOST: "ended because its heartbeats did",
}


def detail(event: Event) -> str:
    """At most `MOST_BYTES` of JSON: lines of the Markdown that do not fit are left out, and a last one says so."""
    said: dict[str, Json] = {"id": event.id, "at": instant(event.at), "pool": event.pool, "text": sentence(event)}
    said["next"] = list(commands(event))
    if isinstance(event, PoolEvent):
        return _text(said | _of_pool(event))
    if isinstance(event, AllocationEvent):
        return _text(said | _of_allocation(event))
    said |= _of_environment(event)
    room = MOST_BYTES - _size({**said, "markdown": ""})
    return _text({**said, "markdown": _cut(event.markdown, room, event.report)})


def sentence(event: Event) -> str:
    """What happened, with nothing in it that a chat or a mail program acts on."""
    does = _DOES[event.kind]
    if isinstance(event, PoolEvent):
        waiting = f" ({event.waiting} waiting)" if event.waiting is not None else ""
        return f"the pool {event.pool} {does}{waiting}{_because(event.reason)}"
    after = f" after {_shown(event.requester)}" if event.requester else ""
    if isinstance(event, AllocationEvent):
        return f"the allocation {event.allocation} of {', '.join(map(str, event.environments))} {does}{after}"
    return f"{event.key} {does}{_because(event.reason)}{after}"


def instant(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _because(reason: str | None) -> str:
    return f" ({_shown(reason)})" if reason else ""


def _shown(text: str) -> str:
    return inert.code(inert.unlinked(text))


def _of_environment(event: EnvironmentEvent) -> dict[str, Json]:
    return {
        "environment": str(event.key),
        "account": event.key.account,
        "region": event.key.region,
        "allocation": event.allocation,
        "attempt": event.attempt,
        "reason": event.reason,
        "requester": event.requester or None,
        "who": event.who,
        "retryAt": instant(event.retry_at),
        "report": event.report,
        "blockers": [_blocker(each) for each in event.blockers[:MOST_BLOCKERS]],
        "blockersLeftOut": max(0, len(event.blockers) - MOST_BLOCKERS),
    }


def _blocker(blocker: Blocker) -> Json:
    error = blocker.error[:_LONGEST_ERROR]
    return {"resource": blocker.resource, "error": error, "what": blocker.what, "command": blocker.command}


def _of_allocation(event: AllocationEvent) -> dict[str, Json]:
    return {
        "allocation": event.allocation,
        "environments": [str(key) for key in event.environments],
        "requester": event.requester or None,
        "owner": event.owner,
        "startedAt": instant(event.started),
        "deadline": instant(event.deadline),
        "outcome": event.outcome,
    }


def _of_pool(event: PoolEvent) -> dict[str, Json]:
    return {
        "reason": event.reason,
        "environments": [str(key) for key in event.environments],
        "who": event.who,
        "counts": {str(status): number for status, number in event.counts.items()},
        "waiting": event.waiting,
    }


def _cut(markdown: str, room: int, report: str | None) -> str:
    if _inside(markdown) <= room:
        return markdown
    last = f"\nCut here: all of it is in {report}.\n"
    room -= _inside(last)
    kept = []
    for line in markdown.splitlines(keepends=True):
        room -= _inside(line)
        if room < 0:
            break
        kept.append(line)
    return "".join(kept) + last


def _inside(text: str) -> int:
    """Bytes that a text takes within JSON, without its quotes."""
    return _size(text) - 2


def _size(value: Json) -> int:
    return len(_text(value).encode())


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
