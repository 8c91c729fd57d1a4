"""What a run of the canary tells: a metric whatever happens, and a line for each check that failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from atmosphere.contract import Env, Metric
from atmosphere.handlers import canary
from atmosphere.wiring import App

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.ports import Ask


class Answers:
    """Every request is answered with the same status."""

    def __init__(self, status: int) -> None:
        self.answer = status

    def status(self, ask: Ask) -> int:
        return self.answer


def an_app(status: int, *, pool: str = "") -> App:
    app = App({Env.CANARY_POOL: pool, Env.CANARY_STRANGER: ""})
    app.own_api = Answers(status)
    return app


def told(printed: Callable[[], str]) -> tuple[list[float], list[str]]:
    lines = [json.loads(line) for line in printed().splitlines()]
    counted = [line[Metric.CANARY_FAILED] for line in lines if Metric.CANARY_FAILED in line]
    return counted[0], [line["reason"] for line in lines if line.get("message") == "canary failed"]


def test_each_failed_check_is_counted_and_named(printed: Callable[[], str]) -> None:
    assert canary.handle(an_app(200)) == {"anonymous": False, "anonymous-github": False}
    assert told(printed) == (
        [2.0],
        ["anonymous: answered 200, wanted 403", "anonymous-github: answered 200, wanted 401"],
    )


def test_a_check_that_passed_is_no_line_and_a_run_is_always_counted(printed: Callable[[], str]) -> None:
    assert canary.handle(an_app(403)) == {"anonymous": True, "anonymous-github": False}
    assert told(printed) == ([1.0], ["anonymous-github: answered 403, wanted 401"])
