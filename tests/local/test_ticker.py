"""The ticker: calls again and again, gets past failures and shows each once."""

from __future__ import annotations

import json
import socketserver
import threading
from typing import TYPE_CHECKING

import pytest

from atmosphere.local.deployment import deploy
from atmosphere.local.root import Account
from atmosphere.local.ticker import Ticker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atmosphere.local.emulator import Emulator

# Says where it can be heard that it ran, then fails if it is told to.
CODE = """
import os, socket
def handler(event, context):
    with socket.create_connection(("127.0.0.1", int(os.environ["PORT"]))) as connection:
        connection.sendall(b"tick")
    if os.environ["FAILS"] == "yes":
        raise RuntimeError("this function always fails")
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class _Counter:
    """Counts connections."""

    def __init__(self) -> None:
        self.count = threading.Semaphore(0)
        counter = self.count

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                counter.release()

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def saw(self, times: int) -> bool:
        return all(self.count.acquire(timeout=20) for _ in range(times))


@pytest.fixture
def counter() -> Iterator[_Counter]:
    counter = _Counter()
    yield counter
    counter.server.shutdown()
    counter.thread.join()
    counter.server.server_close()


def _function(emulator: Emulator, directory: Path, counter: _Counter, *, fails: str) -> Account:
    variables = {"PORT": str(counter.server.server_address[1]), "FAILS": fails}
    function = {
        "FunctionName": "ticked",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": CODE},
        "Environment": {"Variables": variables},
    }
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
    }
    (directory / "ticked.template.json").write_text(json.dumps({"Resources": resources}))
    place = Account(emulator.endpoint, "111111111111", "us-east-1")
    deploy(place, assembly=directory, stack="ticked")
    return place


@pytest.mark.emulator
def test_it_calls_again_and_again(emulator: Emulator, tmp_path: Path, counter: _Counter) -> None:
    shown: list[str] = []
    ticker = Ticker(_function(emulator, tmp_path, counter, fails="no"), "ticked", gap=0.01, show=shown.append)
    ticker.start()
    assert counter.saw(3)
    ticker.stop()
    assert shown == []


@pytest.mark.emulator
def test_a_failing_function_is_shown_once_and_called_again(
    emulator: Emulator, tmp_path: Path, counter: _Counter
) -> None:
    shown: list[str] = []
    ticker = Ticker(_function(emulator, tmp_path, counter, fails="yes"), "ticked", gap=0.01, show=shown.append)
    ticker.start()
    assert counter.saw(3)
    ticker.stop()
    assert len(shown) == 1
    assert "this function always fails" in shown[0]


@pytest.mark.emulator
def test_a_function_that_is_not_there_is_shown(emulator: Emulator) -> None:
    shown: list[str] = []
    seen = threading.Event()

    def show(text: str) -> None:
        shown.append(text)
        seen.set()

    ticker = Ticker(Account(emulator.endpoint, "111111111111", "us-east-1"), "nobody", gap=0.01, show=show)
    ticker.start()
    assert seen.wait(20)
    ticker.stop()
    assert "ResourceNotFoundException" in shown[0]


def test_stopping_what_was_never_started_is_fine() -> None:
    Ticker(Account("http://127.0.0.1:9", "111111111111", "us-east-1"), "f", gap=60, show=print).stop()
