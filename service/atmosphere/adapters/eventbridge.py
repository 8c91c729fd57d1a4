"""Events on the default bus of the service's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from atmosphere.adapters.event_texts import detail
from atmosphere.contract import EVENT_SOURCE
from atmosphere.faults import reaching
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.core.events import Event


class BusClient(Protocol):
    """The one call of EventBridge's client."""

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803 -- AWS's names
        """`FailedEntryCount`, and in `Entries` an `EventId` or an `ErrorCode` for each."""


class EventBridgeEvents:
    """`ports.Events`: one entry for each event. A reply of 200 may still refuse the entry."""

    def __init__(self, client: BusClient, source: str = EVENT_SOURCE) -> None:
        self._client = client
        self._source = source

    def publish(self, event: Event) -> None:
        """See `Events`."""
        entry = {"Source": self._source, "DetailType": str(event.kind), "Detail": detail(event)}
        with reaching("PutEvents"):
            reply = self._client.put_events(Entries=[entry])
        if reply["FailedEntryCount"]:
            code = reply["Entries"][0].get("ErrorCode", "Unknown")
            raise Unreachable(f"PutEvents refused the event with {code}: look at the function's role and the bus")
