"""The page of a scripted service, fetched by the real client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import client, pace, service  # noqa: F401 fixtures
from tests.status.told import Told

if TYPE_CHECKING:
    from tests.client.conftest import Service


@pytest.fixture
def told(service: Service) -> Told:  # noqa: F811 a fixture is asked for by its name
    told = Told()
    service.script = [told]
    return told
