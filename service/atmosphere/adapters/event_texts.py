"""An event's detail as JSON, for the bus and for its twin: every name that may stand in it stands here.

`text` is one line for a chat; `requester` and `reason` are as they are, for programs.
EventBridge counts bytes of UTF-8 and takes 256 KB for a whole entry, and so do most of the targets behind it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from atmosphere.contract import EventKind
from atmosphere.core import inert

if TYPE_CHECKING:
    from atmosphere.core.model import Json
    from atmosphere.ports import CleanupEnded

MOST_BYTES: Final = 200 * 1024


def detail(event: CleanupEnded) -> str:
    """At most `MOST_BYTES` of JSON: lines of the Markdown that do not fit are left out, and a last one says so."""
    told: dict[str, Json] = {
        "environment": str(event.key),
        "account": event.key.account,
        "region": event.key.region,
        "pool": event.pool,
        "allocation": event.allocation,
        "attempt": event.attempt,
        "reason": event.reason,
        "requester": event.requester or None,
        "report": event.report,
        "text": _sentence(event),
    }
    room = MOST_BYTES - _size({**told, "markdown": ""})
    return _text({**told, "markdown": _cut(event.markdown, room, event.report)})


def _sentence(event: CleanupEnded) -> str:
    """What happened, with nothing in it that a chat acts on."""
    reason = f" ({inert.code(event.reason)})" if event.reason else ""
    requester = f" after {inert.code(event.requester)}" if event.requester else ""
    if event.kind is EventKind.POOL_HELD:
        return f"cleanups of the pool {event.pool} delete nothing until an operator resumes it{reason}"
    return f"{event.key} is {str(event.kind).rpartition(' ')[2].lower()}{reason}{requester}"


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
