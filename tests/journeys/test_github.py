"""The GitHub tree through the real template: workflows without any AWS secret, and everybody who is refused."""

from __future__ import annotations

import hashlib
import json
import secrets as chance
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from atmosphere.contract import Env
from tests.journeys.api import Api, until
from tests.journeys.sweep import client, leaks
from tests.journeys.workflows import TREE, Job, Secrets, send_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.local.service import LocalService
    from tests.replies import Reply

pytestmark = pytest.mark.emulator

POOL = "demo"  # two environments; the example's GitHub rule names it
AT_ONCE = 8
GONE = "00000000-0000-4000-8000-000000000000"
RUN, OTHER_RUN = "17000000001", "17000000002"


@pytest.fixture(scope="module")
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture(scope="module")
def job(local_service: LocalService, secrets: Secrets) -> Job:
    return Job(local_service.description, {"run_id": RUN}, secrets)


@pytest.fixture
def runner(local_service: LocalService) -> Api:
    return Api(local_service.description["endpoint"], local_service.description["callers"]["runner"])


@pytest.fixture
def operator(local_service: LocalService) -> Api:
    return Api(local_service.description["endpoint"], local_service.description["callers"]["operator"])


@contextmanager
def allocated(job: Job, runner: Api, **others: object) -> Iterator[str]:
    """An allocation of the job, given back at the end in any case."""
    runner.until_free(POOL)
    answer = job.ask("POST", "/allocations", {"pool": POOL, "requester": "a workflow", **others})
    assert answer.status == 200, answer.body["code"]
    try:
        yield answer.body["id"]
    finally:
        assert job.ask("DELETE", f"/allocations/{answer.body['id']}", {"outcome": "end"}).status == 200


def release_token() -> tuple[str, str]:
    """A secret and the hash that the service is told."""
    secret = chance.token_urlsafe(32)
    return secret, hashlib.sha256(secret.encode()).hexdigest()


def test_a_workflow_without_any_aws_secret_allocates_refreshes_and_gives_back(job: Job, runner: Api) -> None:
    with allocated(job, runner) as id_:
        shown = job.ask("GET", f"/allocations/{id_}")
        assert (shown.status, shown.body["status"]) == (200, "active")
        assert "credentials" not in shown.text
        fresh = job.ask("POST", f"/allocations/{id_}/credentials")
        assert fresh.status == 200
        assert {"accessKeyId", "secretAccessKey", "sessionToken"} <= set(fresh.body["environments"][0]["credentials"])
        pool = job.ask("GET", f"/pools/{POOL}")
        assert (pool.status, pool.body["counts"]["in-use"]) == (200, 1)
    assert job.ask("GET", f"/allocations/{id_}").body["status"] == "ended"


def test_two_attempts_of_a_run_share_an_allocation_and_nobody_else_has_it(job: Job, runner: Api, operator: Api) -> None:
    again, other = job.but(run_attempt="2", check_run_id="2"), job.but(run_id=OTHER_RUN)
    with allocated(job, runner) as id_:
        place, end = f"/allocations/{id_}", {"outcome": "success"}
        strangers = [
            caller.ask(method, path, body)
            for caller in (other, runner)
            for method, path, body in (
                ("GET", place, None),
                ("POST", f"{place}/credentials", None),
                ("DELETE", place, end),
            )
        ]
        unknown = job.ask("GET", f"/allocations/{GONE}")
        assert {answer.status for answer in strangers} == {404}
        assert {answer.text for answer in strangers} == {unknown.text}
        assert other.but(repository_id="1").ask("GET", place).status == 403
        assert operator.ask("GET", place).status == 200
        assert operator.ask("POST", f"{place}/credentials").status == 404
        assert again.ask("GET", place).body["status"] == "active"
        assert again.ask("POST", f"{place}/credentials").status == 200
        assert again.ask("DELETE", place, end).status == 200
        assert job.ask("GET", place).body["status"] == "ended"


def test_one_token_used_at_once_by_many_lets_exactly_one_in(job: Job) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in range(2):  # as many functions as there will be uses: a cold start is not what this is about
            list(threads.map(lambda _: job.ask("GET", f"/pools/{POOL}"), range(AT_ONCE)))
        token = job.token()
        answers = list(threads.map(lambda _: job.ask("GET", f"/pools/{POOL}", token=token), range(AT_ONCE)))
    assert sorted(answer.status for answer in answers) == [200] + [401] * (AT_ONCE - 1)


def test_a_release_token_ends_what_a_workflow_allocated_when_its_tokens_have_expired(job: Job, runner: Api) -> None:
    secret, digest = release_token()
    with allocated(job, runner, releaseTokenHash=digest) as id_:
        late = job.token(iat=str(int(time.time()) - 600), exp=str(int(time.time()) - 300))
        assert job.ask("DELETE", f"/allocations/{id_}", {"outcome": "late"}, token=late).status == 401
        assert job.release(id_, release_token()[0]).status == 404
        assert job.ask("GET", f"/allocations/{id_}").body["status"] == "active"
        assert [job.release(id_, secret).status for _ in range(2)] == [200, 200]
        assert job.ask("GET", f"/allocations/{id_}").body["status"] == "ended"


def test_a_release_token_ends_what_a_signer_allocated_when_its_session_has_expired(
    local_service: LocalService, job: Job, runner: Api, secrets: Secrets
) -> None:
    secret, digest = release_token()
    runner.until_free(POOL)
    brief = Api(local_service.description["endpoint"], session(local_service, "runner", seconds=4))
    answer = brief.ask("POST", "/allocations", {"pool": POOL, "requester": "brief", "releaseTokenHash": digest})
    assert answer.status == 200, answer.body["code"]
    place = f"/allocations/{secrets.of_reply(answer).body['id']}"
    until(lambda: brief.ask("GET", place).status == 403, "the session has expired")
    assert brief.ask("DELETE", place, {"outcome": "late"}).status == 403
    assert job.release(answer.body["id"], secret).status == 200
    assert runner.ask("GET", place).body["status"] == "ended"


def session(service: LocalService, role: str, *, seconds: int) -> dict[str, str]:
    """A session of an example caller; the embedded AWS grants shorter ones than AWS would."""
    sts = client(service, "sts", config=Config(parameter_validation=False))
    arn = f"arn:aws:iam::{service.hub.account}:role/{role}"
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="brief", DurationSeconds=seconds)["Credentials"]
    names = {"accessKeyId": "AccessKeyId", "secretAccessKey": "SecretAccessKey", "sessionToken": "SessionToken"}
    return {ours: keys[theirs] for ours, theirs in names.items()}


def test_a_release_token_opens_nothing_but_the_end_of_its_allocation(job: Job, runner: Api) -> None:
    secret, digest = release_token()
    token = f"atmosphere-release.{secret}"
    job.secrets.found.add(secret)
    with allocated(job, runner, releaseTokenHash=digest) as id_:
        asked = (
            ("GET", f"/allocations/{id_}"),
            ("POST", f"/allocations/{id_}/credentials"),
            ("POST", "/allocations"),
            ("GET", f"/pools/{POOL}"),
        )
        answers = [job.ask(method, path, token=token) for method, path in asked]
        assert {(answer.status, answer.body["code"]) for answer in answers} == {(403, "forbidden")}
        assert job.ask("DELETE", f"/allocations/{GONE}", {"outcome": "x"}, token=token).status == 404
        assert job.ask("GET", f"/allocations/{id_}").body["status"] == "active"


# number of the threat model's list, what is odd, Authorization lines (None: a fresh token), status
LINES: dict[str, tuple[int, list[str], int]] = {
    "no Authorization": (1, [], 401),
    "Basic": (2, ["Basic eDp5"], 401),
    "scheme in lower case": (3, ["bearer {a}"], 401),
    "scheme in upper case": (3, ["BEARER {a}"], 401),
    "two tokens": (4, ["Bearer {a} {b}"], 401),
    "two tokens with a comma": (4, ["Bearer {a}, Bearer {b}"], 401),
    "two lines, a token last": (4, ["Basic eDp5", "Bearer {a}"], 401),
    "two lines, two tokens": (4, ["Bearer {a}", "Bearer {b}"], 401),
    "nothing after Bearer": (5, ["Bearer "], 401),
    "Bearer alone": (5, ["Bearer"], 401),
    "five parts": (18, ["Bearer a.b.c.d.e"], 401),
    "two parts": (18, ["Bearer a.b"], 401),
    "dots only": (18, ["Bearer .."], 401),
    "no ASCII": (18, ["Bearer {a}\u00e4"], 401),
    "padding": (30, ["Bearer {a}=="], 401),
    "a signature": (0, ["AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/execute-api/aws4_request, Signature=0"], 401),
    "a release token that is too short": (0, ["Bearer atmosphere-release." + "A" * 42], 401),
    "a token": (0, ["Bearer {a}"], 200),
}


@pytest.mark.parametrize("row", LINES.items(), ids=lambda row: f"{row[1][0]} {row[0]}")
def test_only_one_well_formed_token_gets_past_the_gateway(
    job: Job, row: tuple[str, tuple[int, list[str], int]]
) -> None:
    _, (_, lines, status) = row
    tokens = {"a": job.token(), "b": job.token()}
    answer = send_lines(
        "GET",
        job.service["endpoint"] + TREE + f"/pools/{POOL}",
        [("Authorization", line.format(**tokens)) for line in lines],
    )
    assert answer.status == status
    echoed = [token for token in tokens.values() if token.rpartition(".")[2] in answer.text]
    assert not echoed
    if status == 401:
        refusal(answer, "unauthenticated")


def refusal(answer: Reply, code: str) -> None:
    assert answer.body["code"] == code
    assert answer.body["message"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/allocations", f"/allocations/{GONE}", "/pools", f"/pools/{POOL}", "/environments"])
def test_49_a_token_on_the_iam_tree_is_refused_and_not_echoed(job: Job, path: str) -> None:
    token = job.token()
    for authorization in (f"Bearer {token}", f"Bearer atmosphere-release.{'A' * 43}"):
        answer = send_lines("GET", job.service["endpoint"] + path, [("Authorization", authorization)])
        assert answer.status == 403
        assert authorization.partition(" ")[2] not in answer.text
        refusal(answer, "forbidden")


def test_a_signature_on_the_github_tree_is_refused(runner: Api, operator: Api) -> None:
    for caller in (runner, operator):
        answer = caller.ask("GET", f"{TREE}/pools/{POOL}")
        assert answer.status == 401
        refusal(answer, "unauthenticated")


ODD = {
    "wrong verb": ("PUT", "/allocations"),
    "a verb that no route has": ("PATCH", f"/allocations/{GONE}"),
    "history, which is for operators": ("GET", "/allocations"),
    "all pools": ("GET", "/pools"),
    "environments": ("GET", "/environments"),
    "an operator's act": ("POST", "/environments/222222222222/us-east-1/hold"),
    "the root": ("GET", ""),
    "one level too deep": ("POST", f"/allocations/{GONE}/credentials/x"),
    "a slash in the id": ("GET", "/allocations/..%2Fpools"),
    "the tree twice": ("GET", f"{TREE}/pools/{POOL}"),
    "another spelling": ("GET", f"/Pools/{POOL}"),
}


@pytest.mark.parametrize(("method", "path"), ODD.values(), ids=ODD.keys())
def test_79_what_is_no_route_of_the_tree_is_refused_in_json(job: Job, method: str, path: str) -> None:
    """With a token that any route would take."""
    answer = send_lines(
        method,
        job.service["endpoint"] + TREE + path,
        [("Authorization", f"Bearer {job.token()}"), ("Content-Length", "0")],
    )
    assert answer.status == 403
    refusal(answer, "forbidden")


def test_45_without_any_key_and_with_an_issuer_that_is_down_it_is_try_again_later(
    local_service: LocalService, job: Job
) -> None:
    token = job.token()
    local_service.issuer.stop()
    try:
        with cold_authorizer(local_service):
            answer = job.ask("GET", f"/pools/{POOL}", token=token)
    finally:
        local_service.issuer.start()
    assert answer.status == 503
    refusal(answer, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert job.ask("GET", f"/pools/{POOL}", token=token).status == 200, "it was not used up"


def test_a_deployment_that_names_no_stand_in_takes_no_token_of_it(local_service: LocalService, job: Job) -> None:
    """As every deployment to AWS."""
    with cold_authorizer(local_service, **{Env.LOOPBACK_ISSUER: ""}):
        answer = job.ask("GET", f"/pools/{POOL}")
    assert answer.status == 401
    refusal(answer, "unauthenticated")
    assert job.ask("GET", f"/pools/{POOL}").status == 200


@contextmanager
def cold_authorizer(service: LocalService, **others: str) -> Iterator[None]:
    """New functions at the beginning of the block, and again at its end: a changed variable makes them."""
    lambdas, name = client(service, "lambda"), service.description["functions"]["authorize"]
    variables = lambdas.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    lambdas.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**variables, "COLD": "1", **others}}
    )
    try:
        yield
    finally:
        lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def test_85_no_secret_is_kept_anywhere(local_service: LocalService, job: Job, runner: Api, secrets: Secrets) -> None:
    """After a life of an allocation in each tree, refusals of every kind, and whatever ran in this module before."""
    secret, digest = release_token()
    with allocated(job, runner, releaseTokenHash=digest) as id_:
        place = f"/allocations/{id_}"
        assert secrets.of_reply(job.ask("POST", f"{place}/credentials")).status == 200
        token = job.token()
        statuses = [job.ask("GET", place, token=token).status for _ in range(2)]
        altered = token[:-8] + "AAAAAAAA"
        statuses += [
            job.ask("GET", place, token=altered).status,
            job.but(repository_id="1").ask("GET", place).status,
            job.but(aud="https://elsewhere.example.com").ask("GET", place).status,
            job.but(repository="renamed/repo").ask("GET", place).status,
            job.ask("POST", f"{place}/credentials", token=f"atmosphere-release.{secret}").status,
            job.release(id_, "B" * 43).status,
        ]
        assert statuses == [200, 401, 401, 403, 401, 200, 403, 404]
        assert job.release(id_, secret).status == 200
    signed = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "sweep"})
    secrets.of_reply(signed)
    assert runner.ask("DELETE", f"/allocations/{signed.body['id']}", {"outcome": "success"}).status == 200
    runner.until_free(POOL)
    for keys in local_service.description["callers"].values():
        secrets.found |= {keys["secretAccessKey"], keys["sessionToken"]}
    secrets.found.add(job.service["github"]["tokenRequestToken"])
    assert len(secrets.found) > 15
    assert leaks(local_service, secrets.found) == set()


def test_the_sweep_finds_a_secret_wherever_it_is_put(local_service: LocalService) -> None:
    canary = chance.token_urlsafe(32)
    told, name = local_service.description, f"canary-{chance.token_hex(4)}"
    client(local_service, "dynamodb").put_item(
        TableName=told["tables"]["used_tokens"], Item={"token": {"S": name}, "expires": {"N": "1"}, "x": {"S": canary}}
    )
    storage, logs = client(local_service, "s3"), client(local_service, "logs")
    storage.create_bucket(Bucket=name)
    storage.put_object(Bucket=name, Key="key", Body=f"x{canary}x".encode())
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    line = {"timestamp": int(time.time() * 1000), "message": f"because of {canary}"}
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[line])
    machines = client(local_service, "stepfunctions")
    made = machines.create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
        roleArn=machines.describe_state_machine(stateMachineArn=told["stateMachine"])["roleArn"],
    )
    machines.start_execution(stateMachineArn=made["stateMachineArn"], name="x", input=json.dumps({"x": canary}))
    client(local_service, "cloudwatch").put_metric_data(
        Namespace="Canary",
        MetricData=[{"MetricName": "M", "Value": 1, "Dimensions": [{"Name": "who", "Value": canary}]}],
    )
    with local_service.emulator.log.open("a") as log:
        log.write(f"{canary}\n")
    kinds = {place.partition(" ")[0] for place in leaks(local_service, [canary])}
    assert kinds == {"the", "table", "bucket", "log", "execution", "history", "metrics"}
