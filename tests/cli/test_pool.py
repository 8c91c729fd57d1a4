"""`atmosphere pool show` and `resume`: why a pool is held, and what happens after it is resumed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.cli.main import main
from tests.client.conftest import Answer

if TYPE_CHECKING:
    from tests.client.conftest import Arrived, Service

pytestmark = pytest.mark.usefixtures("ready_file")
THING: Final = "AWS::IAM::Role:aws-controltower-x-{account}@global"
PLACES: Final = [{"account": f"22222222222{number}", "region": "us-east-1"} for number in (1, 2)]
HELD: Final = {"since": "2026-11-22T12:00:00Z", "thing": THING, "environments": PLACES}


class Held:
    """A service whose pool `tests` is held; `refusing` are accounts that it does not clean."""

    def __init__(self, service: Service) -> None:
        self.held: dict[str, Any] | None = HELD
        self.rows: list[dict[str, Any]] = []
        self.refusing: set[str] = set()
        self.asked: list[tuple[str, Any]] = []
        service.script = [self.answer]

    def add(self, account: str, status: str, reason: str | None, pool: str = "tests") -> None:
        row = {"account": account, "region": "us-east-1", "pool": pool, "status": status, "dirtyReason": reason}
        self.rows.append(row)

    def answer(self, arrived: Arrived) -> Answer:
        path = arrived.path.partition("/v1/")[2] or arrived.path.strip("/")
        if arrived.method == "GET" and path.endswith("environments"):
            return Answer(body={"environments": self.rows})
        if arrived.method == "POST":
            self.asked.append((path, arrived.body))
        if "/us-east-1/" in path:
            account = path.split("/")[-3]
            if account in self.refusing:
                return Answer(status=409, body={"message": "not now", "code": "conflict"})
            return Answer(body=next(row for row in self.rows if row["account"] == account))
        return Answer(body={"pool": "tests", "held": self.held})


@pytest.fixture
def held(service: Service) -> Held:
    held = Held(service)
    held.add("222222222221", "dirty", "blocked:AWS::IAM::Role")
    held.add("222222222222", "free", None)
    held.add("222222222223", "dirty", "pool-held")
    held.add("222222222224", "dirty", "blocked:AWS::S3::Bucket")
    held.add("222222222225", "dirty", "pool-held", pool="other")
    return held


def test_it_shows_the_thing_and_where(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pool", "show", "tests"]) == 0
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("aws-controltower-x-{account}", "aws://222222222221/us-east-1"))
    assert held.asked == []


def test_a_pool_that_is_not_held_shows_nothing(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    held.held = None
    assert main(["pool", "show", "tests", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["since"], shown["thing"], shown["environments"]) == (None, None, [])


def test_resuming_starts_no_cleanup_by_itself(held: Held) -> None:
    assert main(["pool", "resume", "tests", "--reason", "adopted"]) == 0
    assert [body for _, body in held.asked] == [{"reason": "adopted"}]
    assert held.asked[0][0].endswith("pools/tests/resume")


def test_clean_starts_one_where_the_hold_or_the_thing_made_it_dirty(held: Held) -> None:
    assert main(["pool", "resume", "tests", "--reason", "adopted", "--clean"]) == 0
    cleaned = [path.split("/")[-3] for path, _ in held.asked if path.endswith("/clean")]
    assert cleaned == ["222222222221", "222222222223"]


def test_a_refusal_of_one_environment_does_not_keep_the_others_from_it(
    held: Held, capsys: pytest.CaptureFixture[str]
) -> None:
    held.refusing = {"222222222221"}
    assert main(["pool", "resume", "tests", "--reason", "adopted", "--clean", "--json"]) == 1
    cleaned = json.loads(capsys.readouterr().out)["cleaned"]
    assert [(each["environment"][6:18], bool(each["error"])) for each in cleaned] == [
        ("222222222221", True),
        ("222222222223", False),
    ]
