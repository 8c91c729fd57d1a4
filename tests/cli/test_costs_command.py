"""`atmosphere costs`: history from the service, costs from Cost Explorer, and nothing is paid for without a word."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from atmosphere.adapters import cost_explorer
from atmosphere.adapters.cost_explorer import CostExplorer
from atmosphere.cli.main import main
from tests.client.conftest import Answer, Arrived
from tests.contract.test_costs import Scripted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.client.conftest import Service

pytestmark = pytest.mark.usefixtures("ready_file")
TODAY: Final = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
ACCOUNT: Final = "222222222222"


def ago(days: float) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def an_entry(requester: str, begin: float, end: float | None, **changes: Any) -> dict[str, Any]:
    """An allocation that began and ended so many days before today."""
    return {
        "account": ACCOUNT,
        "region": "us-east-1",
        "at": ago(begin),
        "id": "x",
        "kind": "allocation",
        "pool": "demo",
        "who": "iam:111111111111:role/runner",
        "askedBy": "",
        "requester": requester,
        "reason": None,
        "endedAt": ago(end) if end is not None else None,
        "outcome": None,
        "endedBy": None,
        "leftovers": None,
    } | changes


ENTRIES: Final = [an_entry("two", 5.5, 5.25), an_entry("one", 5.75, 5.625)]


def the_service(entries: list[dict[str, Any]], asked: list[str]) -> Any:
    """What operators are told of one environment, which is free since."""
    free = {"account": ACCOUNT, "region": "us-east-1", "pool": "demo", "status": "free", "since": ago(5.25)}
    configuration = {
        "settings": {"cleanup_limit_seconds": 3600},
        "environments": [{"account": ACCOUNT, "region": "us-east-1", "cleanup_limit_seconds": 600}],
    }

    def answer(arrived: Arrived) -> Answer:
        asked.append(arrived.path)
        path = urlsplit(arrived.path).path
        if path.endswith("/environments"):
            return Answer(body={"environments": [free]})
        if path.endswith("/configuration"):
            return Answer(body={"digest": "x", "configuration": configuration})
        return Answer(body={"entries": entries, "cursor": None})

    return answer


@pytest.fixture
def asked(service: Service) -> list[str]:
    asked: list[str] = []
    service.script = [the_service(ENTRIES, asked)]
    return asked


@pytest.fixture
def explorer(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """It charges 3 USD for the day on which both held the environment, and 0.505 for an idle one."""
    client = Scripted({"ResultsByTime": [a_day(6, "3"), a_day(3, "0.505")]})
    monkeypatch.setattr(cost_explorer, "of_profile", lambda _: CostExplorer(client))
    return client


def a_day(days: float, amount: str) -> Mapping[str, Any]:
    cost = {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}
    return {
        "TimePeriod": {"Start": ago(days)[:10], "End": ago(days - 1)[:10]},
        "Groups": [{"Keys": [ACCOUNT, "us-east-1"], "Metrics": cost}],
    }


def test_costs_are_split_by_requester_and_add_up(
    asked: list[str], explorer: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    """`one` held it for 3 hours and 10 minutes (the limit of its cleaning), `two` for 6 hours."""
    assert main(["costs", "--pay", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["costs"] == [
        {"requester": "two", "cost": "1.96", "allocations": 1, "heldSeconds": 6 * 3600},
        {"requester": "one", "cost": "1.04", "allocations": 1, "heldSeconds": 3 * 3600 + 600},
        {"requester": "(idle)", "cost": "0.51", "allocations": 0, "heldSeconds": 0},
    ]
    assert (told["total"], told["currency"], told["requests"]) == ("3.51", "USD", 1)
    assert (told["since"], told["until"], told["provisionalFrom"]) == (ago(7)[:10], ago(0)[:10], ago(2)[:10])
    assert len(explorer.asked) == 1
    (history,) = [parse_qs(urlsplit(path).query) for path in asked if "environment=" in path]
    assert history["since"] == [ago(14)], "an allocation before the span may reach into it"


def test_a_table_is_for_people_and_says_what_is_provisional(
    asked: list[str], explorer: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["costs", "--pay", "--by", "pool"]) == 0
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines() if line.strip() and "─" not in line]
    assert rows == [
        ["pool", "USD", "allocations", "hours"],
        ["demo", "3.00", "2", "9.2"],
        ["(idle)", "0.51"],
        ["total", "3.51"],
    ]
    assert f"provisional from {ago(2)[:10]} on" in err
    assert "up to 24 hours later" in err
    assert asked
    assert explorer.asked


def test_a_test_that_calls_itself_idle_is_not(
    service: Service, explorer: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [the_service([an_entry("(idle)", 5.5, 5.25)], [])]
    assert main(["costs", "--pay", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["costs"]
    assert {each["requester"]: each["cost"] for each in told} == {"'(idle)'": "3.00", "(idle)": "0.51"}
    assert explorer.asked


def test_nothing_is_asked_of_anybody_until_somebody_agrees_to_pay(
    asked: list[str],
    explorer: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["costs"]) == 2
    assert "0.01 USD" in capsys.readouterr().err
    assert (asked, explorer.asked) == ([], [])


def test_a_person_is_asked_and_may_say_no(
    asked: list[str], explorer: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO("n\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", terminal)
    assert main(["costs"]) == 130
    assert (asked, explorer.asked) == ([], [])


def test_costs_that_cannot_be_had_are_not_zero(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Scripted(error="AccessDeniedException")
    monkeypatch.setattr(cost_explorer, "of_profile", lambda _: CostExplorer(client))
    assert main(["costs", "--pay"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "AccessDeniedException" in err
    assert "ce:GetCostAndUsage" in err
    assert asked


@pytest.mark.parametrize(
    "words",
    [("--since", "2026-01-02", "--until", "2026-01-02"), ("--until", "2999-01-01"), ("--since", "yesterday")],
)
def test_a_span_that_is_none_is_wrong_usage(asked: list[str], words: tuple[str, ...]) -> None:
    assert main(["costs", "--pay", *words]) == 2
    assert asked == []
