"""What letting a token in costs: calls when everything is warm, and modules when nothing is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest

import atmosphere
from atmosphere.adapters.clients import TOKENS
from atmosphere.adapters.used_tokens import DynamoUsedTokens
from tests.adapters.wire import Answer, Wire, failure

if TYPE_CHECKING:
    from typing import NoReturn

    from tests.identity.world import World

SOURCES: Final = Path(atmosphere.__file__).parents[1]
NATIVE: Final = ("jwt", "cryptography")


@pytest.fixture
def wire(world: World) -> Wire:
    """What the table is sent; it takes every token."""
    client: Any = boto3.session.Session(aws_access_key_id="key", aws_secret_access_key="secret").client(
        "dynamodb", region_name="us-east-1", config=TOKENS
    )
    wire = Wire([Answer()] * 20)
    client.meta.events.register("before-send", wire)
    world.app.used_tokens = DynamoUsedTokens(client, "used")
    return wire


def _no_network(*_: object) -> NoReturn:
    raise AssertionError("a warm authorizer has called somebody")


def test_a_warm_authorizer_makes_one_write_and_no_other_call(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.ask(world.token()).status == 200
    monkeypatch.setattr(socket.socket, "connect", _no_network)
    assert [world.ask(world.token()).status for _ in range(10)] == [200] * 10
    assert len(wire.sent) == 11
    assert len(world.server.asked) == 1


def test_a_refused_token_costs_no_write(world: World, wire: Wire) -> None:
    refused = [world.token(repository_id="9"), world.token(aud="x"), world.token(jti=""), "a.b.c"]
    assert [world.ask(token).status for token in refused] == [403, 401, 401, 401]
    assert wire.sent == []


def test_a_used_token_costs_one_write(world: World, wire: Wire) -> None:
    wire.answers[:] = [failure("ConditionalCheckFailedException")]
    assert world.ask(world.token()).status == 401
    assert len(wire.sent) == 1


def _imported_by(*modules: str) -> list[str]:
    code = f"import json, sys; import {', '.join(modules)}; print(json.dumps(sorted(sys.modules)))"
    environ = {**os.environ, "PYTHONPATH": str(SOURCES)}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def test_no_other_function_loads_what_checks_signatures() -> None:
    names = sorted(path.stem for path in (SOURCES / "atmosphere" / "handlers").glob("[a-z]*.py"))
    others = [f"atmosphere.handlers.{name}" for name in names if name != "authorize"]
    assert [name for name in _imported_by("atmosphere.wiring", *others) if name in NATIVE] == []


def test_the_authorizer_loads_it_while_it_starts_and_leaves_the_cleanup_engine_out() -> None:
    loaded = _imported_by("atmosphere.handlers.authorize")
    assert set(NATIVE) <= set(loaded)
    assert [name for name in loaded if name.startswith("atmosphere.cleanup.engine")] == []
