"""Makes the page of a service, now, and writes it."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from atmosphere.status.asking import ask
from atmosphere.status.overview import overview
from atmosphere.status.page import html

if TYPE_CHECKING:
    from atmosphere.client.client import AtmosphereClient


def page_of(client: AtmosphereClient, *, reload_seconds: int | None = None) -> str:
    """The page about the service as it is. Raises `ServiceError`, `NotConnected`."""
    return html(overview(ask(client, datetime.now(UTC))), reload_seconds=reload_seconds)


def write(client: AtmosphereClient, file: Path) -> None:
    """The page into a file, in one step: a page that is open is never half of one. Raises also `OSError`."""
    page = page_of(client)
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as open_file:
            open_file.write(page)
        Path(partial).replace(file)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
