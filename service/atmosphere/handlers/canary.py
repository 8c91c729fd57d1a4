"""Every few minutes, where it is configured: see from outside that the service refuses what it must, and serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atmosphere import observability, wiring
from atmosphere.contract import Metric
from atmosphere.handlers import start

if TYPE_CHECKING:
    from atmosphere.wiring import App


def handle(app: App) -> dict[str, bool]:
    """One run; whether each check passed. The metric is there even if all did, so that silence is noticed."""
    findings = app.canary().run()
    for found in findings:
        if not found.passed:
            said = "no answer" if found.got is None else f"answered {found.got}"
            observability.line("canary failed", reason=f"{found.check}: {said}, wanted {found.wanted}")
    observability.count(Metric.CANARY_FAILED, sum(not found.passed for found in findings))
    return {str(found.check): found.passed for found in findings}


def handler(event: dict[str, Any], context: object) -> dict[str, bool]:
    """The Lambda entry point; what the schedule sends says nothing."""
    del event, context
    return handle(wiring.app())


start.ready(lambda app: app.own_api)
