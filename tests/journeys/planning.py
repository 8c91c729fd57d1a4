"""`config plan --against deployed` of a local service, as a pull request's check runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from atmosphere.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def planned(ready: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Its exit code and its JSON; `ready` is the ready file of the service."""
    words = ["config", "plan", str(config), "--against", "deployed", "--json", "--ready-file", str(ready)]
    code = main(words)
    return code, json.loads(capsys.readouterr().out)
