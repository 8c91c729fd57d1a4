"""Every command of docs/deploying.md is run by its journey, or listed with the reason why it is not."""

from __future__ import annotations

import ast
from typing import Final

from tests.journeys.deploying import DOCUMENT, NOT_RUN, commands, is_run, sections

JOURNEY: Final = DOCUMENT.parents[1] / "tests" / "journeys" / "test_deploying.py"


def test_the_journey_runs_each_section_that_has_commands_to_run() -> None:
    tree = ast.parse(JOURNEY.read_text())
    named = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    with_commands = {name for name, blocks in sections().items() if any(is_run(block) for block in blocks)}
    assert with_commands - named == set()


def test_a_block_is_run_whole_or_not_at_all_and_each_reason_is_needed() -> None:
    left_out = {
        command
        for blocks in sections().values()
        for block in blocks
        for command in commands(block)
        if not is_run(block)
    }
    assert {prefix for prefix in NOT_RUN if any(command.startswith(prefix) for command in left_out)} == set(NOT_RUN)


def test_each_command_that_is_not_run_has_its_reason_in_the_document() -> None:
    _, _, section = DOCUMENT.read_text().partition("## What was not tried here\n")
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    reasons = {name.strip().strip("`"): why.strip() for _, names, why, _ in rows for name in names.split(", ")}
    assert reasons.keys() == set(NOT_RUN)
    assert all(reasons.values())
