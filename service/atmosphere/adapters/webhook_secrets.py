"""The webhooks' secrets in Secrets Manager, one for each issuer, kept in the container's memory for some minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.contract import issuer_digest
from atmosphere.faults import code_of, unreachable
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.core.github import Issuer
    from atmosphere.ports import Clock

KEPT: Final = timedelta(minutes=5)
RETRY: Final = timedelta(seconds=30)
"""How long what is known serves before the next try, while Secrets Manager does not answer."""
OVERLAP: Final = timedelta(hours=24)
"""How long the secret before a change is accepted: Secrets Manager keeps its label until the next change."""
_CURRENT: Final = "AWSCURRENT"
_PREVIOUS: Final = "AWSPREVIOUS"
_ABSENT: Final = frozenset({"ResourceNotFoundException", "InvalidRequestException"})
"""Not there; the second is what a secret says that was deleted and can still be restored."""


class SecretsClient(Protocol):
    """The one call of Secrets Manager's client."""

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> Mapping[str, Any]:  # noqa: N803 -- AWS's names
        """`SecretString` and `CreatedDate` of the version with this label."""


class ManagedSecrets:
    """`ports.WebhookSecrets`, given the ARN of each by its issuer's digest (`contract.issuer_digest`)."""

    def __init__(self, client: SecretsClient, arns: Mapping[str, str], *, clock: Clock) -> None:
        self._of = {digest: _Kept(client, arn, clock=clock) for digest, arn in arns.items()}

    def of(self, issuer: Issuer) -> tuple[bytes, ...]:
        """See `WebhookSecrets`."""
        kept = self._of.get(issuer_digest(issuer))
        return () if kept is None else kept.current()


class _Kept:
    """One secret: read once in five minutes, twice within a day of a change.

    An empty secret is none: anybody could sign with it. One that is gone serves no more.
    """

    def __init__(self, client: SecretsClient, arn: str, *, clock: Clock) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._known: tuple[bytes, ...] = ()
        self._good_until: datetime | None = None

    def current(self) -> tuple[bytes, ...]:
        """What is known, or is read now; raises `Unreachable` when neither can be."""
        now = self._clock.now()
        if self._good_until is not None and now < self._good_until:
            return self._known
        try:
            self._known = self._read(now)
            self._good_until = now + KEPT if self._known else None
        except Unreachable:
            if not self._known:
                raise
            self._good_until = now + RETRY
        return self._known

    def _read(self, now: datetime) -> tuple[bytes, ...]:
        found = self._version(_CURRENT)
        if found is None or not found.get("SecretString"):
            return ()
        previous = self._version(_PREVIOUS) if now - found["CreatedDate"] < OVERLAP else None
        versions = [found, previous or {}]
        return tuple(text.encode() for version in versions if (text := version.get("SecretString")))

    def _version(self, label: str) -> Mapping[str, Any] | None:
        """The version with this label, None if there is none. Raises `Unreachable`."""
        try:
            return self._client.get_secret_value(SecretId=self._arn, VersionStage=label)
        except (ClientError, BotoCoreError) as fault:
            if code_of(fault) in _ABSENT:
                return None
            raise unreachable("GetSecretValue", fault) from fault
