"""How fast each service may be asked: calls of one service at the same time, and calls a second where AWS counts them.

Without a rate of its own a service is left to botocore's retries. Whoever is too fast sleeps once, for as long as it
takes; nothing polls. Source: Route 53 developer guide, quotas (five requests a second for an account); EC2 developer
guide, request throttling (each operation by itself). IAM and CloudFormation publish no figures: they are asked at full
speed until one answers that this is too fast, and cautiously from then on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.aws.guard import is_read
from atmosphere.faults import THROTTLED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from atmosphere.cleanup.aws.sessions import Session
    from atmosphere.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one service takes: `side_by_side` tasks, `burst` calls at once and then `rate` calls a second.

    `apart` counts each operation by itself; `reads` tells whether reads are counted too. With `after_throttling` the
    rate holds only after AWS refused a call as too fast.
    """

    side_by_side: int = 10
    rate: float | None = None
    burst: int = 1
    apart: bool = False
    reads: bool = True
    after_throttling: bool = False


_Place = tuple[str, str, str]  # service, region, operation
_PLACE: Final = "atmosphere_place"
_PLAIN: Final = Quota()
QUOTAS: Final = {
    "route53": Quota(side_by_side=3, rate=5, burst=5),
    "iam": Quota(side_by_side=8, rate=10, after_throttling=True),
    "cloudformation": Quota(side_by_side=8, rate=5, after_throttling=True),
    "ec2": Quota(rate=20, burst=50, apart=True, reads=False),
}


def at_once(service: str) -> int:
    """How many tasks of a service run side by side."""
    return QUOTAS.get(service, _PLAIN).side_by_side


class Queue:
    """Numbers of tasks, taken in order, but no more of one service at a time than it takes. Safe in threads.

    `services` names whom each task asks; what names nobody is not held up. Who gives back takes again, so whoever is
    told that there is nothing to take is not needed any more.
    """

    def __init__(self, services: Sequence[str]) -> None:
        self._services = services
        self._lock = Lock()
        self._waiting: dict[str, deque[int]] = {}
        for number, service in enumerate(services):
            self._waiting.setdefault(service, deque()).append(number)
        self._room = {service: at_once(service) if service else len(services) for service in self._waiting}

    def take(self) -> int | None:
        """The first that may begin now, None if there is none."""
        with self._lock:
            heads = [(each[0], service) for service, each in self._waiting.items() if each and self._room[service]]
            if not heads:
                return None
            number, service = min(heads)
            self._waiting[service].popleft()
            self._room[service] -= 1
            return number

    def give_back(self, number: int) -> None:
        """A task is over."""
        with self._lock:
            self._room[self._services[number]] += 1


class Bucket:
    """A token bucket that is asked for the time to wait. Safe in threads."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._gap = timedelta(seconds=1 / rate)
        self._slack = self._gap * (burst - 1)
        self._next: datetime | None = None
        self._lock = Lock()

    def reserve(self, now: datetime) -> timedelta:
        """Take the next token; how long from now on it is not yet there."""
        with self._lock:
            due = max(self._next or now, now)
            self._next = due + self._gap
        return max(due - self._slack - now, timedelta(0))


class Rates:
    """Slows the clients of one account down to what their services take."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[_Place, Bucket] = {}
        self._lock = Lock()

    def watch(self, session: Session) -> None:
        """Every client that this session makes from now on is slowed down."""
        session.register("before-call", self._wait)
        session.register("response-received", self._listen)

    def _wait(self, **event: Any) -> None:
        model = event["model"]
        quota = QUOTAS.get(model.service_model.service_name, _PLAIN)
        if quota.rate is None or (is_read(model.name) and not quota.reads):
            return
        operation = model.name if quota.apart else ""
        place = (model.service_model.service_name, event["context"]["client_region"], operation)
        event["context"][_PLACE] = place
        bucket = self._bucket(place, limited=not quota.after_throttling)
        rest = bucket.reserve(self._clock.now()) if bucket else None
        if rest:
            self._clock.sleep(rest)

    def _listen(self, **event: Any) -> None:
        """Whoever says "slow down", also to one of botocore's own repetitions, is slowed down for from now on."""
        place = event["context"].get(_PLACE)
        code = (event["parsed_response"] or {}).get("Error", {}).get("Code")
        if place is not None and code in THROTTLED:
            self._bucket(place, limited=True)

    def _bucket(self, place: _Place, *, limited: bool) -> Bucket | None:
        """What the place has, made when it is told that it needs one."""
        quota = QUOTAS[place[0]]
        with self._lock:
            if limited and place not in self._buckets and quota.rate is not None:
                self._buckets[place] = Bucket(rate=quota.rate, burst=quota.burst)
            return self._buckets.get(place)
