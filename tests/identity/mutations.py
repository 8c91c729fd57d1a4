"""The verifier with one check taken out at a time, and the rows of the corpus that notice.

`lets_in` rows get another status: nothing else stands behind that check for them. `notices` rows are still refused, by
a later check, but not for the same reason or not before the issuer was asked for its keys.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from jwt.algorithms import RSAAlgorithm

from atmosphere.adapters import signing_keys, token_signatures
from atmosphere.adapters.memory import MemoryUsedTokens
from atmosphere.adapters.signing_keys import SigningKeys
from atmosphere.core import github_rules, strict_json, tokens
from atmosphere.core.github import TrustedIssuer
from atmosphere.operations.authorize import Authorizer

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from atmosphere.core.settings import Settings

FOREVER: Final = timedelta(days=36500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """`remove` takes the check out for the length of a test."""

    check: str
    remove: Callable[[pytest.MonkeyPatch], None]
    lets_in: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


TABLES: Final[dict[str, dict[str, Any]]] = {
    "shape": tokens.SHAPE,
    "header": tokens.HEADER,
    "times": tokens.TIMES,
    "claims": tokens.CLAIMS,
    "rules": github_rules.CONDITIONS,
    "keys": signing_keys.KEY_CHECKS,
}
"""Every table of checks; each of their entries has a mutation."""


def _always(*_: Any) -> bool:
    return True


def _entry(table: str, check: str, *lets_in: str, notices: tuple[str, ...] = ()) -> Mutation:
    def remove(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(TABLES[table], check, _always)

    return Mutation(check=f"{table}: {check}", remove=remove, lets_in=lets_in, notices=notices)


def _option(name: str, *lets_in: str) -> Mutation:
    def remove(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(token_signatures.OPTIONS, name, value=False)

    return Mutation(check=f"signature: {name}", remove=remove, lets_in=lets_in)


def _constant(name: str, value: object, *lets_in: str, notices: tuple[str, ...] = ()) -> Mutation:
    def remove(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(signing_keys, name, value)

    return Mutation(check=f"keys: {name}", remove=remove, lets_in=lets_in, notices=notices)


def _any_algorithm(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(token_signatures, "ALGORITHMS", ["RS256", "RS512", "PS256", "HS256", "none"])


def _any_json(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(strict_json, "parse_object", json.loads)


def _over_http(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TrustedIssuer, "over_tls", True)


def _any_issuer(patch: pytest.MonkeyPatch) -> None:
    def first(_: Authorizer, claimed: object, settings: Settings) -> TrustedIssuer:
        del claimed
        return settings.issuers[0]

    patch.setattr(Authorizer, "_trusted", first)


def _never_burnt(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryUsedTokens, "burn", _always)


def _burnt_by_text(patch: pytest.MonkeyPatch) -> None:
    """Uses are kept by run, say, and not by the token's own id."""
    burn = MemoryUsedTokens.burn
    patch.setattr(MemoryUsedTokens, "burn", lambda self, issuer, jti, until: burn(self, issuer, jti * 0, until=until))


def _burnt_first(patch: pytest.MonkeyPatch) -> None:
    verified = Authorizer._verified

    def burning(self: Authorizer, token: str, settings: Settings) -> Any:
        claims = verified(self, token, settings)
        if not self.used.burn(claims.issuer, claims.jti, until=claims.expires):
            raise tokens.RefusedToken("jti was used before")
        return claims

    patch.setattr(Authorizer, "_verified", burning)
    patch.setattr(Authorizer, "admit", _without_burn)


def _without_burn(self: Authorizer, token: str, *, snapshot: Any) -> Any:
    from atmosphere.operations.authorize import Admission, NoRule  # noqa: PLC0415

    claims = self._verified(token, snapshot.settings)
    if not (matching := github_rules.matching(snapshot.access.github, claims)):
        raise NoRule(claims, {})
    return Admission(claims=claims, rules=matching)


def _private_too(patch: pytest.MonkeyPatch) -> None:
    from_jwk = RSAAlgorithm.from_jwk

    def public_half(entry: dict[str, Any]) -> Any:
        key = from_jwk(entry)
        return key.public_key() if hasattr(key, "public_key") else key

    patch.setattr(RSAAlgorithm, "from_jwk", staticmethod(public_half))


def _empty_replaces(patch: pytest.MonkeyPatch) -> None:
    def refetch(self: SigningKeys, kept: Any, url: str, now: Any) -> None:
        kept.attempted = kept.fetched = now
        kept.keys = signing_keys.usable_keys(self._fetch(url))

    patch.setattr(SigningKeys, "_refetch", refetch)


def _armed_by_success(patch: pytest.MonkeyPatch) -> None:
    """The cool-down of PyJWT and PyPI: an issuer that is down is asked for every token."""
    refetch = SigningKeys._refetch

    def rearmed(self: SigningKeys, kept: Any, url: str, now: Any) -> None:
        refetch(self, kept, url, now)
        kept.attempted = kept.fetched

    patch.setattr(SigningKeys, "_refetch", rearmed)


def _claim(name: str, *lets_in: str, notices: tuple[str, ...] = ()) -> Mutation:
    return _entry("claims", name, *lets_in, notices=notices)


MUTATIONS: Final = (
    _entry("shape", "token is too large", "18 9 KB, genuine"),
    _entry("shape", "token is not three parts of base64url", "30 once, with =="),
    _entry(
        "header",
        "alg is not RS256",
        notices=("06 alg none, some signature", "07 HS256 with the public PEM", "08 HS256 with the JWK's text"),
    ),
    _entry("header", "typ is not JWT", "14 typ of another kind of token"),
    _entry("header", "kid is missing or out of shape", notices=("11 kid a path", "11 kid SQL")),
    _entry("header", "header asks for what is not supported", "13 jku in the header of a genuine token"),
    Mutation(check="shape: JSON that is read one way only", remove=_any_json, lets_in=("20 a claim twice",)),
    Mutation(
        check="issuer: exactly one of those in the settings",
        remove=_any_issuer,
        notices=("28 iss with a slash", "28 iss of another enterprise"),
    ),
    Mutation(check="issuer: over TLS", remove=_over_http, lets_in=("28 an http issuer in the settings",)),
    _option("verify_signature", "15 payload edited by one bit", "16 another key with the same kid"),
    _option("strict_aud", "26 a list of audiences with ours"),
    _option("verify_aud", "27 the owner's URL", "27 no audience where none is configured"),
    _option("verify_iss", "28 iss with a slash, asked of the signature check alone"),
    Mutation(
        check="signature: algorithms",
        remove=_any_algorithm,
        lets_in=("09 RS512, asked of the signature check alone",),
    ),
    _entry("times", "exp is not whole seconds", "24 exp is a fraction"),
    _entry("times", "iat is not whole seconds", "24 iat is a fraction"),
    _entry("times", "nbf is not whole seconds", "24 nbf is a fraction"),
    _entry("times", "exp has passed", "21 expired 31 s ago"),
    _entry("times", "iat lies ahead", "22 iat 31 s ahead"),
    _entry("times", "nbf lies ahead", "22 nbf 31 s ahead"),
    _entry("times", "exp is too long after iat", "23 ten years long", "25 issued in 1970"),
    _claim("jti", "32 jti missing", "32 jti empty", "32 jti of 1 KB"),
    _claim("repository_id", "33 repository_id missing"),  # 403 instead
    _claim("repository_owner_id", "33 repository_owner_id missing"),  # 403 instead
    _claim("repository", "33 repository missing"),
    _claim("run_id", "33 run_id missing", "33 run_id out of shape"),
    _claim("run_attempt", "33 run_attempt missing"),
    _claim("event_name", "33 event_name missing"),  # 403 instead
    _claim("check_run_id", "33 check_run_id out of shape"),
    _claim("ref", "33 ref out of shape"),
    _claim("job_workflow_ref", "33 job_workflow_ref out of shape"),
    _claim("environment", "33 environment out of shape"),
    _claim("runner_environment", "33 runner_environment out of shape"),
    _claim("actor", "33 actor out of shape"),
    _entry("rules", "iss", "28 another trusted issuer, a rule for github.com"),
    _entry("rules", "repository_id", "34 right names, another repository's id"),
    _entry("rules", "repository_owner_id", "35 another owner's id"),
    _entry("rules", "event_name", "39 pull_request_target", "39 workflow_run", "39 issue_comment"),
    _entry("rules", "ref", "40 a ref that begins like the rule's", "40 a tag of the branch's name"),
    _entry("rules", "job_workflow_ref", "41 a workflow of another repository", "41 a branch that looks like a file"),
    _entry("rules", "environment", "42 no environment where one is required"),
    _entry("rules", "runner_environment", "43 a runner of one's own"),
    Mutation(check="use: once", remove=_never_burnt, lets_in=("29 twice", "31 twenty at once")),
    Mutation(check="use: by jti", remove=_burnt_by_text, lets_in=("12 tokens of their own jti",)),
    Mutation(check="use: last", remove=_burnt_first, lets_in=("30 refused by a rule first",)),
    _entry("keys", "use", "17 key for encryption"),
    _entry("keys", "alg", "17 key for another algorithm"),
    Mutation(
        check="keys: public ones",
        remove=_private_too,
        lets_in=("17 key whose private half was published",),
    ),
    _constant("MIN_BITS", 0, "17 key of 1024 bits"),
    _constant("COOL_DOWN", timedelta(0), notices=("12 a hundred unknown kids",)),
    Mutation(
        check="keys: the cool-down is armed by attempts",
        remove=_armed_by_success,
        notices=("45 down, fifty tokens, no keys yet",),
    ),
    _constant("FRESH", FOREVER, "47 a withdrawn key"),
    _constant("USABLE", FOREVER, "47 down for 24 hours"),
    _constant("MAX_BYTES", 2**30, "46 keys: 300 KB of keys"),
    _constant("_OK", 302, "46 keys: a redirect with keys in it"),
    Mutation(check="keys: never an empty set", remove=_empty_replaces, lets_in=("46 keys: an empty set",)),
)
