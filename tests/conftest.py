"""Fixtures shared by all tests: one embedded AWS for the session, no other network, no keys from outside."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings

from atmosphere.local.emulator import Emulator
from tests.counted import counted
from tests.distribution import EMULATOR, MARKED, ByPlace, scheduler
from tests.once import collect_rarely, share_models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# what several files of tests share: its asserts explain themselves too
pytest.register_assert_rewrite(
    "tests.contract.store_contract",
    "tests.contract.outside_contract",
    "tests.contract.tokens_contract",
    "tests.journeys.action.acting",
    "tests.journeys.action.records",
    "tests.journeys.action.scene",
)

share_models()
collect_rarely()

# who starts the tests in the background, or with `nohup`, has these ignored, by all that the tests start, too
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

hypothesis_settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis_settings.register_profile("deep", max_examples=2200, deadline=None)
hypothesis_settings.load_profile(os.environ.get("ATMOSPHERE_HYPOTHESIS", "ci"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPlace | None:
    return scheduler(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in counted(terminalreporter):
        terminalreporter.write_line(line)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The half of the tests that runs on the embedded AWS does not read the files that have none of it."""
    if not str(config.getoption("markexpr")).startswith(EMULATOR) or not collection_path.name.startswith("test_"):
        return None
    return None if MARKED in collection_path.read_text() else True


@pytest.fixture(autouse=True)
def _no_keys_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach an account of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(scope="session")
def _emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(_emulator_process: Emulator) -> Emulator:
    """The embedded AWS, empty."""
    _emulator_process.reset()
    return _emulator_process
