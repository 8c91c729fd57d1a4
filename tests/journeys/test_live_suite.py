"""The live suite against the local service, so that its first run on an account is not its first run at all.

A process of its own gets what somebody with an account would set; the embedded AWS is only an address to it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.local.service import STACK
from tests.journeys.sweep import client
from tests.live.ledger import Kind, Ledger

if TYPE_CHECKING:
    from atmosphere.local.service import LocalService

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

ROOT: Final = Path(__file__).parents[2]
BUDGET: Final = "0.50"
ADMINISTRATOR: Final = "live-administrator"
TEMPLATE: Final = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
ANYTHING: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass(frozen=True)
class Done:
    """A run of the suite, and where its ledger is."""

    code: int
    out: str
    ledger: Path


def keys(service: LocalService) -> dict[str, str]:
    """A session of an administrator of the service's account: the root of the embedded AWS passes every Deny."""
    iam, hub = client(service, "iam"), service.hub
    root = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{hub.account}:root"}}
    with suppress(iam.exceptions.EntityAlreadyExistsException):  # an earlier test of this file made it
        iam.create_role(RoleName=ADMINISTRATOR, AssumeRolePolicyDocument=json.dumps({"Statement": [root]}))
    iam.put_role_policy(
        RoleName=ADMINISTRATOR,
        PolicyName="anything",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [ANYTHING]}),
    )
    arn = f"arn:aws:iam::{hub.account}:role/{ADMINISTRATOR}"
    given = client(service, "sts").assume_role(RoleArn=arn, RoleSessionName="live")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def variables(service: LocalService, ledger: Path) -> dict[str, str]:
    """What somebody sets for the service of a local run."""
    about = service.description
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": about["awsEndpoint"],
        "AWS_REGION": about["region"],
        **keys(service),
        "ATMOSPHERE_LIVE": about["account"],
        "ATMOSPHERE_LIVE_ENDPOINT": about["endpoint"],
        "ATMOSPHERE_LIVE_STACK": STACK,
        "ATMOSPHERE_LIVE_BUDGET": BUDGET,
        "ATMOSPHERE_LIVE_POOL": "demo",
        "ATMOSPHERE_LIVE_ROLE": f"arn:aws:iam::{about['account']}:role/runner",
        "ATMOSPHERE_LIVE_AUDIENCE": about["github"]["audience"],
        "ACTIONS_ID_TOKEN_REQUEST_URL": about["github"]["tokenRequestUrl"],
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": about["github"]["tokenRequestToken"],
        "ATMOSPHERE_LIVE_LEDGER": str(ledger),
    }


def command(module: str, environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """A command of the suite, in a process of its own."""
    words = [sys.executable, "-m", module, *options]
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280)


@pytest.fixture(scope="module")
def done(local_service: LocalService, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """One run of everything."""
    ledger = tmp_path_factory.mktemp("live") / "ledger.jsonl"
    ran = command("tests.live", variables(local_service, ledger))
    return Done(ran.returncode, ran.stdout + ran.stderr, ledger)


def test_every_test_passes_or_says_why_it_cannot_here(done: Done) -> None:
    assert done.code == 0, done.out
    skipped = re.findall(r"^SKIPPED \[\d+\] \S+ (.*)$", done.out, re.MULTILINE)
    assert skipped
    reasons = ("only an account shows it: ", "no profile of another account", "no domain: ", "the organization of the")
    assert [reason for reason in skipped if not reason.startswith(reasons)] == []
    assert int(re.findall(r"(\d+) passed", done.out)[0]) >= 15


def test_everything_was_listed_and_is_gone(done: Done, local_service: LocalService) -> None:
    ledger = Ledger(done.ledger)
    assert {Kind.ROLE, Kind.TABLE, Kind.BUCKET, Kind.ALLOCATION} <= {thing.kind for thing in ledger.all()}
    assert ledger.left() == []
    assert "left: nothing" in done.out
    roles = client(local_service, "iam").get_paginator("list_roles").paginate()
    assert [r["RoleName"] for page in roles for r in page["Roles"] if r["RoleName"].startswith("atmosphere-live")] == []


def test_the_cost_is_printed_and_under_the_budget(done: Done) -> None:
    (spent,) = re.findall(rf"^estimated cost: ([\d.]+) USD of at most {BUDGET} USD$", done.out, re.MULTILINE)
    assert 0 < float(spent) < float(BUDGET)


def test_what_a_killed_run_left_is_deleted_by_its_ledger(local_service: LocalService, tmp_path: Path) -> None:
    """Killed after a bucket and a stack were created, and before a role was."""
    path = tmp_path / "ledger.jsonl"
    ledger, s3 = Ledger(path), client(local_service, "s3")
    ledger.note(Kind.BUCKET, "atmosphere-live-killed", "us-east-1")
    ledger.note(Kind.STACK, "atmosphere-live-killed", "us-east-1")
    ledger.note(Kind.ROLE, "atmosphere-live-never", "us-east-1")
    stacks = client(local_service, "cloudformation")
    stacks.create_stack(StackName="atmosphere-live-killed", TemplateBody=TEMPLATE)
    s3.create_bucket(Bucket="atmosphere-live-killed")
    s3.put_object(Bucket="atmosphere-live-killed", Key="object", Body=b"")

    ran = command("tests.live.leave", variables(local_service, path))

    assert (ran.returncode, ran.stdout) == (0, "3 listed, 3 deleted or not there, 0 left\n"), ran.stderr
    assert "atmosphere-live-killed" not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert ledger.left() == []


def test_another_account_than_the_credentials_is_refused(local_service: LocalService, tmp_path: Path) -> None:
    wrong = variables(local_service, tmp_path / "ledger.jsonl") | {"ATMOSPHERE_LIVE": "999999999999"}

    ran = command("tests.live", wrong)

    assert ran.returncode == 2
    assert "the credentials are of account 111111111111" in ran.stderr


def test_a_test_that_would_exceed_the_budget_does_not_run(local_service: LocalService, tmp_path: Path) -> None:
    poor = variables(local_service, tmp_path / "ledger.jsonl") | {"ATMOSPHERE_LIVE_BUDGET": "0.0001"}

    ran = command("tests.live", poor, "-k", "test_a_transaction_is_whole")

    assert "over the budget: it costs" in ran.stdout
    assert "not run, over the budget: test_a_transaction_is_whole_under_contention" in ran.stdout
    assert "estimated cost: 0.000000 USD of at most 0.0001 USD" in ran.stdout
