"""The service with every option on the embedded AWS, and its canary against the real API of it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.contract import Env, FunctionName
from atmosphere.core.model import Status
from atmosphere.local.emulator import HUB_ACCOUNT, REGION
from atmosphere.local.root import Account
from atmosphere.local.service import LocalService
from tests.journeys.conftest import EXAMPLE, SHORT
from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.emulator, pytest.mark.slow]
ELSEWHERE: Final = "888888888888"
RULE: Final = f"iam:\n  - {{name: canary, account: '{HUB_ACCOUNT}', roles: [atmosphere-canary], pools: [release]}}\n"
OPTIONS: Final = f"""
domain: {{name: atmosphere.example.com, hosted_zone_id: Z0123456789ABC, hosted_zone_name: example.com}}
firewall: {{}}
reserved_concurrency: {{webhook: 5}}
canary: {{minutes: 60, pool: release, stranger_role: "arn:aws:iam::{ELSEWHERE}:role/Stranger"}}
encryption_key: create
tags: {{team: example}}
log_days: 400
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    config = tmp_path_factory.mktemp("canary") / "config"
    shutil.copytree(EXAMPLE, config)
    (config / "deployment.yaml").write_text(OPTIONS)
    access = (config / "access.yaml").read_text()
    (config / "access.yaml").write_text(access.replace("iam:\n", RULE, 1))
    with LocalService(config, settings=SHORT | FEW_TYPES, ticker=1.0) as made:
        make_stranger(made)
        yield made


def make_stranger(service: LocalService) -> None:
    """A role of an account that access.yaml does not name, which may call any API."""
    identity = Account(service.hub.endpoint, ELSEWHERE, REGION).client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HUB_ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    calls = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    identity.create_role(RoleName="Stranger", AssumeRolePolicyDocument=policy(trust))
    identity.put_role_policy(RoleName="Stranger", PolicyName="calls", PolicyDocument=policy(calls))


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def run(service: LocalService, **variables: str) -> dict[str, bool]:
    """One run of the deployed function; the endpoint of the template is AWS's, so it gets that of this machine."""
    lambdas, name = service.hub.client("lambda"), service.description["functions"][FunctionName.CANARY]
    known = lambdas.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    own = {Env.ENDPOINT.value: service.endpoint}
    lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": {**known, **own, **variables}})
    try:
        reply = lambdas.invoke(FunctionName=name, Payload=b"{}")
    finally:
        lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": known})
    found: dict[str, bool] = json.loads(reply["Payload"].read())
    return found


def test_the_deployed_canary_finds_the_deployed_service_as_documented(service: LocalService) -> None:
    found = run(service, **{Env.CANARY_STRANGER.value: ""})
    assert found == dict.fromkeys(("anonymous", "anonymous-github", "allocate", "release"), True)
    statuses = {row.status for row in service.store().environments() if row.registered.pool == "release"}
    assert Status.IN_USE not in statuses


def test_no_other_refusal_than_the_documented_one_will_do(service: LocalService) -> None:
    """The embedded AWS knows an API in its own account only, and answers a stranger 404 where AWS answers 403."""
    found = run(service, **{Env.CANARY_POOL.value: "europe"})
    assert found == {"anonymous": True, "anonymous-github": True, "stranger": False, "allocate": False}
