"""A leftover that something kept still uses: it is taken off there, or the report names what holds it.

Only what AWS refused more than once as "in use" is looked into: mostly its user is a leftover, too, and goes first.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.catalogue.holders import holders
from atmosphere.cleanup.delete.attempts import MESSAGE, Outcome, attempt
from atmosphere.cleanup.model import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.catalogue.holders import Holder, Release
    from atmosphere.cleanup.context import PassContext

HELD: Final = "held-by-kept"
_REFUSALS: Final = 2


class Releasing:
    """Frees leftovers from kept things, for one pass."""

    def __init__(self, context: PassContext) -> None:
        self._context = context

    def again(self, outcome: Outcome, delete: Callable[[], Outcome]) -> Outcome:
        """The outcome of another attempt after what held it let go; the same one if nothing kept holds it."""
        item, trouble = outcome.item, outcome.trouble
        before = self._context.troubles.entries.get(item)
        refused = (before.attempts if before else 0) + 1
        if trouble is None or trouble.meaning is not Meaning.BUSY or refused < _REFUSALS:
            return outcome
        if before is not None and before.code == HELD:
            return Outcome(item, replace(before, attempts=1))
        try:
            found = list(holders(self._context.account, item, self._context.protection.reason))
        except (ClientError, BotoCoreError):
            return outcome  # nobody can tell now what holds it
        stuck = [holder.item for holder in found if not self._released(holder)]
        if stuck:
            why = f"{trouble.code}: {trouble.message}"
            message = f"the kept {stuck[0].type} {stuck[0].id} uses it: take it off there ({why})"
            return Outcome(item, replace(trouble, code=HELD, message=message[:MESSAGE], meaning=Meaning.FATAL))
        return delete() if found else outcome

    def _released(self, holder: Holder) -> bool:
        outcomes = [attempt(holder.item, partial(self._release, release)) for release in holder.releases]
        return bool(outcomes) and all(outcome.trouble is None for outcome in outcomes)

    def _release(self, release: Release) -> None:
        """The guard allows the call for exactly these things, while it runs."""
        guard = self._context.account.guard
        with ExitStack() as spared:
            for name in release.names:
                spared.enter_context(guard.restoring(frozenset({release.operation}), name))
            release.call()
