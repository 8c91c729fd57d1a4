"""The reply to an allocate or a refresh, read strictly: nothing of it reaches a file before it has its known form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Iterator, Mapping

from atmosphere_action.errors import Unreadable

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,6}(-[a-z]+)+-[0-9]{1,2}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORD = re.compile(r"[!-~]{1,16384}")  # printable ASCII without spaces
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
_OK = 200


@dataclass(frozen=True)
class Credentials:
    """AWS credentials of one environment. `expiration` is an instant of the wire."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: str


@dataclass(frozen=True)
class Environment:
    """One environment of an allocation."""

    name: str
    role: str
    account: str
    region: str
    pool: str
    admin_role: str
    capabilities: Mapping[str, Any]
    credentials: Credentials

    def told(self) -> dict[str, Any]:
        """For the output `environments`: no credentials."""
        return {
            "name": self.name,
            "role": self.role,
            "account": self.account,
            "region": self.region,
            "pool": self.pool,
            "adminRoleArn": self.admin_role,
            "capabilities": dict(self.capabilities),
        }


@dataclass(frozen=True)
class Grant:
    """An allocation: its id, its deadline as an instant of the wire, and at least one environment."""

    id: str
    expires_at: str
    environments: tuple[Environment, ...]


def secrets_in(reply: Any) -> Iterator[str]:
    """Every text under a key `credentials`, whatever else is wrong with the reply: what has to be masked first."""
    if isinstance(reply, dict):
        for name, value in reply.items():
            yield from (_parts(value) if name == "credentials" else secrets_in(value))
    elif isinstance(reply, list):
        for value in reply:
            yield from secrets_in(value)


def _parts(value: Any) -> list[str]:
    fields = value.items() if isinstance(value, dict) else ()
    return [part for name, part in fields if isinstance(part, str) and name != "expiration"]


def seconds_of(instant: str) -> float:
    """An instant of the wire in epoch seconds; raises `ValueError`."""
    return datetime.strptime(instant, _INSTANT).replace(tzinfo=timezone.utc).timestamp()


def read(reply: Mapping[str, Any]) -> Grant:
    """The reply as a value; raises `Unreadable` where it is not what the contract promises."""
    try:
        return Grant(
            id=_matching(_UUID, reply, "id"),
            expires_at=_instant(reply, "expiresAt"),
            environments=_environments(reply["environments"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as broken:
        # The text of the failure may hold a credential: only its kind and our own field names are told.
        where = broken.args[0] if isinstance(broken, _Malformed) else type(broken).__name__
        text = f"this version of the action cannot read the reply ({where}): use a newer version of the action"
        raise Unreadable(text, status=_OK) from None


class _Malformed(ValueError):
    """Names the field."""


def _matching(shape: re.Pattern[str], fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise _Malformed(name)
    return value


def _instant(fields: Mapping[str, Any], name: str) -> str:
    value = _matching(_WORD, fields, name)
    try:
        seconds_of(value)
    except ValueError:
        raise _Malformed(name) from None
    return value


def _environments(entries: list[Any]) -> tuple[Environment, ...]:
    environments = tuple(_environment(entry) for entry in entries)
    if not environments:
        raise _Malformed("environments")
    return environments


def _environment(entry: Mapping[str, Any]) -> Environment:
    place, capabilities = entry["environment"], entry["environment"].get("capabilities", {})
    if not isinstance(capabilities, dict):
        raise _Malformed("capabilities")
    return Environment(
        name=_matching(_NAME, entry, "name"),
        role=_matching(_NAME, entry, "role"),
        account=_matching(_ACCOUNT, place, "account"),
        region=_matching(_REGION, place, "region"),
        pool=_matching(_WORD, place, "pool"),
        admin_role=_matching(_WORD, place, "adminRoleArn"),
        capabilities=capabilities,
        credentials=_credentials(entry["credentials"]),
    )


def _credentials(value: Mapping[str, Any]) -> Credentials:
    return Credentials(
        access_key_id=_matching(_WORD, value, "accessKeyId"),
        secret_access_key=_matching(_WORD, value, "secretAccessKey"),
        session_token=_matching(_WORD, value, "sessionToken"),
        expiration=_instant(value, "expiration"),
    )
