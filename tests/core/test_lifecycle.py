"""Every status times every event times every mark, against the table as a person would write it."""

from __future__ import annotations

from itertools import product
from typing import Final

import pytest

from atmosphere.core.lifecycle import Decision, Event, Kind, decide
from atmosphere.core.model import Mark, Status
from tests.builders import an_environment

_STATUSES: Final = ("free", "in-use", "cleaning", "dirty", "held")
# A status is a move there; "clean" is where a clean environment goes, which its marks decide; "-" is no effect, and
# "capture" is that if it is being captured already.
_EXPECTED: Final = """
    event        free      in-use    cleaning  dirty     held
    take         in-use    refused   refused   refused   refused
    let-go       -         cleaning  -         -         -
    found-clean  -         -         clean     -         -
    found-dirty  -         -         dirty     -         -
    blocked      -         -         note      -         -
    overdue      -         cleaning  dirty     -         -
    silent       -         -         note      -         -
    clean        refused   refused   -         cleaning  refused
    reinstate    -         refused   refused   clean     refused
    discard      refused   refused   refused   discard   refused
    hold         held      note      note      held      -
    resume       -         note      note      refused   cleaning
    recapture    cleaning  refused   capture   cleaning  cleaning
    deregister   gone      note      note      note      note
"""
_WORDS: Final = {
    "-": Decision(Kind.NOTHING),
    "note": Decision(Kind.MARK),
    "gone": Decision(Kind.GONE),
    "refused": Decision(Kind.REFUSED),
}


def _expected() -> dict[tuple[Event, Status], str]:
    header, *lines = [line.split() for line in _EXPECTED.strip().splitlines()]
    return {
        (Event(event), Status(status)): word
        for event, *words in lines
        for status, word in zip(header[1:], words, strict=True)
    }


def _word(word: str, mark: Mark, *, hold: bool, capture: bool) -> Decision:
    leaving = mark is Mark.DEREGISTERING
    if word == "clean":
        return Decision(Kind.GONE) if leaving else Decision(Kind.MOVE, Status.HELD if hold else Status.FREE)
    if word == "discard":
        return Decision(Kind.GONE if leaving else Kind.REFUSED)
    if word == "capture":
        return Decision(Kind.NOTHING if capture else Kind.REFUSED)
    return _WORDS.get(word) or Decision(Kind.MOVE, Status(word))


@pytest.mark.parametrize(
    ("event", "status", "mark", "hold", "capture"), [*product(Event, Status, Mark, (False, True), (False, True))]
)
def test_each_event_in_each_status_under_each_mark_is_decided_as_written(
    *, event: Event, status: Status, mark: Mark, hold: bool, capture: bool
) -> None:
    row = an_environment(status=status, mark=mark, hold=hold, capture=capture)
    assert decide(row, event) == _word(_expected()[event, status], mark, hold=hold, capture=capture)


def test_only_a_clean_verdict_and_a_reinstatement_lead_to_free() -> None:
    """P3: no other event ever makes an environment free."""
    rows = [
        an_environment(status=status, mark=mark, hold=hold)
        for status, mark, hold in product(Status, Mark, (False, True))
    ]
    freeing = {event for event in Event for row in rows if decide(row, event).to is Status.FREE}
    assert freeing == {Event.FOUND_CLEAN, Event.REINSTATE}
