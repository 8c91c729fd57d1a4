"""Cleanups as executions of the state machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.contract import execution_name
from atmosphere.core.snapshot import canonical
from atmosphere.faults import reaching

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

    from atmosphere.ports import CleanupOrder


class StepFunctionsCleaner:
    """`ports.Cleaner`: the execution's name is the order, so that AWS itself refuses to run one twice."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, order: CleanupOrder) -> None:
        """Start it, or find that it was started."""
        account, region = order.key.account, order.key.region
        with reaching("StartExecution"):
            try:
                self._client.start_execution(
                    stateMachineArn=self._state_machine_arn,
                    name=execution_name(order.allocation, account, region, order.attempt),
                    input=canonical(
                        {"allocation": order.allocation, "account": account, "region": region, "attempt": order.attempt}
                    ),
                )
            except self._client.exceptions.ExecutionAlreadyExists:
                return
