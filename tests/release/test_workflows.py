"""The workflows of this repository and those that its guide shows: linted, and using the action as it is."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
GUIDE: Final = ROOT / "docs" / "action.md"
PULL_REQUESTS: Final = ROOT / "docs" / "pull-requests.md"
DOCUMENTS: Final = (GUIDE, ROOT / "README.md")
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_spec = importlib.util.spec_from_file_location("lint_workflows", ROOT / ".github" / "scripts" / "lint_workflows.py")
assert _spec is not None
assert _spec.loader is not None
linting = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(linting)

GOOD: Final = """\
name: good
on: [push]
permissions: {}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: atmosphere/allocate@v1
        with: {pool: demo}
"""


def uses(text: str) -> Iterator[dict[str, Any]]:
    """The steps of a workflow, or of a part of one, that use this action."""
    whole = yaml.safe_load(text)
    jobs = whole.get("jobs", {"part": whole}).values()
    for step in (step for job in jobs for step in job.get("steps", [])):
        if step.get("uses", "").startswith("atmosphere/allocate@"):
            yield step


def blocks(document: Path) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


def test_the_action_the_workflows_and_those_in_the_guide_are_clean() -> None:
    assert linting.lint(linting.METADATA, linting.WORKFLOWS, linting.GUIDES) == []


def test_every_yaml_block_of_the_guide_is_a_workflow_and_so_linted() -> None:
    assert len(linting.shown(GUIDE)) == len(blocks(GUIDE)) >= 5
    assert len(linting.shown(PULL_REQUESTS)) == len(blocks(PULL_REQUESTS)) == 2
    assert set(linting.GUIDES) == {GUIDE, PULL_REQUESTS}


@pytest.mark.parametrize(
    ("program", "wrong"),
    [
        ("zizmor", GOOD.replace("uses: atmosphere/allocate@v1", "uses: other/action@v1")),
        ("zizmor", GOOD.replace("permissions: {}\n", "permissions: write-all\n")),
        ("check-jsonschema", GOOD.replace("runs-on: ubuntu-latest", "run-on: ubuntu-latest")),
        ("actionlint", GOOD.replace("pool: demo", "pool: '${{ inputs.pool }}'")),
    ],
)
def test_each_linter_would_say_so_of_a_workflow_in_a_document(tmp_path: Path, program: str, wrong: str) -> None:
    document = tmp_path / "guide.md"
    document.write_text(f"```yaml\n{GOOD}```\n")
    assert linting.lint((), (), (document,)) == []
    document.write_text(f"```yaml\n{wrong}```\n")
    assert any(told.startswith(program) for told in linting.lint((), (), (document,)))


def test_the_schema_would_say_so_of_wrong_metadata(tmp_path: Path) -> None:
    wrong = tmp_path / "action.yml"
    wrong.write_text((ROOT / "action.yml").read_text().replace("runs:", "run:"))
    assert linting.lint((wrong,), ()) != []


@pytest.mark.parametrize("source", [*DOCUMENTS, *WORKFLOWS], ids=lambda path: path.name)
def test_every_use_of_the_action_gives_inputs_that_it_has(source: Path) -> None:
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    required = {name for name, spec in inputs.items() if spec["required"]}
    texts = [source.read_text()] if source.suffix == ".yml" else blocks(source)
    steps = [step for text in texts for step in uses(text)]
    assert steps or source.name in {"ci.yml", "config.yml", "deploy.yml"}
    for step in steps:
        assert required <= set(step["with"]) <= set(inputs), step


@pytest.mark.parametrize("source", [*DOCUMENTS, ROOT / ".github" / "workflows" / "example.yml"], ids=lambda p: p.name)
def test_callers_are_shown_the_tag_that_moves_after_a_proof(source: Path) -> None:
    assert set(re.findall(r"uses: atmosphere/allocate@([\w.-]+)", source.read_text())) == {"v1"}


def test_the_example_has_every_way_of_use() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "example.yml").read_text())["jobs"]
    assert set(jobs) == {"single", "matrix", "several", "cdk", "iam"}


class TestRelease:
    jobs: Final = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())["jobs"]
    proving: Final = {"passes", "fails", "windows", "macos", "pinned"}

    def test_what_is_proven_is_the_candidate(self) -> None:
        used = {
            name: {step["uses"] for step in job["steps"] if step.get("id") == "atmosphere"}
            for name, job in self.jobs.items()
        }
        by_tag = {"atmosphere/allocate@candidate"}
        pinned = {"atmosphere/allocate@candidate-pinned"}
        assert {name: tag for name, tag in used.items() if tag} == {
            **dict.fromkeys(self.proving, by_tag),
            "pinned": pinned,
        }

    def test_every_proving_job_is_looked_at_with_its_own_outcome(self) -> None:
        (step,) = [step for step in self.jobs["prove"]["steps"] if step.get("id") == "proof"]
        asked = dict(re.findall(r'"(\w+)=(\w+)=\$', step["run"]))
        assert asked == {**dict.fromkeys(self.proving, "success"), "fails": "failure"}
        assert set(self.jobs["prove"]["needs"]) == self.proving
        of = {name: re.search(rf"{name}=\w+=\$(\w+)", step["run"]) for name in self.proving}
        assert all(f"needs.{name}.outputs" in step["env"][found[1]] for name, found in of.items() if found)

    def test_the_major_versions_tags_move_last_and_only_after_the_proof(self) -> None:
        moving = [name for name, job in self.jobs.items() if "release.py publish" in str(job["steps"])]
        assert moving == ["publish"]
        assert self.jobs["publish"]["needs"] == "prove"
        assert "needs.prove.result == 'success'" in self.jobs["publish"]["if"]
        script = self.jobs["publish"]["steps"][-1]["run"]
        assert script.index("gh release create") < script.index("release.py publish")

    def test_what_is_built_before_the_first_tag_is_signed_and_is_what_the_release_gets(self) -> None:
        steps = self.jobs["build"]["steps"]
        order = [
            next(key for key in ("distribution dist", "attest-build", "upload-artifact", "") if key in str(step))
            for step in steps
        ]
        assert [key for key in order if key] == ["distribution dist", "attest-build", "upload-artifact"]
        (signed,) = [step["with"]["subject-path"] for step in steps if "attest-build" in step.get("uses", "")]
        assert signed == "dist/*"
        assert self.jobs["tag"]["needs"] == "build"
        publishing = self.jobs["publish"]["steps"]
        (got,) = [step["with"] for step in publishing if "download-artifact" in step.get("uses", "")]
        assert got == {"name": "dist", "path": "dist"}
        assert 'gh release upload "$VERSION" dist/*' in publishing[-1]["run"]

    def test_only_jobs_that_run_nothing_else_may_push(self) -> None:
        pushing = {name for name, job in self.jobs.items() if job["permissions"].get("contents") == "write"}
        assert pushing == {"tag", "publish"}


class TestCallers:
    """The workflows that docs/pull-requests.md shows to other repositories, against those that they call."""

    shown: Final = [yaml.safe_load(text) for text in blocks(PULL_REQUESTS)]

    def calls(self) -> Iterator[tuple[dict[str, Any], dict[Any, Any]]]:
        """Each calling job, and the workflow that it calls."""
        for caller in self.shown:
            (job,) = caller["jobs"].values()
            path, _, tag = job["uses"].removeprefix("atmosphere/allocate/").partition("@")
            assert tag == "v1"
            yield job, yaml.safe_load((ROOT / path).read_text())

    def test_each_of_our_two_is_shown(self) -> None:
        assert [called["name"] for _, called in self.calls()] == ["config", "deploy"]

    def test_they_give_inputs_that_exist_and_all_that_are_required(self) -> None:
        for job, called in self.calls():
            inputs = called[True]["workflow_call"]["inputs"]  # to YAML 1.1 the key `on` is true
            required = {name for name, told in inputs.items() if told.get("required")}
            assert required <= set(job["with"]) <= set(inputs)

    def test_they_grant_what_the_jobs_need_and_no_more(self) -> None:
        for job, called in self.calls():
            needed: dict[str, str] = {}
            for inner in called["jobs"].values():
                needed |= {scope: access for scope, access in inner["permissions"].items() if access != "none"}
            assert job["permissions"] == needed

    def test_they_start_where_the_called_ones_expect_it(self) -> None:
        for caller, (_, called) in zip(self.shown, self.calls(), strict=True):
            assert caller[True].items() <= called[True].items()

    def test_they_are_short(self) -> None:
        for text in blocks(PULL_REQUESTS):
            assert len(text.splitlines()) <= 18
