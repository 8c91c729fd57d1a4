"""`atmosphere credentials` asks rarely: AWS tools start it for every call near the end of credentials."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from atmosphere.cli import cache
from atmosphere.cli.kept import Kept
from atmosphere.cli.main import main
from atmosphere.client.errors import ServiceError
from atmosphere.client.results import Granted, granted
from tests.client.conftest import ID, Answer, entry
from tests.client.conftest import granted as reply

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Service

START = 1_800_000_000.0


class Lender:
    """A service whose credentials last as long as said; counts how often it was asked."""

    def __init__(self, lasting: float) -> None:
        self.lasting = lasting
        self.now = START
        self.asked = 0
        self.fails: Exception | None = None

    def time(self) -> float:
        return self.now

    def ask(self) -> Granted:
        self.asked += 1
        if self.fails is not None:
            raise self.fails
        one = entry()
        one["credentials"]["expiration"] = datetime.fromtimestamp(self.now + self.lasting, UTC).isoformat()
        return granted(reply(one).body)


@pytest.fixture
def files(tmp_path: Path) -> Kept:
    place = Kept(tmp_path / "kept")
    place.create_place()
    return place


def use(files: Kept, lender: Lender, *, asker: str = "me") -> str:
    found = cache.current(files, lender.ask, asker=asker, now=lender.time)
    ends: str = found["default"]["credentials"]["Expiration"]
    return ends


def test_one_request_serves_all_calls_until_renewal_is_due(files: Kept) -> None:
    lender = Lender(3600)
    first = use(files, lender)
    lender.now += 3600 - 961
    assert (use(files, lender), lender.asked) == (first, 1)
    lender.now += 2
    assert use(files, lender) > first
    assert lender.asked == 2


def test_near_the_deadline_it_asks_once_a_minute(files: Kept) -> None:
    lender = Lender(500)
    for _ in range(10):
        use(files, lender)
    assert lender.asked == 1
    lender.now += 61
    use(files, lender)
    assert lender.asked == 2


@pytest.mark.parametrize(("status", "serves"), [(503, True), (0, True), (409, True), (404, False)])
def test_while_the_service_fails_what_still_lasts_serves(files: Kept, status: int, *, serves: bool) -> None:
    lender = Lender(500)
    first = use(files, lender)
    lender.now += 100
    lender.fails = ServiceError(status, "some-code", "no")
    if serves:
        assert use(files, lender) == first
        lender.now += 380  # less than 30 s are left
    with pytest.raises(ServiceError):
        use(files, lender)


def test_another_caller_gets_nothing_of_the_first_one_s(files: Kept) -> None:
    lender = Lender(3600)
    use(files, lender)
    use(files, lender, asker="someone else")
    assert lender.asked == 2


def test_processes_that_start_at_once_ask_once(files: Kept) -> None:
    lender = Lender(3600)
    ready = threading.Barrier(8)

    def start() -> None:
        ready.wait()
        use(files, lender)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lender.asked == 1


def test_a_damaged_cache_is_replaced(files: Kept) -> None:
    files.cache.write_text("{")
    lender = Lender(3600)
    use(files, lender)
    assert use(files, lender)
    assert lender.asked == 1


@pytest.mark.usefixtures("ready_file")
def test_the_command_asks_once_and_keeps_the_answer_private(
    service: Service, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = entry()
    one["credentials"]["expiration"] = "2099-11-22T11:00:00Z"
    service.script = [reply(one)]

    for _ in range(3):
        assert main(["credentials", ID]) == 0

    assert len(service.arrived) == 1
    assert json.loads(capsys.readouterr().out.split("}\n")[0] + "}")["Version"] == 1
    assert (state / ID / "credentials.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("ready_file")
def test_an_ended_allocation_says_so(service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["credentials", ID, "--lease", str(tmp_path / "gone")]) == 1
    assert f"allocation {ID} has ended on this machine" in capsys.readouterr().err
    assert service.arrived == []


@pytest.mark.usefixtures("ready_file")
def test_a_directory_that_cannot_be_made_is_named(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    service.script = [Answer()]

    assert main(["credentials", ID]) == 1

    assert "set XDG_STATE_HOME to a writable directory" in capsys.readouterr().err
