"""What counts as a proof of a release: the service's own word on the allocations of its jobs."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest

from tests.action.shim.steps import Service

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT: Final = Path(__file__).parents[2] / ".github" / "scripts" / "proof.py"
BY_POST: Final = {"status": "ended", "outcome": "success", "endedBy": "owner"}
Proof = subprocess.CompletedProcess[str]


@pytest.fixture
def prove(tmp_path: Path) -> Callable[..., Proof]:
    """Run the script in a job, with a service that answers as told."""
    token = secrets.token_urlsafe(40)

    def run(*arguments: str, answers: list[tuple[int, Any]], tokens: int = 200) -> Proof:
        with ExitStack() as stack:
            issuer = stack.enter_context(Service((tokens, {"value": token})))
            service = stack.enter_context(Service(*answers))
            env = {name: str(tmp_path / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
            env |= {
                "PATH": os.environ["PATH"],
                "ATMOSPHERE_ENDPOINT": f"{service.url}/v1",
                "ATMOSPHERE_AUDIENCE": "https://atmosphere.example.com",
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/?api-version=2",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token,
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "atmosphere/allocate",
                "GITHUB_RUN_ID": "17",
                "GITHUB_SHA": "0" * 40,
            }
            command = [sys.executable, "-B", str(SCRIPT), *arguments]
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            assert token not in done.stdout.replace(f"::add-mask::{token}", "") + done.stderr
            assert all(request.headers["Authorization"] == f"Bearer {token}" for request in service.requests)
            assert {request.path.rpartition("/")[0] for request in service.requests} <= {"/v1/github/allocations"}
            return done

    return run


def test_jobs_that_gave_back_with_their_own_outcome_are_a_proof(prove: Callable[..., Proof], tmp_path: Path) -> None:
    first, second = str(uuid4()), str(uuid4())
    failed = {**BY_POST, "outcome": "failure", "endedBy": "release-token"}
    done = prove(f"passes=success={first}", f"fails=failure={second}", answers=[(200, BY_POST), (200, failed)])
    assert done.returncode == 0, done.stdout
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert f"| passes | `{first}` | success | owner | yes |" in summary
    assert f"| fails | `{second}` | failure | release-token | yes |" in summary
    assert "https://github.com/atmosphere/allocate/actions/runs/17" in summary
    assert summary in (tmp_path / "GITHUB_OUTPUT").read_text()


@pytest.mark.parametrize(
    "state",
    [
        {**BY_POST, "endedBy": "timeout"},
        {**BY_POST, "endedBy": "github"},
        {**BY_POST, "outcome": "failure"},
        {"status": "active", "outcome": None, "endedBy": None},
    ],
)
def test_any_other_end_is_none_and_is_recorded(
    prove: Callable[..., Proof], tmp_path: Path, state: dict[str, Any]
) -> None:
    done = prove(f"passes=success={uuid4()}", answers=[(200, state)])
    assert done.returncode == 1
    assert "::error title=Not proven::" in done.stdout
    assert "| no: not success by its post step |" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()


def test_an_allocation_that_cannot_be_seen_is_none(prove: Callable[..., Proof]) -> None:
    done = prove(f"passes=success={uuid4()}", answers=[(404, {"code": "unknown-allocation"})])
    assert done.returncode == 1
    assert "HTTP 404" in done.stdout


def test_a_job_that_got_nothing_is_none(prove: Callable[..., Proof]) -> None:
    done = prove("windows=success=", answers=[(200, BY_POST)])
    assert done.returncode == 1
    assert "windows got no allocation" in done.stdout


def test_no_jobs_at_all_are_none(prove: Callable[..., Proof]) -> None:
    assert prove(answers=[(200, BY_POST)]).returncode == 1


def test_without_a_token_nothing_is_proven(prove: Callable[..., Proof]) -> None:
    done = prove(f"passes=success={uuid4()}", answers=[(200, BY_POST)], tokens=403)
    assert done.returncode == 1
    assert "returned no token" in done.stdout
