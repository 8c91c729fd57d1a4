"""Whatever a token is or says, it is accepted or refused: there is no third way."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.core.github import GITHUB_COM, VerifiedClaims, stand_in
from atmosphere.core.tokens import CLAIMS, LEEWAY, MAX_LIFETIME, RefusedToken, read, remembered_until, verified

NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECONDS: Final = int(NOW.timestamp())
GOOD: Final[dict[str, Any]] = {
    "jti": "a",
    "iat": SECONDS,
    "exp": SECONDS + 300,
    "repository_id": "1",
    "repository_owner_id": "2",
    "repository": "example-org/example-repo",
    "run_id": "3",
    "run_attempt": "1",
    "event_name": "push",
}
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["1", "", "push"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,9}"))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    with pytest.raises(RefusedToken):
        read(text)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_bytes_in_a_token_do_anything_but_be_refused(header: bytes, claims: bytes) -> None:
    parts = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, claims, b"x"))
    with pytest.raises(RefusedToken):
        read(".".join(parts))


@given(st.dictionaries(st.sampled_from([*GOOD, *CLAIMS, "nbf", "other"]), JSON, max_size=6))
def test_claims_of_any_kind_are_accepted_as_text_or_refused(changes: dict[str, Any]) -> None:
    with contextlib.suppress(RefusedToken):
        found = verified(GOOD | changes, issuer=GITHUB_COM, now=NOW)
        fields = [getattr(found, name) for name in VerifiedClaims.__slots__ if name != "expires"]
        assert all(isinstance(value, str) for value in fields)


@given(st.integers(-2000, 2000), st.integers(-2000, 2000), st.integers(-2000, 2000))
def test_times_are_accepted_exactly_within_the_limits(issued: int, begins: int, ends: int) -> None:
    leeway, lifetime = int(LEEWAY.total_seconds()), int(MAX_LIFETIME.total_seconds())
    right = ends > -leeway and issued <= leeway and begins <= leeway and ends - issued <= lifetime
    claims = GOOD | {"iat": SECONDS + issued, "nbf": SECONDS + begins, "exp": SECONDS + ends}
    try:
        verified(claims, issuer=GITHUB_COM, now=NOW)
    except RefusedToken:
        assert not right
    else:
        assert right


@given(st.integers(-29, 900))
def test_what_is_remembered_outlives_what_is_accepted(ends: int) -> None:
    claims = verified(GOOD | {"iat": SECONDS, "exp": SECONDS + ends}, issuer=GITHUB_COM, now=NOW)
    with pytest.raises(RefusedToken):
        verified(GOOD | {"exp": SECONDS + ends}, issuer=GITHUB_COM, now=remembered_until(claims))
    assert remembered_until(claims) > NOW + timedelta(seconds=ends)


def test_a_stand_in_is_on_loopback_or_nowhere() -> None:
    assert stand_in("") is None
    found = stand_in("http://127.0.0.1:8123")
    assert found is not None
    assert (found.issuer, found.jwks_url) == ("http://127.0.0.1:8123", "http://127.0.0.1:8123/.well-known/jwks")
    assert not found.over_tls


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8123",
        "http://127.0.0.1",
        "http://127.0.0.1:8123/",
        "http://127.0.0.1:8123\n",
        "http://127.0.0.1:123456",
        "http://localhost:80",
        "http://127.0.0.1:80@example.com",
        "http://127.0.0.2:80",
        " ",
    ],
)
def test_anything_else_is_no_stand_in(url: str) -> None:
    with pytest.raises(ValueError, match="stand-in"):
        stand_in(url)
