"""What the shims tell the runner, in its own form (docs.github.com, "Workflow commands")."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.action.shim.steps import Step


def said(step: Step, call: str) -> str:
    ended = step.run("-e", f"require({json.dumps(str(step.action / 'runner.js'))}).{call}")
    assert ended.code == 0, ended.output
    return ended.output


def test_a_message_stays_one_command_whatever_it_holds(step: Step) -> None:
    output = said(step, r"annotate('error', 'a: b, c', '100%\r\n::set-output name=x::y')")
    assert output == "::error title=a%3A b%2C c::100%25%0D%0A::set-output name=x::y\n"


@pytest.mark.parametrize("value", ["plain", "two\nlines", "end\nEVIL<<end\nyes\nend", "caf\u00e9 = 1"])
def test_a_value_stays_one_value_whatever_it_holds(step: Step, value: str) -> None:
    said(step, f"write('GITHUB_ENV', {json.dumps({'NAME': value, 'OTHER': 'x'})})")
    assert step.written("GITHUB_ENV") == {"NAME": value, "OTHER": "x"}


def test_nobody_can_know_where_a_value_ends(step: Step) -> None:
    said(step, "write('GITHUB_ENV', {A: '1', B: '2'})")
    said(step, "write('GITHUB_ENV', {A: '1', B: '2'})")
    marks = re.findall(r"<<(.*)$", Path(step.env["GITHUB_ENV"]).read_text(), re.MULTILINE)
    assert len(set(marks)) == 4
    assert all(len(mark) > 30 for mark in marks)


def test_much_text_arrives_whole_in_a_reader_that_is_slow(step: Step) -> None:
    assert said(step, "line('x'.repeat(3_000_000))") == "x" * 3_000_000 + "\n"
