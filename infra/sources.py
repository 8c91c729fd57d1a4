"""Where a build finds what it needs, in a checkout or in the installed distribution (docs/adr/0027).

The installed one, `atmosphere_cdk`, has the locks beside its modules and caches in the user's directory.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_SHIPPED: Final = Path(__file__).resolve().with_name("requirements")
IS_INSTALLED: Final = _SHIPPED.is_dir()
LOCKS: Final = _SHIPPED if IS_INSTALLED else ROOT / "requirements"
SET_UP: Final = "`pip install 'atmosphere-service[local]'`" if IS_INSTALLED else "`make setup`"


def package() -> Path:
    """The directory of the import package `atmosphere`, which the functions carry a part of."""
    return Path(str(files("atmosphere")))


def cache() -> Path:
    """Where assets and downloaded wheels are kept: all of it can be made again."""
    if not IS_INSTALLED:
        return ROOT / ".cache" / "assets"
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home).absolute() / "atmosphere" / "assets"
