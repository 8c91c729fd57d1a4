"""What is told to the runner arrives as one value, whatever is in it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere_action import entry
from atmosphere_action.errors import FileTrouble
from atmosphere_action.runner import Runner, plain

if TYPE_CHECKING:
    from tests.action.conftest import Job


def told(text: str) -> str:
    out = io.StringIO()
    Runner({}, out).say(text)
    return out.getvalue()


def test_values_with_lines_of_their_own_stay_one_value(job: Job) -> None:
    runner = Runner(job.environ, io.StringIO())
    sly = "first\nother<<end\nvalue\nend\nlast"

    runner.env("NAME", sly)
    runner.env("NEXT", "2")

    assert job.values("ENV") == {"NAME": sly, "NEXT": "2"}


@given(st.text() | st.text("#[: \nx"))
def test_no_text_for_people_is_a_command(text: str) -> None:
    line = told(text)

    assert line.count("\n") == 1
    assert not line.strip().startswith("::")
    assert "##[" not in line


def test_an_annotation_is_one_line_with_its_title() -> None:
    out = io.StringIO()

    Runner({}, out).error("a: b, c", "50 %\nof it")

    assert out.getvalue() == "::error title=a%3A b%2C c::50 %25%0Aof it\n"


def test_a_long_annotation_is_cut() -> None:
    out = io.StringIO()

    Runner({}, out).error("t", "x" * 9000)

    assert len(out.getvalue()) < 4096


def test_masks_are_escaped_and_short_values_are_not_masked() -> None:
    out = io.StringIO()
    runner = Runner({}, out)

    for value in ("", "short", "a%long\nvalue"):
        runner.mask(value)

    assert out.getvalue() == "::add-mask::a%25long%0Avalue\n"


def test_a_group_is_closed_when_what_is_in_it_fails() -> None:
    out = io.StringIO()

    with pytest.raises(ZeroDivisionError), Runner({}, out).group("waiting"):
        1 / 0  # noqa: B018 the failure is the point

    assert out.getvalue() == "::group::waiting\n::endgroup::\n"


def test_outside_a_runner_it_says_so() -> None:
    with pytest.raises(FileTrouble, match="GITHUB_STATE is not set"):
        Runner({}).state("a", "b")


def test_foreign_text_is_one_line_of_limited_length() -> None:
    assert plain("a\r\nb\x1b[31m\u2028c") == "a  b [31m c"
    assert len(plain("x" * 1000)) == 500


def test_a_bug_tells_where_it_is_and_no_values() -> None:
    secret = "of-nobody's-business"
    out = io.StringIO()

    def broken() -> int:
        raise KeyError(secret)

    assert entry._reported(Runner({}, out), broken) == 1
    assert "KeyError at entry.py:" in out.getvalue()
    assert secret not in out.getvalue()


@pytest.mark.parametrize("arguments", [[], ["other"], ["main", "x"], ["credentials"]])
def test_other_commands_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.run(arguments) == 2
    assert "usage" in capsys.readouterr().err
