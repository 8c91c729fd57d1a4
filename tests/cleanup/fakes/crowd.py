"""An account with many leftovers, each of which AWS refuses to delete until what one line of the table demands is done.

No call leaves the process: what is about one of them is answered by its demand, a listing by all of its service, and
everything else says that there is nothing.
"""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from botocore import xform_name
from botocore.exceptions import ClientError

from tests.cleanup.catalogue.frame import TYPES
from tests.cleanup.empty import EmptyAccounts
from tests.cleanup.fakes.refusing import Refusing, texts, together
from tests.cleanup.faults import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.adapters.memory import FakeClock
    from tests.cleanup.fakes.refusing import Demand

_LINGERS: Final = timedelta(seconds=5)
"""How long AWS goes on counting what is deleted as in use."""


class Crowd(EmptyAccounts):
    """Accounts with a leftover for each of these demands."""

    def __init__(self, demands: Sequence[Demand], clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self._answering = RLock()
        self._ended: dict[str, Any] = {}  # when the latest one of a type went
        self.sown = [(demand, Refusing(demand, self._has_any)) for demand in demands]
        self._of: dict[str, list[tuple[Demand, Refusing]]] = {}
        for demand, member in self.sown:
            member.appear()
            for service in (TYPES[demand.type].service, *demand.elsewhere):
                self._of.setdefault(service, []).append((demand, member))

    def watch(self, session: Any) -> None:
        """See `EmptyAccounts`."""
        session.register("before-parameter-build", self._remember)
        super().watch(session)

    def left(self) -> list[Demand]:
        """Those that are not deleted."""
        return [demand for demand, member in self.sown if member.is_there]

    def _has_any(self, types: tuple[str, ...]) -> bool:
        there, now = {demand.type for demand in self.left()}, self.clock.now()
        lingers = {each for each, ended in self._ended.items() if now < ended + _LINGERS}
        return not (there | lingers).isdisjoint(types)

    def _answer(self, **event: Any) -> Any:
        base = super()._answer(**event)
        model = event["model"]
        there = self._of.get(model.service_model.service_name, ())
        operation, asked = xform_name(model.name), event["context"].get("asked", {})
        with self._answering:
            try:
                told = self._told(there, operation, asked)
            except ClientError as error:
                return Reply(), {**error.response, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return base if told is None else (Reply(200), together(base[1], told))

    def _told(self, there: Sequence[tuple[Demand, Refusing]], operation: str, asked: Any) -> Any:
        words = set(texts(asked))
        for demand, member in there:
            if operation in demand.operations and _is_about(demand, words):
                return self._told_of(demand, member, operation, asked)
        for demand, member in there:
            if member.is_there and any(clearing.is_this(operation, asked) for clearing in demand.clears):
                getattr(member, operation)(**asked)  # which names none of them, and is about all
        shown = [member for demand, member in there if operation in {**demand.there, **demand.held} and member.is_there]
        return reduce(together, (getattr(member, operation)(**asked) for member in shown), None)

    def _told_of(self, demand: Demand, member: Refusing, operation: str, asked: Any) -> Any:
        was_there = member.is_there
        reply = getattr(member, operation)(**asked)
        if was_there and not member.is_there:
            self._ended[demand.type] = self.clock.now()
        return reply


def _is_about(demand: Demand, words: set[str]) -> bool:
    """Whether a call with these texts is about it: they are its names, or made of its own name."""
    return not words.isdisjoint(demand.names) or any(demand.id in each for each in words)
