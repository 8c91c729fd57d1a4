"""Results as the API spells them, for what prints JSON: the inverse of `results`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atmosphere.client.results import Granted, Place
    from atmosphere.core.credentials import SessionCredentials


def granted(grant: Granted) -> dict[str, Any]:
    """The reply to an allocate; `environment` and `credentials` are the first's."""
    environments = [entry(place) for place in grant.environments]
    first = environments[0]
    return {
        "id": grant.id,
        "environment": first["environment"],
        "credentials": first.get("credentials"),
        "expiresAt": instant(grant.expires_at),
        "environments": environments,
    }


def entry(place: Place, *, secret: bool = True) -> dict[str, Any]:
    """One entry of a reply's `environments`; without its credentials unless they may be shown."""
    shown: dict[str, Any] = {
        "name": place.name,
        "role": place.role,
        "environment": {
            "account": place.account,
            "region": place.region,
            "pool": place.pool,
            "adminRoleArn": place.admin_role,
            "capabilities": dict(place.capabilities),
        },
    }
    if secret and place.credentials is not None:
        shown["credentials"] = _credentials(place.credentials)
    return shown


def _credentials(keys: SessionCredentials) -> dict[str, Any]:
    return {
        "accessKeyId": keys.access_key_id,
        "secretAccessKey": keys.secret_access_key,
        "sessionToken": keys.session_token,
        "expiration": instant(keys.expiration),
    }


def instant(at: datetime) -> str:
    """An instant as the API writes it: ISO 8601, UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
