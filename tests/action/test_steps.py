"""Both steps as the shims run them, against a service on loopback: what the user sees, and what arrives."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import LOST, Answer, granted, refused

if TYPE_CHECKING:
    from tests.action.conftest import Issued, Job, Runner
    from tests.client.conftest import Arrived, Service


def test_a_job_gets_an_environment_and_gives_it_back(
    job: Job, service: Service, runner: Runner, issued: Issued
) -> None:
    service.script = [issued.granting(), Answer()]

    main = job.main()
    post = job.post()

    assert (main.code, post.code) == (0, 0), main.text + post.text
    allocate, release = service.arrived
    assert (allocate.method, release.method) == ("POST", "DELETE")
    assert allocate.path.endswith("/v1/github/allocations")
    assert allocate.headers["idempotency-key"] == job.allocation
    assert allocate.body == {
        "pool": "demo",
        "requester": "example-org/example-repo tests run 17.2 job integration",
        "releaseTokenHash": sha256(job.secret.encode()).hexdigest(),
    }
    assert release.path.endswith(f"/v1/github/allocations/{job.allocation}")
    assert release.body == {"outcome": "success"}
    sent = [arrived.headers["authorization"] for arrived in (allocate, release)]
    assert sent == [f"Bearer {token}" for token in runner.tokens]
    assert len(set(sent)) == 2
    assert all("audience=" in arrived.path for arrived in runner.arrived)


def test_later_steps_have_the_credentials_and_the_outputs(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]

    assert job.main().code == 0

    keys = issued.keys["default"]
    assert job.values("ENV") == {
        "AWS_ACCESS_KEY_ID": keys["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["secretAccessKey"],
        "AWS_SESSION_TOKEN": keys["sessionToken"],
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    outputs = job.values("OUTPUT")
    assert outputs.pop("waited-seconds") == "0"
    assert json.loads(outputs.pop("environments"))[0]["account"] == "222222222222"
    assert outputs == {
        "allocation-id": job.allocation,
        "aws-account-id": "222222222222",
        "aws-region": "us-east-1",
        "expires-at": "2026-11-22T13:00:00Z",
        "capabilities": '{"bedrock": true}',
    }
    summary = (job.place / "STEP_SUMMARY").read_text()
    assert "aws://222222222222/us-east-1" in summary
    assert job.allocation in summary


def test_a_runner_without_summaries_is_fine(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]
    del job.environ["GITHUB_STEP_SUMMARY"]

    assert job.main().code == 0


def test_credentials_are_outputs_when_asked_for(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]
    job.inputs["output-credentials"] = "true"

    assert job.main().code == 0

    outputs, keys = job.values("OUTPUT"), issued.keys["default"]
    assert outputs["aws-access-key-id"] == keys["accessKeyId"]
    assert outputs["aws-secret-access-key"] == keys["secretAccessKey"]
    assert outputs["aws-session-token"] == keys["sessionToken"]


def test_nothing_secret_is_ever_readable_in_the_log(job: Job, service: Service, runner: Runner, issued: Issued) -> None:
    entry = issued.entry()
    reply: dict[str, object] = {"id": "no uuid", "environments": [entry], "credentials": entry["credentials"]}
    service.script = [Answer(200, reply)]  # damaged, so that it is told about
    job.environ |= {"AWS_ACCESS_KEY_ID": "A" * 20, "AWS_SECRET_ACCESS_KEY": "B" * 40}

    main, post = job.main(), job.post()

    assert main.code == 1
    shown = "\n".join([*main.shown(), *post.shown(), main.errors, post.errors])
    for secret in [*issued.secrets, *runner.tokens, job.secret]:
        assert secret not in shown
    assert "a different allocation" in shown or "cannot read the reply" in shown


def test_every_secret_is_masked_before_anything_is_told(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]

    main = job.main()

    masked = [line.removeprefix("::add-mask::") for line in main.lines if line.startswith("::add-mask::")]
    assert set(issued.secrets) <= set(masked)
    assert not any(secret in line for line in main.shown() for secret in issued.secrets)
    assert not any(secret in (job.place / "STEP_SUMMARY").read_text() for secret in issued.secrets)


def test_the_state_says_what_post_needs_before_each_request(job: Job, service: Service, issued: Issued) -> None:
    seen: list[dict[str, str]] = []
    service.script = job.read_with([refused(423, "pool-busy", after=1), issued.granting()], seen)
    before = time.time()

    assert job.main().code == 0

    first, second = seen
    assert first["endpoint"] == service.endpoint
    assert first["tree"] == "github"
    assert before <= float(first["asked"]) < float(second["asked"]) <= time.time()
    assert "refused" not in job.values("STATE")


def test_who_waits_sees_its_place_and_is_served(job: Job, service: Service, issued: Issued) -> None:
    service.script = [
        refused(423, "pool-busy", after=1, position=2, waiting=5),
        refused(423, "pool-busy", after=1),
        issued.granting(),
    ]

    main = job.main()

    assert main.code == 0
    start, end = (main.lines.index(line) for line in main.lines if re.match("::(end)?group::", line))
    waits = [line for line in main.lines[start:end] if "waited" in line]
    assert waits[0].startswith("Position 2 of 5: no: pool-busy (pool-busy); waited 0 s, next try in 1 s")
    assert "pool-busy" in waits[1]
    assert int(job.values("OUTPUT")["waited-seconds"]) >= 1
    assert len({arrived.headers["idempotency-key"] for arrived in service.arrived}) == 1


@pytest.mark.parametrize("trouble", [refused(503, "unavailable"), refused(429, "throttled"), refused(500, "x"), LOST])
def test_what_may_pass_is_repeated_under_the_same_id(
    job: Job, service: Service, runner: Runner, issued: Issued, trouble: object
) -> None:
    service.script = [trouble, issued.granting()]

    main = job.main()

    assert main.code == 0, main.text
    assert [arrived.headers["idempotency-key"] for arrived in service.arrived] == [job.allocation] * 2
    assert service.arrived[0].body == service.arrived[1].body
    assert len(set(runner.tokens)) == 2


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (refused(403, "forbidden"), "pool 'demo' is unknown, or not open to this workflow run"),
        (refused(401, "unauthenticated"), "the input `audience`"),
        (refused(400, "unsatisfiable"), "waiting does not help"),
        (Answer(403, {"message": "Forbidden"}), "check that `endpoint` is the service's address"),
        (Answer(404, b"<html>"), "is not this API's JSON"),
        (Answer(200, b"<html>"), "is not this API's JSON"),
        (Answer(302, {}, {"Location": "http://127.0.0.1:1/"}), "HTTP 302"),
    ],
)
def test_a_refusal_is_told_at_once_with_its_cure(job: Job, service: Service, answer: Answer, told: str) -> None:
    service.script = [answer]

    main = job.main()

    assert main.code == 1
    assert len(service.arrived) == 1
    (error,) = main.annotations("error")
    assert told in error
    if isinstance(answer.body, dict) and answer.body.get("code"):
        assert str(answer.body["message"]) in error
        assert str(answer.body["code"]) in error


@pytest.mark.parametrize(
    ("script", "harmless"),
    [
        ([refused(403, "forbidden")], True),
        ([refused(423, "pool-busy", after=1), refused(400, "unsatisfiable")], True),
        ([refused(503, "unavailable"), refused(403, "forbidden")], False),
        ([LOST, refused(403, "forbidden")], False),
        ([refused(422, "key-reused")], False),
    ],
)
def test_post_asks_nothing_only_if_nothing_can_have_been_taken(
    job: Job, service: Service, script: list[object], harmless: object
) -> None:
    service.script = [*script, Answer()]
    assert job.main().code == 1
    asked = len(service.arrived)

    post = job.post()

    assert post.code == 0
    assert (job.values("STATE").get("refused") == "1") is harmless
    assert len(service.arrived) - asked == (0 if harmless else 1)


def test_waiting_too_long_says_so_and_leaves_nothing(job: Job, service: Service) -> None:
    service.script = [refused(423, "pool-busy", after=1)]
    job.inputs["wait-timeout"] = "1"

    main = job.main()

    assert main.code == 1
    (error,) = main.annotations("error")
    assert error.startswith("::error title=No environment in time::no environment in pool demo became free within 1 s")
    assert main.lines.index("::endgroup::") < main.lines.index(error)
    assert job.values("STATE")["refused"] == "1"


def test_an_endpoint_that_is_not_there_is_told_plainly(job: Job) -> None:
    job.inputs |= {"endpoint": "http://127.0.0.1:9", "wait-timeout": "1"}

    main = job.main()

    assert main.code == 1
    assert "127.0.0.1:9 refuses connections: check that `endpoint` is right" in main.annotations("error")[0]
    assert job.values("STATE")["refused"] == "1"


def test_all_wrong_inputs_are_told_at_once_and_nothing_is_asked(job: Job, service: Service) -> None:
    job.inputs |= {"pool": "", "endpoint": "http://example.com", "auth": "x", "wait-timeout": "soon"}

    main = job.main()

    assert main.code == 1
    assert len(main.annotations("error")) == 4
    assert job.values("STATE") == {}
    assert not service.arrived


def test_a_missing_permission_is_named(job: Job) -> None:
    del job.environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
    job.inputs["auth"] = "oidc"

    main = job.main()

    assert main.code == 1
    assert "permissions: id-token: write" in main.annotations("error")[0]


def test_a_run_for_a_fork_is_told_that_it_never_gets_a_token(job: Job) -> None:
    del job.environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
    event = job.place / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"repo": {"fork": True}}}}))
    job.environ |= {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event)}
    job.inputs["auth"] = "oidc"

    assert "from a fork gets no GitHub token" in job.main().annotations("error")[0]


def test_an_allocation_that_was_not_asked_for_is_never_handed_over(job: Job, service: Service, issued: Issued) -> None:
    service.script = [Answer(body={**granted(issued.entry()).body, "id": "1" * 8 + job.allocation[8:]}), Answer()]

    main, post = job.main(), job.post()

    assert (main.code, post.code) == (1, 0)
    assert "a different allocation than requested" in main.annotations("error")[0]
    assert job.values("ENV") == job.values("OUTPUT") == {}
    assert service.arrived[-1].path.endswith(job.allocation)


def test_an_account_that_is_not_allowed_is_never_handed_over(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting(), Answer()]
    job.inputs["allowed-account-ids"] = "333333333333,444444444444"

    main = job.main()
    post = job.post()

    assert (main.code, post.code) == (1, 0)
    assert "account 222222222222, which is not in" in main.annotations("error")[0]
    assert job.values("OUTPUT") == {}
    assert service.arrived[-1].method == "DELETE"


def test_account_ids_are_hidden_when_asked_for(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]
    job.inputs["mask-aws-account-id"] = "true"

    main = job.main()

    assert "::add-mask::222222222222" in main.lines
    assert "222222222222" not in "\n".join(main.shown())
    assert "222222222222" not in (job.place / "STEP_SUMMARY").read_text()


def test_variables_of_before_are_back_after_the_job(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting(), Answer()]
    before = {"AWS_ACCESS_KEY_ID": "K" * 20, "AWS_SECRET_ACCESS_KEY": "S" * 40, "AWS_REGION": "eu-west-1"}
    job.environ |= before

    main = job.main()
    assert job.values("ENV")["AWS_REGION"] == "us-east-1"
    assert job.post().code == 0

    # an empty region, unlike an empty key, breaks boto3, the AWS CLI and the JavaScript SDK
    assert job.values("ENV") == {**before, "AWS_SESSION_TOKEN": "", "AWS_DEFAULT_REGION": "us-east-1"}
    assert {"::add-mask::" + "K" * 20, "::add-mask::" + "S" * 40} <= set(main.lines)
    assert "::add-mask::eu-west-1" not in main.lines


def test_a_profile_of_the_job_that_tools_may_prefer_is_warned_about(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]
    job.environ["AWS_PROFILE"] = "mine"

    assert "AWS_PROFILE is set" in job.main().annotations("warning")[0]
    assert "AWS_PROFILE" not in job.values("ENV")  # an empty one would break the AWS CLI


def test_a_second_allocation_of_a_job_warns_that_it_replaces_the_first(
    job: Job, service: Service, issued: Issued
) -> None:
    service.script = [issued.granting()]
    assert not job.main().annotations("warning")
    job.environ |= job.values("ENV")
    job.allocation = "1" * 8 + job.allocation[8:]

    assert "an earlier step of this job also allocated" in job.main().annotations("warning")[0]


def test_signing_callers_use_the_other_tree_and_their_keys_come_back_in_post(
    job: Job, service: Service, issued: Issued
) -> None:
    service.script = [issued.granting(), Answer()]
    job.inputs["auth"] = "iam"
    job.environ |= {"AWS_ACCESS_KEY_ID": "K" * 20, "AWS_SECRET_ACCESS_KEY": "S" * 40, "AWS_SESSION_TOKEN": "T" * 60}

    main = job.main()
    job.environ |= job.values("ENV")  # the job's keys are the environment's by then
    post = job.post()

    assert (main.code, post.code) == (0, 0), main.text + post.text
    assert [arrived.path.partition("/v1/")[2] for arrived in service.arrived] == [
        "allocations",
        f"allocations/{job.allocation}",
    ]
    for arrived in service.arrived:
        assert arrived.headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={'K' * 20}/")
        assert arrived.headers["x-amz-security-token"] == "T" * 60
    assert "S" * 40 not in "\n".join([*main.shown(), *post.shown()])


def test_the_keys_that_sign_are_masked_also_where_nothing_is_exported(
    job: Job, service: Service, issued: Issued
) -> None:
    service.script = [issued.granting()]
    job.inputs |= {"auth": "iam", "output-env-credentials": "false"}
    job.environ |= {"AWS_ACCESS_KEY_ID": "K" * 20, "AWS_SECRET_ACCESS_KEY": "S" * 40, "AWS_SESSION_TOKEN": "T" * 60}

    main = job.main()

    assert main.code == 0
    assert job.values("ENV") == {}
    assert {f"::add-mask::{value}" for value in ("K" * 20, "S" * 40, "T" * 60)} <= set(main.lines)
    assert "S" * 40 in job.values("STATE")["signing"]


def test_a_second_signed_step_signs_with_the_keys_of_before_the_first(
    job: Job, service: Service, issued: Issued
) -> None:
    service.script = [issued.granting()]
    job.inputs["auth"] = "iam"
    job.environ |= {"AWS_ACCESS_KEY_ID": "K" * 20, "AWS_SECRET_ACCESS_KEY": "S" * 40}
    assert job.main().code == 0
    job.environ |= job.values("ENV")
    job.allocation = "1" * 8 + job.allocation[8:]

    assert job.main().code == 0

    assert f"Credential={'K' * 20}/" in service.arrived[-1].headers["authorization"]


def test_a_step_that_signs_does_not_do_so_with_an_environments_keys(job: Job, service: Service, issued: Issued) -> None:
    """The step before had a GitHub token, so the job's variables hold nobody else's keys."""
    service.script = [issued.granting()]
    assert job.main().code == 0
    job.environ |= {**job.values("ENV"), "AWS_EC2_METADATA_DISABLED": "true", "PATH": ""}
    job.allocation = "1" * 8 + job.allocation[8:]
    job.inputs["auth"] = "iam"

    main = job.main()

    assert main.code == 1
    assert "there are no AWS credentials to sign with" in main.annotations("error")[0]
    assert len(service.arrived) == 1


def test_post_without_a_token_releases_with_the_secret_of_main(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting(), Answer()]
    assert job.main().code == 0
    del job.environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
    job.inputs["job-status"] = "cancelled"

    post = job.post()

    assert post.code == 0
    assert service.arrived[-1].headers["authorization"] == f"Bearer atmosphere-release.{job.secret}"
    assert service.arrived[-1].body == {"outcome": "cancelled"}
    assert job.secret not in post.text


def test_post_gives_back_although_nobody_reads_what_it_says(job: Job, service: Service, issued: Issued) -> None:
    """As when the runner's worker was killed, and the post step outlives it."""
    service.script = [issued.granting(), Answer()]
    assert job.main().code == 0

    child = job.start("post", **{f"STATE_{name}": value for name, value in job.values("STATE").items()})
    for pipe in (child.stdin, child.stdout, child.stderr):
        assert pipe is not None
        pipe.close()

    assert child.wait(30) == 0
    assert service.arrived[-1].method == "DELETE"


@pytest.mark.parametrize("name", ["previous", "profiles"])
def test_trouble_in_tidying_up_does_not_keep_the_environment(
    job: Job, service: Service, issued: Issued, name: str
) -> None:
    service.script = [issued.granting(), Answer()]
    assert job.main().code == 0

    post = job.post(**{f"STATE_{name}": "no JSON"})

    assert post.code == 0
    assert len(post.annotations("warning")) == 1
    assert service.arrived[-1].method == "DELETE"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_does_not_stop_the_release(
    job: Job, service: Service, issued: Issued, number: signal.Signals
) -> None:
    interrupted = threading.Event()

    def slow(_: Arrived) -> Answer:
        os.kill(child.pid, number)
        interrupted.set()
        return Answer()

    service.script = [issued.granting(), slow]
    assert job.main().code == 0
    child = job.start("post", **{f"STATE_{name}": value for name, value in job.values("STATE").items()})

    post = job.finish(child)

    assert interrupted.is_set()
    assert post.code == 0
    assert "Released" in post.text


def test_post_without_a_request_does_nothing(job: Job, service: Service) -> None:
    assert job.post().code == 0
    assert not service.arrived


def test_a_service_that_is_down_in_post_is_a_warning_and_the_shims_turn(job: Job, issued: Issued) -> None:
    asked = (datetime.now(UTC) - timedelta(minutes=5)).timestamp()
    state = {"asked": str(asked), "endpoint": "http://127.0.0.1:9", "tree": "iam", "signing": "{}"}

    # One part of what a long post does; the whole is in test_release.py, where time can be stepped.
    child = job.start("post", **{f"STATE_{name}": value for name, value in state.items()})
    assert child.stdout is not None
    lines = [child.stdout.readline().decode() for _ in range(2)]
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        assert pipe is not None
        pipe.close()

    assert "release token" in lines[0]
    assert "127.0.0.1:9 refuses connections" in lines[1]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, None])
def test_main_ends_at_once_with_a_signal_or_with_its_shim(
    job: Job, service: Service, how: signal.Signals | None
) -> None:
    arrived, answered = threading.Event(), threading.Event()

    def hang(_: Arrived) -> object:
        arrived.set()
        answered.wait(30)
        return LOST

    service.script = [hang]
    child = job.start("main")
    assert arrived.wait(20)

    assert child.stdin is not None
    if how is None:
        child.stdin.close()
    else:
        os.kill(child.pid, how)
    code = child.wait(10)
    answered.set()
    for pipe in (child.stdin, child.stdout, child.stderr):
        assert pipe is not None
        pipe.close()

    assert code == (130 if how is None else -how)
    assert "asked" in job.values("STATE")
