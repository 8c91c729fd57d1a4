"""Reports for people: nothing that a test named is markup, and each blocker ends with the command to run next."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from markdown_it import MarkdownIt

from atmosphere.cleanup.model import GLOBAL, Resource, Trouble
from atmosphere.cleanup.report.markdown import markdown
from atmosphere.cleanup.report.next_steps import next_step
from tests.cleanup.conftest import REGION
from tests.cleanup.scene import KEY

HOSTILE = (
    "[EVIL](http://evil.example)",
    "![EVIL](http://evil.example/x.png)",
    "<img src=x onerror=EVIL>",
    "<!-- EVIL",
    "<http://evil.example/EVIL>",
    "https://evil.example/EVIL www.evil.example EVIL@evil.example",
    "@octocat @org/EVIL #1 GH-1 org/EVIL#2",
    "<!channel> <@U123> <http://evil.example|EVIL>",
    "a | EVIL | b",
    "EVIL` [x](http://evil.example) `EVIL",
    "``` EVIL",
    "EVIL\n\n# EVIL\n\n| EVIL | EVIL |\n| --- | --- |\n",
    "EVIL\r\n> EVIL",
    "EVIL\\",
    "**EVIL** _EVIL_ ~~EVIL~~ &lt;EVIL&gt;",
    "\x1b[2JEVIL\u202eLIVE\u2066",
)


def everywhere(text: str) -> dict[str, Any]:
    """A report in which a test chose all that it can choose, and more."""
    blocker = {
        "type": f"Custom::{text}",
        "id": text,
        "region": "us-east-1",
        "stack": text,
        "created": None,
        "attempts": 1,
        "code": text,
        "message": text,
        "first": {"code": text, "message": text},
        "blockedBy": [text, text],
        "console": "https://console.aws.amazon.com/go/view?arn=x",
        "next": {"what": "delete it", "command": f"atmosphere x {text}"},
    }
    return {
        "environment": str(KEY),
        "verdict": "dirty",
        "reason": f"blocked:{text}",
        "allocation": "a",
        "attempt": 1,
        "at": "now",
        "passes": 1,
        "mutations": 0,
        "explanation": text,
        "requester": text,
        "blockers": [blocker],
        "totals": {"found": {text: 1}, "removed": {}, "left": {}},
        "unknown": {text: text},
        "deferred": [text],
        "uncovered": [text],
        "unexplained": {text: text},
        "skipped": {text: text},
    }


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", text)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_test_chose_is_code_wherever_a_report_shows_it(text: str) -> None:
    page = markdown(everywhere(text))
    assert "EVIL" in page
    assert not re.search(r"EVIL|LIVE|octocat|U123|evil|channel|\x1b|\u202e|\u2066|\r", without_code(page))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_keeps_its_shape_whatever_a_test_chose(text: str) -> None:
    assert shape(markdown(everywhere(text))) == shape(markdown(everywhere("harmless")))


def shape(page: str) -> list[tuple[str, tuple[str, ...]]]:
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    return [(token.type, tuple(child.type for child in token.children or ())) for token in tokens]


@pytest.mark.parametrize(
    ("trouble", "command"),
    [
        ("DependencyViolation", f"atmosphere cleanup run {KEY.path} --reason WHY"),
        ("baseline-missing", f"atmosphere baseline drop {KEY.path} AWS::SQS::Queue:q@{REGION} --reason WHY"),
        ("baseline-changed", f"atmosphere baseline adopt {KEY.path} AWS::SQS::Queue:q@{REGION} --reason WHY"),
        ("no-baseline", f"atmosphere baseline recapture {KEY.path} --reason WHY"),
        ("owns-kept-resource", f"atmosphere cleanup run {KEY.path} --reason WHY"),
    ],
)
def test_each_blocker_has_the_command_to_run_next(trouble: str, command: str) -> None:
    step = next_step(KEY, Resource("AWS::SQS::Queue", "q", REGION), Trouble(code=trouble, message="m"))
    assert step.command == command
    assert step.what


@pytest.mark.parametrize("name", ["$(id)", "a'; id; '", "a b", "x{place}", "--all", "a\\"])
def test_a_command_passes_a_name_as_one_word(name: str) -> None:
    item = Resource("AWS::IAM::Role", name, GLOBAL)
    step = next_step(KEY, item, Trouble(code="baseline-missing", message="m"))
    assert shlex.split(step.command)[4] == item.address


@pytest.mark.parametrize("name", ["a`id`", "a|b", "a\nid\n", "a\u202eb", "a<b", "\x1b[201~id"])
def test_a_name_that_a_page_does_not_show_as_it_is_stays_out_of_the_command(name: str) -> None:
    step = next_step(KEY, Resource("AWS::IAM::Role", name, GLOBAL), Trouble(code="baseline-missing", message="m"))
    assert step.command == f"atmosphere baseline drop {KEY.path} ITEM --reason WHY"


def test_listings_that_failed_have_the_command_to_run_next() -> None:
    assert f"`atmosphere cleanup run {KEY.path} --reason WHY`" in markdown({**everywhere("x"), "blockers": []})


def test_reports_of_older_versions_have_no_next_step() -> None:
    report = everywhere("x")
    del report["blockers"][0]["next"]
    assert "atmosphere x x" not in markdown(report)
