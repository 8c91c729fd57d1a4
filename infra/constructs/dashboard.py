"""One dashboard, read from the top: alarms, pools, waits, turnaround, outcomes, dirty environments, errors.

It shows what the functions emit (`contract.METRICS`), and what AWS counts of the API and the functions. The status of a
pool is read as a whole, so each pool has a graph of its own; everything else is one line for each pool, found by a
search, so that a pool needs no change here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from atmosphere.contract import METRICS, METRICS_NAMESPACE, NAME, SHOWN, FunctionName, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct


_PERIOD: Final = Duration.minutes(5)
_WHOLE: Final = 24
_THIRD: Final = 8
_HEIGHT: Final = 6
_COLORS: Final = dict(zip(SHOWN["status"], ("#2ca02c", "#1f77b4", "#ff9f1c", "#d62728", "#7f7f7f"), strict=True))
_ABOUT: Final = f"""# Atmosphere
From the top: what is wrong now, how the pools stand, how long callers wait, how fast environments come back, how \
allocations end, what is dirty, and errors. `docs/operations.md` explains each alarm and each graph. \
`{NAME} environment list` shows the environments themselves."""


def add_dashboard(
    scope: Construct,
    *,
    pools: Sequence[str],
    alarms: Sequence[cloudwatch.IAlarm],
    functions: Mapping[FunctionName, lambda_.Function],
    api: apigateway.RestApi,
) -> cloudwatch.Dashboard:
    """Make the dashboard; its name is the service's."""
    made = cloudwatch.Dashboard(scope, "Dashboard", dashboard_name=NAME, default_interval=Duration.days(1))
    made.add_widgets(cloudwatch.TextWidget(markdown=_ABOUT, width=_WHOLE, height=2))
    made.add_widgets(cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=_WHOLE, height=3))
    made.add_widgets(*map(_pool, pools))
    made.add_widgets(*_waits())
    made.add_widgets(*_turnaround())
    made.add_widgets(*_outcomes())
    made.add_widgets(*_errors(functions, api))
    return made


def _pool(pool: str) -> cloudwatch.GraphWidget:
    """The environments of a pool by status, as areas that add up to all of them."""
    areas = [
        cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=Metric.ENVIRONMENTS,
            dimensions_map={"pool": pool, "status": status, "service": NAME},
            statistic="Average",
            period=_PERIOD,
            label=status,
            color=color,
        )
        for status, color in _COLORS.items()
    ]
    return _graph(f"Pool {pool}: environments by status", areas, stacked=True, width=_THIRD)


def _waits() -> Iterable[cloudwatch.GraphWidget]:
    yield _graph("Callers that wait", [_by("pool", Metric.WAITING, "Maximum")], width=_THIRD)
    waits = [_by("pool", Metric.WAIT, "p50", "median"), _by("pool", Metric.WAIT, "p95", "95 %")]
    yield _graph("Wait until allocated, seconds", waits, width=_THIRD)
    replies = [_sum(Metric.ALLOCATIONS, "code", code) for code in SHOWN["code"]]
    yield _graph("Replies to allocate requests", replies, stacked=True, width=_THIRD)


def _turnaround() -> Iterable[cloudwatch.GraphWidget]:
    cleans = [_by("pool", Metric.TIME_TO_CLEAN, "p50", "median"), _by("pool", Metric.TIME_TO_CLEAN, "p95", "95 %")]
    yield _graph("Turnaround: released until free, seconds", cleans, width=_THIRD)
    yield _graph("Hold: allocated until released, median seconds", [_by("pool", Metric.HOLD, "p50")], width=_THIRD)
    passes = [_sum(Metric.CLEANUP_PASS, "verdict", verdict) for verdict in SHOWN["verdict"]]
    yield _graph("Passes of cleanups by verdict", passes, stacked=True, width=_THIRD)


def _outcomes() -> Iterable[cloudwatch.GraphWidget]:
    ends = [_sum(Metric.ENDED, "by", by) for by in SHOWN["by"]]
    yield _graph("Allocations by what ended them", ends, stacked=True, width=_THIRD)
    dirty = [_own(Metric.BECAME_DIRTY, "became dirty"), _own(Metric.POOLS_HELD, "pools held", "Maximum")]
    yield _graph("Dirty environments and held pools", dirty, width=_THIRD)
    left = _search(Metric.LEFTOVERS, "Sum")
    most = _expression(f"SORT({left}, SUM, DESC, 10)", "${PROP('Dim.type')}")
    yield _graph("Leftovers of tests, the ten most frequent types", [most], stacked=True, width=_THIRD)


def _errors(
    functions: Mapping[FunctionName, lambda_.Function], api: apigateway.RestApi
) -> Iterable[cloudwatch.GraphWidget]:
    stage = api.deployment_stage
    served = [
        stage.metric_server_error(statistic="Sum", period=_PERIOD, label="5xx"),
        stage.metric_client_error(statistic="Sum", period=_PERIOD, label="4xx"),
    ]
    yield _graph("Errors of the API", served, width=_THIRD)
    failed = [
        function.metric_errors(statistic="Sum", period=_PERIOD, label=name)
        for name, function in functions.items()
        if name is not FunctionName.AUTHORIZE  # its errors are refused tokens, too
    ]
    yield _graph("Errors of the functions", failed, width=_THIRD)
    trouble: list[cloudwatch.IMetric] = [
        _own(Metric.ROLE_REFUSED, "roles refused"),
        _own(Metric.AUTHORIZER_FAILED, "tokens undecided"),
        _own(Metric.WEBHOOK_REJECTED, "wrong signatures"),
        _own(Metric.CANARY_FAILED, "canary checks failed", "Maximum"),
        _expression(f"SUM({_search(Metric.EVENT_NOT_PUBLISHED, 'Sum')})", "events not published"),
        _by("kind", Metric.REPAIRED, "Sum"),
    ]
    yield _graph("Repairs by the reconciler, and other trouble", trouble, width=_THIRD)


def _graph(
    title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int, stacked: bool = False
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(metrics),
        stacked=stacked,
        width=width,
        height=_HEIGHT,
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        legend_position=cloudwatch.LegendPosition.BOTTOM,
    )


def _own(metric: Metric, label: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """A metric without dimensions of its own."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric,
        dimensions_map={"service": NAME},
        statistic=statistic,
        period=_PERIOD,
        label=label,
    )


def _by(dimension: str, metric: Metric, statistic: str, what: str = "") -> cloudwatch.MathExpression:
    """One line for each value of a dimension."""
    label = f"${{PROP('Dim.{dimension}')}} {what}".strip()
    return _expression(_search(metric, statistic), label)


def _sum(metric: Metric, dimension: str, value: str) -> cloudwatch.MathExpression:
    """One line for one value of a dimension, over all pools."""
    found = _search(metric, "Sum", f'{dimension}="{value}"')
    return _expression(f"SUM({found})", value)


def _search(metric: Metric, statistic: str, also: str = "") -> str:
    schema = ",".join((METRICS_NAMESPACE, *METRICS[metric], "service"))
    where = f'MetricName="{metric}" {also}'.strip()
    return f"SEARCH('{{{schema}}} {where}', '{statistic}')"


def _expression(expression: str, label: str) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(expression=expression, label=label, period=_PERIOD, using_metrics={})
