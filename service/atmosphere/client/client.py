"""The API as a Python object: allocate and wait, use, give back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from atmosphere.client import results
from atmosphere.client.asking import cut, given, waiting, wanted
from atmosphere.client.endpoint import checked
from atmosphere.client.errors import BUSY, NO_TOKEN, UNKNOWN_ALLOCATION, NotConnected, ServiceError
from atmosphere.client.heartbeats import Beat, beat
from atmosphere.client.held import Held
from atmosphere.client.operators import OperatorsSide
from atmosphere.client.proof import ReleaseToken, proof_by
from atmosphere.client.sessions import Renewing
from atmosphere.client.transport import RETRY_BUDGET, RealPace, Transport, region_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    import boto3
    from botocore.credentials import Credentials

    from atmosphere.client.asking import Constraint, Options, Waiting, Wanted
    from atmosphere.client.transport import Pace

DEFAULT_WAIT: Final = 1800.0  # seconds
_RETRY_AFTER: Final = 5.0  # seconds, should a 423 come without its header
_NOT_LET_IN: Final = (401, 403)
_LOOK_AGAIN: Final = 5.0  # seconds between two tries to end what may yet come into being


class AtmosphereClient(OperatorsSide):
    """A caller's side of the API: signed with AWS `credentials`, or with `tokens`, a callable that gives GitHub tokens.

    Each request takes a token of its own, repeats too. GitHub callers may allocate, read and end allocations, refresh
    credentials and read one pool; the other methods are for signed callers.
    Every method raises `ServiceError`. Failures that may pass (5xx, 429, no connection) are repeated for
    `retry_seconds`, without a further effect: an allocation is asked for under one id until it is answered. An address
    where nothing ever answered is given up after 10 s. `NotConnected` is raised for what cannot be an endpoint, and
    where there are no credentials.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        credentials: Credentials | None = None,
        tokens: Callable[[], str] | None = None,
        region: str | None = None,
        retry_seconds: float = RETRY_BUDGET,
        pace: Pace | None = None,
    ) -> None:
        endpoint = checked(endpoint)
        self._pace = pace or RealPace()
        proof = proof_by(credentials, tokens, region or region_of(endpoint))
        super().__init__(Transport(endpoint=endpoint, proof=proof, budget=retry_seconds, pace=self._pace))

    def allocate(
        self,
        pool: str,
        *,
        requester: str,
        constraints: Sequence[Constraint] = (),
        environments: Sequence[Wanted] = (),
        accounts: str | None = None,
        duration_seconds: int | None = None,
        role: str | None = None,
        session_policy: str | None = None,
        heartbeat_seconds: int | None = None,
        release_token: ReleaseToken | None = None,
        wait_seconds: float = DEFAULT_WAIT,
        on_wait: Callable[[Waiting], None] | None = None,
        key: str | None = None,
    ) -> results.Granted:
        """Take one environment of the pool, or several at once, waiting up to `wait_seconds` for its turn.

        `key` (a UUID) becomes the allocation's id; one is made if none is given. All attempts carry it, so that a lost
        reply costs nothing: the next one is the same allocation. Of `release_token` only the hash is sent.
        With `heartbeat_seconds` (60 to 3600) it ends as `lost` when no `heartbeat` or refresh came for that long.
        """
        body = given(
            pool=pool,
            requester=requester,
            constraints=list(constraints) or None,
            environments=[wanted(entry) for entry in environments] or None,
            accounts=accounts,
            durationSeconds=duration_seconds,
            role=role,
            sessionPolicy=session_policy,
            heartbeatSeconds=heartbeat_seconds,
            releaseTokenHash=release_token.hash if release_token else None,
        )
        headers = {"Idempotency-Key": key or str(uuid4())}
        reply = self._in_turn(
            lambda: self._transport.send("POST", "allocations", body=body, headers=headers), wait_seconds, on_wait
        )
        return results.read(results.granted, reply)

    def _in_turn(
        self, ask: Callable[[], dict[str, Any]], wait_seconds: float, on_wait: Callable[[Waiting], None] | None
    ) -> dict[str, Any]:
        started, unclear = self._pace.now(), False
        while True:
            try:
                return ask()
            except NotConnected as none:
                none.unclear = none.unclear or unclear
                raise
            except ServiceError as refusal:
                refusal.unclear = unclear = unclear or refusal.unclear
                waited = self._pace.now() - started
                if refusal.status != BUSY or waited >= wait_seconds:
                    raise
                pause = min(refusal.retry_after or _RETRY_AFTER, wait_seconds - waited)
                if on_wait is not None:
                    on_wait(waiting(refusal, waited=waited, next_try=pause))
                self._pace.sleep(pause)

    def allocation(self, pool: str, *, requester: str, **options: Unpack[Options]) -> Held:
        """An allocation for a `with` block, with the options of `allocate`; it ends whatever happens (see `Held`)."""
        return Held(self, pool, requester, options)

    def end(self, id_: str, token: ReleaseToken, *, outcome: str, may_yet_come_seconds: float = 0) -> None:
        """End an allocation as its owner, or with its release token where that is refused. Raises `ServiceError`.

        With `may_yet_come_seconds` its allocate request may still be on its way; then an id that is unknown is ended
        too: the owner's request keeps it from being allocated, and the release token asks again until that time.
        """
        try:
            self.deallocate(id_, outcome=outcome)
        except (ServiceError, NotConnected) as refusal:
            if isinstance(refusal, ServiceError):
                if refusal.code == UNKNOWN_ALLOCATION and may_yet_come_seconds:
                    return
                if refusal.status not in _NOT_LET_IN and refusal.code != NO_TOKEN:
                    raise
            self._end_by_token(id_, token, outcome, may_yet_come_seconds)

    def _end_by_token(self, id_: str, token: ReleaseToken, outcome: str, may_yet_come_seconds: float) -> None:
        try:
            self.release(id_, token, outcome=outcome, may_yet_come_seconds=may_yet_come_seconds)
        except ServiceError as refusal:
            if refusal.code != UNKNOWN_ALLOCATION or not may_yet_come_seconds:
                raise

    def deallocate(self, id_: str, *, outcome: str = "success") -> None:
        """Give an allocation back; repeating it is fine. `outcome` is cut at 100 bytes."""
        self._transport.send("DELETE", "allocations", id_, body={"outcome": cut(outcome)})

    def release(
        self, id_: str, token: ReleaseToken, *, outcome: str = "success", may_yet_come_seconds: float = 0
    ) -> None:
        """Give an allocation of either tree back with its release token alone, whoever this client is.

        An allocate that is still on its way can make the id known later: an unknown id is asked for again for
        `may_yet_come_seconds` (`contract.ALLOCATE_IN_FLIGHT` after the last allocate request is enough).
        """
        give_up = self._pace.now() + may_yet_come_seconds
        body = {"outcome": cut(outcome)}
        while True:
            try:
                self._transport.send("DELETE", "allocations", id_, body=body, proof=token)
            except ServiceError as refusal:
                left = give_up - self._pace.now()
                if refusal.code != UNKNOWN_ALLOCATION or left <= 0:
                    raise
                self._pace.sleep(min(_LOOK_AGAIN, left))
            else:
                return

    def get(self, id_: str) -> results.AllocationState:
        """The allocation as the service sees it."""
        return results.read(results.allocation_state, self._transport.send("GET", "allocations", id_))

    def credentials(self, id_: str) -> results.Granted:
        """Fresh credentials for every environment of an active allocation."""
        reply = self._transport.send("POST", "allocations", id_, "credentials", body={})
        return results.read(results.granted, reply)

    def heartbeat(self, id_: str, token: ReleaseToken | None = None) -> Beat:
        """Say that an allocation is still in use, as its owner or with its release token alone.

        Raises `Ended` if it is over, and `Refused` if it did not ask for heartbeats.
        """
        reply = self._transport.send("POST", "allocations", id_, "heartbeat", body={}, proof=token)
        return results.read(beat, reply)

    def session(self, grant: results.Granted, name: str | None = None) -> boto3.Session:
        """A boto3 session in an environment of the allocation (the first), whose credentials are always fresh."""
        renewing = Renewing(grant, lambda: self.credentials(grant.id))
        return renewing.session(name or grant.environment.name)

    def pools(self) -> tuple[results.Pool, ...]:
        """Every pool that the caller may use."""
        return results.read(results.pools, self._transport.send("GET", "pools"))

    def pool(self, name: str) -> results.Pool:
        """One pool."""
        return results.read(results.pool, self._transport.send("GET", "pools", name))
