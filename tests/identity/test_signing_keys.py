"""The cache of issuers' keys and the fetch behind it, beside what the corpus shows (rows 12, 17, 45-47)."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from atmosphere.adapters import signing_keys
from atmosphere.adapters.memory import FakeClock
from atmosphere.adapters.signing_keys import COOL_DOWN, FRESH, MAX_BYTES, USABLE, SigningKeys, fetch_keys, usable_keys
from atmosphere.ports import Unreachable
from tests.identity.keyserver import DOWN, KeyServer, Published, key_set
from tests.identity.world import key_pair, published

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL: Final = "https://keys.example.com/jwks"
HALF: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"


class Issuer:
    """Answers with a list of keys, or not at all; counts."""

    def __init__(self) -> None:
        self.fetches = 0
        self.answer: Published | None = key_set(published(key_pair(), "one"))

    def __call__(self, url: str) -> bytes:
        assert url.startswith(URL)
        self.fetches += 1
        if self.answer is None:
            raise Unreachable("told to")
        return self.answer.body


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keys(issuer: Issuer, clock: FakeClock) -> SigningKeys:
    return SigningKeys(clock=clock, fetch=issuer)


def test_fresh_keys_cost_no_fetch(keys: SigningKeys, issuer: Issuer, clock: FakeClock) -> None:
    for _ in range(100):
        assert keys.key(URL, "one") is not None
    clock.advance(FRESH - timedelta(seconds=1))
    assert keys.key(URL, "one") is not None
    assert issuer.fetches == 1


def test_after_that_they_are_asked_for_again(keys: SigningKeys, issuer: Issuer, clock: FakeClock) -> None:
    keys.key(URL, "one")
    clock.advance(FRESH)
    keys.key(URL, "one")
    assert issuer.fetches == 2


def test_while_the_issuer_is_down_a_warm_cache_asks_once_in_a_cool_down(
    keys: SigningKeys, issuer: Issuer, clock: FakeClock
) -> None:
    keys.key(URL, "one")
    issuer.answer = None
    clock.advance(FRESH)
    for _ in range(50):
        assert keys.key(URL, "one") is not None
    assert issuer.fetches == 2
    clock.advance(COOL_DOWN)
    keys.key(URL, "one")
    assert issuer.fetches == 3


def test_old_keys_serve_up_to_the_hard_limit_and_not_longer(
    keys: SigningKeys, issuer: Issuer, clock: FakeClock
) -> None:
    keys.key(URL, "one")
    issuer.answer = None
    clock.advance(USABLE - timedelta(seconds=1))
    assert keys.key(URL, "one") is not None
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Unreachable):
        keys.key(URL, "one")


def test_an_issuer_that_is_back_serves_after_the_cool_down(keys: SigningKeys, issuer: Issuer, clock: FakeClock) -> None:
    good, issuer.answer = issuer.answer, None
    with pytest.raises(Unreachable):
        keys.key(URL, "one")
    issuer.answer = good
    with pytest.raises(Unreachable):
        keys.key(URL, "one")
    clock.advance(COOL_DOWN)
    assert keys.key(URL, "one") is not None


def test_a_flood_of_unknown_ids_costs_one_fetch_and_hides_no_new_key_for_longer_than_the_cool_down(
    keys: SigningKeys, issuer: Issuer, clock: FakeClock
) -> None:
    keys.key(URL, "one")
    clock.advance(timedelta(minutes=1))
    assert [keys.key(URL, f"unknown-{number}") for number in range(100)] == [None] * 100
    assert issuer.fetches == 2
    issuer.answer = key_set(published(key_pair(), "one"), published(key_pair("next"), "two"))
    assert keys.key(URL, "two") is None
    clock.advance(COOL_DOWN)
    assert keys.key(URL, "two") is not None


def test_issuers_do_not_share_keys(keys: SigningKeys, issuer: Issuer) -> None:
    keys.key(URL, "one")
    issuer.answer = key_set(published(key_pair("next"), "two"))
    assert keys.key(f"{URL}/enterprise", "one") is None
    assert keys.key(URL, "one") is not None


def test_twenty_threads_that_find_nothing_fetch_once(keys: SigningKeys, issuer: Issuer) -> None:
    threads = [threading.Thread(target=keys.key, args=(URL, "one")) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert issuer.fetches == 1


def test_one_bad_entry_does_not_spoil_the_others() -> None:
    bad = [{"kty": "oct", "kid": "o", "k": "AAAA"}, {"kty": "RSA", "kid": "n", "n": "!", "e": 7}, {"kid": 7}, None]
    found = usable_keys(key_set(*bad, published(key_pair(), "good")).body)  # type: ignore[arg-type]
    assert list(found) == ["good"]


def test_the_fetch_reads_what_is_published(key_server: KeyServer) -> None:
    key_server.reset()
    key_server.published["/jwks"] = Published(body=b"x" * MAX_BYTES)
    assert len(fetch_keys(f"{key_server.url}/jwks")) == MAX_BYTES


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (DOWN, "answered 503"),
        (Published(status=301, headers={"Location": "/good"}), "answered 301"),
        (Published(status=307, headers={"Location": "http://127.0.0.1:1/"}), "answered 307"),
        (Published(status=204), "answered 204"),
        (Published(body=b"x" * (MAX_BYTES + 1)), "more than 262144 bytes"),
        (Published(drop=True), "RemoteDisconnected"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anything_else_is_unreachable_and_leads_nowhere(key_server: KeyServer, answer: Published, why: str) -> None:
    key_server.reset()
    key_server.published = {"/jwks": answer, "/good": key_set(published(key_pair()))}
    with pytest.raises(Unreachable, match=why):
        fetch_keys(f"{key_server.url}/jwks")
    assert key_server.asked == ["/jwks"]


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example.com/jwks",
        "http://localhost/jwks",
        "http://127.0.0.1.example.com/jwks",
        "file:///etc/passwd",
        "ftp://127.0.0.1/jwks",
        "data:application/json,{}",
        "//127.0.0.1/jwks",
        "https://",
        "",
    ],
)
def test_only_https_is_fetched_and_http_from_loopback(url: str) -> None:
    with pytest.raises(Unreachable, match="not an https URL"):
        fetch_keys(url)


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable, match="ConnectionRefusedError"):
        fetch_keys(f"http://127.0.0.1:{port}/jwks")


@contextmanager
def _listening(serve: bytes = b"", context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port that answers one connection with these bytes and then keeps it open."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    stream = context.wrap_socket(connection, server_side=True) if context else connection
                    stream.sendall(serve)
                except OSError:
                    return  # the client has gone, as it should
                done.wait(10)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        done.set()
        thread.join()


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"], ids=["no reply", "half of one"]
)
def test_an_issuer_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr(signing_keys, "TIMEOUT", 0.05)
    with _listening(head) as port, pytest.raises(Unreachable, match="TimeoutError"):
        fetch_keys(f"http://127.0.0.1:{port}/jwks")


def test_an_issuer_whose_certificate_nobody_vouches_for_is_not_believed(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))
    with _listening(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", context) as port:  # noqa: SIM117
        with pytest.raises(Unreachable, match="SSLCertVerificationError"):
            fetch_keys(f"https://127.0.0.1:{port}/jwks")


def _self_signed(directory: Path) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key_pair("tls").public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key_pair("tls"), hashes.SHA256())
    )
    path = directory / "pair.pem"
    private = key_pair("tls").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path
