"""A story of operators: an account joins by the documented commands, moves, drains, breaks and is repaired.

The plan of each pull request is compared with what its deployment did to the tables.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core.model import Mark
from atmosphere.local.assembly import synthesize
from atmosphere.local.root import Account
from atmosphere.local.service import LocalService
from tests.journeys.api import ROOT, Api, until
from tests.journeys.conftest import EXAMPLE, SHORT
from tests.journeys.planning import planned
from tests.journeys.test_events import Ears
from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.core.model import Environment

pytestmark = [pytest.mark.emulator, pytest.mark.slow, pytest.mark.timeout(600)]

DOCUMENT: Final = (ROOT / "docs" / "registering.md").read_text()
NEW, OLD, POOL = "666666666666/eu-west-1", "555555555555/eu-west-1", "europe"
ROLE: Final = "AtmosphereAdmin"
ELSEWHERE: Final = (".venv/bin/python -m infra.app", "npx aws-cdk deploy", "atmosphere config check-organization")
"""Commands of the document that the test does in another way, or that need an organization."""
CODES: Final = {"config plan": 4, "environment doctor": 3}  # there are changes; the embedded AWS knows no quotas


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with LocalService(EXAMPLE, settings=SHORT | FEW_TYPES, ticker=1.0) as running:
        yield running


@pytest.fixture(scope="module")
def place(service: LocalService, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of somebody who registers an account: `config`, `cdk.out`, and two AWS profiles."""
    directory = tmp_path_factory.mktemp("operators")
    shutil.copytree(EXAMPLE, directory / "config")
    (directory / "cdk.out").symlink_to(synthesize(EXAMPLE, SHORT | FEW_TYPES), target_is_directory=True)
    (directory / "ready.json").write_text(json.dumps(service.description))
    keys = service.description["callers"]["operator"]
    endpoint = service.description["awsEndpoint"]
    (directory / "aws.ini").write_text(
        f"[profile new-account]\nendpoint_url = {endpoint}\naws_access_key_id = 666666666666\n"
        f"aws_secret_access_key = test\n\n[profile operator]\nendpoint_url = {endpoint}\n"
        f"aws_access_key_id = {keys['accessKeyId']}\naws_secret_access_key = {keys['secretAccessKey']}\n"
        f"aws_session_token = {keys['sessionToken']}\n"
    )
    return directory


def caller(service: LocalService, name: str) -> Api:
    return Api(service.description["endpoint"], service.description["callers"][name])


@pytest.fixture(scope="module")
def ears(service: LocalService) -> Ears:
    return Ears(service)


def documented() -> list[str]:
    """The commands of the numbered steps, in order; lines that go on are one."""
    steps = DOCUMENT[: DOCUMENT.index("## What the doctor checks")]
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", steps, re.DOTALL | re.MULTILINE)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in lines if line.strip()]


def do(command: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as the document has it, in a shell's place, with the profiles of this test only."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    bin_ = Path(sys.executable).parent
    return subprocess.run(
        [str(bin_ / (words := shlex.split(command))[0]), *words[1:]],
        cwd=place,
        env={
            **others,
            "AWS_CONFIG_FILE": str(place / "aws.ini"),
            "AWS_SHARED_CREDENTIALS_FILE": str(place / "none"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "ATMOSPHERE_READY_FILE": str(place / "ready.json"),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def examined(place: Path, environment: str) -> dict[str, set[str]]:
    """What the doctor did not find ok, by level."""
    run = do(f"atmosphere environment doctor {environment} --profile operator --json", place)
    found = json.loads(run.stdout)["findings"]
    levels = {level: {each["check"] for each in found if each["level"] == level} for level in ("problem", "unknown")}
    assert run.returncode == (1 if levels["problem"] else 3)
    return levels


def rows(service: LocalService) -> dict[str, Environment]:
    return {str(row.registered.key): row for row in service.store().environments()}


def difference(before: dict[str, Environment], after: dict[str, Environment]) -> dict[str, str]:
    """What a deployment did to the table of environments, in the words of a plan."""
    kinds = dict.fromkeys(after.keys() - before.keys(), "added")
    for key in before.keys() & after.keys():
        if after[key].mark is Mark.DEREGISTERING and before[key].mark is Mark.REGISTERED:
            kinds[key] = "drained"
        elif (after[key].next_registered or after[key].registered) != before[key].registered:
            kinds[key] = "changed"
    return kinds | dict.fromkeys(before.keys() - after.keys(), "removed")


def merged(
    service: LocalService, place: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The plan of `config`, and what its deployment did."""
    before = rows(service)
    code, plan = planned(place / "ready.json", place / "config", capsys)
    assert code == 4
    service.deploy(place / "config")
    return plan, difference(before, rows(service))


def kinds(plan: dict[str, Any]) -> dict[str, str]:
    return {each["subject"]: each["kind"] for each in plan["steps"] if each["subject"].startswith("aws://")}


def edit(place: Path, change: Callable[[str], str]) -> None:
    file = place / "config" / "environments.yaml"
    file.write_text(change(file.read_text()))


def entry() -> str:
    """The entry of the new environment as the document shows it."""
    (block,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    return "\n" + "".join(line[3:] for line in block.splitlines(keepends=True) if line.strip())


def status(operator: Api, environment: str) -> str:
    return str(operator.ask("GET", f"/environments/{environment}").body["status"])


def an_account_becomes_a_free_environment_by_the_documented_commands(
    service: LocalService, place: Path, operator: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(place, lambda text: text.rstrip("\n") + "\n" + entry())
    assert "role" in examined(place, NEW)["problem"]  # nothing is there yet
    done = []
    for command in documented():
        if command.startswith(ELSEWHERE):
            if command.startswith("npx aws-cdk deploy"):
                plan, did = merged(service, place, capsys)
                assert kinds(plan) == did == {f"aws://{NEW}": "added"}
                assert {"pool": POOL, "before": 1, "after": 2} in plan["capacity"]
                until(lambda: status(operator, NEW) == "free", f"{NEW} is free")
            continue
        run = do(command, place)
        expected = next((code for words, code in CODES.items() if f"atmosphere {words}" in command), 0)
        assert run.returncode == expected, (command, run.stdout, run.stderr)
        done.append(command.split(" ")[1])
    assert done == ["cloudformation", "config", "environment", "config", "environment", "environment", "baseline"]
    assert examined(place, NEW) == {"problem": set(), "unknown": {"quota"}}


def moving_and_removing_environments_in_use_is_what_the_plan_says(
    service: LocalService, place: Path, runner: Api, operator: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {}
    for environment in (OLD, NEW):
        account = [{"type": "account", "value": [environment[:12]]}]
        answer = runner.ask("POST", "/allocations", {"pool": POOL, "requester": "holds", "constraints": account})
        assert answer.status == 200, answer.text
        held[environment] = answer.body
    edit(place, lambda text: text.replace(entry(), ""))
    edit(place, lambda text: "pool: release".join(text.rsplit("pool: europe", 1)))
    access = place / "config" / "access.yaml"
    access.write_text(access.read_text().replace("release, europe]", "release]"))

    plan, did = merged(service, place, capsys)

    assert kinds(plan) == did == {f"aws://{OLD}": "changed", f"aws://{NEW}": "drained"}
    steps = {each["subject"]: each for each in plan["steps"]}
    assert steps[f"aws://{OLD}"]["details"] == ["pool: europe -> release"]
    assert steps[f"aws://{OLD}"]["now"]["held_by"].startswith("holds (arn:aws:sts::")
    assert steps[f"aws://{NEW}"]["now"]["until"] == held[NEW]["expiresAt"]
    row = operator.ask("GET", f"/environments/{OLD}").body
    assert (row["status"], row["registration"], row["pool"]) == ("in-use", "registered", POOL)
    row = operator.ask("GET", f"/environments/{NEW}").body
    assert (row["status"], row["registration"]) == ("in-use", "deregistering")
    _, after = planned(place / "ready.json", place / "config", capsys)
    assert {each["subject"] for each in after["steps"]} == {"settings"}  # this run's own are shorter
    for granted in held.values():
        assert runner.ask("POST", f"/allocations/{granted['id']}/credentials").status == 200
        assert runner.ask("DELETE", f"/allocations/{granted['id']}", {"outcome": "success"}).status == 200
    watched = do(f"atmosphere environment list --wait-gone {NEW} --timeout 3m", place)
    assert (watched.returncode, f"aws://{NEW} is gone" in watched.stdout) == (0, True), watched.stderr
    until(lambda: status(operator, OLD) == "free", f"{OLD} is free")
    assert operator.ask("GET", f"/environments/{OLD}").body["pool"] == "release"


@contextmanager
def trusting_no_one(service: LocalService) -> Iterator[None]:
    """The admin role as a mistake in the account leaves it."""
    iam = Account(service.hub.endpoint, OLD[:12], OLD[13:]).client("iam")
    trust: Any = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    denied = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    nobody = {"Version": "2012-10-17", "Statement": [denied]}
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(nobody))
    yield
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))


def a_dirty_environment_explains_itself_is_repaired_and_both_histories_know(
    service: LocalService, place: Path, runner: Api, operator: Api, ears: Ears
) -> None:
    account = [{"type": "account", "value": [OLD[:12]]}]
    asked = {"pool": "release", "requester": "breaks things", "constraints": account}
    granted = runner.ask("POST", "/allocations", asked).body
    with trusting_no_one(service):
        assert runner.ask("DELETE", f"/allocations/{granted['id']}", {"outcome": "failure"}).status == 200
        event = ears.wait_for("Environment Dirty", environment=f"aws://{OLD}", allocation=granted["id"])
        assert event["reason"] == "role-unusable"
        report = do(f"atmosphere environment show {OLD}", place).stdout
        assert all(text in report for text in ("role-unusable", "its trust policy must allow the service's roles"))
        assert examined(place, OLD)["problem"] == {"role"}
    assert examined(place, OLD)["problem"] == set()
    reinstated = do(f'atmosphere environment reinstate {OLD} --reason "the trust policy is back"', place)
    assert reinstated.returncode == 0, reinstated.stderr
    assert status(operator, OLD) == "free"
    ears.wait_for("Environment Reinstated", environment=f"aws://{OLD}", reason="the trust policy is back")
    of_environment = json.loads(do(f"atmosphere history {OLD} --json", place).stdout)["entries"]
    assert {"holds", "breaks things"} <= {each["requester"] for each in of_environment}
    assert "the trust policy is back" in {each["reason"] for each in of_environment}
    of_requester = json.loads(do("atmosphere history --requester holds --json", place).stdout)["entries"]
    assert {f"{each['account']}/{each['region']}" for each in of_requester} == {OLD, NEW}


def test_an_environment_joins_moves_drains_breaks_and_is_repaired(
    service: LocalService, place: Path, ears: Ears, capsys: pytest.CaptureFixture[str]
) -> None:
    runner, operator = caller(service, "runner"), caller(service, "operator")
    an_account_becomes_a_free_environment_by_the_documented_commands(service, place, operator, capsys)
    moving_and_removing_environments_in_use_is_what_the_plan_says(service, place, runner, operator, capsys)
    a_dirty_environment_explains_itself_is_repaired_and_both_histories_know(service, place, runner, operator, ears)
