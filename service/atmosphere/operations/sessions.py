"""Credentials for the environments of an allocation: the same roles, names and policies each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere import contract
from atmosphere.core.request import MIN_DURATION
from atmosphere.ports import SessionRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from atmosphere.core.credentials import SessionCredentials
    from atmosphere.core.model import Allocation, AllocationItem
    from atmosphere.core.settings import Settings
    from atmosphere.ports import Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """An active allocation with fresh credentials, one session for each item."""

    allocation: Allocation
    sessions: Sequence[SessionCredentials]
    waited: timedelta | None = None
    """From the caller's first request to this allocation, which this request made."""


def mint(
    allocation: Allocation, *, at: datetime, settings: Settings, credentials: Credentials
) -> Sequence[SessionCredentials]:
    """One session for each item: an hour, or what is left of the allocation, but never less than STS gives (900 s).

    The revocation at the end of the allocation, not the lifetime, is what ends them.
    """
    left = max(allocation.deadline - at, MIN_DURATION)
    lifetime = min(settings.credential_lifetime, left)
    return credentials.mint([_session(allocation, item, lifetime) for item in allocation.items])


def _session(allocation: Allocation, item: AllocationItem, lifetime: timedelta) -> SessionRequest:
    return SessionRequest(
        role_arn=item.role_arn,
        session_name=contract.session_name(contract.TEST_SESSION, item.key.region, allocation.id),
        region=item.key.region,
        lifetime=lifetime,
        external_id=item.external_id,
        session_policy=item.session_policy,
    )
