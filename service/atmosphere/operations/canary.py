"""Sends the service requests as callers would: those that must be refused, and one allocation that is released.

What is not configured is not tried. What is and does not work is a failure, whatever the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.contract import CANARY_SESSION, GITHUB_ROOT
from atmosphere.core.canary import DONE, REFUSED, Check, Finding
from atmosphere.ports import Ask, Signer, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.core.model import AllocationId
    from atmosphere.ports import Ids, OwnApi

_HOLD: Final = 900  # seconds, the least: should the release be lost, the deadline ends the allocation
_NO_POOL: Final = "canary"  # a path needs a name; who is refused learns nothing of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """The verb with its collaborators; without a `pool` nothing is allocated."""

    api: OwnApi
    ids: Ids
    pool: str
    knows_stranger: bool

    def run(self) -> tuple[Finding, ...]:
        """Every check that is configured, each once."""
        return (*self._refusals(), *self._allocation())

    def _refusals(self) -> Iterator[Finding]:
        """Reads, so that one which is answered by mistake changes nothing."""
        yield self._look(Check.ANONYMOUS, Ask(method="GET", path="/pools", signer=Signer.NOBODY))
        path = f"{GITHUB_ROOT}/pools/{_NO_POOL}"
        yield self._look(Check.ANONYMOUS_GITHUB, Ask(method="GET", path=path, signer=Signer.NOBODY))
        if self.knows_stranger:
            yield self._look(Check.STRANGER, Ask(method="GET", path="/pools", signer=Signer.STRANGER))

    def _allocation(self) -> Iterator[Finding]:
        """Released under a key of our own whatever came of it: an answer may be lost after the environment is taken."""
        if not self.pool:
            return
        key = self.ids.new()
        allocated = self._look(Check.ALLOCATE, self._allocate(key))
        yield allocated
        released = self._look(Check.RELEASE, _release(key))
        if allocated.passed:
            yield released

    def _allocate(self, key: AllocationId) -> Ask:
        return Ask(
            method="POST",
            path="/allocations",
            signer=Signer.ITSELF,
            body={"pool": self.pool, "requester": CANARY_SESSION, "durationSeconds": _HOLD},
            key=key,
        )

    def _look(self, check: Check, ask: Ask) -> Finding:
        wanted = REFUSED.get(check, DONE)
        try:
            return Finding(check=check, wanted=wanted, got=self.api.status(ask))
        except Unreachable:
            return Finding(check=check, wanted=wanted, got=None)


def _release(key: AllocationId) -> Ask:
    return Ask(method="DELETE", path=f"/allocations/{key}", signer=Signer.ITSELF, body={"outcome": CANARY_SESSION})
