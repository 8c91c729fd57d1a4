"""GitHub tells that a run is over, through the real template: signed with the secret that the stack made."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets as chance
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.config.load import load
from atmosphere.contract import Env, issuer_digest
from atmosphere.core.github import GITHUB_COM
from tests.journeys.api import Api, send
from tests.journeys.conftest import EXAMPLE
from tests.journeys.sweep import client, leaks
from tests.journeys.workflows import TREE, Job, Secrets

if TYPE_CHECKING:
    from atmosphere.local.service import LocalService
    from tests.replies import Reply

pytestmark = pytest.mark.emulator

POOL = "demo"
RUN = "17000000083"


@dataclass(frozen=True, slots=True)
class GitHub:
    """The side that sends."""

    endpoint: str
    secret: bytes = field(repr=False)

    def deliver(self, message: dict[str, Any], **headers: str) -> Reply:
        """Send a message as GitHub does; a header set to nothing is left out."""
        body = json.dumps(message).encode()
        sent = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "workflow_run",
            "X-Hub-Signature-256": f"sha256={hmac.digest(self.secret, body, 'sha256').hex()}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return send("POST", f"{self.endpoint}{TREE}/webhook", body, {name: it for name, it in sent.items() if it})


def completed(*, attempt: int) -> dict[str, Any]:
    """An attempt of the run that is over, as GitHub tells it of the repository that the example's rule names."""
    (rule,) = load(EXAMPLE).access.github
    about = {"id": int(RUN), "run_attempt": attempt, "status": "completed", "conclusion": "cancelled"}
    return {"action": "completed", "workflow_run": about, "repository": {"id": int(rule.repository_id)}}


@pytest.fixture
def secret(local_service: LocalService) -> bytes:
    """As an operator reads it, to tell GitHub."""
    name = local_service.description["functions"]["webhook"]
    told = client(local_service, "lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    arn = json.loads(told[Env.WEBHOOK_SECRETS])[issuer_digest(GITHUB_COM)]
    found = client(local_service, "secretsmanager").get_secret_value(SecretId=arn)
    return found["SecretString"].encode()  # type: ignore[no-any-return]


def test_a_run_that_is_over_gives_back_what_it_holds_once_github_says_so(
    local_service: LocalService, secret: bytes
) -> None:
    assert len(secret) == 64
    told = local_service.description
    runner, github = Api(told["endpoint"], told["callers"]["runner"]), GitHub(told["endpoint"], secret)
    kept = Secrets({secret.decode()})
    job = Job(told, {"run_id": RUN, "run_attempt": "2"}, kept)
    runner.until_free(POOL)
    granted = job.ask("POST", "/allocations", {"pool": POOL, "requester": "a job that will be cancelled"})
    assert granted.status == 200, granted.body["code"]
    place = f"/allocations/{granted.body['id']}"
    message = completed(attempt=2)
    signature = hmac.new(secret, json.dumps(message).encode(), hashlib.sha1).hexdigest()

    refused = [
        github.deliver(message, X_Hub_Signature_256=""),
        github.deliver(message, X_Hub_Signature_256="", X_Hub_Signature=f"sha1={signature}"),
        GitHub(told["endpoint"], chance.token_bytes(32)).deliver(message),
    ]
    assert {(answer.status, answer.body["code"]) for answer in refused} == {(401, "unauthenticated")}
    earlier = github.deliver(completed(attempt=1))
    assert (earlier.status, earlier.body) == (200, {})
    assert job.ask("GET", place).body["status"] == "active"

    delivered = github.deliver(message)
    assert (delivered.status, delivered.body) == (200, {})
    assert delivered.headers["cache-control"] == "no-store"
    ended = job.ask("GET", place).body
    assert (ended["status"], ended["outcome"], ended["endedBy"]) == ("ended", "github: cancelled", "github")
    assert job.ask("POST", f"{place}/credentials").status == 409
    runner.until_free(POOL)
    again = github.deliver(message)
    assert (again.status, again.body) == (200, {})
    assert job.ask("GET", place).body == ended

    late = job.ask("POST", "/allocations", {"pool": POOL, "requester": "a request that was on its way"})
    assert (late.status, late.body["code"]) == (409, "already-ended")
    rerun = job.but(run_attempt="3")
    granted = rerun.ask("POST", "/allocations", {"pool": POOL, "requester": "the next attempt"})
    assert granted.status == 200, granted.body["code"]
    assert rerun.ask("DELETE", f"/allocations/{granted.body['id']}", {"outcome": "success"}).status == 200
    runner.until_free(POOL)
    assert leaks(local_service, kept.found) == set()
