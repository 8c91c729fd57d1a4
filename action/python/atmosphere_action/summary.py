"""The step's part of the run's summary: what was allocated, nothing secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

from atmosphere_action.pace import clock_text
from atmosphere_action.runner import plain

if TYPE_CHECKING:
    from atmosphere_action.grant import Grant


def markdown(grant: Grant, *, waited: float, hide_accounts: bool, remarks: Sequence[str] = ()) -> str:
    """A table with a row for each environment, and a line on the allocation."""
    rows = [("environment", "pool", "role"), ("---", "---", "---")]
    for environment in grant.environments:
        account = "\\*\\*\\*" if hide_accounts else environment.account
        named = "" if environment.name == "default" else f"{environment.name}: "
        rows.append((f"{named}aws://{account}/{environment.region}", environment.pool, environment.role))
    lines: list[str] = ["### Atmosphere", "", *(_row(row) for row in rows), ""]
    lines.append(f"Waited {clock_text(waited)}. Expires at {grant.expires_at}. Allocation `{grant.id}`.")
    lines += ["", *remarks] if remarks else []
    return "\n".join(lines) + "\n\n"


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(plain(cell).replace("|", "\\|") for cell in cells) + " |"
