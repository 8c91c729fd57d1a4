"""Let a workflow run in by its token: verify, match the rules, use the token up. In that order, cheapest first.

A token that a rule refuses is not used up, so that refusals cannot fill the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere.core import github_rules, tokens
from atmosphere.core.errors import Forbidden
from atmosphere.core.github import GITHUB_COM
from atmosphere.core.tokens import RefusedToken
from atmosphere.ports import BadToken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.github import Issuer, TrustedIssuer, VerifiedClaims
    from atmosphere.core.model import RuleName
    from atmosphere.core.settings import Settings
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import Clock, TokenSignatures, UsedTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A run that was let in: what its token says, the rules that match, and those of them with an outdated name."""

    claims: VerifiedClaims
    rules: tuple[RuleName, ...]
    renamed: tuple[RuleName, ...] = ()


class NoRule(Forbidden):
    """A genuine token that no rule lets in. `explained`: for each rule the claim that is why, the closest first."""

    def __init__(self, claims: VerifiedClaims, explained: Mapping[RuleName, str]) -> None:
        super().__init__()
        self.claims = claims
        self.explained = dict(explained)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """`stand_in` is an issuer on this machine whose tokens count as github.com's; None everywhere else."""

    signatures: TokenSignatures
    used: UsedTokens
    clock: Clock
    stand_in: TrustedIssuer | None = None

    def admit(self, token: str, *, snapshot: Snapshot) -> Admission:
        """Use the token; raises `RefusedToken`, `NoRule`, or `Unreachable` when keys or table cannot be asked."""
        claims = self._verified(token, snapshot.settings)
        rules = snapshot.access.github
        matching = github_rules.matching(rules, claims)
        if not matching:
            raise NoRule(claims, github_rules.explain(rules, claims))
        if not self.used.burn(claims.issuer, claims.jti, until=tokens.remembered_until(claims)):
            raise RefusedToken("jti was used before")
        return Admission(claims=claims, rules=matching, renamed=github_rules.renamed(rules, claims))

    def _verified(self, token: str, settings: Settings) -> VerifiedClaims:
        unverified = tokens.read(token)
        trusted = self._trusted(unverified.claims.get("iss"), settings)
        try:
            claims = self.signatures.claims(unverified.text, issuer=trusted, audience=settings.audience)
        except BadToken as bad:
            raise RefusedToken(str(bad)) from None
        return tokens.verified(claims, issuer=self._stood_for(trusted), now=self.clock.now())

    def _trusted(self, claimed: object, settings: Settings) -> TrustedIssuer:
        """The issuer that a token claims to be from, by the exact name, if it is one that we trust."""
        if self.stand_in is not None and claimed == self.stand_in.issuer:
            return self.stand_in
        for trusted in settings.issuers:
            if claimed == trusted.issuer and trusted.over_tls:
                return trusted
        raise RefusedToken("iss is not trusted")

    def _stood_for(self, trusted: TrustedIssuer) -> Issuer:
        return GITHUB_COM if trusted is self.stand_in else trusted.issuer
