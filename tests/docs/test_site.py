"""The documents as a site: every page is there, and a link that leads nowhere fails the build."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("docs", "distribution")  # what the build writes into or finds its place by
LEFT_OUT: Final = (".venv", ".emulator", ".cache", ".git", "build", *COPIED)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The repository with documents that a test may change."""
    for entry in ROOT.iterdir():
        if entry.name not in LEFT_OUT:
            (tmp_path / entry.name).symlink_to(entry)
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def built(tree: Path) -> subprocess.CompletedProcess[str]:
    """As `make docs` does it."""
    command = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def test_every_document_is_a_page_and_links_to_code_lead_to_the_repository(tree: Path) -> None:
    done = built(tree)
    assert done.returncode == 0, done.stderr
    site = tree / "build" / "site"
    for document in (*tree.glob("*.md"), *(tree / "docs").rglob("*.md"), *tree.glob("config/*.md")):
        name = document.relative_to(tree).with_suffix("")
        page = name.parent if name.name == "README" else name
        assert (site / page / "index.html").is_file(), document
    releasing = (site / "docs" / "releasing" / "index.html").read_text()
    assert "/blob/main/.github/workflows/release.yml" in releasing
    assert 'href="../../CHANGELOG/"' in releasing
    assert (site / "docs" / "api" / "openapi.yaml").is_file()


DEAD: Final = {
    "[gone](gone.md)": "'gone.md'",
    "[gone](../infra/gone.py)": "'../infra/gone.py'",
    "[gone](access.md#no-such-heading)": "#no-such-heading",
}


def test_each_link_that_leads_nowhere_fails_the_build_and_so_does_a_page_without_a_menu(tree: Path) -> None:
    document = tree / "docs" / "deployment.md"
    document.write_text("\n\n".join((document.read_text(), *DEAD)))
    (tree / "docs" / "new.md").write_text("# New\n")
    done = built(tree)
    assert done.returncode != 0
    for reported in (*DEAD.values(), "docs/new.md"):
        assert reported in done.stderr
