"""The handlers as schemathesis finds them: what docs/api/openapi.yaml says of requests and replies is so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from atmosphere import observability
from tests.fuzz.description import described
from tests.fuzz.in_process import OPERATOR, InProcess
from tests.fuzz.run import Outcome, fuzz
from tests.handlers.door import holder, signed, workflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.handlers.door import Who

SEED: Final = 16
FEW: Final = 3
MANY: Final = 60
CHAIN: Final = (
    "POST /allocations",
    "GET /allocations/{id}",
    "POST /allocations/{id}/credentials",
    "DELETE /allocations/{id}",
)
"""What the links of the file lead through."""


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither lines nor metrics: thousands of requests are made."""
    monkeypatch.setattr(observability, "line", lambda *_, **__: None)
    monkeypatch.setattr(observability, "count", lambda *_, **__: None)


def _fuzz(who: Who | None, *, github: bool, examples: int, coverage: bool = True) -> Outcome:
    service = InProcess(who)
    return fuzz(described(service.names, github=github), service, examples=examples, seed=SEED, coverage=coverage)


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Callable[[Outcome], Outcome]:
    """Say how much was asked."""

    def count(outcome: Outcome) -> Outcome:
        record_property("calls", sum(outcome.calls.values()))
        print(outcome)  # noqa: T201 shown if it fails
        return outcome

    return count


def test_file_and_handlers_agree_on_the_iam_tree(counted: Callable[[Outcome], Outcome]) -> None:
    outcome = counted(_fuzz(signed(OPERATOR), github=False, examples=FEW))
    assert not outcome.differences, outcome.differences
    assert outcome.allocations > 3
    assert {200, 400, 403, 404, 409} <= set(outcome.calls)
    assert {*CHAIN, "POST /allocations/{id}/heartbeat"} <= set(outcome.done), outcome.done


def test_file_and_handlers_agree_on_the_github_tree(counted: Callable[[Outcome], Outcome]) -> None:
    outcome = counted(_fuzz(workflow(), github=True, examples=FEW, coverage=False))
    assert not outcome.differences, outcome.differences
    assert {200, 400, 401, 404} <= set(outcome.calls)
    assert {line.replace("/", "/github/", 1) for line in CHAIN} <= set(outcome.done), outcome.done


CALLERS: Final = {
    "runner": (signed(), False),
    "operator": (signed(OPERATOR), False),
    "stranger": (signed("stranger"), False),
    "workflow": (workflow(), True),
    "holder of a release token": (holder("A" * 43), True),
    "nobody, signed tree": (None, False),
    "nobody, GitHub tree": (None, True),
}


@pytest.mark.slow
@pytest.mark.parametrize(("who", "github"), CALLERS.values(), ids=CALLERS.keys())
def test_file_and_handlers_agree_for_each_caller(
    who: Who | None,
    github: bool,  # noqa: FBT001 a parameter of a test
    counted: Callable[[Outcome], Outcome],
) -> None:
    outcome = counted(_fuzz(who, github=github, examples=MANY))
    assert not outcome.differences, outcome.differences
