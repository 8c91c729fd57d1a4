"""Signatures of GitHub's tokens, checked by PyJWT with keys from the issuer. The only place that may call PyJWT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import jwt
from jwt import exceptions

from atmosphere.ports import BadToken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jwt.types import Options

    from atmosphere.adapters.signing_keys import SigningKeys
    from atmosphere.core.github import TrustedIssuer

ALGORITHMS: Final = ["RS256"]
OPTIONS: Final[dict[str, Any]] = {
    "strict_aud": True,  # one audience, not a list that holds ours
    "verify_aud": True,
    "verify_iss": True,
    "verify_signature": True,
    "verify_exp": False,  # times and shapes are judged by core.tokens, on a clock that tests can set
    "verify_iat": False,
    "verify_nbf": False,
    "verify_jti": False,
    "verify_sub": False,
}
_UNREADABLE: Final = "token cannot be checked"

_REASONS: Final[dict[type[Exception], str]] = {
    exceptions.InvalidSignatureError: "signature does not fit",
    exceptions.InvalidAudienceError: "aud is not ours",
    exceptions.MissingRequiredClaimError: "aud is missing",
    exceptions.InvalidIssuerError: "iss is not the issuer whose keys were used",
    exceptions.InvalidAlgorithmError: "alg is not RS256",
}


class JwtSignatures:
    """`ports.TokenSignatures` with the keys that issuers publish."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def claims(self, unverified_token: str, *, issuer: TrustedIssuer, audience: str) -> Mapping[str, object]:
        """See `TokenSignatures`."""
        key = self._keys.key(issuer.jwks_url, _key_id(unverified_token))
        if key is None:
            raise BadToken("kid is none that the issuer has")
        try:
            return jwt.decode(
                unverified_token,
                key,
                algorithms=ALGORITHMS,
                audience=audience,
                issuer=issuer.issuer,
                options=cast("Options", OPTIONS),
            )
        except Exception as fault:  # noqa: BLE001 -- whatever a forged token does to a parser, it is a bad token
            raise BadToken(_REASONS.get(type(fault), _UNREADABLE)) from None


def _key_id(unverified_token: str) -> str:
    try:
        return str(jwt.get_unverified_header(unverified_token)["kid"])
    except (exceptions.PyJWTError, KeyError, ValueError):
        raise BadToken(_UNREADABLE) from None
