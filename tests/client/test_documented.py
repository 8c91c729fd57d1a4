"""docs/python-client.md: every snippet runs as it is, against a service on loopback and with AWS in this process."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from moto import mock_aws

from atmosphere.client import errors, pytest_plugin
from atmosphere.client.asking import Options
from tests.cli.lending import Lending
from tests.client.conftest import Answer, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = (Path(__file__).parents[2] / "docs" / "python-client.md").read_text()
SNIPPETS: Final = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TEST: Final = [snippet for snippet in SNIPPETS if "def test_" in snippet]


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture
def lending(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lending]:
    service = Lending()
    monkeypatch.setenv("ATMOSPHERE_ENDPOINT", service.endpoint)
    monkeypatch.delenv("ATMOSPHERE_READY_FILE", raising=False)
    with mock_aws():  # which sets keys of its own
        yield service
    service.stop()


@pytest.mark.parametrize("snippet", [each for each in SNIPPETS if each not in TEST])
def test_a_snippet_runs_and_leaves_nothing(lending: Lending, snippet: str) -> None:
    exec(compile(snippet, "docs/python-client.md", "exec"), {"endpoint": lending.endpoint})  # noqa: S102 our own page
    assert lending.held == set()
    assert set(lending.outcomes.values()) <= {"success"}


@pytest.mark.parametrize(
    ("answer", "prints"),
    [
        (refused(423, "pool-busy", after=100, position=4), "nothing became free 4"),
        (Answer(403, {"message": "no rule", "code": "forbidden"}), "wrong or not allowed: forbidden no rule"),
        (Answer(body=b"<html>"), "no usable reply"),
    ],
)
def test_the_snippet_about_errors_catches_them(
    lending: Lending, capsys: pytest.CaptureFixture[str], answer: Any, prints: str
) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", section("Errors"), re.DOTALL)
    lending.first = [answer, answer]
    exec(compile(snippet.replace("60", "0"), "docs/python-client.md", "exec"), {})  # noqa: S102 our own page
    assert prints in capsys.readouterr().out


def test_the_snippet_with_a_fixture_is_a_test_of_it(lending: Lending) -> None:
    from atmosphere.client.connect import from_variables  # noqa: PLC0415 after moto has keys

    scope: dict[str, Any] = {}
    exec(compile(TEST[0], "docs/python-client.md", "exec"), scope)  # noqa: S102 our own page
    with from_variables().allocation("demo", requester="me") as held:
        scope["test_bucket"](held)


def test_every_kind_of_error_is_explained() -> None:
    kinds = {
        name
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, Exception) and found.__module__ == errors.__name__
    }
    assert set(re.findall(r"^\| `(\w+)` \|", section("Errors"), re.MULTILINE)) == kinds


def test_every_option_is_explained() -> None:
    table = "".join(re.findall(r"^\|([^|]+)\|", section("What you can ask for"), re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", table)) == set(Options.__annotations__)


def test_every_setting_of_the_plugin_is_explained() -> None:
    names = {*pytest_plugin._SETTINGS, "environments", "constraints"}
    assert set(re.findall(r"`atmosphere_(\w+)` \|", section("pytest"))) == names
    assert set(re.findall(r"`--atmosphere-(\w+)` \|", section("pytest"))) == names - {"constraints"}
