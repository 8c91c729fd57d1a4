"""One caller's run of schemathesis: what it asked, and where file and replies differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import schemathesis
from schemathesis import engine
from schemathesis.engine import Status, events

from tests.fuzz.description import WEBHOOK
from tests.fuzz.judge import Judge
from tests.fuzz.wire import application

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fuzz.wire import Answer

OFF: Final = {
    "use_after_free": "an ended allocation can still be read, by design",
    "unsupported_method": "the gateway replies 403 to what is no route, and never 405; the judge looks at these",
    "allow_header_conformance": "so there is no `Allow` either",
    "ignored_auth": "the transport signs whatever is sent; tests/fuzz has callers without a proof instead",
    "object_level_authorization": "one caller at a time; tests/handlers/test_ownership.py tries others' ids",
}
REFUSED: Final = ["400", "401", "403", "404", "409", "413", "422", "423", "429"]
ACCEPTED: Final = ["200", "401", "403", "404", "409", "413", "423", "429", "503"]

IN_WORDS: Final[Mapping[str, str]] = {
    "ask by exactly one of": "of two parameters exactly one: OpenAPI cannot say it",
    "have the same 'name'": "unique by one property: JSON Schema cannot say it",
    "bytes: shorten it": "a limit in bytes: JSON Schema counts characters",
    "'sessionPolicy'": "JSON within a text, and its length in a form of ours",
    "did not ask for heartbeats": "what an earlier request asked for",
    "cleaning of aws://": "regions of what is adopted: those of its environment, which the service knows",
    "'cursor' is": "what the service made earlier",
    "nested deeper": "depth of a JSON text",
    "is too large": "numbers that Python reads as infinite",
    "Idempotency-Key is not a UUID": "`format` is no promise of JSON Schema's",
}
"""Refusals of what is valid by the schemas: the file has each rule in words, because no schema can have it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: calls by status, routes that replied 200, and what differs from the file."""

    calls: Counter[int]
    done: Counter[str]
    differences: Counter[str]
    allocations: int

    def __str__(self) -> str:
        by_status = ", ".join(f"{count} of {status}" for status, count in sorted(self.calls.items()))
        return f"{sum(self.calls.values())} calls ({by_status}), {self.allocations} allocations"


def fuzz(
    document: dict[str, Any],
    answer: Answer,
    *,
    examples: int,
    seed: int,
    seconds: int | None = None,
    coverage: bool = True,
) -> Outcome:
    """Ask everything that the document describes, and what it does not.

    `examples` for each operation; with `seconds`, again and again until these are over. Without `coverage`, not each
    limit of each schema in turn.
    """
    judge = Judge(answer, seed)
    schema = schemathesis.openapi.from_dict(document, config=_config(examples, seed, seconds, coverage=coverage))
    schema.app = application(judge)
    found: Counter[str] = Counter()
    for event in engine.from_schema(schema).execute():
        found.update(map(judge.without_secrets, _differences(event)))
    judge.give_back()
    return Outcome(judge.calls, judge.done, found + judge.wrong, judge.allocations)


# Whatever GitHub signed is acknowledged, also what is no JSON, and the file says so: nothing there can be rejected.
def _config(examples: int, seed: int, seconds: int | None, *, coverage: bool) -> schemathesis.Config:
    generation: dict[str, object] = {"max-examples": examples, "no-shrink": True, "with-security-parameters": False}
    if seconds is None:
        generation["deterministic"] = True
    checks = {
        **{name: {"enabled": False} for name in OFF},
        "positive_data_acceptance": {"expected-statuses": ACCEPTED},
        "negative_data_rejection": {"expected-statuses": REFUSED},
        "missing_required_header": {"expected-statuses": REFUSED},
    }
    limit = {} if seconds is None else {"max-time": seconds}
    return schemathesis.Config.from_dict(
        {
            **limit,
            "seed": seed,
            "generation": {**generation, "database": "none"},
            "cache": {"enabled": False},
            "continue-on-failure": True,
            "checks": checks,
            "phases": {"coverage": {"enabled": coverage}},
            "operations": [{"include-path": WEBHOOK, "checks": {"negative_data_rejection": {"enabled": False}}}],
        }
    )


def _differences(event: events.EngineEvent) -> Iterator[str]:
    if isinstance(event, events.FatalError):
        raise event.exception
    if isinstance(event, events.NonFatalError):
        yield f"{event.label}: {event.value}"
    if not isinstance(event, events.ScenarioFinished):
        return
    for id_, checks in event.recorder.checks.items():
        for check in checks:
            if check.status is Status.FAILURE and check.failure_info is not None:
                yield from _difference(event.recorder, id_, check.name, check.failure_info.failure)


def _difference(recorder: Any, id_: str, check: str, failure: Any) -> Iterator[str]:
    case, interaction = recorder.cases[id_].value, recorder.interactions.get(id_)
    reply = interaction.response.text if interaction and interaction.response else ""
    if check == "positive_data_acceptance" and (
        '"unsatisfiable"' in reply or any(words in reply for words in IN_WORDS)
    ):
        return
    sent = {"path": case.path_parameters, "query": case.query, "headers": dict(case.headers), "body": case.body}
    what = f"{case.method} {case.path}: {check}: {failure.title}: {failure.message}"
    yield f"{what}\n  sent {sent!r:.600}\n  got {reply:.300}"
