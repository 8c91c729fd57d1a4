"""What a cleanup that makes no progress waits for: what AWS says that it is at work on, and since when.

A deletion that AWS accepted and reports as under way is progress, whatever the type, for as long as the type's time-out
allows. Each question is a call, so they are asked only when nothing has gone for a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.at_work import time_out
from atmosphere.cleanup.catalogue.generic import NoHandler
from atmosphere.cleanup.catalogue.interfaces import of_services
from atmosphere.cleanup.catalogue.parts import is_tangible
from atmosphere.cleanup.model import STACK, Meaning, Resource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime, timedelta

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.verdict.classify import ScanResult

_MOST: Final = 50
"""Resources that are asked about at once; one that AWS is at work on is enough to wait."""


@dataclass(frozen=True, slots=True)
class Wait:
    """AWS is at work on a resource: `doing`, in its own words, `since` it accepted the deletion or was first seen."""

    since: datetime
    doing: str


class Patience:
    """Asks for one pass."""

    def __init__(self, context: PassContext) -> None:
        self._context = context
        self._account = context.account
        self._troubles = context.troubles

    def waits(
        self, result: ScanResult, reach: Iterable[Resource], taking_effect: Mapping[Resource, timedelta]
    ) -> dict[Resource, Wait]:
        """What AWS is at work on, of what is left. It is gone, at rest or too late if it is not among them.

        `taking_effect` is what was put back and may take so long until AWS shows it.
        """
        asked = sorted(self._waited_for(result, reach), key=self._first)[:_MOST]
        answers = self._context.workers.run([partial(self._doing, item) for item in asked])
        waits: dict[Resource, Wait] = {}
        for item, told in zip(asked, answers, strict=True):
            if told is None:
                continue
            self._troubles.began(item, self._context.now())
            since = self._troubles.since[item]
            if self._context.now() - since < min(time_out(item.type), self._context.limits.longest_wait):
                waits[item] = Wait(since, told)
        return waits | self._restored(taking_effect)

    def _restored(self, taking_effect: Mapping[Resource, timedelta]) -> dict[Resource, Wait]:
        since, now = self._troubles.since, self._context.now()
        waited = {item for item, takes in taking_effect.items() if item in since and now - since[item] < takes}
        return {item: Wait(since[item], "taking effect") for item in waited - self._troubles.entries.keys()}

    def _waited_for(self, result: ScanResult, reach: Iterable[Resource]) -> set[Resource]:
        """What was tried: leftovers, and members of stacks that failed on them. What is final is not waited for."""
        tried = {*result.unmanaged, *self._troubles.entries, *self._troubles.since}
        final = {item for item, trouble in self._troubles.entries.items() if trouble.meaning is Meaning.FATAL}
        beside = {*final, *result.deferred, *result.drifted}
        return {item for item in tried.intersection(reach) - beside if item.type != STACK and is_tangible(item.type)}

    def _first(self, item: Resource) -> tuple[bool, Resource]:
        return item not in self._troubles.since, item

    def _doing(self, item: Resource) -> str | None:
        """What could not be asked is not waited for: that is what is done with what is refused, too."""
        try:
            told = type_of(item.type).at_work(self._account, item.region, item.id)
            return told or of_services(self._account, item.region, item.type, item.id)
        except (ClientError, BotoCoreError, NoHandler):
            return None


def of_stacks(stacks: Collection[Stack]) -> dict[Resource, Wait]:
    """The stacks that CloudFormation is at work on, without those nested in one of them."""
    ids = {stack.id for stack in stacks}
    moving = [stack for stack in stacks if stack.moving and stack.parent not in ids]
    return {stack.resource: Wait(stack.since or stack.created, stack.status) for stack in moving}


def told(waits: Mapping[Resource, Wait]) -> list[dict[str, str]]:
    """The same for people and programs, the longest first."""
    ordered = sorted(waits.items(), key=lambda pair: (pair[1].since, pair[0]))
    return [
        {
            "type": item.type,
            "id": item.id,
            "region": item.region,
            "doing": wait.doing,
            "since": wait.since.isoformat(),
        }
        for item, wait in ordered[:_SHOWN]
    ]


_SHOWN: Final = 20
