"""The two metadata files, the Python's table of inputs and the guide say the same."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
import yaml

from atmosphere_action.inputs import INPUTS
from tests.action.shim.steps import ROOT

OUTER: Final[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text())
INNER: Final[dict[str, Any]] = yaml.safe_load((ROOT / "action" / "action.yml").read_text())
GUIDE: Final = (ROOT / "docs" / "action.md").read_text()
(STEP,) = OUTER["runs"]["steps"]


def test_there_is_one_step_and_it_is_of_the_commit_that_the_caller_named() -> None:
    assert STEP["uses"] == "$/action"


def test_every_input_is_passed_on_under_its_own_name() -> None:
    assert STEP["with"] == {name: f"${{{{ inputs.{name} }}}}" for name in OUTER["inputs"]}


def test_both_files_declare_the_same_inputs_but_for_the_job_status() -> None:
    assert {**OUTER["inputs"], "job-status": INNER["inputs"]["job-status"]} == INNER["inputs"]


def test_the_job_status_is_evaluated_by_the_inner_action_alone() -> None:
    """In the post step anew; a value that is passed in is the one of the start."""
    assert INNER["inputs"]["job-status"]["default"] == "${{ job.status }}"
    assert "job-status" not in STEP["with"]


def test_every_output_is_passed_out() -> None:
    told = {name: output["description"] for name, output in OUTER["outputs"].items()}
    assert told == {name: output["description"] for name, output in INNER["outputs"].items()}
    values = {name: output["value"] for name, output in OUTER["outputs"].items()}
    assert values == {name: f"${{{{ steps.{STEP['id']}.outputs.{name} }}}}" for name in OUTER["outputs"]}


@pytest.mark.parametrize("file", [OUTER, INNER], ids=["outer", "inner"])
def test_no_description_holds_an_expression(file: dict[str, Any]) -> None:
    """The runner would evaluate it, and fail to load the action."""
    texts = [
        file["description"],
        *(entry["description"] for part in ("inputs", "outputs") for entry in file[part].values()),
    ]
    assert [text for text in texts if "${{" in text] == []


def test_python_reads_the_inputs_that_are_declared() -> None:
    assert set(INPUTS) == set(INNER["inputs"])


@pytest.mark.parametrize("name", sorted(OUTER["inputs"]))
def test_python_has_the_default_that_is_declared(name: str) -> None:
    declared, spec = OUTER["inputs"][name], INPUTS[name]
    assert declared["required"] == spec.required
    default = declared.get("default", "")
    assert (spec.parse(default) if default else None) == spec.default


def test_the_post_step_runs_whatever_the_job_came_to() -> None:
    assert INNER["runs"] == {"using": "node24", "main": "main.js", "post": "post.js", "post-if": "always()"}


def table(heading: str) -> dict[str, tuple[str, ...]]:
    """A table of the guide: its rows by the name in the first column."""
    section = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", section, re.MULTILINE)
    return {name: tuple(rest.split(" | ")) for name, rest in rows}


def test_the_guide_tells_every_input_with_its_default() -> None:
    def default(spec: dict[str, Any]) -> str:
        return "required" if spec["required"] else f"`{spec['default']}`" if spec["default"] else ""

    assert table("Inputs") == {n: (default(spec), spec["description"]) for n, spec in OUTER["inputs"].items()}


def test_the_guide_tells_every_output() -> None:
    assert table("Outputs") == {name: (output["description"],) for name, output in OUTER["outputs"].items()}
