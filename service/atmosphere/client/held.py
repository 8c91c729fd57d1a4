"""An allocation while a program uses it: taken, kept alive, its credentials renewed, and given back in every case."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol, Self, Unpack
from uuid import uuid4

from atmosphere.client import variables
from atmosphere.client.errors import NotConnected, ServiceError
from atmosphere.client.heartbeats import BEATS, Heartbeats, if_known
from atmosphere.client.proof import ReleaseToken
from atmosphere.client.sessions import Renewing
from atmosphere.contract import ALLOCATE_IN_FLIGHT

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    import boto3

    from atmosphere.client.asking import Options
    from atmosphere.client.results import Granted, Place

SUCCESS: Final = "success"
_LOG: Final = logging.getLogger("atmosphere.client")


class Allocating(Protocol):
    """What is needed of a client; `AtmosphereClient` is one, and says what the methods do."""

    def allocate(self, pool: str, *, requester: str, **options: Unpack[Options]) -> Granted:
        """Allocate and wait."""

    def credentials(self, id_: str) -> Granted:
        """Fresh credentials."""

    def heartbeat(self, id_: str, token: ReleaseToken | None = None) -> object:
        """Say that it is in use."""

    def end(self, id_: str, token: ReleaseToken, *, outcome: str, may_yet_come_seconds: float = 0) -> None:
        """End it."""


class Held:
    """An allocation in use. `with` takes it and ends it, also after a failure, Ctrl-C or while it still waits.

    Should the caller's identity have expired by then, a release token ends it. With the option `heartbeat_seconds` a
    thread sends heartbeats, so that the service ends it if this process is killed. Once they find that it is over,
    `ended` is set, and the end of the block raises it. Set `outcome` to record something else than `success`.
    """

    def __init__(self, client: Allocating, pool: str, requester: str, options: Options) -> None:
        self._client = client
        self._pool = pool
        self._requester = requester
        self._options = options
        self._token = options.get("release_token") or ReleaseToken.new()
        self._heartbeats: Heartbeats | None = None
        self._grant: Granted | None = None
        self._renewing: Renewing | None = None
        self.id = options.get("key") or str(uuid4())
        self.outcome = SUCCESS
        self.ended: ServiceError | None = None

    def take(self) -> Self:
        """Allocate, and wait for it, as `with` does at its start. If it raises, nothing is held."""
        try:
            grant = if_known(self._ask, self._options.get("heartbeat_seconds"), _LOG.warning)
            self._grant, self.id = grant, grant.id
            self._renewing = Renewing(grant, lambda: self._client.credentials(self.id))
        except BaseException as failure:
            self._abandon(failure)
            raise
        if grant.heartbeat_seconds:
            self._heartbeats = Heartbeats(
                lambda: self._client.heartbeat(self.id, self._token),
                grant.heartbeat_seconds / BEATS,
                over=self._over,
                trouble=lambda passing: _LOG.warning("a heartbeat of allocation %s failed: %s", self.id, passing),
            )
            self._heartbeats.start()
        return self

    def give_back(self, outcome: str) -> None:
        """End it; what `with` does at its end. Raises `ServiceError` or `NotConnected`; repeating it is fine."""
        self.leave()
        self._client.end(self.id, self._token, outcome=outcome)

    def leave(self) -> None:
        """Send no more heartbeats, and leave the end to others: another process, the deadline."""
        if self._heartbeats is not None:
            self._heartbeats.stop()

    def __enter__(self) -> Self:
        return self.take()

    def __exit__(self, _: type[BaseException] | None, failure: BaseException | None, __: TracebackType | None) -> None:
        if failure is not None:
            if self.ended is not None:
                failure.add_note(f"allocation {self.id} had ended by then: {self.ended}")
            self._end_after(failure)
            return
        self.give_back(self.outcome)
        if self.ended is not None:
            raise self.ended

    @property
    def grant(self) -> Granted:
        """What the service granted; raises `RuntimeError` before that."""
        if self._grant is None:
            raise RuntimeError("nothing is allocated yet: use it in a `with` block")
        return self._grant

    @property
    def environment(self) -> Place:
        """The first environment, which is the only one unless several were asked for."""
        return self.grant.environment

    @property
    def environments(self) -> tuple[Place, ...]:
        """All environments, in the order in which they were asked for."""
        return self.grant.environments

    @property
    def expires_at(self) -> datetime:
        """The deadline: the service ends the allocation then."""
        return self.grant.expires_at

    def named(self, name: str) -> Place:
        """The environment of that name; raises `KeyError`."""
        return self.grant.named(name)

    def session(self, name: str | None = None) -> boto3.Session:
        """A boto3 session in an environment (the first), whose credentials are fresh until the allocation ends."""
        renewing, name = self._current(name)
        return renewing.session(name)

    def variables(self, name: str | None = None) -> dict[str, str]:
        """The environment of a child process: this one's, with the AWS variables of an environment (the first).

        They are not renewed: for a child that runs longer than their hour, call this again, or use `atmosphere run`.
        """
        renewing, name = self._current(name)
        keys = variables.parts(renewing.keys(name))
        return {
            **variables.without(variables.OVER_KEYS),
            **variables.names(self.id, name),
            **variables.by_keys(keys, self.named(name).region),
        }

    def _current(self, name: str | None) -> tuple[Renewing, str]:
        first = self.environment.name
        assert self._renewing is not None  # noqa: S101 set with the grant
        return self._renewing, name or first

    def _ask(self, seconds: int | None) -> Granted:
        options = self._options.copy()
        options.update({"key": self.id, "release_token": self._token, "heartbeat_seconds": seconds})
        return self._client.allocate(self._pool, requester=self._requester, **options)

    def _over(self, end: ServiceError) -> None:
        self.ended = end
        _LOG.warning("allocation %s is over, and its environments are no longer yours: %s", self.id, end)

    def _abandon(self, failure: BaseException) -> None:
        """An allocate without an answer may yet take effect: end it under its id, which also stops a late one."""
        if isinstance(failure, ServiceError | NotConnected) and not failure.unknown_outcome:
            return
        self._end_after(failure, may_yet_come_seconds=ALLOCATE_IN_FLIGHT)

    def _end_after(self, failure: BaseException, *, may_yet_come_seconds: float = 0) -> None:
        self.leave()
        outcome = f"failed: {type(failure).__name__}"
        try:
            self._client.end(self.id, self._token, outcome=outcome, may_yet_come_seconds=may_yet_come_seconds)
        except (ServiceError, NotConnected) as second:
            failure.add_note(f"allocation {self.id} was not deallocated either ({second}); its deadline ends it")
