"""The tags of a release, made and moved in a scratch repository with an origin of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SCRIPT: Final = ROOT / ".github" / "scripts" / "release.py"
CHANGES: Final = """\
# Changes

## [1.1.0]

- Later.

## [1.0.0] - 2026-11-22

- First.
- Second.

## [0.9.0]

- Old.
"""
WRONG_USAGE: Final = [(), ("tag",), ("tag", "1.0.0"), ("tag", "v1"), ("tag", "v01.0.0"), ("x", "v1.0.0")]


@dataclass(frozen=True, slots=True)
class Clone:
    """A working copy and its origin, which nothing outside the test knows."""

    place: Path
    origin: Path

    def git(self, *arguments: str, at: Path | None = None) -> str:
        who = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.com"}
        who |= {"GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.com"}
        own = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **who}
        command = ["git", "-C", str(at or self.place), *arguments]
        return subprocess.run(command, env=own, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, name: str, text: str) -> str:
        (self.place / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", f"change {name}")
        self.git("push", "-q", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def release(self, *arguments: str, proof: str = "") -> subprocess.CompletedProcess[str]:
        """Run the script as the workflow does, on a machine where git knows nobody's name."""
        own = {"PATH": os.environ["PATH"], "PROOF": proof, "HOME": str(self.origin)}
        own |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        command = [sys.executable, str(SCRIPT), *arguments]
        return subprocess.run(command, cwd=self.place, env=own, capture_output=True, text=True, check=False)

    def tags(self) -> dict[str, str]:
        """Name to commit, as everybody else sees them."""
        lines = self.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/tags", at=self.origin)
        return dict(line.split() for line in lines.splitlines())


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(tmp_path / "clone", tmp_path / "origin")
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", made.origin], check=True)
    subprocess.run(["git", "init", "-q", "-b", "main", made.place], check=True)
    made.git("remote", "add", "origin", str(made.origin))
    (made.place / "action.yml").write_text((ROOT / "action.yml").read_text())
    (made.place / "other.txt").write_text("other\n")
    made.commit("CHANGELOG.md", CHANGES)
    return made


def test_a_version_gets_its_tags_and_becomes_the_candidate(clone: Clone) -> None:
    commit = clone.git("rev-parse", "HEAD")
    done = clone.release("tag", "v1.0.0")
    assert done.returncode == 0, done.stderr
    tags = clone.tags()
    assert set(tags) == {"v1.0.0", "v1.0.0-pinned", "candidate", "candidate-pinned"}
    assert tags["v1.0.0"] == tags["candidate"] == commit
    assert tags["v1.0.0-pinned"] == tags["candidate-pinned"] != commit


def test_the_pinned_commit_differs_in_one_line_that_names_the_version_by_its_full_commit(clone: Clone) -> None:
    clone.release("tag", "v1.0.0")
    commit = clone.tags()["v1.0.0"]
    changed = clone.git("diff", "--unified=0", "v1.0.0", "v1.0.0-pinned", at=clone.origin).splitlines()
    assert [line for line in changed if line[0] in "+-"] == [
        "--- a/action.yml",
        "+++ b/action.yml",
        "-      uses: $/action",
        f"+      uses: atmosphere/allocate/action@{commit}",
    ]
    assert clone.git("rev-parse", "v1.0.0-pinned^", at=clone.origin) == commit


def test_tagging_again_changes_nothing(clone: Clone) -> None:
    clone.release("tag", "v1.0.0")
    before = clone.tags()
    clone.git("commit", "-q", "--amend", "--no-edit", "--allow-empty")  # another committer date
    clone.git("reset", "-q", "--hard", before["v1.0.0"])
    assert clone.release("tag", "v1.0.0").returncode == 0
    assert clone.tags() == before


def test_the_index_and_the_files_of_the_clone_are_left_alone(clone: Clone) -> None:
    clone.release("tag", "v1.0.0")
    assert clone.git("status", "--porcelain") == ""


def test_the_major_versions_tags_move_only_by_publishing(clone: Clone) -> None:
    clone.release("tag", "v1.0.0")
    assert "v1" not in clone.tags()
    assert clone.release("publish", "v1.0.0").returncode == 0
    tags = clone.tags()
    assert (tags["v1"], tags["v1-pinned"]) == (tags["v1.0.0"], tags["v1.0.0-pinned"])


def test_publishing_again_changes_nothing(clone: Clone) -> None:
    clone.release("tag", "v1.0.0")
    clone.release("publish", "v1.0.0")
    before = clone.tags()
    assert clone.release("publish", "v1.0.0").returncode == 0
    assert clone.tags() == before


def test_the_next_version_takes_the_major_versions_tags(clone: Clone) -> None:
    clone.release("tag", "v1.0.0")
    clone.release("publish", "v1.0.0")
    commit = clone.commit("other.txt", "changed\n")
    clone.release("tag", "v1.1.0")
    assert clone.tags()["v1"] != commit
    clone.release("publish", "v1.1.0")
    assert clone.tags()["v1"] == commit


def refused(clone: Clone, *arguments: str) -> str:
    before = clone.tags()
    done = clone.release(*arguments)
    assert done.returncode == 1
    assert clone.tags() == before
    return done.stderr


def test_a_version_is_never_another_commit(clone: Clone) -> None:
    clone.release("tag", "v1.0.0")
    clone.commit("other.txt", "changed\n")
    assert "never reused" in refused(clone, "tag", "v1.0.0")


def test_a_version_below_the_newest_is_refused(clone: Clone) -> None:
    clone.release("tag", "v1.1.0")
    assert "must not go back" in refused(clone, "tag", "v1.0.0")


def test_an_older_version_that_was_tagged_before_is_not_published(clone: Clone) -> None:
    clone.release("tag", "v1.0.0")
    clone.release("tag", "v1.1.0")
    assert "must not go back" in refused(clone, "publish", "v1.0.0")


def test_another_major_version_may_be_newer(clone: Clone) -> None:
    clone.commit("CHANGELOG.md", CHANGES.replace("[0.9.0]", "[2.0.0]"))
    clone.release("tag", "v2.0.0")
    assert clone.release("tag", "v1.0.0").returncode == 0


def test_a_commit_that_is_not_on_main_is_refused(clone: Clone) -> None:
    (clone.place / "other.txt").write_text("not merged\n")
    clone.git("commit", "-qam", "not merged")
    assert "merge it first" in refused(clone, "tag", "v1.0.0")


def test_a_version_without_a_word_in_the_changes_is_refused(clone: Clone) -> None:
    assert "CHANGELOG.md" in refused(clone, "tag", "v1.2.0")


def test_an_action_that_names_its_inner_part_in_another_way_is_refused(clone: Clone) -> None:
    text = (clone.place / "action.yml").read_text()
    clone.commit("action.yml", text.replace("$/action", "./action"))
    assert "exactly once" in refused(clone, "tag", "v1.0.0")


def test_what_was_not_tagged_is_not_published(clone: Clone) -> None:
    assert "again from its start" in refused(clone, "publish", "v1.0.0")


@pytest.mark.parametrize("moved", ["candidate", "candidate-pinned", "v1.0.0-pinned"])
def test_what_is_not_the_proven_commit_is_not_published(clone: Clone, moved: str) -> None:
    clone.release("tag", "v1.0.0")
    other = clone.commit("other.txt", "changed\n")
    clone.git("reset", "-q", "--hard", "HEAD^")
    clone.git("push", "-q", "--force", "origin", f"{other}:refs/tags/{moved}")
    assert f"{moved} is not" in refused(clone, "publish", "v1.0.0")


def test_if_one_tag_cannot_move_none_does(clone: Clone) -> None:
    clone.release("tag", "v1.0.0")
    hook = clone.origin / "hooks" / "update"
    hook.write_text('#!/bin/sh\ntest "$1" != refs/tags/v1-pinned\n')
    hook.chmod(0o755)
    refused(clone, "publish", "v1.0.0")


def test_the_notes_are_the_versions_changes_and_the_proof(clone: Clone) -> None:
    shown = clone.release("notes", "v1.0.0", proof="### Proof\n").stdout
    assert shown == "- First.\n- Second.\n\n### Proof\n"


@pytest.mark.parametrize("arguments", WRONG_USAGE)
def test_wrong_usage_is_told(clone: Clone, arguments: tuple[str, ...]) -> None:
    done = clone.release(*arguments)
    assert (done.returncode, clone.tags()) == (2, {})
    assert done.stderr.startswith("usage: ")
