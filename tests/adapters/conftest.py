"""A client whose wire is in the test's hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tests.adapters.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

_SESSION = boto3.session.Session(aws_access_key_id="key", aws_secret_access_key="secret")  # reads each model once


@pytest.fixture
def wired() -> Callable[..., tuple[Any, Wire]]:
    """Makes a client of a service that gets these answers, one for each request, and the wire it sends on."""

    def make(service: str, *answers: object, tries: int = 1) -> tuple[Any, Wire]:
        client: Any = _SESSION.client(
            service,  # type: ignore[call-overload]
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": tries, "mode": "standard"}),
        )
        wire = Wire(list(answers))
        client.meta.events.register("before-send", wire)
        return client, wire

    return make
