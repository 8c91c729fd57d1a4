"""What the configuration names and a cleanup did not keep, with the reason.

The last scan does not show it any more, but the report has to: an operator expects it to be there. It lies in
`<cleanup prefix>/refused.json`, over all attempts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from atmosphere.cleanup.state.troubles import dump, prefix, resource, row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.model import Assignment, Resource
    from atmosphere.cleanup.state.store import TextStore


class RefusedRepository:
    """All that was refused so far, in a `TextStore`. Raises `Unreachable`, also when made."""

    def __init__(self, store: TextStore, assignment: Assignment) -> None:
        self._store = store
        self._name = f"{prefix(assignment)}refused.json"
        told: list[list[str]] = json.loads(store.get(self._name) or "[]")
        self.entries = {resource(each): each[3] for each in told}

    def note(self, refused: Mapping[Resource, str]) -> None:
        """What a scan refused; written if it is new."""
        after = {**self.entries, **refused}
        if after != self.entries:
            self.entries = after
            self._store.put(self._name, dump([[*row(item), after[item]] for item in sorted(after)]))
