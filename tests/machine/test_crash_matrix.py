"""A function dies at each of its outgoing calls, before and after its effect; then time passes (P1 to P6).

Nobody asks again: what `test_every_cut` has the caller repeat, here only the schedules mend. The calls of each act are
the table `points.md`: an act that gains a call fails until its row says so, and so is cut there, too.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere import observability
from atmosphere.contract import ROUTES
from atmosphere.core.events import is_untold
from tests.builders import POOL
from tests.handlers.door import WEBHOOK_SECRET
from tests.machine.acted import ACTS, SECRET, TOKEN
from tests.machine.points import TABLE, begin, do
from tests.machine.setting import Trouble
from tests.machine.tables import MOMENTS
from tests.operations.line import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.machine.functions import Functions

_MOMENTS: Final = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
_KNOWN: Final = TABLE.known()


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is logged and measured goes here."""
    (handler,) = observability._logger.handlers
    lines = io.StringIO()
    monkeypatch.setattr(handler, "stream", lines)
    return lines


@pytest.mark.parametrize("name", ACTS)
def test_it_may_die_at_every_call(
    name: str, printed: io.StringIO, record_property: Callable[[str, object], None]
) -> None:
    act, points = ACTS[name], 0
    with redirect_stdout(printed):
        calls = do(act, begin(act))
        assert calls == _KNOWN.get(name), f"write {TABLE.path.name} again and look at what changed: {' '.join(calls)}"
        for at in range(1, len(calls) + 1):
            for moment in _MOMENTS:
                functions = begin(act)
                do(act, functions, Trouble(at, moment))
                points += functions.driver.world.line.sprung
                functions.settle()
                _nothing_is_left_unsaid(functions)
                _nothing_secret_is_kept(functions, printed.getvalue())
    assert points == MOMENTS * len(calls)
    record_property("points", points)


def test_the_table_names_every_act_and_adds_up() -> None:
    assert list(_KNOWN) == list(ACTS)
    assert TABLE.read() == TABLE.text(_KNOWN)


def test_every_route_that_changes_something_has_an_act(printed: io.StringIO) -> None:
    asked: set[tuple[str, str]] = set()
    with redirect_stdout(printed):
        for act in ACTS.values():
            functions = begin(act)
            do(act, functions)
            asked |= functions.routes
    changing = {(route.method, route.path) for route in ROUTES if route.method != "GET"}
    assert changing <= asked


def _nothing_is_left_unsaid(functions: Functions) -> None:
    """What a row still shows was published, whoever died over it."""
    untold = [row.key for row in functions.driver.store.environments() if is_untold(row)]
    assert untold == [], "dirty, and nobody heard of it"
    breaker = functions.driver.store.breaker(POOL)
    assert not breaker or not breaker.opened or breaker.told, "held, and nobody heard of it"


def _nothing_secret_is_kept(functions: Functions, lines: str) -> None:
    """P6: rows, objects, events and log lines hold nothing that lets anybody in."""
    minted = [entry.credentials for entry in functions.driver.world.keys.minted]
    secrets = {word for one in minted for word in (one.secret_access_key, one.session_token)}
    secrets |= {SECRET, TOKEN, WEBHOOK_SECRET.decode()}
    kept = repr(functions.driver.store.everything()) + functions.outside.written() + lines
    assert [secret for secret in secrets if secret in kept] == []
