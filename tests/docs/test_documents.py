"""The documents name what exists, and what exists is documented."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from click import Context

from atmosphere.cleanup.baseline.drift_troubles import CHANGED
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cli.local import up
from atmosphere.cli.main import atmosphere as command
from atmosphere.config.load import check, load
from atmosphere.config.problems import Severity
from atmosphere.config.shapes import AccessFile, GitHubEntry, SettingsFile
from atmosphere.contract import TABLES, Env, FunctionName
from atmosphere.core.github import GITHUB_COM, RepositoryId, RunId, VerifiedClaims
from atmosphere.core.github_rules import CONDITIONS, explain, matching
from atmosphere.core.settings import ROWS, Form, Row
from atmosphere.local.issuer import TokenIssuer
from atmosphere.local.service import LocalService
from atmosphere.observability import Line
from atmosphere.operations.reconcile import Repair

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
DOCUMENTS: Final = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("config/*.md"))
)
DECISIONS: Final = sorted(path.name for path in (DOCS / "adr").glob("*.md") if path.name != "README.md")
HEADINGS: Final = ("Context", "Decision", "Alternatives", "Consequences", "Status")

LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
MAKE: Final = re.compile(r"\bmake ([a-z-]+)")
COMMAND: Final = re.compile(r"(?:\.venv/bin/|`)atmosphere ([a-z]+)")
TEST_PATH: Final = re.compile(r"`(tests/[A-Za-z0-9_./-]+)`")


@cache
def text(document: str) -> str:
    return (ROOT / document).read_text()


def anchors(document: Path) -> set[str]:
    """What a link may name in a document, by the rules that code hosts share."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(document: str) -> Iterator[tuple[Path, str]]:
    for target in LINK.findall(text(document)):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, anchor = target.partition("#")
            yield ((ROOT / document).parent / path if path else ROOT / document), anchor


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file_and_its_heading(document: str) -> None:
    dead = [
        f"{path}#{anchor}"
        for path, anchor in links(document)
        if not path.exists() or (anchor and anchor not in anchors(path))
    ]
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert set(MAKE.findall("\n".join(code(document)))) <= targets


def code(document: str) -> Iterator[str]:
    """What stands in back-ticks or in fences."""
    yield from re.findall(r"```(?:sh|text)?\n(.*?)```", text(document), re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", text(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_is_named_exists(document: str) -> None:
    assert set(COMMAND.findall(text(document))) <= set(command.list_commands(Context(command)))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_is_named_exists(document: str) -> None:
    assert [path for path in TEST_PATH.findall(text(document)) if not (ROOT / path).exists()] == []


def test_every_make_target_is_explained() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", text("Makefile"), re.MULTILINE))
    assert {f"`make {name}`" for name in targets | {"clean"}} <= set(
        re.findall(r"`make [a-z-]+`", text("CONTRIBUTING.md"))
    )


def test_every_suite_is_explained() -> None:
    suites = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("test_*.py"))}
    assert [name for name in sorted(suites) if f"`tests/{name}`" not in text("CONTRIBUTING.md")] == []


@pytest.mark.parametrize("variable", Env)
def test_every_variable_of_the_functions_is_explained(variable: Env) -> None:
    assert f"`{variable}`" in text("docs/architecture.md")


def cells(document: str, name: str, section: str = "") -> list[str]:
    """What a table of a document, or of a section of it, says of a name: the cells after it, in the only row."""
    found = text(document).partition(f"## {section}\n")[2] if section else text(document)
    (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", found, re.MULTILINE)
    return [cell.strip() for cell in row.split("|")]


@pytest.mark.parametrize("row", [row for row in ROWS if row.form is Form.SECONDS], ids=lambda row: row.name)
def test_every_setting_of_a_local_run_is_explained_with_its_default(row: Row) -> None:
    means, default = cells("docs/local.md", row.name)
    assert means
    assert default == f"{row.default.total_seconds():.0f}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_setting_is_explained_with_its_default_and_its_bounds(row: Row) -> None:
    default, allowed, means = cells("config/README.md", row.name, "settings.yaml")
    assert means
    if row.low is not None:
        assert allowed == f"{row.low} to {row.high}"
    elif row.high is not None:
        assert allowed == f"up to {row.high}"
    if row.form in {Form.SECONDS, Form.COUNT}:
        assert default == str(SettingsFile.model_fields[row.name].default)
    assert default.startswith("required") or not row.required


def test_no_setting_is_explained_that_does_not_exist() -> None:
    section = text("config/README.md").partition("## settings.yaml")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE) == [row.name for row in ROWS]


def test_every_option_of_a_local_run_is_explained() -> None:
    options = {name for parameter in up.params for name in parameter.opts if name.startswith("--")}
    assert set(re.findall(r"^\| `(--[a-z-]+)", text("docs/local.md"), re.MULTILINE)) == options


def test_every_key_of_the_ready_file_is_explained() -> None:
    section = text("docs/local.md").partition("## What it prints")[2].partition("\n## ")[0]
    explained = set(re.findall(r"`([a-zA-Z]+)`", "".join(re.findall(r"^\|([^|]+)\|", section, re.MULTILINE))))
    service = LocalService(ROOT / "config")  # not started: only the keys count
    service._outputs = defaultdict(str)
    service._issuer = TokenIssuer({}, audience="")
    try:
        assert explained == set(service.description)
    finally:
        service.stop()


@pytest.mark.parametrize("table", TABLES)
def test_every_table_and_index_is_explained(table: str) -> None:
    (row,) = re.findall(rf"^\| `{table}` \|.*$", text("docs/architecture.md"), re.MULTILINE)
    assert [index.name for index in TABLES[table].indexes if f"`{index.name}`" not in row] == []  # type: ignore[index]


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_is_listed_and_has_its_headings(decision: str) -> None:
    assert text("docs/adr/README.md").count(f"]({decision})") == 1
    assert tuple(re.findall(r"^## (.+)$", text(f"docs/adr/{decision}"), re.MULTILINE)) == HEADINGS


def test_every_promise_names_the_tests_that_hold_it() -> None:
    rows = re.findall(r"^\| (P\d+) \|.*\| (.*) \|$", text("docs/architecture.md"), re.MULTILINE)
    assert [promise for promise, _ in rows] == [f"P{number}" for number in range(1, 11)]
    assert [promise for promise, tests in rows if not TEST_PATH.search(tests)] == []


def test_every_package_is_on_the_map() -> None:
    packages = {
        path.stem
        for path in (ROOT / "service" / "atmosphere").iterdir()
        if (path.is_dir() or path.suffix == ".py") and not path.name.startswith("_")
    }
    drawing = text("docs/architecture.md").partition("## Packages")[2].partition("\n## ")[0]
    assert [name for name in sorted(packages) if name not in drawing] == []


def test_no_function_is_without_a_word() -> None:
    told = text("docs/architecture.md") + text("docs/operations.md")
    assert [name for name in FunctionName if name not in told] == []


def reasons() -> Iterator[str]:
    """Why an environment becomes dirty, or an attempt rests: what stands behind a verdict, up to its variable part."""
    for path in (ROOT / "service" / "atmosphere" / "cleanup").rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            for verdict, reason in pairwise(call.args):
                if isinstance(verdict, ast.Attribute) and verdict.attr in {"DIRTY", "BLOCKED"}:
                    first = reason.values[0] if isinstance(reason, ast.JoinedStr) else reason
                    if isinstance(first, ast.Constant):
                        yield str(first.value)


def test_every_reason_for_a_dirty_environment_is_explained() -> None:
    table = text("docs/operations.md").partition("| reason |")[2].partition("\n\n")[0]
    found = {*reasons(), "blocked:", CHANGED, "baseline-missing", "cleanup-timeout", "allocation-missing"}
    assert {"deadline", "no-baseline", "unknown:"} <= found
    assert [reason for reason in sorted(found) if f"`{reason}" not in table] == []


def test_every_repair_is_explained() -> None:
    table = text("docs/operations.md").partition("### Repairs")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \| \S", table, re.MULTILINE) == [*Repair]


def test_the_refusal_that_is_explained_is_the_one_that_the_example_gives() -> None:
    """docs/access.md shows the log line of a push to another branch than the example's rule allows."""
    (shown,) = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text("docs/access.md"), re.DOTALL)]
    rules = load(ROOT / "config").access.github
    allowed = VerifiedClaims(
        issuer=GITHUB_COM,
        repository_id=RepositoryId(shown["repositoryId"]),
        repository_owner_id="91234567",
        repository="example-org/example-repo",
        run_id=RunId(shown["runId"]),
        run_attempt="1",
        event="push",
        ref="refs/heads/main",
        jti="1",
        expires=datetime(2026, 11, 22, tzinfo=UTC),
    )

    assert matching(rules, allowed) == (shown["rule"],)
    assert explain(rules, replace(allowed, ref="refs/heads/other")) == shown["unmatched"]
    assert shown["unmatched"][shown["rule"]] == shown["claim"]
    assert set(shown) - {"message"} <= set(Line.__annotations__)
    door = text("service/atmosphere/handlers/authorize.py")
    assert f'"{shown["message"]}"' in door
    assert f'"{shown["reason"]}"' in door


def test_every_condition_of_a_rule_is_explained_by_its_claim() -> None:
    section = text("docs/access.md").partition("## A rule for GitHub workflows")[2].partition("\n### ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", section, re.MULTILINE))
    assert set(CONDITIONS) == set(rows.values()) - {"repository"}  # which decides nothing, and is told about
    assert set(rows) == set(GitHubEntry.model_fields) - {"name", "pools", "max_active"}


def test_a_rule_in_the_documents_is_one_that_the_check_lets_pass(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", text("docs/access.md"), re.DOTALL)
    known = {**AccessFile.model_fields, **SettingsFile.model_fields}
    shown = [block for block in blocks if yaml.safe_load(block).keys() <= known.keys()]
    assert len(shown) == 3
    for block in shown:
        shutil.copytree(ROOT / "config", tmp_path, dirs_exist_ok=True)
        (name,) = yaml.safe_load(block)
        file = "access.yaml" if name in AccessFile.model_fields else "settings.yaml"
        whole = yaml.safe_load((tmp_path / file).read_text()) | yaml.safe_load(block)
        (tmp_path / file).write_text(yaml.safe_dump(whole))
        assert [problem for problem in check(tmp_path).problems if problem.severity is Severity.ERROR] == []


def test_the_license_is_the_one_that_the_project_declares() -> None:
    assert 'license = "Apache-2.0"' in text("pyproject.toml")
    assert "Apache License\n                           Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()


def test_the_readme_counts_the_types_that_are_cleaned() -> None:
    assert f"{len(CATALOGUE)} types outside stacks" in text("README.md")
