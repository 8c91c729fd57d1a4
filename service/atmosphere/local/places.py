"""Where a local run finds its parts: in a checkout, or beside the installed construct and in the user's cache.

In a checkout `make setup` makes the embedded AWS; elsewhere `atmosphere local setup` does (docs/adr/0028).
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_CHECKOUT: Final = Path(__file__).resolve().parents[3]
IS_CHECKOUT: Final = (_CHECKOUT / "infra" / "app.py").is_file()
CONSTRUCT: Final = "infra" if IS_CHECKOUT else "atmosphere_cdk"
"""The import package of the CDK app (docs/adr/0027)."""


def _construct() -> Path:
    if IS_CHECKOUT:
        return _CHECKOUT / CONSTRUCT
    found = find_spec(CONSTRUCT)
    return Path(found.origin).parent if found is not None and found.origin else Path(CONSTRUCT)


def _cache() -> Path:
    if IS_CHECKOUT:
        return _CHECKOUT / ".cache"
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home).absolute() / "atmosphere"


INFRA: Final = _construct()
REQUIREMENTS: Final = (_CHECKOUT if IS_CHECKOUT else INFRA) / "requirements"
EXAMPLE: Final = (_CHECKOUT if IS_CHECKOUT else INFRA) / "config"
CACHE: Final = _cache()
EMULATOR: Final = _CHECKOUT / ".emulator" if IS_CHECKOUT else CACHE / "emulator"
SET_UP: Final = "`make setup` in the repository" if IS_CHECKOUT else "`atmosphere local setup`"
SYNTHESIS_RUNS_IN: Final = _CHECKOUT if IS_CHECKOUT else None
"""Only a checkout must be the working directory: its package is not installed."""
