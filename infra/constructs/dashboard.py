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

    from infra.names import ServiceName


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
    service_name: ServiceName,
    pools: Sequence[str],
    alarms: Sequence[cloudwatch.IAlarm],
    functions: Mapping[FunctionName, lambda_.Function],
    api: apigateway.RestApi,
) -> cloudwatch.Dashboard:
    """Make the dashboard; its name is the service's."""
    made = cloudwatch.Dashboard(scope, "Dashboard", dashboard_name=service_name, default_interval=Duration.days(1))
    made.add_widgets(cloudwatch.TextWidget(markdown=_ABOUT, width=_WHOLE, height=2))
    made.add_widgets(cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=_WHOLE, height=3))
    made.add_widgets(*(_pool(service_name, pool) for pool in pools))
    made.add_widgets(*_waits(service_name))
    made.add_widgets(*_turnaround(service_name))
    made.add_widgets(*_outcomes(service_name))
    made.add_widgets(*_errors(service_name, functions, api))
    return made


def _pool(service: ServiceName, pool: str) -> cloudwatch.GraphWidget:
    """The environments of a pool by status, as areas that add up to all of them."""
    areas = [
        cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=Metric.ENVIRONMENTS,
            dimensions_map={"pool": pool, "status": status, "service": service},
            statistic="Average",
            period=_PERIOD,
            label=status,
            color=color,
        )
        for status, color in _COLORS.items()
    ]
    return _graph(f"Pool {pool}: environments by status", areas, stacked=True, width=_THIRD)


def _waits(service: ServiceName) -> Iterable[cloudwatch.GraphWidget]:
    yield _graph("Callers that wait", [_by(service, "pool", Metric.WAITING, "Maximum")], width=_THIRD)
    waits = [_by(service, "pool", Metric.WAIT, "p50", "median"), _by(service, "pool", Metric.WAIT, "p95", "95 %")]
    yield _graph("Wait until allocated, seconds", waits, width=_THIRD)
    replies = [_sum(service, Metric.ALLOCATIONS, "code", code) for code in SHOWN["code"]]
    yield _graph("Replies to allocate requests", replies, stacked=True, width=_THIRD)


def _turnaround(service: ServiceName) -> Iterable[cloudwatch.GraphWidget]:
    cleans = [
        _by(service, "pool", Metric.TIME_TO_CLEAN, "p50", "median"),
        _by(service, "pool", Metric.TIME_TO_CLEAN, "p95", "95 %"),
    ]
    yield _graph("Turnaround: released until free, seconds", cleans, width=_THIRD)
    yield _graph(
        "Hold: allocated until released, median seconds", [_by(service, "pool", Metric.HOLD, "p50")], width=_THIRD
    )
    passes = [_sum(service, Metric.CLEANUP_PASS, "verdict", verdict) for verdict in SHOWN["verdict"]]
    yield _graph("Passes of cleanups by verdict", passes, stacked=True, width=_THIRD)


def _outcomes(service: ServiceName) -> Iterable[cloudwatch.GraphWidget]:
    ends = [_sum(service, Metric.ENDED, "by", by) for by in SHOWN["by"]]
    yield _graph("Allocations by what ended them", ends, stacked=True, width=_THIRD)
    dirty = [
        _own(service, Metric.BECAME_DIRTY, "became dirty"),
        _own(service, Metric.POOLS_HELD, "pools held", "Maximum"),
    ]
    yield _graph("Dirty environments and held pools", dirty, width=_THIRD)
    left = _search(service, Metric.LEFTOVERS, "Sum")
    most = _expression(f"SORT({left}, SUM, DESC, 10)", "${PROP('Dim.type')}")
    yield _graph("Leftovers of tests, the ten most frequent types", [most], stacked=True, width=_THIRD)


def _errors(
    service: ServiceName, functions: Mapping[FunctionName, lambda_.Function], api: apigateway.RestApi
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
        _own(service, Metric.ROLE_REFUSED, "roles refused"),
        _own(service, Metric.AUTHORIZER_FAILED, "tokens undecided"),
        _own(service, Metric.WEBHOOK_REJECTED, "wrong signatures"),
        _own(service, Metric.CANARY_FAILED, "canary checks failed", "Maximum"),
        _expression(f"SUM({_search(service, Metric.EVENT_NOT_PUBLISHED, 'Sum')})", "events not published"),
        _by(service, "kind", Metric.REPAIRED, "Sum"),
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


def _own(service: ServiceName, metric: Metric, label: str, statistic: str = "Sum") -> cloudwatch.Metric:
    """A metric without dimensions of its own."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=metric,
        dimensions_map={"service": service},
        statistic=statistic,
        period=_PERIOD,
        label=label,
    )


def _by(
    service: ServiceName, dimension: str, metric: Metric, statistic: str, what: str = ""
) -> cloudwatch.MathExpression:
    """One line for each value of a dimension."""
    label = f"${{PROP('Dim.{dimension}')}} {what}".strip()
    return _expression(_search(service, metric, statistic), label)


def _sum(service: ServiceName, metric: Metric, dimension: str, value: str) -> cloudwatch.MathExpression:
    """One line for one value of a dimension, over all pools."""
    found = _search(service, metric, "Sum", f'{dimension}="{value}"')
    return _expression(f"SUM({found})", value)


def _search(service: ServiceName, metric: Metric, statistic: str, also: str = "") -> str:
    schema = ",".join((METRICS_NAMESPACE, *METRICS[metric], "service"))
    where = " ".join(filter(None, (f'MetricName="{metric}"', also, f'service="{service}"')))
    return f"SEARCH('{{{schema}}} {where}', '{statistic}')"


def _expression(expression: str, label: str) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(expression=expression, label=label, period=_PERIOD, using_metrics={})
