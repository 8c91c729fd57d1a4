"""One local service for the tests of this directory: the real template, with short durations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.local.places import EXAMPLE
from atmosphere.local.service import LocalService
from tests.quick import FEW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from atmosphere.core.model import Environment

SHORT: Final[Mapping[str, str]] = {
    "session_seconds": "60",
    "verify_gap_seconds": "0",
    "clock_skew_seconds": "0",
    "attempt_pause_seconds": "1",
    **FEW_TYPES,
}


@pytest.fixture(scope="session")
def _ready() -> Iterator[tuple[LocalService, Sequence[Environment]]]:
    with LocalService(EXAMPLE, settings=SHORT, ticker=1.0, fresh=True) as service:
        yield service, service.store().environments()


@pytest.fixture(scope="session")
def local_service(_ready: tuple[LocalService, Sequence[Environment]]) -> LocalService:
    return _ready[0]


@pytest.fixture(scope="session")
def rows_when_ready(_ready: tuple[LocalService, Sequence[Environment]]) -> Sequence[Environment]:
    """The environments as they were before any test of this directory."""
    return _ready[1]
