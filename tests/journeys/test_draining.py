"""A deployment without an environment that is in use: it drains, and until then its tenant misses nothing."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from atmosphere.cli.main import main
from atmosphere.local.service import LocalService
from tests.journeys.api import Api
from tests.journeys.conftest import EXAMPLE, SHORT
from tests.journeys.planning import planned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

ACCOUNT, REGION, POOL = "555555555555", "eu-west-1", "europe"


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with LocalService(EXAMPLE, settings=SHORT, ticker=1.0) as running:
        yield running


def without_the_environment(directory: Path) -> Path:
    config = directory / "config"
    shutil.copytree(EXAMPLE, config)
    environments = yaml.safe_load((config / "environments.yaml").read_text())
    environments["environments"] = [one for one in environments["environments"] if one["account"] != ACCOUNT]
    (config / "environments.yaml").write_text(yaml.safe_dump(environments))
    access = yaml.safe_load((config / "access.yaml").read_text())
    for rule in access["iam"]:
        rule["pools"].remove(POOL)
    (config / "access.yaml").write_text(yaml.safe_dump(access))
    return config


def topics(service: LocalService, keys: dict[str, Any]) -> Any:
    return boto3.client(
        "sns",
        endpoint_url=service.description["awsEndpoint"],
        region_name=REGION,
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
    )


@pytest.fixture
def ready(service: LocalService, tmp_path: Path) -> Path:
    path = tmp_path / "ready.json"
    path.write_text(json.dumps(service.description))
    return path


def test_an_environment_in_use_drains_and_is_gone_when_it_is_clean(
    service: LocalService, tmp_path: Path, ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    description = service.description
    runner = Api(description["endpoint"], description["callers"]["runner"])
    operator = Api(description["endpoint"], description["callers"]["operator"])
    one = f"/environments/{ACCOUNT}/{REGION}"
    granted = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "drain journey"}).body

    config = without_the_environment(tmp_path)
    code, plan = planned(ready, config, capsys)
    service.deploy(config)

    assert (code, plan["steps"][0]["kind"]) == (4, "drained")
    assert plan["steps"][0]["now"]["until"] == granted["expiresAt"]
    assert {"pool": POOL, "before": 1, "after": 0} in plan["capacity"]
    row = operator.ask("GET", one).body
    assert (row["status"], row["registration"]) == ("in-use", "deregistering")
    refused = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "too late"})
    assert (refused.status, refused.body["code"]) == (403, "forbidden")
    fresh = runner.ask("POST", f"/allocations/{granted['id']}/credentials").body["environments"][0]["credentials"]
    topics(service, fresh).create_topic(Name="still-works")

    assert runner.ask("DELETE", f"/allocations/{granted['id']}", {"outcome": "success"}).status == 200
    gone = ["environment", "list", "--wait-gone", f"{ACCOUNT}/{REGION}", "--timeout", "4m", "--ready-file", str(ready)]
    assert main(gone) == 0
    assert operator.ask("GET", one).status == 404
    assert f"aws://{ACCOUNT}/{REGION} is gone" in capsys.readouterr().out
    for keys in (granted["credentials"], fresh):
        with pytest.raises(ClientError, match=r"AccessDenied|AuthorizationError"):
            topics(service, keys).list_topics()
    history = operator.ask("GET", f"/allocations?environment={ACCOUNT}%2F{REGION}").body["entries"]
    assert [entry["outcome"] for entry in history] == ["success"]
