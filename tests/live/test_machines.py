"""Step Functions and EventBridge's schedules on a real account: what runs cleanups, and what ends them.

The documents claim it in docs/local.md and docs/architecture.md; the embedded AWS ignores most of it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError

from atmosphere.contract import FunctionName
from atmosphere.faults import code_of
from tests.live.account import trust
from tests.live.ledger import Kind
from tests.live.waiting import MINUTE, until

if TYPE_CHECKING:
    from tests.live.account import Live

pytestmark = pytest.mark.live

DONE: Final = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
LONG: Final = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 20, "End": True}}}
LIMITED: Final = LONG | {"TimeoutSeconds": 3}
NOTHING_FOUND: Final = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "SecondsPath": "$.nothing", "End": True}},
}
STATES: Final = trust({"Service": "states.amazonaws.com"})


def machine(live: Live, definition: dict[str, Any]) -> str:
    """A new state machine with a role that may do nothing, as soon as Step Functions may assume it."""
    client, name, role = live.client("stepfunctions"), live.name(Kind.MACHINE), live.role(trusted=STATES)
    made = []

    def accepted() -> bool:
        try:
            made.append(client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role.arn))
        except ClientError as error:
            if code_of(error) != "AccessDeniedException":
                raise
            return False
        return True

    until(accepted, "Step Functions may assume the role", seconds=MINUTE)
    return str(made[0]["stateMachineArn"])


def ended(live: Live, execution: str) -> str:
    """The status in which an execution ends."""
    client = live.client("stepfunctions")

    def status() -> str:
        return str(client.describe_execution(executionArn=execution)["status"])

    until(lambda: status() != "RUNNING", f"{execution} ends", seconds=2 * MINUTE)
    return status()


def test_a_name_is_used_once(live: Live) -> None:
    """Proves that no cleanup runs twice: the name of an attempt is taken for good (docs/reliability.md, P5)."""
    client, arn = live.client("stepfunctions"), machine(live, DONE)
    first = client.start_execution(stateMachineArn=arn, name="attempt", input='{"n": 1}')["executionArn"]
    assert ended(live, first) == "SUCCEEDED"

    for text in ('{"n": 1}', '{"n": 2}'):
        with pytest.raises(client.exceptions.ExecutionAlreadyExists):
            client.start_execution(stateMachineArn=arn, name="attempt", input=text)


@pytest.mark.only_on_aws("the embedded AWS refuses it as it refuses one that ended")
def test_the_same_start_while_it_runs_is_the_same_execution(live: Live) -> None:
    """Proves the other answer that a repeated start may get (`adapters/stepfunctions.py`)."""
    client, arn = live.client("stepfunctions"), machine(live, LONG)
    wanted = {"stateMachineArn": arn, "name": "attempt", "input": "{}"}

    assert client.start_execution(**wanted)["executionArn"] == client.start_execution(**wanted)["executionArn"]


@pytest.mark.only_on_aws("the embedded AWS ignores the limit of a state machine")
def test_a_machine_ends_at_its_own_limit(live: Live) -> None:
    """Proves that a cleanup that hangs is ended by Step Functions (docs/operations.md)."""
    arn = machine(live, LIMITED)
    execution = live.client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"]

    assert ended(live, execution) == "TIMED_OUT"


@pytest.mark.only_on_aws("on the embedded AWS such a path is null")
def test_a_path_that_finds_nothing_fails_the_execution(live: Live) -> None:
    """Proves that a missing value never turns into a wait of nothing (docs/local.md)."""
    arn = machine(live, NOTHING_FOUND)
    execution = live.client("stepfunctions").start_execution(stateMachineArn=arn, input="{}")["executionArn"]

    assert ended(live, execution) == "FAILED"


@pytest.mark.only_on_aws("the embedded AWS checks no role of a state machine")
def test_a_role_that_step_functions_may_not_assume_is_refused(live: Live) -> None:
    """Proves that a wrong role of the state machine fails the deployment, not the first cleanup (docs/local.md)."""
    role = live.role()
    wanted = {"name": live.name(Kind.MACHINE), "definition": json.dumps(DONE), "roleArn": role.arn}
    with pytest.raises(ClientError) as refused:
        live.client("stepfunctions").create_state_machine(**wanted)

    assert code_of(refused.value) == "AccessDeniedException"


@pytest.mark.only_on_aws("a local run is younger than half an hour")
def test_the_rule_calls_the_reconciler_every_minute(live: Live) -> None:
    """Proves the clock behind P2: at least 25 calls in the last half hour (docs/reliability.md)."""
    now = datetime.now(UTC)
    asked = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": live.function(FunctionName.RECONCILE)}],
        "StartTime": now - timedelta(minutes=35),
        "EndTime": now - timedelta(minutes=5),
        "Period": 1800,
        "Statistics": ["Sum"],
    }
    points = live.client("cloudwatch").get_metric_statistics(**asked)["Datapoints"]

    assert sum(point["Sum"] for point in points) >= 25
