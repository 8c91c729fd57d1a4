"""What the API answers, as frozen values. Secrets never show in a `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from atmosphere.client.errors import UNREADABLE, error_for
from atmosphere.core.credentials import SessionCredentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import DataclassInstance

    from atmosphere.core.model import Json

Result = TypeVar("Result")
Fields = TypeVar("Fields", bound="DataclassInstance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One environment of an allocation. `credentials` are there after allocate and refresh only."""

    name: str
    role: str
    account: str
    region: str
    pool: str
    admin_role: str
    capabilities: Mapping[str, Json] = field(default_factory=dict)
    credentials: SessionCredentials | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """An allocation that this caller holds, with credentials for each environment."""

    id: str
    expires_at: datetime
    environments: tuple[Place, ...]
    heartbeat_seconds: int | None = None

    @property
    def environment(self) -> Place:
        """The first, which is the only one unless several were asked for."""
        return self.environments[0]

    def named(self, name: str) -> Place:
        """The environment of that name; raises `KeyError`."""
        for place in self.environments:
            if place.name == name:
                return place
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The GitHub workflow run that asked for an allocation; `job` is its check run's id."""

    repository: str
    url: str
    attempt: str
    job: str | None = None
    event: str = ""
    ref: str = ""
    workflow: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationState:
    """What the service tells of an allocation: never credentials."""

    id: str
    status: str
    pool: str
    requester: str
    started_at: datetime
    expires_at: datetime
    environments: tuple[Place, ...]
    ended_at: datetime | None = None
    outcome: str | None = None
    ended_by: str | None = None
    asked_by: str = ""
    run: Run | None = None
    heartbeat_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool's environments counted by status."""

    name: str
    counts: Mapping[str, int]
    waiting: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentState:
    """What operators see of an environment. `status` is None once it is gone; `cleanup` is the last report.

    `hold`: an operator asked for it, and it is held as soon as it would become free.
    """

    account: str
    region: str
    pool: str | None = None
    status: str | None = None
    registration: str | None = None
    hold: bool = False
    capabilities: Mapping[str, Json] = field(default_factory=dict)
    allocation: str | None = None
    attempt: int | None = None
    since: datetime | None = None
    deadline: datetime | None = None
    dirty_reason: str | None = None
    retry_at: datetime | None = None
    report: str | None = None
    cleanup: Mapping[str, Any] | None = None
    progress: Mapping[str, Any] | None = None

    @property
    def standing(self) -> str:
        """The status, with what will become of it when it is free; empty once it is gone."""
        going = "deregistering" if self.registration == "deregistering" else None
        return ", ".join(filter(None, (self.status, going, "to be held" if self.hold else None)))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One allocation of an environment, or one act of an operator on it."""

    account: str
    region: str
    at: datetime
    id: str
    kind: str
    pool: str
    who: str
    requester: str = ""
    reason: str | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    ended_by: str | None = None
    asked_by: str = ""


def read(parse: Callable[[Mapping[str, Any]], Result], reply: Mapping[str, Any]) -> Result:
    """A 200 reply as a value; raises `ServiceError` where it lacks what the contract promises."""
    try:
        return parse(reply)
    except (KeyError, TypeError, ValueError, AttributeError) as broken:
        message = f"this version of the client cannot read the reply ({broken!r}): update the client or the service"
        raise error_for(200, UNREADABLE, message) from broken


def camel(name: str) -> str:
    """A field's name as it is spelled on the wire."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def flat(kind: type[Fields], value: Mapping[str, Any], **further: Any) -> Fields:
    """The fields that the wire has under their own names; null is what the field is by itself, `further` go before.

    Raises `TypeError` where one is missing that has to be there.
    """
    given = dict(further)
    for each in fields(kind):
        found = value.get(camel(each.name))
        if each.name not in given and found is not None:
            given[each.name] = datetime.fromisoformat(found) if "datetime" in str(each.type) else found
    return kind(**given)


def place(value: Mapping[str, Any]) -> Place:
    """One entry of a reply's `environments`."""
    environment = value["environment"]
    return Place(
        name=value["name"],
        role=value["role"],
        account=environment["account"],
        region=environment["region"],
        pool=environment["pool"],
        admin_role=environment["adminRoleArn"],
        capabilities=environment.get("capabilities", {}),
        credentials=_credentials(value["credentials"]) if "credentials" in value else None,
    )


def _credentials(value: Mapping[str, Any]) -> SessionCredentials:
    return SessionCredentials(
        access_key_id=value["accessKeyId"],
        secret_access_key=value["secretAccessKey"],
        session_token=value["sessionToken"],
        expiration=datetime.fromisoformat(value["expiration"]),
    )


def granted(value: Mapping[str, Any]) -> Granted:
    """The reply to an allocate or a refresh."""
    return Granted(
        id=value["id"],
        expires_at=datetime.fromisoformat(value["expiresAt"]),
        environments=tuple(place(entry) for entry in value["environments"]),
        heartbeat_seconds=value.get("heartbeatSeconds"),
    )


def allocation_state(value: Mapping[str, Any]) -> AllocationState:
    """The reply to `GET /allocations/{id}`."""
    return flat(
        AllocationState,
        value,
        environments=tuple(place(entry) for entry in value["environments"]),
        run=flat(Run, value["run"]) if value.get("run") else None,
    )


def pool(value: Mapping[str, Any]) -> Pool:
    """One pool."""
    return flat(Pool, value, name=value["pool"])


def pools(value: Mapping[str, Any]) -> tuple[Pool, ...]:
    """The reply to `GET /pools`."""
    return tuple(pool(entry) for entry in value["pools"])


def environment_states(value: Mapping[str, Any]) -> tuple[EnvironmentState, ...]:
    """The reply to `GET /environments`."""
    return tuple(environment_state(entry) for entry in value["environments"])


def history_lines(value: Mapping[str, Any]) -> tuple[HistoryLine, ...]:
    """One page of a history."""
    return tuple(history_line(entry) for entry in value["entries"])


def environment_state(value: Mapping[str, Any]) -> EnvironmentState:
    """One environment, as operators see it."""
    return flat(EnvironmentState, value)


def history_line(value: Mapping[str, Any]) -> HistoryLine:
    """One entry of a history."""
    return flat(HistoryLine, value)
