"""Tokens in memory: which were used, signatures that hold because it was said so, and the webhook's secrets."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from atmosphere.ports import BadToken, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.core.github import Issuer, TrustedIssuer


class MemoryUsedTokens:
    """`ports.UsedTokens`; remembers for ever. `used` is what was burnt, with the end of the promise."""

    def __init__(self) -> None:
        self.failing = False
        self.used: dict[tuple[Issuer, str], datetime] = {}
        self._lock = threading.Lock()

    def burn(self, issuer: Issuer, jti: str, *, until: datetime) -> bool:
        """See `UsedTokens`."""
        if self.failing:
            raise Unreachable("PutItem failed with ServiceUnavailable: it was told to")
        with self._lock:
            first = (issuer, jti) not in self.used
            self.used.setdefault((issuer, jti), until)
            return first


@dataclass
class MemorySignatures:
    """`ports.TokenSignatures` of the tokens in `signed`, each with its claims; all others are forged."""

    signed: dict[str, Mapping[str, object]] = field(default_factory=dict)
    failing: bool = False

    def claims(self, unverified_token: str, *, issuer: TrustedIssuer, audience: str) -> Mapping[str, object]:
        """See `TokenSignatures`."""
        if self.failing:
            raise Unreachable("the issuer's keys are not known: it was told so")
        claims = self.signed.get(unverified_token)
        if claims is None:
            raise BadToken("signature does not fit")
        if claims.get("iss") != issuer.issuer:
            raise BadToken("iss is not the issuer whose keys were used")
        if not audience or claims.get("aud") != audience:
            raise BadToken("aud is not ours")
        return claims


@dataclass
class MemorySecrets:
    """`ports.WebhookSecrets` that were given; those of the issuers that are `down` cannot be had."""

    secrets: dict[Issuer, tuple[bytes, ...]] = field(default_factory=dict)
    down: set[Issuer] = field(default_factory=set)

    def of(self, issuer: Issuer) -> tuple[bytes, ...]:
        """What was given."""
        if issuer in self.down:
            raise Unreachable("GetSecretValue failed with ServiceUnavailable: it was told to")
        return self.secrets.get(issuer, ())
