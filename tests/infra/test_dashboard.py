"""The dashboard shows what is emitted: names, dimensions and values are those of the code that emits them."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.cleanup.model import Verdict
from atmosphere.contract import METRICS, METRICS_NAMESPACE, NAME, Metric
from atmosphere.core.errors import Code
from atmosphere.core.model import EndedBy, Status
from tests.live.test_watching import MOST_QUERIES, is_ours, queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.reading import Reading

ROOT: Final = Path(__file__).parents[2]
SERVICE: Final = ROOT / "service" / "atmosphere"
VALUE: Final = re.compile(r"(\w+)=\"([\w-]+)\"")
SEARCH: Final = re.compile(rf"SEARCH\('\{{(\w+),([\w,]+)\}} ((?: ?{VALUE.pattern.replace('(', '(?:')})+)', '\w+'\)")
NOT_SHOWN: Final = {
    Metric.DEFERRED,
    Metric.UNKNOWN,
    Metric.REFUSED,
    Metric.RECLAIMED,
    Metric.RECONCILED,
    Metric.REPOSITORY_RENAMED,
    Metric.EXHAUSTED_MINUTES,
    Metric.TIME_TO_CLEAN_ALL,
    Metric.WATCHES_STARTED,
    Metric.FREE_NOT_SCANNED,
    Metric.ADOPTED_WHILE_FREE,
    Metric.NEW_WHILE_FREE,
}
"""Metrics that answer questions which the dashboard does not ask."""


@pytest.fixture(scope="session")
def body(reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reading.one("AWS::CloudWatch::Dashboard")["DashboardBody"])
    return found


def graphs(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["properties"]["title"]: each["properties"] for each in body["widgets"] if each["type"] == "metric"}


def shown(body: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], dict[str, str]]]:
    """Our metrics as the graphs name them: the name, its dimensions, and the values that are asked for."""
    for graph in graphs(body).values():
        for row in graph["metrics"]:
            for found in SEARCH.findall(row[0].get("expression", "") if isinstance(row[0], dict) else ""):
                namespace, dimensions, told = found
                assert namespace == METRICS_NAMESPACE
                values = dict(VALUE.findall(told))
                name = values.pop("MetricName")
                assert values.get("service") == NAME, "another service's metrics are no business of this one"
                yield name, tuple(dimensions.split(",")), values
            if row[0] == METRICS_NAMESPACE:
                words = [word for word in row[2:] if isinstance(word, str)]
                values = dict(zip(words[::2], words[1::2], strict=True))
                yield row[1], tuple(values), values


def test_every_expression_is_one_that_this_test_reads(body: dict[str, Any]) -> None:
    for graph in graphs(body).values():
        for row in graph["metrics"]:
            if isinstance(row[0], dict):
                assert SEARCH.search(row[0]["expression"]), row[0]


def test_the_dashboard_shows_emitted_metrics_with_all_of_their_dimensions(body: dict[str, Any]) -> None:
    for name, dimensions, _ in shown(body):
        assert sorted(dimensions) == sorted((*METRICS[Metric(name)], "service")), name


def test_every_metric_is_shown_or_said_not_to_be(body: dict[str, Any]) -> None:
    assert {Metric(name) for name, _, _ in shown(body)} == set(Metric) - NOT_SHOWN


def test_the_values_that_are_asked_for_are_those_that_are_emitted(body: dict[str, Any]) -> None:
    asked: dict[tuple[str, str], set[str]] = {}
    for name, _, values in shown(body):
        for dimension, value in values.items():
            asked.setdefault((name, dimension), set()).add(value)
    assert asked.pop(("Environments", "status")) == set(Status)
    assert asked.pop(("Environments", "pool")) == {"demo"}
    assert asked.pop(("Ended", "by")) == set(EndedBy)
    assert asked.pop(("Allocations", "code")) <= {"allocated", *Code}
    assert asked.pop(("CleanupPass", "verdict")) == set(Verdict)
    assert all(values == {NAME} for (_, dimension), values in asked.items() if dimension == "service")
    assert {dimension for _, dimension in asked} == {"service"}


def test_every_pool_has_a_graph_of_its_status(body: dict[str, Any]) -> None:
    graph = graphs(body)["Pool demo: environments by status"]
    assert graph["stacked"] is True
    assert len({row[-1]["color"] for row in graph["metrics"]}) == len(Status)


def test_no_graph_asks_for_more_than_cloudwatch_shows(body: dict[str, Any]) -> None:
    """500 metrics in a graph; a search counts as what it finds."""
    assert all(len(graph["metrics"]) < 100 for graph in graphs(body).values())
    assert len(body["widgets"]) < 500


def test_it_begins_with_the_alarms(body: dict[str, Any], reading: Reading) -> None:
    about, alarms = body["widgets"][:2]
    assert about["type"] == "text"
    assert len(alarms["properties"]["alarms"]) == len(reading.of("AWS::CloudWatch::Alarm"))


def test_the_live_suite_can_ask_cloudwatch_for_every_graph(body: dict[str, Any]) -> None:
    """It runs on an account only (`tests/live/test_watching.py`), so what it asks for is held to the template here."""
    asked = [queries({"widgets": [each]}) for each in body["widgets"] if each["type"] == "metric"]
    assert len(asked) == len(graphs(body))
    assert 0 < sum(map(len, asked)) <= MOST_QUERIES
    assert 0 < sum(is_ours(query) for graph in asked for query in graph) < sum(map(len, asked))
    for graph in asked:
        names = [query["Id"] for query in graph]
        assert len(names) == len(set(names))
        assert [name for name in names if not re.fullmatch(r"[a-z]\w{0,254}", name)] == []
        assert any(query["ReturnData"] for query in graph)
        assert all(query["Period"] for query in graph if "SEARCH(" in query.get("Expression", ""))
        assert all(("Expression" in query) != ("MetricStat" in query) for query in graph)


def test_widgets_do_not_overlap_and_stay_on_the_page(body: dict[str, Any]) -> None:
    cells = [
        (x, y)
        for each in body["widgets"]
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def emitted() -> Iterator[tuple[Metric, set[str], str]]:
    """Each call that emits a metric: which, and with which dimensions."""
    for path in SERVICE.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func)
            if name in {"observability.count", "observability.seconds"} or (
                path.name == "observability.py" and name == "count" and isinstance(call.args[0], ast.Attribute)
            ):
                metric = Metric[ast.unparse(call.args[0]).removeprefix("Metric.")]
                yield metric, {str(keyword.arg) for keyword in call.keywords}, f"{path.name}:{call.lineno}"


def test_every_metric_is_emitted_with_the_dimensions_that_the_contract_gives_it() -> None:
    calls = list(emitted())
    assert [where for metric, dimensions, where in calls if dimensions != set(METRICS[metric])] == []
    assert {metric for metric, _, _ in calls} == set(Metric)


def test_the_runbook_explains_every_metric_with_its_dimensions() -> None:
    section = (ROOT / "docs" / "operations.md").read_text().partition("## Metrics")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", section, re.MULTILINE))
    assert {name: tuple(re.findall(r"`(\w+)`", cell)) for name, cell in rows.items()} == {
        str(metric): dimensions for metric, dimensions in METRICS.items()
    }
