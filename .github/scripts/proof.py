"""Proves a release: what the service says of the allocations that the release's own jobs made (docs/releasing.md).

`proof.py NAME=OUTCOME=ALLOCATION ...` in a job of the same run, which is their owner and may ask for tokens. Each has
to have ended by its job's post step and with that outcome. Standard library and the action's own Python only.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "action" / "python"))

from atmosphere_action import oidc, wire  # noqa: E402 - the path above comes first
from atmosphere_action.errors import ActionError  # noqa: E402
from atmosphere_action.proof import Bearer  # noqa: E402
from atmosphere_action.runner import Runner  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OK: Final = 200
BY_POST: Final = ("owner", "release-token")
HEAD: Final = "| job | allocation | outcome | ended by | proven |\n|---|---|---|---|---|\n"


class NotProven(Exception):
    """Something that the release has to show was not seen."""


@dataclass(frozen=True)
class Expected:
    """One proving job: its name, the outcome that its post step has to report, and its allocation."""

    name: str
    outcome: str
    allocation: str

    @classmethod
    def of(cls, text: str) -> Expected:
        """From `NAME=OUTCOME=ALLOCATION`; raises `NotProven` for a job that got no allocation."""
        name, outcome, allocation = text.split("=")
        if not allocation:
            raise NotProven(f"{name} got no allocation: look at its log")
        return cls(name, outcome, allocation)


def seen(endpoint: str, allocation: str, proof: Bearer) -> Mapping[str, Any]:
    """The allocation as the service has it; raises `NotProven`, or `ActionError` if it cannot be asked."""
    url = "/".join((endpoint.rstrip("/"), *proof.root, "allocations", quote(allocation, safe="")))
    reply = wire.send("GET", url, headers=proof.headers("GET", url, b"", {"Accept": "application/json"}))
    if reply.status != OK:
        raise NotProven(f"the service does not show {allocation} (HTTP {reply.status})")
    found: dict[str, Any] = json.loads(reply.content)
    return found


def holds(expected: Expected, state: Mapping[str, Any]) -> bool:
    """Whether the job's post step gave this allocation back, with the outcome of the job."""
    return state["status"] == "ended" and state["endedBy"] in BY_POST and state["outcome"] == expected.outcome


def row(expected: Expected, state: Mapping[str, Any]) -> str:
    """A line of the table that is recorded."""
    proven = "yes" if holds(expected, state) else f"no: not {expected.outcome} by its post step"
    cells = (expected.name, f"`{expected.allocation}`", state["outcome"] or state["status"], state["endedBy"], proven)
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def prove(arguments: list[str], environ: Mapping[str, str], look: Callable[[str], Mapping[str, Any]]) -> str:
    """The table as Markdown, recorded in summary and output `proof`; raises `NotProven` after it was recorded."""
    expected = [Expected.of(argument) for argument in arguments]
    states = [look(one.allocation) for one in expected]
    run = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}".format_map(environ)
    lines = "".join(row(one, state) for one, state in zip(expected, states, strict=True))
    table = f"### Proof\n\nCommit `{environ['GITHUB_SHA']}`, [run]({run}).\n\n{HEAD}{lines}"
    runner = Runner(environ)
    runner.summary(table)
    runner.output("proof", table)
    if not expected or not all(map(holds, expected, states)):
        raise NotProven("not every job's environment was given back by its post step with the job's outcome")
    return table


def main(arguments: list[str], environ: Mapping[str, str] = os.environ) -> int:
    """The exit code: 0 only if everything was seen."""
    runner = Runner(environ)
    try:
        endpoint = environ["ATMOSPHERE_ENDPOINT"]
        proof = Bearer(oidc.tokens(environ.get("ATMOSPHERE_AUDIENCE") or endpoint, environ, runner.mask))
        prove(arguments, environ, lambda allocation: seen(endpoint, allocation, proof))
    except (NotProven, ActionError) as failure:
        runner.error("Not proven", str(failure))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
