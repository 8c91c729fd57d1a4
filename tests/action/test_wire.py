"""One request: no redirects, limits of time and size, and whether it can have been sent."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from atmosphere_action import wire
from atmosphere_action.errors import Unanswered, may_pass, nothing_taken
from tests.client.conftest import LOST, Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.client.conftest import Service


@pytest.fixture
def listening() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Serves one connection by a function of its socket; gives its host and port."""
    server = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def start(serve: Callable[[socket.socket], None]) -> str:
        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                serve(connection)

        threads.append(threading.Thread(target=accept))
        threads[0].start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    for thread in threads:
        thread.join(10)
    server.close()


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 404, 423, 500, 503])
def test_every_status_is_a_reply_and_no_redirect_is_followed(service: Service, status: int) -> None:
    service.script = [Answer(status, b"" if status == 204 else b"body", {"Location": service.endpoint})]

    reply = wire.send("POST", service.endpoint, headers={"X-Secret": "s"}, content=b"{}")

    assert reply.status == status
    assert len(service.arrived) == 1


def test_a_connection_that_is_closed_after_the_request_may_have_taken_effect(service: Service) -> None:
    service.script = [LOST]

    with pytest.raises(Unanswered) as lost:
        wire.send("POST", service.endpoint, headers={}, content=b"{}")

    assert lost.value.sent
    assert may_pass(lost.value)
    assert not nothing_taken(lost.value)


def test_a_refused_connection_has_sent_nothing() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(Unanswered, match=f"^{place} refuses connections$") as lost:
            wire.send("GET", f"http://{place}/", headers={})

    assert nothing_taken(lost.value)
    assert may_pass(lost.value)


def test_a_name_that_nobody_has_is_told_so() -> None:
    with pytest.raises(Unanswered, match="has an unknown host name") as lost:
        wire.send("GET", "http://atmosphere.invalid/", headers={}, direct=True)

    assert nothing_taken(lost.value)


def test_a_reply_that_does_not_come_is_given_up(listening: Callable[..., str]) -> None:
    done = threading.Event()
    address = listening(lambda _: done.wait(20))
    started = time.monotonic()

    with pytest.raises(Unanswered, match=f"^{address} did not answer") as lost:
        wire.send("GET", f"http://{address}/", headers={}, patience=0.3)

    done.set()
    assert lost.value.sent
    assert time.monotonic() - started < 5


def test_a_reply_that_comes_drop_by_drop_is_given_up(listening: Callable[..., str]) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n")
        try:
            for _ in range(400):
                connection.sendall(b"x")
                time.sleep(0.02)  # slower than any time-out of the socket would notice
        except OSError:
            return

    address = listening(drip)
    started = time.monotonic()

    with pytest.raises(Unanswered):
        wire.send("GET", f"http://{address}/", headers={}, patience=0.5)

    assert time.monotonic() - started < 5


def test_a_reply_without_end_is_given_up(service: Service) -> None:
    service.script = [Answer(200, b"x" * (2 << 20))]

    with pytest.raises(Unanswered):
        wire.send("GET", service.endpoint, headers={})


def test_loopback_passes_no_proxy(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.script = [Answer()]
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert wire.send("GET", service.endpoint, headers={}).status == 200


def test_other_hosts_pass_the_proxy_of_the_environment(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.script = [Answer()]
    monkeypatch.setenv("http_proxy", service.endpoint.partition("/_aws")[0])
    monkeypatch.delenv("no_proxy", raising=False)

    assert wire.send("GET", "http://atmosphere.invalid/v1", headers={}).status == 200
    assert service.arrived[0].path == "http://atmosphere.invalid/v1"


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    with pytest.raises(Unanswered, match=r"^127\.0\.0\.1:9 refuses connections$"):
        wire.send("GET", "https://atmosphere.invalid/v1", headers={})


def test_a_certificate_that_is_not_trusted_ends_it(listening: Callable[..., str], tmp_path: Path) -> None:
    context = _tls_of_nobody(tmp_path)

    def shake(connection: socket.socket) -> None:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            return  # the client turned away, as it should

    with pytest.raises(Unanswered, match="presents an untrusted certificate") as lost:
        wire.send("GET", f"https://{listening(shake)}/", headers={"Authorization": "s"})

    assert not may_pass(lost.value)
    assert nothing_taken(lost.value)


def _tls_of_nobody(tmp_path: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(key.private_bytes(*form) + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
