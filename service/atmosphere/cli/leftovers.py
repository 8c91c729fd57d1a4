"""`atmosphere leftovers`: who leaves what behind, added up over a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.options import EPILOG, Question, history_question, json_option
from atmosphere.cli.output import note, plain, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.client.leftovers import LeftBehind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """What a requester left of a type: in how many cleanings, and how much of it was `removed` or is `left`."""

    requester: str
    type: str
    cleanings: int = 0
    removed: int = 0
    left: int = 0

    def with_one(self, found: LeftBehind) -> _Sum:
        return _Sum(
            requester=self.requester,
            type=self.type,
            cleanings=self.cleanings + 1,
            removed=self.removed + found.removed.get(self.type, 0),
            left=self.left + found.left.get(self.type, 0),
        )


@click.command(epilog=EPILOG)
@history_question
@json_option
@connected(caller="operator")
def leftovers(connection: Connection, *, question: Question, as_json: bool) -> None:
    """Show what tests left behind in ENVIRONMENT (ACCOUNT/REGION), totaled by requester and type, largest first."""
    _show(list(connection.client().leftovers(**question)), as_json=as_json)


def _show(cleanings: Sequence[LeftBehind], *, as_json: bool) -> None:
    sums = _added_up(cleanings)
    uncounted = sum(not each.counted for each in cleanings)
    incomplete = sum(each.unknown > 0 for each in cleanings)
    if as_json:
        about = {"cleanings": len(cleanings), "uncounted": uncounted, "incomplete": incomplete}
        print_json(about | {"leftovers": [plain(each) for each in sums]})
        return
    rows = [(each.requester, each.type, *map(str, (each.cleanings, each.removed, each.left))) for each in sums]
    print_table(("requester", "type", "cleanings", "removed", "left"), rows, empty="no leftovers are recorded")
    if uncounted:
        note(
            f"of {len(cleanings)} cleanings, {uncounted} are not counted: not started yet, or their counts have expired"
        )
    if incomplete:
        note(f"{incomplete} cleanings could not list everything: the totals may be too low")


def _added_up(cleanings: Sequence[LeftBehind]) -> list[_Sum]:
    sums: dict[tuple[str, str], _Sum] = {}
    for each in cleanings:
        for name in {*each.removed, *each.left}:
            key = each.requester, name
            sums[key] = sums.get(key, _Sum(requester=each.requester, type=name)).with_one(each)
    return sorted(sums.values(), key=lambda one: (-(one.removed + one.left), one.requester, one.type))
