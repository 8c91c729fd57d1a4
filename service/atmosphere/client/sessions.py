"""boto3 sessions in an allocation's environments, whose credentials are asked for again before they end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.credentials import RefreshableCredentials

from atmosphere.client.errors import Ended, NotConnected, ServiceError, UnknownAllocation
from atmosphere.client.renewal import LEAST_LEFT, due

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.client.results import Granted
    from atmosphere.core.credentials import SessionCredentials


class Renewing:
    """The newest credentials of one allocation, shared by all sessions of this process; safe between threads."""

    def __init__(self, grant: Granted, ask: Callable[[], Granted], now: Callable[[], float] = time.time) -> None:
        self._grant = grant
        self._ask = ask
        self._now = now
        self._asked = now()
        self._lock = threading.Lock()

    def keys(self, name: str) -> SessionCredentials:
        """Credentials of the environment of that name. Raises `ServiceError` once there are none that are valid."""
        with self._lock:
            if due(left=self._left(), since_asked=self._now() - self._asked):
                self._renew()
            return _keys(self._grant, name)

    def _renew(self) -> None:
        self._asked = self._now()
        try:
            self._grant = self._ask()
        except (Ended, UnknownAllocation):
            raise
        except (ServiceError, NotConnected):
            if self._left() < LEAST_LEFT:
                raise

    def _left(self) -> float:
        """Seconds that the credentials which end first still have."""
        ends = [place.credentials.expiration for place in self._grant.environments if place.credentials]
        return min((end.timestamp() for end in ends), default=0.0) - self._now()

    def session(self, name: str) -> boto3.Session:
        """A boto3 session in the environment of that name, in its region; raises `KeyError`."""
        place = self._grant.named(name)
        session = botocore.session.Session()
        session.register_component("credential_provider", _Provider(self, name))
        return boto3.Session(botocore_session=session, region_name=place.region)


class _Provider:
    """What botocore asks for credentials instead of its usual chain."""

    def __init__(self, renewing: Renewing, name: str) -> None:
        self._renewing = renewing
        self._name = name

    def load_credentials(self) -> RefreshableCredentials:
        """Credentials that botocore refreshes when it needs to."""
        return RefreshableCredentials.create_from_metadata(self._metadata(), self._metadata, method="atmosphere")

    def _metadata(self) -> dict[str, Any]:
        keys = self._renewing.keys(self._name)
        return {
            "access_key": keys.access_key_id,
            "secret_key": keys.secret_access_key,
            "token": keys.session_token,
            "expiry_time": keys.expiration.isoformat(),
        }


def _keys(grant: Granted, name: str) -> SessionCredentials:
    found = grant.named(name).credentials
    if found is None:
        raise NotConnected(f"the service returned no credentials for the environment {name!r}")
    return found
