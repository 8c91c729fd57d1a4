"""What the state machine does with the cleanup function."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from atmosphere.handlers import cleanup
from tests.builders import HUB

if TYPE_CHECKING:
    from atmosphere.ports import CleanupOrder
    from atmosphere.wiring import App


def execute(app: App, order: CleanupOrder) -> None:
    """Passes, and the waits between them on the clock of `app`, until one says that it is over."""
    event: dict[str, Any] = {
        "allocation": order.allocation,
        "account": order.key.account,
        "region": order.key.region,
        "attempt": order.attempt,
    }
    while event.get("next") != "done":
        event = cleanup.handle(event, app, service_account=HUB)
        app.clock.sleep(timedelta(seconds=event["waitSeconds"]))
