"""AWS clients for the suites: moto in process (one thread only), the emulator as the root of the hub account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from atmosphere.adapters.clients import CONFIG
from atmosphere.local.emulator import HUB_ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.local.emulator import Emulator

_ROOT_SECRET = "test"  # the emulator's, for every account


@pytest.fixture
def moto_client() -> Iterator[Callable[[str], Any]]:
    """Makes clients of an empty AWS in this process."""
    with mock_aws():
        yield lambda service: _client(service, "testing", "testing")


@pytest.fixture
def emulator_client(emulator: Emulator) -> Callable[..., Any]:
    """Makes clients of the empty embedded AWS, of the hub's root or with a given pair of keys."""

    def make(service: str, key: str = HUB_ACCOUNT, secret: str = _ROOT_SECRET) -> Any:
        return _client(service, key, secret, endpoint_url=emulator.endpoint)

    return make


def _client(service: str, key: str, secret: str, **options: Any) -> Any:
    return boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=REGION).client(
        service,  # type: ignore[call-overload]
        config=CONFIG,
        **options,
    )
