"""What is told of a cleanup that is over: durations by pool, leftovers by type, and a line with the requester."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atmosphere.cleanup.engine import PassResult
from atmosphere.cleanup.model import PassState, Verdict
from atmosphere.cleanup.state.counts import Counts
from atmosphere.handlers.cleaned import tell
from tests.builders import NOW
from tests.cleanup.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.model import Assignment

TALLY = Counts(
    started=NOW,
    at=NOW,
    attempt=1,
    left={"AWS::S3::Bucket": 1},
    removed={"AWS::S3::Bucket": 2, "Somebody::Odd::Thing": 4, "AWS::CloudFormation::Stack": 1},
    deferred=3,
)


def told(printed: Callable[[], str], verdict: Verdict, **changes: Any) -> list[dict[str, Any]]:
    todo: Assignment = Scene().assignment()
    result = PassResult(verdict=verdict, state=PassState(), counts=TALLY)
    fields = {name: getattr(todo, name) for name in todo.__slots__} | {"requester": "build 7"} | changes
    tell(type(todo)(**fields), result, since=NOW, now=NOW + timedelta(seconds=90))
    return [json.loads(line) for line in printed().splitlines()]


def metric(lines: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [line for line in lines if name in line]


def test_the_time_to_clean_is_told_by_pool_in_seconds(printed: Callable[[], str]) -> None:
    (line,) = metric(told(printed, Verdict.CLEAN), "TimeToClean")
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert (line["pool"], line["TimeToClean"], directive["Metrics"][0]["Unit"]) == ("tests", [90.0], "Seconds")


def test_the_time_to_clean_is_told_over_all_pools_too_for_its_alarm(printed: Callable[[], str]) -> None:
    (line,) = metric(told(printed, Verdict.CLEAN), "TimeToCleanAll")
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert line["TimeToCleanAll"] == [90.0]


def test_what_did_not_become_clean_has_no_time_to_clean(printed: Callable[[], str]) -> None:
    lines = told(printed, Verdict.DIRTY)
    assert metric(lines, "TimeToClean") == []
    assert metric(lines, "DeferredDebt")[0]["DeferredDebt"] == [3.0]


def test_leftovers_are_told_by_types_of_the_catalogue_and_all_others_are_one(printed: Callable[[], str]) -> None:
    lines = metric(told(printed, Verdict.CLEAN), "Leftovers")
    counts = {line["type"]: line["Leftovers"] for line in lines}
    assert counts == {"AWS::S3::Bucket": [3.0], "AWS::CloudFormation::Stack": [1.0], "other": [4.0]}


def test_the_requester_stands_in_a_line_and_in_no_metric(printed: Callable[[], str]) -> None:
    lines = told(printed, Verdict.CLEAN)
    (line,) = [line for line in lines if line.get("message") == "cleaned up after"]
    assert (line["requester"], line["left"], line["verdict"]) == ("build 7", 8, "clean")
    assert not any("build 7" in json.dumps(each) for each in lines if "_aws" in each)


def test_the_query_of_the_page_asks_for_what_the_line_says(printed: Callable[[], str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "cleanup.md").read_text()
    query = page.partition("```\nfilter ")[2].partition("```")[0]
    (line,) = [line for line in told(printed, Verdict.CLEAN) if line.get("message") == "cleaned up after"]
    assert 'message = "cleaned up after"' in query
    assert {*re.findall(r"sum\((\w+)\)", query), *re.findall(r"by (\w+)", query)} <= line.keys()


def test_a_capture_leaves_nothing_behind(printed: Callable[[], str]) -> None:
    assert told(printed, Verdict.CLEAN, capture_only=True) == []
