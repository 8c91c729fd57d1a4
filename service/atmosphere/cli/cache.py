"""The cache of an allocation's credentials: shared by all processes on this machine, so that each asks rarely.

AWS tools start a profile's command again and again near the end of credentials, and each start would be a request.
"""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli.kept import Kept, read, write_private
from atmosphere.client.errors import NotConnected, ServiceError
from atmosphere.client.renewal import LEAST_LEFT, due

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.client.results import Granted
    from atmosphere.core.credentials import SessionCredentials

_LOCK_PATIENCE: Final = 50.0  # seconds
_NOT_FOUND: Final = 404


def process_form(keys: SessionCredentials) -> dict[str, Any]:
    """The JSON that AWS tools expect of a `credential_process`."""
    return {
        "Version": 1,
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
        "Expiration": keys.expiration.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def remember(kept: Kept, granted: Granted, *, asker: str, now: float) -> dict[str, Any]:
    """Keep the credentials of a reply; returns what `current` would. Raises `OSError`."""
    listed = {
        place.name: {"region": place.region, "credentials": process_form(place.credentials)}
        for place in granted.environments
        if place.credentials is not None
    }
    cached = {"asker": asker, "asked": now, "environments": listed}
    write_private(kept.cache, json.dumps(cached))
    return cached


def current(
    kept: Kept, ask: Callable[[], Granted], *, asker: str, now: Callable[[], float] = time.time
) -> Mapping[str, Any]:
    """Credentials by environment, each with its region: the cached ones, or new ones that `ask` returns.

    `asker` names who asks: one caller never gets what another one asked for. Raises what `ask` raises.
    """
    cached = _cached(kept, asker)
    if cached is None or _due(cached, now()):
        with kept.locked(_LOCK_PATIENCE) if kept.place.is_dir() else nullcontext():
            cached = _cached(kept, asker)  # another process may have asked meanwhile
            if cached is None or _due(cached, now()):
                cached = _renewed(kept, cached, ask, asker=asker, now=now)
    environments: Mapping[str, Any] = cached["environments"]
    return environments


def _renewed(
    kept: Kept, cached: dict[str, Any] | None, ask: Callable[[], Granted], *, asker: str, now: Callable[[], float]
) -> dict[str, Any]:
    try:
        return remember(kept, ask(), asker=asker, now=now())
    except (ServiceError, NotConnected) as failure:
        ended = isinstance(failure, ServiceError) and failure.status == _NOT_FOUND
        if cached is None or ended or _left(cached, now()) < LEAST_LEFT:
            raise
        return cached
    except OSError as broken:
        raise click.ClickException(
            f"{kept.cache} cannot be written ({broken.strerror}): make the directory writable, or set XDG_STATE_HOME"
        ) from broken


def _cached(kept: Kept, asker: str) -> dict[str, Any] | None:
    cached = read(kept.cache)
    return cached if cached is not None and cached.get("asker") == asker else None


def _due(cached: Mapping[str, Any], now: float) -> bool:
    return due(left=_left(cached, now), since_asked=now - float(cached["asked"]))


def _left(cached: Mapping[str, Any], now: float) -> float:
    """Seconds that the credentials which end first still have."""
    ends = [entry["credentials"]["Expiration"] for entry in cached["environments"].values()]
    return min(datetime.fromisoformat(end).timestamp() for end in ends) - now
