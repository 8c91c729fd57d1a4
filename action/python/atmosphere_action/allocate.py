"""Asks for the allocation until it is given, refused for good, or the time to wait is over.

Every attempt carries the same id and body, so that repeating takes nothing twice; when each was sent is kept first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping

from atmosphere_action.errors import (
    BUSY,
    ActionError,
    Refused,
    Unanswered,
    WaitedTooLong,
    may_pass,
    nothing_taken,
)
from atmosphere_action.pace import Pace, clock_text, time_text

if TYPE_CHECKING:
    from atmosphere_action.proof import Proof
    from atmosphere_action.runner import Runner
    from atmosphere_action.service import Service

_RETRY_AFTER = 5.0  # seconds, should a 423 come without its header
_LEAST = 1.0  # seconds between two tries of one that waits
_SPREAD = 0.1  # of a Retry-After, either way
_STRANGE = 120.0  # seconds to go on where not one reply came from the service
_UNCONNECTED = 15.0  # seconds to go on where there was not even a connection: the address is most often wrong


@dataclass(frozen=True)
class _Noted:
    """Notes when an allocate request is sent: after its proof was had, which may take long, and before it leaves."""

    inner: Proof
    root: tuple[str, ...]
    runner: Runner
    pace: Pace

    def headers(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        proven = self.inner.headers(method, url, content, headers)
        self.runner.state("asked", f"{self.pace.date():.3f}")
        return proven


@dataclass
class Asking:
    """One allocation being asked for; `waited` is in seconds."""

    service: Service
    proof: Proof
    runner: Runner
    pace: Pace
    allocation: str
    body: Mapping[str, Any]
    wait_seconds: float
    waited: float = 0.0
    _failures: int = 0
    _met: bool = False
    _connected: bool = False
    _clear: bool = True
    _since: float = 0.0

    def reply(self) -> dict[str, Any]:
        """The 200's JSON; raises `ActionError`, and keeps `refused` if then nothing can have been taken."""
        try:
            return self._first()
        except ActionError:
            if self._clear:
                self.runner.state("refused", "1")
            raise

    def _first(self) -> dict[str, Any]:
        """Most allocations are given at once; the group in the log is for those that are not."""
        self._since = self.pace.now()
        try:
            return self._once()
        except ActionError as failure:
            pause = self._pause(failure)
            until = time_text(self.pace.date() + self.wait_seconds)
            with self.runner.group(f"Waiting for pool {self.body['pool']} (at most until {until})"):
                self._tell(failure, pause)
                return self._in_turn(pause)

    def _in_turn(self, pause: float) -> dict[str, Any]:
        while True:
            self.pace.sleep(pause)
            try:
                return self._once()
            except ActionError as failure:
                pause = self._pause(failure)
                self._tell(failure, pause)

    def _once(self) -> dict[str, Any]:
        proof = _Noted(self.proof, self.proof.root, self.runner, self.pace)
        headers = {"Idempotency-Key": self.allocation}
        try:
            return self.service.ask("POST", "allocations", proof=proof, body=self.body, headers=headers)
        except ActionError as failure:
            self._clear = self._clear and nothing_taken(failure)
            self._met = self._met or isinstance(failure, Refused)
            self._connected = self._connected or not (isinstance(failure, Unanswered) and not failure.sent)
            raise
        finally:
            self.waited = self.pace.now() - self._since

    def _pause(self, failure: ActionError) -> float:
        """Seconds until the next try; raises where there is none. The last try is at the end of the time to wait."""
        busy = isinstance(failure, Refused) and failure.status == BUSY
        if not busy and not may_pass(failure):
            raise failure
        left = self._patience - self.waited
        if left <= 0:
            raise self._over(failure) if busy else failure
        told = failure.retry_after if isinstance(failure, Refused) else None
        if busy:
            self._failures = 0
            pause = _RETRY_AFTER if told is None else max(told, _LEAST)
            return min(left, self.pace.between(pause * (1 - _SPREAD), pause * (1 + _SPREAD)))
        self._failures += 1
        return min(left, max(self.pace.full_jitter(self._failures), told or 0.0))

    @property
    def _patience(self) -> float:
        if self._met:
            return self.wait_seconds
        return min(self.wait_seconds, _STRANGE if self._connected else _UNCONNECTED)

    def _over(self, last: ActionError) -> WaitedTooLong:
        return WaitedTooLong(
            f"no environment in pool {self.body['pool']} became free within {clock_text(self.wait_seconds)} ({last}): "
            "raise `wait-timeout`, run fewer jobs at once, or ask the service's operators for more environments"
        )

    def _tell(self, failure: ActionError, pause: float) -> None:
        waited, next_try = clock_text(self.waited), clock_text(pause)
        self.runner.say(f"{_where(failure)}; waited {waited}, next try in {next_try}")


def _where(failure: ActionError) -> str:
    if not isinstance(failure, Refused) or failure.status != BUSY:
        return f"No reply yet: {failure}" if isinstance(failure, Unanswered) else f"Temporary failure: {failure}"
    position, waiting = failure.details.get("position"), failure.details.get("waiting")
    if not isinstance(position, int) or isinstance(position, bool):
        return f"{failure.message} ({failure.code})"
    of = f" of {waiting}" if isinstance(waiting, int) and not isinstance(waiting, bool) else ""
    return f"Position {position}{of}{_estimate(failure.details)}: {failure.message} ({failure.code})"


def _estimate(details: Mapping[str, Any]) -> str:
    """How long it may still take, where the service can say it."""
    found = details.get("estimatedWaitSeconds")
    bounds = [found.get("from"), found.get("to")] if isinstance(found, dict) else []
    whole = [bound for bound in bounds if isinstance(bound, int) and not isinstance(bound, bool)]
    if len(whole) != 2:  # noqa: PLR2004 from and to
        return ""
    return f", about {clock_text(whole[0])} to {clock_text(whole[1])} more"
