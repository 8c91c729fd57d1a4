"""Gives the allocation back by its id: as its owner, or with the release token where the owner cannot prove itself.

An owner's 404 is final, because it also stops an allocate that is still on its way. The release token's is not: an
allocate that was sent may take effect up to 35 s later, so it is asked again until then. Where there is no connection
this ends early and leaves the rest to node, whose way to the service may be another (proxies, certificates).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere_action.errors import (
    ActionError,
    KeysTrouble,
    NotReleased,
    Refused,
    TokenTrouble,
    Unanswered,
    may_pass,
)

if TYPE_CHECKING:
    from atmosphere_action.pace import Pace
    from atmosphere_action.proof import Proof, ReleaseToken
    from atmosphere_action.runner import Runner
    from atmosphere_action.service import Service

BUDGET = 52.0  # seconds; the shim ends this process after 60
_IN_FLIGHT = 35.0  # seconds that an allocate may still be on its way: the service's contract.ALLOCATE_IN_FLIGHT
_LOOK_AGAIN = 5.0  # seconds between two tries to end what may yet come into being
_PATIENCE = 10.0  # seconds for one try
_ONE_WAY = 20.0  # seconds, then another way is tried: the release token after the owner, node where nobody is reached
_LONGEST_PAUSE = 5.0  # seconds
_LONGEST_OUTCOME = 100  # bytes
_NOT_FOUND = 404
_ENDED = "already-ended"
_UNKNOWN = "unknown-allocation"


@dataclass
class Releasing:
    """One allocation being given back. `asked` is when the last allocate request was sent, in epoch seconds."""

    service: Service
    runner: Runner
    pace: Pace
    allocation: str
    outcome: str
    asked: float
    budget: float = BUDGET

    def __post_init__(self) -> None:
        start = self.pace.now()
        self._give_up = start + self.budget
        self._turn = start + min(_ONE_WAY, self.budget / 2)

    def release(self, owner: Proof | None, token: ReleaseToken) -> str:
        """Give it back; a sentence that says how it went. Raises `NotReleased` with the last reason."""
        by_owner = self._by_owner(owner) if owner is not None else None
        return by_owner or self._by_token(token)

    def _by_owner(self, owner: Proof) -> str | None:
        """None where the release token has to do it."""
        failures = 0
        while True:
            try:
                return self._ask(owner, final=True)
            except ActionError as failure:
                failures += 1
                pause = self._pause(failure, failures)
                unproven = isinstance(failure, (TokenTrouble, KeysTrouble))
                if unproven or not may_pass(failure) or self.pace.now() + pause > self._turn:
                    self.runner.say(f"Not released as its owner ({failure}); using the release token")
                    return None
                self.pace.sleep(pause)

    def _by_token(self, token: ReleaseToken) -> str:
        failures = 0
        while True:
            try:
                settled = self.pace.date() >= self.asked + _IN_FLIGHT
                return self._ask(token, final=settled)
            except ActionError as failure:
                unknown = _is_unknown(failure)
                failures += 0 if unknown else 1
                pause = _LOOK_AGAIN if unknown else self._pause(failure, failures)
                if not (unknown or may_pass(failure)) or self.pace.now() + pause > self._until(failure):
                    raise NotReleased(f"allocation {self.allocation}: {failure}") from failure
                self.runner.say(f"Not released yet: {failure}")
                self.pace.sleep(pause)

    def _until(self, failure: ActionError) -> float:
        unreached = isinstance(failure, Unanswered) and not failure.sent
        return self._turn if unreached else self._give_up

    def _pause(self, failure: ActionError, failures: int) -> float:
        told = failure.retry_after if isinstance(failure, Refused) else None
        return min(_LONGEST_PAUSE, max(self.pace.full_jitter(failures, _LONGEST_PAUSE), told or 0.0))

    def _ask(self, proof: Proof, *, final: bool) -> str:
        """One try; what is not there is given back if that is `final`."""
        left = max(1.0, self._give_up - self.pace.now())
        body = {"outcome": self.outcome.encode()[:_LONGEST_OUTCOME].decode(errors="ignore")}
        try:
            path = ("allocations", self.allocation)
            self.service.ask("DELETE", *path, proof=proof, body=body, patience=min(_PATIENCE, left))
        except Refused as refusal:
            if refusal.code == _ENDED:
                return "It had already ended"
            if final and _is_unknown(refusal):
                return "Nothing is held"
            raise
        return "Released"


def _is_unknown(failure: ActionError) -> bool:
    return isinstance(failure, Refused) and failure.status == _NOT_FOUND and failure.code == _UNKNOWN
