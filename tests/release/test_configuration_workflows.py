"""`config.yml` and `deploy.yml`, run by `act`: what a pull request is told, and what its configuration cannot do."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from atmosphere.config.load import load
from atmosphere.core.snapshot import digest, from_json, to_json
from tests.client.conftest import Answer, Service
from tests.release.github import GitHub
from tests.release.pull_requests import PULL_REQUEST, ROOT, WORKFLOWS, PullRequest, pull_request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atmosphere.core.snapshot import Snapshot
    from tests.client.conftest import Arrived
    from tests.release.pull_requests import Ran

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="act needs node")
EXAMPLES: Final = ROOT / "config"
EUROPE: Final = '  - account: "555555555555"'


@pytest.fixture
def change(tmp_path: Path) -> PullRequest:
    made = PullRequest(tmp_path)
    made.prepare()
    return made


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub(writes=secrets.token_hex(8)) as made:
        yield made


def environment(github: GitHub, token: str) -> dict[str, str]:
    return {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": token, "STAGE_SECRET": secrets.token_hex(8)}


class Deployment:
    """What `GET /configuration` and `/environments` answer, and an `npx` that puts what was synthesized in force."""

    def __init__(self, service: Service, directory: Path) -> None:
        self.service = service
        self.state = directory / "in-force.json"
        self.state.write_text(to_json(load(EXAMPLES)))
        self.broken = False
        service.script = [self._answer]

    @property
    def endpoint(self) -> str:
        return self.service.endpoint

    @property
    def snapshot(self) -> Snapshot:
        return from_json(self.state.read_text())

    @property
    def deployed(self) -> int:
        return len(list(self.state.parent.glob("*.deployed")))

    def install(self, path: Path) -> None:
        """`npx aws-cdk deploy`, as far as the workflow sees it."""
        endpoint = json.dumps({"atmosphere": {"Endpoint": self.endpoint}})
        asset = f"{sys.executable} -c {shlex.quote(_DEPLOY)}"
        body = "exit 1" if self.broken else f'{asset} {self.state} {shlex.quote(endpoint)} "$@"'
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def _answer(self, asked: Arrived) -> Answer:
        if not asked.path.startswith("/_aws/execute-api/abc123/v1/"):
            return Answer(403, {"message": "Forbidden"})
        if asked.path.endswith("/configuration"):
            text = self.state.read_text()
            return Answer(200, {"digest": digest(text), "configuration": json.loads(text)})
        return Answer(200, {"environments": []})


_DEPLOY: Final = """
import glob, json, shutil, sys
state, outputs, *words = sys.argv[1:]
assembly = words[words.index("--app") + 1]
for path in glob.glob(assembly + "/asset.*.json"):
    if "environments" in json.load(open(path)):
        shutil.copy(path, state)
        open(state + ".deployed", "w").close()
open(words[words.index("--outputs-file") + 1], "w").write(outputs)
"""


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    service = Service()
    yield Deployment(service, tmp_path)
    service.stop()


def remove_europe(change: PullRequest) -> None:
    path = change.config / "environments.yaml"
    path.write_text(path.read_text().partition(EUROPE)[0])
    change.replace("access.yaml", ", europe", "")


def fixed(change: PullRequest) -> None:
    change.replace("settings.yaml", "session_seconds: 10800", "session_seconds: 3600")


EVIL: Final = r"""pool: "x\n::set-output name=plan::y ##[set-output name=plan;]spoofed ::add-mask::demo @team" """


def review(change: PullRequest, github: GitHub, *, fork: bool = False, **more: str) -> Ran:
    change.merged()
    # On GitHub the token of a fork's pull request may only read.
    token = secrets.token_hex(8) if fork else github.writes
    ran = change.run("config", "pull_request", pull_request(fork=fork), environment(github, token) | more)
    assert github.writes not in ran.log
    return ran


def test_a_pull_request_is_told_what_it_changes(change: PullRequest, github: GitHub) -> None:
    remove_europe(change)

    ran = review(change, github)

    assert ran.code == 0, ran.log
    (told,) = github.by_bot(PULL_REQUEST)
    assert told.startswith("<!-- atmosphere-config-plan ")
    assert "| `aws://555555555555/eu-west-1` | **drains** |" in told
    assert "`account 111111111111, role runner` may no longer use pool `europe`" in told
    assert "Run Main Plan against the deployment" not in ran.log


def test_a_mistake_is_shown_at_its_line_and_fails_the_check(change: PullRequest, github: GitHub) -> None:
    change.replace("settings.yaml", "session_seconds: 10800", "session_seconds: 3h")

    ran = review(change, github)

    assert ran.code == 1
    assert "::error file=config/settings.yaml,line=9,title=Configuration error::session_seconds" in ran.log
    (told,) = github.by_bot(PULL_REQUEST)
    assert "has errors and cannot be deployed" in told


def test_a_pull_request_that_mends_the_base_is_not_stopped_by_it(change: PullRequest, github: GitHub) -> None:
    change.replace("settings.yaml", "session_seconds: 10800", "session_seconds: 3h")
    change.commit("Wrong")
    change.replace("settings.yaml", "session_seconds: 3h", "session_seconds: 10800")

    ran = review(change, github)

    assert ran.code == 0, ran.log
    assert "::warning::there is no plan" in ran.log
    (told,) = github.by_bot(PULL_REQUEST)
    assert "There is no plan" in told


def test_a_fork_gets_the_check_and_the_plan_but_neither_an_identity_nor_a_comment(
    change: PullRequest, github: GitHub
) -> None:
    change.variables = {"ATMOSPHERE_PLAN_ROLE": "arn:aws:iam::111111111111:role/plan", "ATMOSPHERE_REGION": "eu-west-1"}
    remove_europe(change)

    ran = review(change, github, fork=True)

    assert ran.code == 0, ran.log
    assert "**drains**" in ran.log  # act prints the summary
    assert github.comments == []
    assert "configure-aws-credentials" not in ran.log.replace("Uses", "")


def test_nothing_in_the_files_is_a_command_or_another_plan(change: PullRequest, github: GitHub) -> None:
    change.replace("environments.yaml", "pool: demo", EVIL)

    ran = review(change, github)

    assert ran.code == 1
    (told,) = github.by_bot(PULL_REQUEST)
    assert "has errors and cannot be deployed" in told
    assert "spoofed" in told  # quoted, within what is said of the file


def test_against_the_deployment_where_a_role_may_ask(
    change: PullRequest, github: GitHub, deployment: Deployment
) -> None:
    change.variables = {
        "ATMOSPHERE_PLAN_ROLE": "arn:aws:iam::111111111111:role/plan",
        "ATMOSPHERE_REGION": "us-east-1",
        "ATMOSPHERE_ENDPOINT": deployment.endpoint,
    }
    fixed(change)

    ran = review(change, github)

    assert ran.code == 0, ran.log
    (told,) = github.by_bot(PULL_REQUEST)
    assert "Compared with `the deployment`" in told
    assert "session_seconds: 10800 \u2192 3600" in told


def test_a_deployment_that_does_not_answer_fails_the_check_and_is_told(
    change: PullRequest, github: GitHub, deployment: Deployment
) -> None:
    change.variables = {
        "ATMOSPHERE_PLAN_ROLE": "arn:aws:iam::111111111111:role/plan",
        "ATMOSPHERE_REGION": "us-east-1",
        "ATMOSPHERE_ENDPOINT": deployment.endpoint + "-of-somebody-else",
    }
    fixed(change)

    ran = review(change, github)

    assert ran.code == 1
    (told,) = github.by_bot(PULL_REQUEST)
    assert "There is no plan" in told


# --- deploy -------------------------------------------------------------------------------------------------------


def push(change: PullRequest) -> dict[str, Any]:
    commit = change.git("rev-parse", "HEAD")
    return {"ref": "refs/heads/main", "after": commit, "repository": pull_request()["repository"]}


def deploy(change: PullRequest, github: GitHub, deployment: Deployment) -> Ran:
    change.merged()
    event = push(change)
    github.merges[event["after"]] = [{"number": PULL_REQUEST, "merged_at": "2026-11-22T10:00:00Z"}]
    change.variables = {
        "ATMOSPHERE_DEPLOY_ROLE": "arn:aws:iam::111111111111:role/deploy",
        "ATMOSPHERE_REGION": "us-east-1",
        "ATMOSPHERE_ENDPOINT": deployment.endpoint,
    }
    deployment.install(change.directory / "tools" / "npx")
    return change.run("deploy", "push", event, environment(github, github.writes))


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_a_merge_is_deployed_and_told_on_its_pull_request(
    change: PullRequest, github: GitHub, deployment: Deployment
) -> None:
    fixed(change)

    ran = deploy(change, github, deployment)

    assert ran.code == 0, ran.log
    assert deployment.snapshot.settings.session.total_seconds() == 3600
    (told,) = github.by_bot(PULL_REQUEST)
    assert told.startswith("<!-- atmosphere-config-deployed ")
    assert "Deployed." in told
    assert "session_seconds: 10800 \u2192 3600" in told
    assert "The configuration is in force." in ran.log


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_deployment_that_fails_is_told_and_changes_nothing(
    change: PullRequest, github: GitHub, deployment: Deployment
) -> None:
    fixed(change)
    deployment.broken = True

    ran = deploy(change, github, deployment)

    assert ran.code == 1
    (told,) = github.by_bot(PULL_REQUEST)
    assert "**The deployment ended with: failure.**" in told


@pytest.mark.timeout(600)
def test_a_wrong_configuration_never_reaches_the_deployment(
    change: PullRequest, github: GitHub, deployment: Deployment
) -> None:
    change.replace("settings.yaml", "session_seconds: 10800", "session_seconds: 3h")

    ran = deploy(change, github, deployment)

    assert ran.code == 1
    assert deployment.deployed == 0


# --- what is written in the files ---------------------------------------------------------------------------------


def test_pull_requests_of_forks_meet_no_secret_and_no_trigger_that_has_any() -> None:
    for name in ("config", "deploy"):
        text = (WORKFLOWS / f"{name}.yml").read_text()
        assert "pull_request_target" not in text
        assert "workflow_run" not in text
        assert "secrets." not in text


def test_only_the_job_that_runs_nothing_of_the_change_may_write() -> None:
    for name in ("config", "deploy"):
        workflow = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text())
        assert workflow["permissions"] == {}
        for job, told in workflow["jobs"].items():
            writes = {scope for scope, access in told["permissions"].items() if access == "write"}
            paths = {step.get("with", {}).get("path") for step in told["steps"]}
            assert ("pull-requests" in writes) == (job == "comment")
            assert job != "comment" or "change" not in paths
            assert not {"pull-requests", "id-token"} <= writes


def test_deployments_wait_for_each_other_and_for_the_rules_of_an_environment() -> None:
    job = yaml.safe_load((WORKFLOWS / "deploy.yml").read_text())["jobs"]["deploy"]
    assert job["concurrency"]["cancel-in-progress"] is False
    assert job["environment"]
    assert [step["with"]["ref"] for step in job["steps"] if step.get("with", {}).get("path") == "change"] == [
        "${{ github.event.repository.default_branch }}"
    ]
