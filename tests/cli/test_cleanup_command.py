"""`atmosphere cleanup`: looking from here, and a cleanup of the service's watched to its end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cleanup.aws.accounts import Accounts
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.model import Resource
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.cli import following
from atmosphere.cli.exits import Exit
from atmosphere.cli.main import main
from atmosphere.config.load import load
from tests.cleanup.empty import EmptyAccounts
from tests.client.conftest import Answer

if TYPE_CHECKING:
    from tests.client.conftest import Service

EXAMPLE = Path(__file__).parents[2] / "config"
KEY = "222222222222/us-east-1"
HERE = {"account": "222222222222", "region": "us-east-1"}
PROGRESS = {
    "startedAt": "2026-11-22T10:00:00+00:00",
    "at": "2026-11-22T10:00:30+00:00",
    "attempt": 1,
    "pass": 2,
    "phase": "clear",
    "left": {"AWS::S3::Bucket": 2},
    "removed": {"AWS::S3::Bucket": 5},
    "blocked": {"AWS::S3::Bucket": 1},
    "unknown": 0,
    "deferred": 0,
    "seconds": {"revoke": 3.0},
}
REPORT = {
    "environment": f"aws://{KEY}",
    "allocation": "a",
    "requester": "build 7",
    "attempt": 1,
    "verdict": "dirty",
    "reason": "blocked:AWS::S3::Bucket",
    "explanation": "",
    "at": "2026-11-22T10:01:00+00:00",
    "passes": 3,
    "mutations": 9,
    "blockers": [],
    "unknown": {},
    "deferred": [],
    "uncovered": [],
    "unexplained": {},
    "skipped": {},
}


# --- run --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "EVERY", 0.0)


def seen(status: str, **more: Any) -> Answer:
    return Answer(body={**HERE, "status": status, **more})


@pytest.mark.usefixtures("ready_file", "_hurried")
@pytest.mark.parametrize(("status", "code"), [("free", Exit.FINE), ("held", Exit.FINE), ("dirty", Exit.PROBLEMS)])
def test_run_asks_for_a_cleanup_watches_it_and_ends_with_the_report(
    service: Service, status: str, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [
        seen("dirty"),
        seen("cleaning"),
        seen("cleaning", attempt=1, progress=None),
        seen("cleaning", attempt=1, progress=PROGRESS),
        seen("cleaning", attempt=1, progress=PROGRESS),
        seen(status, cleanup=REPORT, dirtyReason="blocked:AWS::S3::Bucket" if status == "dirty" else None),
    ]
    assert main(["cleanup", "run", KEY, "--reason", "emptied by hand"]) == code
    assert [(each.method, each.path.rpartition("/")[2]) for each in service.arrived[:2]] == [
        ("GET", "us-east-1"),
        ("POST", "clean"),
    ]
    shown = capsys.readouterr()
    assert shown.err.count("2 left, 5 removed, 1 with an error") == 1
    assert f"aws://{KEY} is {status}" in shown.out
    assert "Left by: `build 7`." in shown.out


@pytest.mark.usefixtures("ready_file", "_hurried")
def test_what_is_being_cleaned_already_is_only_watched(service: Service) -> None:
    service.script = [seen("cleaning"), seen("cleaning", progress=PROGRESS), seen("free")]
    assert main(["cleanup", "run", KEY, "--reason", "x"]) == 0
    assert {each.method for each in service.arrived} == {"GET"}


@pytest.mark.usefixtures("ready_file", "_hurried")
def test_an_environment_that_disappears_when_it_is_clean_ends_the_watching(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = Answer(404, {"message": "not registered", "code": "unknown-environment"})
    service.script = [seen("cleaning"), seen("cleaning"), gone]
    assert main(["cleanup", "run", KEY, "--reason", "x"]) == 0
    assert "is gone" in capsys.readouterr().out


@pytest.mark.usefixtures("ready_file")
def test_an_environment_is_shown_with_how_its_cleanup_stands_and_its_last_report(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [seen("cleaning", attempt=2, progress=PROGRESS, cleanup=REPORT)]
    assert main(["environment", "show", KEY]) == 0
    text = capsys.readouterr().out
    assert "AWS::S3::Bucket" in text
    assert "# aws://222222222222/us-east-1: dirty (`blocked:AWS::S3::Bucket`)" in text


WAIT = {"type": "AWS::RDS::DBInstance", "id": "db\x1b[2J", "region": "us-east-1", "doing": "deleting", "since": "2026"}


@pytest.mark.usefixtures("ready_file", "_hurried")
def test_what_a_cleanup_waits_for_is_shown_to_who_looks_and_who_watches(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = seen("cleaning", progress={**PROGRESS, "waitingFor": [WAIT]})
    service.script = [waiting]
    assert main(["environment", "show", KEY]) == 0
    service.script = [waiting, waiting, seen("free")]
    assert main(["cleanup", "run", KEY, "--reason", "x"]) == 0
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert "waiting for AWS::RDS::DBInstance:db" in text
        assert "deleting since 2026" in " ".join(text.split())
        assert "\x1b" not in text


# --- plan and verify --------------------------------------------------------------------------------------------------


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> EmptyAccounts:
    """An account in which there is nothing."""
    accounts = EmptyAccounts(plan=True)
    monkeypatch.setattr(Accounts, "to_look_at", lambda _profile: accounts)
    return accounts


@pytest.fixture
def looking(tmp_path: Path) -> list[str]:
    """The options of a look at an environment of the example configuration that had nothing."""
    config = tmp_path / "config"
    shutil.copytree(EXAMPLE, config)
    return [KEY, "--config", str(config), "--baseline", str(write_baseline(tmp_path))]


def write_baseline(directory: Path, *items: Resource) -> Path:
    key = next(entry for entry in load(EXAMPLE).environments if f"{entry.key.account}/{entry.key.region}" == KEY)
    regions = tuple(dict.fromkeys((key.key.region, *key.regions)))
    baseline = Baseline(items=dict.fromkeys(items), types=tuple(entry.name for entry in CATALOGUE), regions=regions)
    path = directory / "baseline.json"
    path.write_text(baseline.to_json())
    return path


@pytest.mark.usefixtures("aws")
def test_verify_says_clean_with_exit_code_0(looking: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cleanup", "verify", *looking]) == 0
    assert "clean: a cleanup would find nothing to do" in capsys.readouterr().out


@pytest.mark.usefixtures("aws")
def test_verify_reports_drift_with_exit_code_1(
    looking: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_baseline(tmp_path, Resource.parse("AWS::SQS::Queue:gone@us-east-1"))
    assert main(["cleanup", "verify", *looking]) == Exit.PROBLEMS
    text = capsys.readouterr().out
    assert "restore: it is part of the baseline and is gone" in text
    assert "not clean" in text


def test_what_could_not_be_scanned_is_exit_code_3(
    aws: EmptyAccounts, looking: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    aws.refused = "ListQueues"
    assert main(["cleanup", "verify", *looking]) == Exit.UNKNOWN
    assert "AWS::SQS::Queue@us-east-1" in capsys.readouterr().out
    assert main(["cleanup", "plan", *looking, "--json"]) == Exit.UNKNOWN
    assert json.loads(capsys.readouterr().out)["answer"] == "unknown"


@pytest.mark.parametrize("act", ["verify", "plan"])
def test_an_aws_that_does_not_answer_is_exit_code_3(
    looking: list[str], act: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is neither clean nor not: a script must not take it for leftovers."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert main(["cleanup", act, *looking]) == Exit.UNKNOWN
    assert "could not be scanned" in capsys.readouterr().err


def test_a_profile_that_does_not_exist_is_exit_code_3(
    looking: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["cleanup", "verify", *looking, "--profile", "missing"]) == Exit.UNKNOWN
    assert "ProfileNotFound" in capsys.readouterr().err


@pytest.mark.usefixtures("aws")
def test_a_plan_counts_what_would_be_done_and_says_that_it_changed_nothing(
    looking: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_baseline(tmp_path, Resource.parse("AWS::SQS::Queue:gone@us-east-1"))
    assert main(["cleanup", "plan", *looking, "--verbose"]) == 0
    text = capsys.readouterr().out
    assert "AWS::SQS::Queue" in text
    assert "calls that change something: 0" in text


def test_a_look_needs_to_know_what_was_there_before(looking: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cleanup", "plan", *looking[:3]]) == Exit.USAGE
    assert "--bucket" in capsys.readouterr().err


def test_an_environment_that_is_not_configured_is_refused(
    looking: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cleanup", "plan", "999999999999/us-east-1", *looking[1:]]) == Exit.USAGE
    assert "is not in" in capsys.readouterr().err


# --- what belongs to the account as a whole ---------------------------------------------------------------------------


def rows(*regions: str, account: str = "222222222222", **more: Any) -> Answer:
    """What the service answers to an operator who asks for every environment."""
    found = [{"account": account, "region": region, "status": "free", **more} for region in regions]
    return Answer(body={"environments": found})


def planned(looking: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["cleanup", "plan", *looking, "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


@pytest.mark.usefixtures("ready_file")
def test_a_plan_lists_global_services_where_the_service_has_no_other_environment_in_the_account(
    aws: EmptyAccounts, service: Service, looking: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [rows("us-east-1")]
    assert planned(looking, capsys)["globalsSwept"] is True
    assert [(each.method, each.path.rpartition("/")[2]) for each in service.arrived] == [("GET", "environments")]
    assert ("iam", "ListUsers") in {(name, operation) for name, operation, _ in aws.seen}


@pytest.mark.usefixtures("ready_file")
@pytest.mark.parametrize("registration", ["registered", "deregistering"])
def test_a_plan_leaves_them_out_where_the_service_has_another_environment_even_one_that_is_draining(
    aws: EmptyAccounts, service: Service, looking: list[str], capsys: pytest.CaptureFixture[str], registration: str
) -> None:
    service.script = [rows("us-east-1", "eu-west-1", registration=registration)]
    report = planned(looking, capsys)
    assert report["globalsSwept"] is False
    assert report["skipped"]["AWS::IAM::User@global"] == "the account has other environments"
    assert ("iam", "ListUsers") not in {(name, operation) for name, operation, _ in aws.seen}


@pytest.mark.usefixtures("aws", "ready_file")
def test_environments_of_other_accounts_do_not_count(
    service: Service, looking: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [rows("us-east-1", "eu-west-1", account="333333333333")]
    assert planned(looking, capsys)["globalsSwept"] is True


@pytest.mark.usefixtures("aws", "ready_file")
def test_an_account_that_the_configuration_shares_is_shared_whatever_the_service_has_so_far(
    service: Service, looking: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(looking[2]) / "environments.yaml"
    text = path.read_text()
    entry = text[text.index('  - account: "222222222222"') :].partition("\n  - account:")[0]
    path.write_text(text + entry.replace("us-east-1", "us-west-2") + "\n")
    service.script = [rows("us-east-1")]
    assert planned(looking, capsys)["globalsSwept"] is False


@pytest.mark.usefixtures("aws")
def test_without_a_service_the_configuration_decides_and_the_plan_says_so(
    looking: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cleanup", "plan", *looking, "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["globalsSwept"] is True
    assert "The service also counts environments that are draining: give --endpoint to include them." in shown.err


@pytest.mark.usefixtures("ready_file")
@pytest.mark.parametrize("command", ["plan", "verify"])
def test_a_service_that_cannot_be_asked_is_not_taken_for_one_without_other_environments(
    aws: EmptyAccounts,
    service: Service,
    looking: list[str],
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    service.script = [Answer(403, {"message": "no", "code": "forbidden"})]
    assert main(["cleanup", command, *looking]) == Exit.UNKNOWN
    shown = capsys.readouterr()
    assert "could not read the environments of account 222222222222 from the service" in shown.err
    assert (shown.out, aws.seen) == ("", [])


# --- types ------------------------------------------------------------------------------------------------------------


def test_the_types_are_listed_as_the_page_has_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cleanup", "types"]) == 0
    page = (EXAMPLE.parent / "docs" / "cleanup.md").read_text()
    assert capsys.readouterr().out in page
