"""What names no environment is told apart before any table is asked."""

from __future__ import annotations

from typing import Final

import pytest

from atmosphere.core.errors import InvalidRequest, UnknownEnvironment
from atmosphere.core.keys import environment_key, environment_path
from tests.builders import a_key

TOO_LONG_FOR_A_TABLE: Final = "2" * 3000
IMPOSSIBLE: Final = {
    "a long account": (TOO_LONG_FOR_A_TABLE, "us-east-1"),
    "a long region": ("222222222222", "us-east-1" + "1" * 3000),
    "no digits": ("some-account", "us-east-1"),
    "other digits": ("٢" * 12, "us-east-1"),
    "nothing": ("", ""),
    "a line more": ("222222222222", "us-east-1\n"),
    "a path": ("222222222222", "us-east-1/clean"),
}


@pytest.mark.parametrize(("account", "region"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_can_be_no_environment_is_unknown_in_a_path_and_invalid_in_a_query(account: str, region: str) -> None:
    with pytest.raises(UnknownEnvironment):
        environment_key(account, region)
    with pytest.raises(InvalidRequest):
        environment_path(f"{account}/{region}")


@pytest.mark.parametrize("region", ["us-east-1", "eusc-de-east-1", "us-gov-west-1"])
def test_what_can_be_one_is_its_key(region: str) -> None:
    key = a_key(1, region)
    assert environment_key(key.account, key.region) == environment_path(key.path) == key
