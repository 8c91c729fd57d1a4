"""The command starts quickly, documents its exit codes, and lets no traceback out of its door."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest

from atmosphere.cli.main import _SUBCOMMANDS, main
from atmosphere.cli.output import note, print_table


def test_help_lists_every_subcommand_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    text = capsys.readouterr().out
    assert all(name in text for name in _SUBCOMMANDS)
    assert "Exit codes: 0 success, 1 problems or a refusal, 2 wrong usage." in text


@pytest.mark.parametrize("name", [name for name in _SUBCOMMANDS if name != "local"])
def test_every_subcommand_is_there_and_documents_its_exit_codes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert "Exit codes" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["environment", "baseline", "cleanup", "config"])
def test_a_group_tells_whole_sentences(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert "..." not in capsys.readouterr().out.replace("[ARGS]...", "")


def test_starting_imports_nothing_heavy() -> None:
    heavy = ("boto3", "botocore", "pydantic", "yaml", "aws_cdk", "rich", "urllib3")
    program = (
        "import sys; from atmosphere.cli.main import main; main(['--help']); "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert shown.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", [["nonsense"], ["--nonsense"], ["config", "nonsense"], ["config", "plan", "one"]])
def test_wrong_usage_exits_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "Error" in capsys.readouterr().err


def test_an_unexpected_failure_shows_type_and_text_and_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("something odd")

    monkeypatch.setattr("atmosphere.cli.config.check", fail)

    assert main(["config", "check"]) == 1
    assert capsys.readouterr().err == "ZeroDivisionError: something odd\n"
    assert main(["--debug", "config", "check"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("atmosphere.cli.config.check", interrupt)

    assert main(["config", "check"]) == 130


def test_no_cell_and_no_note_moves_the_cursor_of_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [("a\x1b[2Jb\u202ec\nd",)], empty="")
    note("a\x1b[2Jb")
    shown = capsys.readouterr()
    assert "\\u001b[2Jb\\u202ec" in shown.out
    assert "\x1b" not in shown.out + shown.err


ACCOUNT = "222222222222"
ROW = (
    f"aws://{ACCOUNT}/ap-southeast-2",
    "a pool",
    "in-use",
    "2026-11-22T10:00:00Z",
    "0b8ab9c5-6d5b-4f0b-9a52",
    "why " * 9,
)
COLUMNS = ("environment", "pool", "status", "since", "allocation", "because")


@pytest.mark.parametrize("width", [60, 80, 100, 130, 200])
def test_ids_and_accounts_stay_whole_at_every_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal, as rich sees one."""
    file = io.StringIO()
    monkeypatch.setattr("sys.stdout", file)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    print_table(COLUMNS, [ROW, ROW], empty="")

    shown = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())
    assert max(map(len, shown.splitlines())) <= width
    assert [shown.count(cell) for cell in ROW[:1] + ROW[3:5]] == [2, 2, 2]


def test_completion_knows_subcommands_and_options() -> None:
    environ = {"_ATMOSPHERE_COMPLETE": "bash_complete", "COMP_WORDS": "atmosphere all", "COMP_CWORD": "1"}
    program = "from atmosphere.cli.main import main; main()"
    shown = subprocess.run(
        [sys.executable, "-c", program],
        env={**environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.stdout == "plain,allocate\n"
