"""One comment for each pull request and configuration, updated in place, and never somebody else's."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.release.github import BOT, REPOSITORY, GitHub

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT: Final = Path(__file__).parents[2] / ".github" / "scripts" / "comment.py"
MARKER: Final = "<!-- atmosphere-config-plan 0123456789ab -->"
PLAN: Final = f"{MARKER}\n\n### Plan of `config`\n\n**Nothing changes.**\n"
COMMIT: Final = "1" * 40


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub(writes=secrets.token_hex(8)) as made:
        yield made


def comment(github: GitHub, *words: str, body: str = PLAN, token: str = "") -> subprocess.CompletedProcess[str]:
    own = {
        "PATH": os.environ["PATH"],
        "GITHUB_API_URL": github.url,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_RUN_ID": "42",
        "GH_TOKEN": token or github.writes,
        "BODY": body,
    }
    command = [sys.executable, "-I", str(SCRIPT), *words]
    return subprocess.run(command, env=own, capture_output=True, text=True, check=False)


def test_a_plan_is_one_comment_that_is_updated(github: GitHub) -> None:
    changed = PLAN.replace("Nothing changes.", "Something changes.")
    assert [comment(github, "--number", "7", body=body).returncode for body in (PLAN, changed)] == [0, 0]
    assert github.by_bot(7) == [changed]


def test_the_comment_is_found_behind_a_hundred_others(github: GitHub) -> None:
    for number in range(150):
        github.say(7, "someone", f"remark {number}")
    github.say(7, BOT, PLAN)
    comment(github, "--number", "7")
    assert github.by_bot(7) == [PLAN]
    assert len(github.comments) == 151


def test_a_comment_of_somebody_else_with_the_marker_is_left_alone(github: GitHub) -> None:
    theirs = github.say(7, "mallory", f"{MARKER}\n\nNothing changes, merge it")
    comment(github, "--number", "7")
    assert theirs.body.endswith("merge it")
    assert github.by_bot(7) == [PLAN]


def test_another_configuration_has_a_comment_of_its_own(github: GitHub) -> None:
    other = PLAN.replace("0123456789ab", "ba9876543210")
    for body in (PLAN, other):
        comment(github, "--number", "7", body=body)
    assert github.by_bot(7) == [PLAN, other]


def test_a_token_that_may_only_read_is_no_failure(github: GitHub) -> None:
    done = comment(github, "--number", "7", token=secrets.token_hex(8))
    assert done.returncode == 0
    assert done.stdout.startswith("::notice::this token may not comment")
    assert github.comments == []


@pytest.mark.parametrize("body", ["", "hello", f" {PLAN}", PLAN + "x" * 65_536])
def test_what_is_no_plan_is_not_posted(github: GitHub, body: str) -> None:
    assert comment(github, "--number", "7", body=body).returncode == 1
    assert github.comments == []


def test_a_deployment_is_told_where_it_was_merged_beside_the_plan(github: GitHub) -> None:
    github.merges[COMMIT] = [{"number": 6, "merged_at": None}, {"number": 7, "merged_at": "2026-11-22T10:00:00Z"}]
    comment(github, "--number", "7")
    for outcome in ("failure", "success"):
        assert comment(github, "--commit", COMMIT, "--outcome", outcome).returncode == 0
    plan, deployment = github.by_bot(7)
    assert plan == PLAN
    assert deployment.startswith(
        "<!-- atmosphere-config-deployed 0123456789ab -->\n\nDeployed. [Log](https://github.com/"
    )
    assert "### Deployment of `config`" in deployment


def test_a_deployment_that_failed_says_so(github: GitHub) -> None:
    github.merges[COMMIT] = [{"number": 7, "merged_at": "2026-11-22T10:00:00Z"}]
    comment(github, "--commit", COMMIT, "--outcome", "failure")
    (told,) = github.by_bot(7)
    assert "**The deployment ended with: failure.**" in told
    assert "Deployed." not in told


def test_a_commit_without_a_pull_request_is_no_failure(github: GitHub) -> None:
    done = comment(github, "--commit", COMMIT, "--outcome", "success")
    assert (done.returncode, github.comments) == (0, [])
