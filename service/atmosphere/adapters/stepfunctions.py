"""Cleanups, and scans of free environments, as executions of the state machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atmosphere.adapters.codecs import instant_text
from atmosphere.contract import execution_name
from atmosphere.core.snapshot import canonical
from atmosphere.faults import reaching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_stepfunctions import SFNClient

    from atmosphere.core.model import Json
    from atmosphere.ports import CleanupOrder, WatchOrder


class StepFunctionsCleaner:
    """`ports.Cleaner`: the execution's name is the order, so that AWS itself refuses to run one twice."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, order: CleanupOrder) -> None:
        """Start it, or find that it was started."""
        account, region = order.key.account, order.key.region
        self._start(
            execution_name(order.allocation, account, region, order.attempt),
            {"allocation": order.allocation, "account": account, "region": region, "attempt": order.attempt},
        )

    def watch(self, order: WatchOrder) -> None:
        """Likewise; the function tells the two apart by `watch`."""
        account, region = order.key.account, order.key.region
        self._start(
            execution_name(order.id, account, region, 0),
            {"watch": order.id, "account": account, "region": region, "freedAt": instant_text(order.freed_at)},
        )

    def _start(self, name: str, event: Mapping[str, Json]) -> None:
        with reaching("StartExecution"):
            try:
                self._client.start_execution(stateMachineArn=self._state_machine_arn, name=name, input=canonical(event))
            except self._client.exceptions.ExecutionAlreadyExists:
                return
