"""`atmosphere baseline adopt --pool`: the same item, in each environment that is dirty or held because of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cli.main import main
from tests.client.conftest import Answer

if TYPE_CHECKING:
    from tests.client.conftest import Arrived, Service

pytestmark = pytest.mark.usefixtures("ready_file")
ROLE = "AWS::IAM::Role:stacksets-exec-1@global"
STACK = "AWS::CloudFormation::Stack:StackSet-{account}@{region}"


def blocker(type_: str, identity: str, region: str) -> dict[str, str]:
    return {"type": type_, "id": identity, "region": region}


def role() -> dict[str, str]:
    return blocker("AWS::IAM::Role", "stacksets-exec-1", "global")


class Pool:
    """A service with environments by account; `refusing` are those whose baseline it does not amend."""

    def __init__(self, service: Service) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.refusing: set[str] = set()
        self.asked: list[tuple[str, Any]] = []
        service.script = [self.answer]

    def add(self, account: str, status: str, *blockers: dict[str, str], pool: str = "tests") -> None:
        row = {"account": account, "region": "us-east-1", "pool": pool, "status": status}
        self.rows[account] = {**row, "cleanup": {"requester": "build 7", "blockers": list(blockers)}}

    def answer(self, arrived: Arrived) -> Answer:
        parts = arrived.path.partition("/environments")[2].strip("/").split("/")
        if arrived.method == "GET":
            listed = [{**row, "cleanup": None} for row in self.rows.values()]
            return Answer(body=self.rows[parts[0]] if parts[0] else {"environments": listed})
        if parts[0] in self.refusing:
            return Answer(status=409, body={"message": "not now", "code": "conflict"})
        self.asked.append(("/".join(parts), arrived.body))
        about = {"account": parts[0], "region": parts[1], "version": 2}
        return Answer(body=about if parts[2] == "baseline" else self.rows[parts[0]])


@pytest.fixture
def pool(service: Service) -> Pool:
    return Pool(service)


def adopt(*words: str) -> int:
    return main(["baseline", "adopt", *words, "--reason", "landing zone 4.1"])


def test_it_is_adopted_where_a_report_names_it_and_nowhere_else(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    pool.add("222222222221", "dirty", role(), blocker("AWS::S3::Bucket", "left", "us-east-1"))
    pool.add("222222222222", "held", role())
    pool.add("222222222223", "dirty", blocker("AWS::IAM::Role", "stacksets-exec-2", "global"))
    pool.add("222222222224", "in-use", role())
    pool.add("222222222225", "cleaning", role())
    pool.add("222222222226", "free", role())
    pool.add("222222222227", "dirty", role(), pool="other")
    assert adopt(ROLE, "--pool", "tests") == 0
    body = {"act": "adopt", "items": [ROLE], "reason": "landing zone 4.1"}
    assert pool.asked == [(f"22222222222{n}/us-east-1/baseline", body) for n in (1, 2)]
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("aws://222222222221/us-east-1", ROLE, "build 7"))


def test_account_and_region_are_those_of_each_environment(pool: Pool) -> None:
    for account in ("222222222221", "222222222222"):
        pool.add(account, "dirty", blocker("AWS::CloudFormation::Stack", f"StackSet-{account}", "us-east-1"))
    assert adopt(STACK, ROLE, "--pool", "tests") == 0
    assert [body["items"] for _, body in pool.asked] == [
        ["AWS::CloudFormation::Stack:StackSet-222222222221@us-east-1"],
        ["AWS::CloudFormation::Stack:StackSet-222222222222@us-east-1"],
    ]


def test_names_are_exact(pool: Pool) -> None:
    pool.add("222222222221", "dirty", role())
    assert adopt("AWS::IAM::Role:stacksets-exec-*@global", "--pool", "tests") == 1
    assert pool.asked == []


def test_clean_starts_a_cleanup_of_dirty_ones_after_the_adoption(pool: Pool) -> None:
    pool.add("222222222221", "dirty", role())
    pool.add("222222222222", "held", role())
    assert adopt(ROLE, "--pool", "tests", "--clean") == 0
    assert [path.partition("/us-east-1/")[2] for path, _ in pool.asked] == ["baseline", "clean", "baseline"]


def test_a_dry_run_changes_nothing(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    pool.add("222222222221", "dirty", role())
    assert adopt(ROLE, "--pool", "tests", "--dry-run", "--clean") == 0
    assert pool.asked == []
    assert "aws://222222222221/us-east-1" in capsys.readouterr().out


def test_a_refusal_of_one_environment_does_not_keep_the_others_from_it(
    pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    pool.add("222222222221", "dirty", role())
    pool.add("222222222222", "dirty", role())
    pool.refusing = {"222222222221"}
    assert adopt(ROLE, "--pool", "tests", "--json") == 1
    assert [path for path, _ in pool.asked] == ["222222222222/us-east-1/baseline"]
    shown = json.loads(capsys.readouterr().out)
    assert [(each["environment"], each["items"], each["requester"]) for each in shown] == [
        (f"aws://22222222222{n}/us-east-1", [ROLE], "build 7") for n in (1, 2)
    ]
    assert [bool(each["error"]) for each in shown] == [True, False]


def test_no_such_environment_is_a_failure(pool: Pool, capsys: pytest.CaptureFixture[str]) -> None:
    pool.add("222222222221", "dirty")
    assert adopt(ROLE, "--pool", "tests") == 1
    assert "no environment of tests is dirty or held because of these items" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["222222222221/us-east-1"],
        [ROLE],
        ["222222222221/us-east-1", ROLE, "--clean"],
        ["222222222221/us-east-1", ROLE, "--dry-run"],
        ["--pool", "tests"],
    ],
)
def test_wrong_usage_exits_2(pool: Pool, words: list[str]) -> None:
    assert adopt(*words) == 2
    assert pool.asked == []
