"""The client's way to the service is the one that the variables name: proxies, exceptions from them, certificates."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import Credentials

from atmosphere.client import network
from atmosphere.client.client import AtmosphereClient
from atmosphere.client.errors import NotConnected, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.client.conftest import SteppedPace

ENDPOINT = "https://abc.execute-api.eu-west-1.amazonaws.com/v1"
NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


class Proxy:
    """Keeps the first lines that it gets, and refuses to connect anywhere."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # stopped
                return
            with connection:
                self.heads.append(connection.recv(4096).decode())
                connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    proxy = Proxy()
    yield proxy
    proxy.stop()


def ask(pace: SteppedPace) -> ServiceError:
    client = AtmosphereClient(ENDPOINT, credentials=Credentials("1", "2"), pace=pace)
    with pytest.raises(ServiceError) as failure:
        client.pools()
    return failure.value


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_requests_go_through_the_proxy_of_the_variables(
    name: str, proxy: Proxy, pace: SteppedPace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://user:word@{proxy.address}")

    failure = ask(pace)

    assert proxy.heads[0].startswith("CONNECT abc.execute-api.eu-west-1.amazonaws.com:443 HTTP/1.")
    assert "proxy-authorization: basic " in proxy.heads[0].lower()
    assert "user:word" not in str(failure)


def test_no_proxy_names_hosts_that_are_reached_directly(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
    assert network.pool(ENDPOINT).proxy is not None
    monkeypatch.setenv("NO_PROXY", "example.com,.amazonaws.com")
    assert network.pool(ENDPOINT).proxy is None


def test_loopback_needs_no_proxy(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
    assert network.pool("http://127.0.0.1:4566/v1").proxy is None


def test_a_proxy_that_refuses_connections_is_named(
    proxy: Proxy, pace: SteppedPace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{bound.getsockname()[1]}")
        failure = ask(pace)
    assert "refuses connections (through the proxy of HTTPS_PROXY or HTTP_PROXY)" in failure.message
    assert not failure.unknown_outcome


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_of_the_variables_are_used(name: str, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    assert network.pool(ENDPOINT, {name: str(bundle)}).connection_pool_kw["ca_certs"] == str(bundle)
    with pytest.raises(NotConnected, match=f"{name} is '/nowhere', which is not a file"):
        network.pool(ENDPOINT, {name: "/nowhere"})
