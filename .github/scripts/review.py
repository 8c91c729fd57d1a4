"""What the workflows `config` and `deploy` say about a configuration (docs/pull-requests.md).

`review.py DIR REVISION|deployed` checks DIR with annotations, and writes the plan to the step's summary and to its
output `plan`. `--in-force FILE` instead makes sure that the deployment whose outputs are in FILE has it in force.

The files are a stranger's. Nothing of them reaches the log but annotations: a runner obeys some texts that it prints.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import secrets
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "service"))

from atmosphere.cli.annotations import command  # noqa: E402 - the path above comes first
from atmosphere.cli.exits import Exit  # noqa: E402
from atmosphere.cli.main import main  # noqa: E402

NO_PLAN: Final = "there is no plan: it is not known what this would change"


def quietly(*words: str) -> tuple[int, str, str]:
    """Run the command without a word in the log: its exit code, its output and its errors."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return code, out.getvalue(), err.getvalue()


def tell(variable: str, text: str) -> None:
    """Append to one of the files by which a step reports."""
    with Path(os.environ[variable]).open("a", encoding="utf-8") as file:
        file.write(text)


def review(directory: str, against: str) -> int:
    """The exit code of the step: 1 if the check fails, or if the deployment does not say what is in force."""
    checked = main(["config", "check", directory, "--format", "github"])
    planned, page, errors = quietly("config", "plan", directory, "--against", against, "--format", "markdown")
    if not page:  # wrong usage: the workflow's own inputs
        print(command("error", errors))
        return Exit.PROBLEMS
    mark = secrets.token_hex(16)
    tell("GITHUB_STEP_SUMMARY", page)
    tell("GITHUB_OUTPUT", f"plan<<{mark}\n{page}{mark}\n")
    if planned == Exit.UNKNOWN:
        fatal = against == "deployed"
        print(command("error" if fatal else "warning", f"{NO_PLAN}: {errors}"))
        return Exit.PROBLEMS if fatal else checked
    return checked


def in_force(directory: str, outputs: Path) -> int:
    """1 unless the deployment has exactly this configuration."""
    stacks = json.loads(outputs.read_text(encoding="utf-8"))
    endpoint = next(iter(stacks.values()))["Endpoint"]
    code, page, errors = quietly(
        "config", "plan", directory, "--against", "deployed", "--endpoint", endpoint, "--format", "markdown"
    )
    tell("GITHUB_STEP_SUMMARY", "The configuration is in force.\n" if code == Exit.FINE else page)
    if code != Exit.FINE:
        print(
            command("error", f"the deployment does not have this configuration in force: {errors or 'see the summary'}")
        )
    return Exit.FINE if code == Exit.FINE else Exit.PROBLEMS


def run(arguments: list[str]) -> int:
    """The step."""
    parser = argparse.ArgumentParser(prog="review.py", description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("against")
    parser.add_argument("--in-force", type=Path)
    given = parser.parse_args(arguments)
    if given.in_force:
        return in_force(given.directory, given.in_force)
    return review(given.directory, given.against)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
