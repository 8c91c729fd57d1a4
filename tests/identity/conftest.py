"""One key server for the session; a fresh deployment for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.identity.keyserver import KeyServer
from tests.identity.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def key_server() -> Iterator[KeyServer]:
    with KeyServer() as server:
        yield server


@pytest.fixture
def world(key_server: KeyServer) -> World:
    return World(key_server)
