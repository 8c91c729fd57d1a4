"""What the ports of the GitHub tree promise, as suites; each adapter subclasses them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.core.github import GITHUB_COM, Issuer, TrustedIssuer
from atmosphere.ports import BadToken, Unreachable

if TYPE_CHECKING:
    from atmosphere.ports import TokenSignatures, UsedTokens

ELSEWHERE: Final = Issuer(f"{GITHUB_COM}/octo-enterprise")
JTI: Final = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
UNTIL: Final = datetime(2036, 1, 1, tzinfo=UTC)
AUDIENCE: Final = "https://atmosphere.example.com"


class UsedTokensContract:
    """Subclasses give `used`, in which nothing was used yet. `threads`: whether its AWS bears more than one."""

    threads = True

    def test_a_token_works_once(self, used: UsedTokens) -> None:
        assert [used.burn(GITHUB_COM, JTI, until=UNTIL) for _ in range(3)] == [True, False, False]

    def test_tokens_are_told_apart_by_issuer_and_id(self, used: UsedTokens) -> None:
        pairs = [(GITHUB_COM, JTI), (ELSEWHERE, JTI), (GITHUB_COM, f"{JTI}x"), (GITHUB_COM, JTI.upper())]
        assert [used.burn(issuer, jti, until=UNTIL) for issuer, jti in pairs] == [True] * 4

    def test_no_issuer_and_id_run_into_each_other(self, used: UsedTokens) -> None:
        assert used.burn(Issuer("https://a"), "b/c", until=UNTIL)
        assert used.burn(Issuer("https://a/b"), "c", until=UNTIL)

    def test_a_use_with_an_earlier_end_is_a_use(self, used: UsedTokens) -> None:
        assert used.burn(GITHUB_COM, JTI, until=UNTIL)
        assert not used.burn(GITHUB_COM, JTI, until=UNTIL - timedelta(days=1))

    def test_of_twenty_at_once_one_is_the_first(self, used: UsedTokens) -> None:
        if not self.threads:
            pytest.skip("this AWS has one thread")
        barrier = Barrier(20)

        def burn(_: int) -> bool:
            barrier.wait()
            return used.burn(GITHUB_COM, JTI, until=UNTIL)

        with ThreadPoolExecutor(max_workers=20) as threads:
            assert sorted(threads.map(burn, range(20))) == [False] * 19 + [True]


class SignaturesContract:
    """Subclasses give `signatures`, the `issuer` whose keys it knows, a genuine `token` for `AUDIENCE`, a `forged` one,
    and `down`: signatures whose keys cannot be had."""

    def test_a_genuine_token_gives_its_claims(
        self, signatures: TokenSignatures, issuer: TrustedIssuer, token: str
    ) -> None:
        claims = signatures.claims(token, issuer=issuer, audience=AUDIENCE)
        assert (claims["iss"], claims["aud"], claims["jti"]) == (issuer.issuer, AUDIENCE, JTI)

    def test_a_forged_one_is_bad(self, signatures: TokenSignatures, issuer: TrustedIssuer, forged: str) -> None:
        with pytest.raises(BadToken, match="signature"):
            signatures.claims(forged, issuer=issuer, audience=AUDIENCE)

    @pytest.mark.parametrize("audience", [f"{AUDIENCE}/", AUDIENCE.upper(), ""])
    def test_one_for_another_audience_is_bad(
        self, signatures: TokenSignatures, issuer: TrustedIssuer, token: str, audience: str
    ) -> None:
        with pytest.raises(BadToken, match="aud"):
            signatures.claims(token, issuer=issuer, audience=audience)

    def test_one_of_another_issuer_is_bad(self, signatures: TokenSignatures, issuer: TrustedIssuer, token: str) -> None:
        with pytest.raises(BadToken, match="iss"):
            signatures.claims(token, issuer=replace(issuer, issuer=ELSEWHERE), audience=AUDIENCE)

    def test_it_may_be_used_again(self, signatures: TokenSignatures, issuer: TrustedIssuer, token: str) -> None:
        first, second = (signatures.claims(token, issuer=issuer, audience=AUDIENCE) for _ in range(2))
        assert first == second

    def test_without_keys_nothing_is_said_of_the_token(
        self, down: TokenSignatures, issuer: TrustedIssuer, token: str, forged: str
    ) -> None:
        for text in (token, forged):
            with pytest.raises(Unreachable):
                down.claims(text, issuer=issuer, audience=AUDIENCE)
