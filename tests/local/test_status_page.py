"""The status page of a local run: live, on loopback, under no other name, and an outage is told as one."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from botocore.credentials import Credentials

from atmosphere.client.client import AtmosphereClient
from atmosphere.local.status_page import StatusPage
from tests.client.conftest import Answer, Service, SteppedPace
from tests.status.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.local.service import LocalService


@pytest.fixture
def behind() -> Iterator[Service]:
    service = Service()
    service.script = [Told()]
    yield service
    service.stop()


@pytest.fixture
def page(behind: Service) -> Iterator[StatusPage]:
    pace = SteppedPace()
    page = StatusPage(
        lambda: AtmosphereClient(behind.endpoint, credentials=Credentials("operator", "signs"), pace=pace)
    )
    page.start()
    yield page
    page.stop()


def _get(url: str, path: str = "/", host: str | None = None) -> tuple[int, str, http.client.HTTPMessage]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": host or address.netloc})
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), reply.headers
    finally:
        connection.close()


def test_each_request_gets_the_page_as_things_are_then(page: StatusPage, behind: Service) -> None:
    status, text, headers = _get(page.url)
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "text/html; charset=utf-8", "no-store")
    assert "3 of 9 environments free" in text
    assert '<meta http-equiv="refresh" content="10">' in text
    later = Told()
    later.rows[1]["status"] = "in-use"
    behind.script = [later]
    assert "2 of 9 environments free" in _get(page.url)[1]


def test_a_request_by_another_name_sees_nothing(page: StatusPage) -> None:
    status, text, _ = _get(page.url, host="evil.example:80")
    assert status == 421
    assert "environments" not in text
    assert _get(page.url, host=f"localhost:{urlsplit(page.url).port}")[0] == 200


def test_there_is_nothing_else(page: StatusPage) -> None:
    assert _get(page.url, "/environments")[0] == 404


def test_an_outage_is_told_and_looked_at_again(page: StatusPage, behind: Service) -> None:
    behind.script = [Answer(403, body={"code": "forbidden", "message": "not for <b>you</b>"})]
    status, text, headers = _get(page.url)
    assert (status, headers["Refresh"], headers["Content-Type"]) == (502, "10", "text/plain; charset=utf-8")
    assert "not for <b>you</b>" in text


def test_nothing_listens_after_the_end(page: StatusPage) -> None:
    page.stop()
    page.stop()
    with pytest.raises(ConnectionRefusedError):
        _get(page.url)


@pytest.mark.emulator
def test_a_local_run_serves_it(local_service: LocalService) -> None:
    status, text, _ = _get(local_service.description["status"])
    assert status == 200
    for row in local_service.store().environments():
        assert f"{row.key.account}/{row.key.region}" in text
