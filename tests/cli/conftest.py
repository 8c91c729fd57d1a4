"""A scripted service and the ready file that leads to it."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.cli.lending import Lending
from tests.client.conftest import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where commands keep private files; and what a command that has done its work leaves of signals is undone."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield tmp_path / "state" / "atmosphere"
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def ready_file(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ready file of a local run, already set as the default of every command."""
    callers = {name: {"accessKeyId": name, "secretAccessKey": "signs"} for name in ("runner", "operator")}
    path = tmp_path / "ready.json"
    path.write_text(json.dumps({"endpoint": service.endpoint, "callers": callers}))
    monkeypatch.setenv("ATMOSPHERE_READY_FILE", str(path))
    return path


@pytest.fixture
def lending() -> Iterator[Lending]:
    service = Lending()
    yield service
    service.stop()
