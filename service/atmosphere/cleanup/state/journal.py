"""The journal of a cleanup: every mutation that the guard let through, one JSON object a line, one text a pass."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from atmosphere.cleanup.state.troubles import prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.cleanup.aws.guard import Mutation
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.state.store import TextStore


def write_journal(store: TextStore, assignment: Assignment, number: int, taken: Sequence[Mutation]) -> None:
    """Write what pass `number` changed; nothing where it changed nothing. Raises `Unreachable`."""
    if not taken:
        return
    lines = [_line(each) for each in taken]
    name = f"journal/{assignment.attempt}-{number:04}-{taken[0].at:%Y%m%dT%H%M%S%f}.jsonl"
    store.put(prefix(assignment) + name, "\n".join(lines) + "\n")


def _line(mutation: Mutation) -> str:
    told = {"service": mutation.service, "operation": mutation.operation, "region": mutation.region}
    return json.dumps({"at": mutation.at.isoformat(), **told, "names": dict(mutation.names)}, sort_keys=True)
