"""The alarms. Each tells one topic, and each has a section of the same name in docs/operations.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions

from atmosphere.contract import (
    METRICS_NAMESPACE,
    NAME,
    FunctionName,
    Metric,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_stepfunctions as sfn
    from constructs import Construct

    from infra.names import ServiceName
    from infra.options import Options

_MINUTE: Final = Duration.minutes(1)
_FIVE_MINUTES: Final = Duration.minutes(5)
_HOUR: Final = Duration.hours(1)
_OVER: Final = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_UNDER: Final = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_QUIET: Final = cloudwatch.TreatMissingData.NOT_BREACHING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alarm:
    """One row: the alarm goes off when `metric` is `operator` `threshold` for `periods` in a row."""

    name: str
    meaning: str
    metric: cloudwatch.IMetric
    threshold: int = 0
    periods: int = 1
    operator: cloudwatch.ComparisonOperator = _OVER
    missing: cloudwatch.TreatMissingData = _QUIET


def add_alarms(
    scope: Construct,
    *,
    service_name: ServiceName,
    functions: Mapping[FunctionName, lambda_.Function],
    api: apigateway.RestApi,
    machine: sfn.StateMachine,
    topic: sns.ITopic,
    options: Options,
) -> list[cloudwatch.Alarm]:
    """Make the alarms, which notify the topic."""
    made = []
    for row in (*_alarms(service_name, functions, api, machine), *_limits(service_name, options)):
        alarm = cloudwatch.Alarm(
            scope,
            "".join(part.title() for part in row.name.split("-")) + "Alarm",
            alarm_name=f"{service_name}-{row.name}",
            alarm_description=f"{row.meaning} See docs/operations.md, section {NAME}-{row.name}.",
            metric=row.metric,
            threshold=row.threshold,
            evaluation_periods=row.periods,
            comparison_operator=row.operator,
            treat_missing_data=row.missing,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
        made.append(alarm)
    return made


def _alarms(
    service: ServiceName,
    functions: Mapping[FunctionName, lambda_.Function],
    api: apigateway.RestApi,
    machine: sfn.StateMachine,
) -> tuple[_Alarm, ...]:
    return (
        _silence(functions[FunctionName.RECONCILE]),
        *(_errors(name, function) for name, function in functions.items() if name is not FunctionName.AUTHORIZE),
        *_counted_alarms(service),
        _Alarm(
            name="role-refused",
            meaning="An environment is free, but its role does not let the service in: requests pass it over.",
            metric=_counted(service, Metric.ROLE_REFUSED),
        ),
        _Alarm(
            name="api-errors",
            meaning="The API answered with a 5xx.",
            metric=api.deployment_stage.metric_server_error(period=_FIVE_MINUTES, statistic="Sum"),
        ),
        *_failures(machine),
    )


def _failures(machine: sfn.StateMachine) -> tuple[_Alarm, _Alarm]:
    """Executions that end without a verdict."""
    return (
        _Alarm(
            name="cleanup-failed",
            meaning="The execution of a cleanup failed instead of coming to a verdict.",
            metric=machine.metric_failed(period=_FIVE_MINUTES, statistic="Sum"),
        ),
        _Alarm(
            name="cleanup-timed-out",
            meaning="The execution of a cleanup outlived every limit.",
            metric=machine.metric_timed_out(period=_FIVE_MINUTES, statistic="Sum"),
        ),
    )


def _counted_alarms(service: ServiceName) -> tuple[_Alarm, ...]:
    """Those of metrics that our functions emit themselves."""
    return (
        _Alarm(
            name=f"{FunctionName.AUTHORIZE}-errors",
            meaning="Tokens of workflows could be neither accepted nor refused.",
            metric=_counted(service, Metric.AUTHORIZER_FAILED),  # its errors hold every 401, which anybody can cause
        ),
        _Alarm(
            name="repository-renamed",
            meaning="A repository has another name than the rule that lets it in.",
            metric=_counted(service, Metric.REPOSITORY_RENAMED),
        ),
        _Alarm(
            name="dirty-environments",
            meaning="An environment could not be cleaned and waits for an operator.",
            metric=_counted(service, Metric.BECAME_DIRTY),
        ),
        _Alarm(
            name="pool-held",
            meaning="The same thing made many environments of a pool dirty: cleanups of the pool delete nothing.",
            metric=_counted(service, Metric.POOLS_HELD, statistic="Minimum", period=_MINUTE),
            missing=cloudwatch.TreatMissingData.IGNORE,  # until an operator resumes the pool, which counts zero
        ),
    )


def _limits(service: ServiceName, options: Options) -> tuple[_Alarm, ...]:
    """Those whose limit depends on how busy the deployment is."""
    limits = options.alarms
    return (
        _Alarm(
            name="pool-exhausted",
            meaning=f"Callers wait at a pool without free environments for {limits.exhausted_minutes} minutes.",
            metric=_counted(service, Metric.EXHAUSTED_MINUTES, statistic="Maximum"),
            threshold=limits.exhausted_minutes,
        ),
        _Alarm(
            name="cleanup-slow",
            meaning=f"Of the cleanups of an hour, 5 % took more than {limits.cleanup_p95_minutes} minutes.",
            metric=_counted(service, Metric.TIME_TO_CLEAN_ALL, statistic="p95", period=_HOUR),
            threshold=60 * limits.cleanup_p95_minutes,
        ),
        _Alarm(
            name="webhook-rejected",
            meaning="Deliveries to the webhook were signed with another secret than ours.",
            metric=_counted(service, Metric.WEBHOOK_REJECTED, period=_HOUR),
            threshold=limits.webhook_rejections,
        ),
        _canary(service, options),
    )


def _canary(service: ServiceName, options: Options) -> _Alarm:
    """Two runs in a row, because one may meet a deployment. Where it should run, silence is a failure, too."""
    breaching = cloudwatch.TreatMissingData.BREACHING
    minutes = options.canary.minutes if options.canary else 15
    return _Alarm(
        name="canary-failed",
        meaning="A request that the service sent to itself was not answered as it must be, or none was sent.",
        metric=_counted(service, Metric.CANARY_FAILED, statistic="Maximum", period=Duration.minutes(minutes)),
        periods=2,
        missing=breaching if options.canary else _QUIET,
    )


def _counted(
    service: ServiceName, name: Metric, *, statistic: str = "Sum", period: Duration = _FIVE_MINUTES
) -> cloudwatch.Metric:
    """A metric that our functions emit themselves."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        statistic=statistic,
        period=period,
    )


def _silence(reconciler: lambda_.Function) -> _Alarm:
    return _Alarm(
        name="reconciler-silent",
        meaning="The reconciler has not run for five minutes: nothing is taken back from dead tests.",
        metric=reconciler.metric_invocations(period=_MINUTE, statistic="Sum"),
        threshold=1,
        periods=5,
        operator=_UNDER,
        missing=cloudwatch.TreatMissingData.BREACHING,
    )


def _errors(name: FunctionName, function: lambda_.Function) -> _Alarm:
    """The reconciler has another chance every minute; any other function's error counts at once."""
    repeats = name is FunctionName.RECONCILE
    return _Alarm(
        name=f"{name}-errors",
        meaning=f"The function {name} ended with an error that it did not answer for.",
        metric=function.metric_errors(period=_MINUTE if repeats else _FIVE_MINUTES, statistic="Sum"),
        periods=3 if repeats else 1,
    )
