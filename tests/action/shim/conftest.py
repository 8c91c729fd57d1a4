"""A step to run, and the secret and allocation of one that ran."""

from __future__ import annotations

import secrets
import socket
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.action.shim.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


@pytest.fixture
def secret() -> str:
    return secrets.token_urlsafe(32)


@pytest.fixture
def allocation() -> str:
    return str(uuid4())


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address where nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
