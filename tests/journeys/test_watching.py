"""An operator has the service clean an environment and watches it from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from atmosphere.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from atmosphere.local.service import LocalService

pytestmark = pytest.mark.emulator

KEY = "555555555555/eu-west-1"


def test_a_cleanup_is_watched_to_its_end_and_its_report_is_shown(
    local_service: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(local_service.description))
    monkeypatch.setenv("ATMOSPHERE_READY_FILE", str(ready))
    assert main(["environment", "hold", KEY, "--reason", "to watch it"]) == 0
    assert main(["environment", "resume", KEY, "--reason", "to watch it"]) == 0
    capsys.readouterr()
    assert main(["cleanup", "run", KEY, "--reason", "to watch it", "--json"]) == 0
    told = capsys.readouterr()
    after = json.loads(told.out)
    assert (after["status"], after["cleanup"]["verdict"]) == ("free", "clean")
    assert {"clear", "verify"} <= after["cleanup"]["seconds"].keys()
    assert "a cleanup is already running" in told.err
    assert "0 left, 0 removed" in told.err
    assert main(["environment", "show", KEY]) == 0
    assert f"# aws://{KEY}: clean" in capsys.readouterr().out
