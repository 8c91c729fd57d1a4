"""STS, Step Functions, EventBridge, S3, Cost Explorer in memory: they remember what was asked and fail if told to."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from atmosphere.adapters.event_texts import detail
from atmosphere.adapters.sns import message, subject
from atmosphere.core.credentials import SessionCredentials
from atmosphere.ports import InvalidPolicy, RoleRefused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from atmosphere.core.costs import DayCost
    from atmosphere.core.events import Event
    from atmosphere.core.model import AccountId, Json, RoleArn
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import CleanupOrder, Clock, SessionRequest, WatchOrder

_MAX_POLICY: Final = 2048  # characters, STS


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A session as it was handed out."""

    request: SessionRequest
    credentials: SessionCredentials
    issued_at: datetime


class MemoryCredentials:
    """`ports.Credentials`. While `failing`, nothing can be had; a role in `refused` does not trust the service."""

    def __init__(self, clock: Clock) -> None:
        self.failing = False
        self.refused: set[RoleArn] = set()
        self.minted: list[Minted] = []
        self._clock = clock
        self._lock = threading.Lock()

    def mint(self, requests: Sequence[SessionRequest]) -> Sequence[SessionCredentials]:
        """Sessions that can be told apart, expiring on this object's clock."""
        for request in requests:
            self._check(request)
        if refused := frozenset(at for at, request in enumerate(requests) if request.role_arn in self.refused):
            raise RoleRefused(refused)
        with self._lock:
            return [self._session(request) for request in requests]

    def _check(self, request: SessionRequest) -> None:
        if request.session_policy is not None and not _is_policy(request.session_policy):
            raise InvalidPolicy(
                "the session policy is not JSON with a Statement, or is too large: correct or shorten it"
            )
        if self.failing:
            raise Unreachable("AssumeRole failed with ServiceUnavailable: it was told to")

    def _session(self, request: SessionRequest) -> SessionCredentials:
        number, now = len(self.minted) + 1, self._clock.now()
        credentials = SessionCredentials(
            access_key_id=f"session-{number}",
            secret_access_key=f"secret-of-{number}",
            session_token=f"token-of-{number}",
            expiration=now + request.lifetime,
        )
        self.minted.append(Minted(request=request, credentials=credentials, issued_at=now))
        return credentials


def _is_policy(text: str) -> bool:
    try:
        policy = json.loads(text)
    except ValueError:
        return False
    return isinstance(policy, dict) and bool(policy.get("Statement")) and len(text) <= _MAX_POLICY


class MemoryCleaner:
    """`ports.Cleaner`. `started` holds each order once, in order of its first start."""

    def __init__(self) -> None:
        self.failing = False
        self.started: list[CleanupOrder] = []
        self.watched: list[WatchOrder] = []
        self._lock = threading.Lock()

    def start(self, order: CleanupOrder) -> None:
        """Remember the order."""
        if self.failing:
            raise Unreachable("StartExecution failed with ServiceUnavailable: it was told to")
        with self._lock:
            if order not in self.started:
                self.started.append(order)

    def watch(self, order: WatchOrder) -> None:
        """Remember the order."""
        if self.failing:
            raise Unreachable("StartExecution failed with ServiceUnavailable: it was told to")
        with self._lock:
            if order not in self.watched:
                self.watched.append(order)


class MemoryEvents:
    """`ports.Events`. `heard` are kind and detail of each, as subscribers get them."""

    def __init__(self) -> None:
        self.failing = False
        self.heard: list[tuple[str, dict[str, Json]]] = []

    def publish(self, event: Event) -> None:
        """Tell it to `heard`."""
        if self.failing:
            raise Unreachable("PutEvents failed with ServiceUnavailable: it was told to")
        self.heard.append((str(event.kind), json.loads(detail(event))))


class MemoryNotices:
    """`ports.Notices`. `sent` are subject and text of each."""

    def __init__(self) -> None:
        self.failing = False
        self.sent: list[tuple[str, str]] = []

    def send(self, event: Event) -> None:
        """Keep it in `sent`."""
        if self.failing:
            raise Unreachable("Publish failed with ServiceUnavailable: it was told to")
        self.sent.append((subject(event), message(event)))


class MemorySnapshot:
    """`ports.SnapshotSource` of a given snapshot; None is one that cannot be read."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self.snapshot = snapshot

    def load(self) -> Snapshot:
        """What was given."""
        if self.snapshot is None:
            raise Unreachable("the snapshot cannot be read: publish the configuration again")
        return self.snapshot


class MemorySnapshots:
    """The twin of `snapshots.DynamoSnapshots`."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """See `Snapshots`."""
        return self._texts.get(name)

    def put(self, name: str, text: str) -> None:
        """See `Snapshots`."""
        self._texts.setdefault(name, text)


class MemoryReports:
    """`ports.Reports` of what is put into `reports`."""

    def __init__(self) -> None:
        self.failing = False
        self.reports: dict[str, Json] = {}

    def load(self, key: str) -> Json:
        """The report under the key, None if there is none."""
        if self.failing:
            raise Unreachable("GetObject failed with ServiceUnavailable: it was told to")
        return self.reports.get(key)


class MemoryObjects:
    """The twin of `s3.S3Objects`."""

    def __init__(self) -> None:
        self.failing = False
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The object, None if there is none."""
        self._reach("GetObject")
        with self._lock:
            return self._objects.get(key)

    def put(self, key: str, body: bytes) -> None:
        """Write, over whatever is there."""
        self._reach("PutObject")
        with self._lock:
            self._objects[key] = body

    def _reach(self, operation: str) -> None:
        if self.failing:
            raise Unreachable(f"{operation} failed with ServiceUnavailable: it was told to")


@dataclass
class MemoryCosts:
    """`ports.Costs` of the costs that were given; while `down` they cannot be had."""

    costs: list[DayCost] = field(default_factory=list)
    down: bool = False

    def daily(self, accounts: Sequence[AccountId], *, since: date, until: date) -> Sequence[DayCost]:
        """Those that were asked for."""
        if self.down:
            raise Unreachable("GetCostAndUsage failed with AccessDeniedException: it was told to")
        return [cost for cost in self.costs if cost.account in accounts and since <= cost.day < until and cost.amount]
