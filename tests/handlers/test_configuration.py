"""Operators read the configuration in force, whole, with the digest that names it; nobody else does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.adapters.memory import MemorySnapshot
from atmosphere.cli.deployed import configuration
from atmosphere.core.model import AccountId, EnvironmentKey, Region
from atmosphere.core.snapshot import canonical, digest, registration_to_json, to_json
from tests.builders import a_registration
from tests.docs.test_openapi import complaints
from tests.handlers.events import an_identity

if TYPE_CHECKING:
    from tests.handlers.conftest import Api

OPERATOR: Final = an_identity("operator")
LAMBDA_REPLY: Final = 6 * 1024 * 1024  # bytes that Lambda returns at most, the body quoted once more
ROUTE: Final = "GET /configuration"


def test_an_operator_reads_what_is_in_force_and_its_digest(api: Api) -> None:
    answer = api.ask(ROUTE, identity=OPERATOR)

    assert answer.status == 200
    assert complaints(answer.body, "Configuration") == []
    read = configuration(answer.body)
    assert read.snapshot == api.world.snapshot
    assert read.digest == digest(to_json(api.world.snapshot))


def test_a_configuration_that_is_not_what_its_digest_says_is_not_read(api: Api) -> None:
    body = api.ask(ROUTE, identity=OPERATOR).body

    with pytest.raises(ValueError, match="does not have the digest"):
        configuration(body | {"digest": "0" * 64})
    with pytest.raises(ValueError, match="does not have the digest"):
        configuration({**body, "configuration": {**body["configuration"], "environments": []}})


def test_nobody_else_reads_it(api: Api) -> None:
    assert api.ask(ROUTE).status == 403
    assert api.ask(ROUTE, identity=an_identity("stranger")).status == 403


def test_the_largest_configuration_that_the_check_allows_fits_a_reply(api: Api) -> None:
    def largest(number: int) -> object:
        key = EnvironmentKey(AccountId(f"{number:012d}"), Region("ap-southeast-1"))
        names = {f"capability-{index:02d}": True for index in range(20)}
        return a_registration(key, capabilities=names, keep=tuple(f"AWS::S3::Bucket:{index:03d}" for index in range(9)))

    entries = tuple(largest(number) for number in range(5000))
    assert len(canonical(registration_to_json(entries[0]))) > 800  # type: ignore[arg-type]
    api.app.snapshots = MemorySnapshot(replace(api.world.snapshot, environments=entries))  # type: ignore[arg-type]

    answer = api.ask(ROUTE, identity=OPERATOR)

    assert answer.status == 200
    assert len(canonical({"body": answer.raw})) < LAMBDA_REPLY
