"""Problems as GitHub's workflow commands: at their lines, and whatever a file holds, each is exactly one command."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.cli.annotations import annotation
from atmosphere.cli.main import main
from atmosphere.config.problems import Problem, Severity

EXAMPLES = Path(__file__).resolve().parents[2] / "config"
# How GitHub's runner and act split their input into lines, and find a command at the start of one.
LINES = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
COMMAND = re.compile(r"\s*::(?P<name>[^ :]+)(?: (?P<properties>.*?))?::(?P<text>.*)", re.DOTALL)


def decoded(line: str) -> tuple[str, dict[str, str], str]:
    """What the runner makes of a command."""
    found = COMMAND.fullmatch(line)
    assert found, line
    pairs = dict(part.split("=", 1) for part in (found["properties"] or "").split(",") if part)
    codes = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))

    def back(text: str, last: int) -> str:
        for code, character in (*codes[:last], codes[-1]):
            text = text.replace(code, character)
        return text

    return found["name"], {name: back(value, 4) for name, value in pairs.items()}, back(found["text"], 2)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(EXAMPLES, tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spoil(repository: Path, old: str, new: str) -> None:
    path = repository / "config" / "environments.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_a_problem_is_shown_at_its_file_and_line(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(repository, "pool: demo", "pol: demo")

    assert main(["config", "check", "--format", "github"]) == 1

    done = capsys.readouterr()
    commands = [decoded(line) for line in done.out.splitlines()]
    where = {"file": "config/environments.yaml", "line": "9", "title": "Configuration error"}
    assert ("error", where, "environments[0].pol: unknown key 'pol'; did you mean pool?") in commands
    assert "2 to fix" in done.err


def test_a_warning_is_a_warning_and_does_not_fail(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    access = repository / "config" / "access.yaml"
    access.write_text(access.read_text().replace(", europe]", "]"))

    assert main(["config", "check", "--format", "github"]) == 0

    ((name, where, _),) = [decoded(line) for line in capsys.readouterr().out.splitlines() if line.startswith("::")]
    assert (name, where["file"]) == ("warning", "config/environments.yaml")


@pytest.mark.parametrize(
    "evil",
    [
        r'"x\n::add-mask::y"',
        r'"x\r::warning::y"',
        r'"x\L::set-output name=a::b"',
        r'"x\N::stop-commands::y"',
        "'::error::x'",
        "'x##[add-mask]y'",
        "'%0A::error::x%0D'",
        r'"\e[31m"',
    ],
)
def test_a_value_cannot_be_a_command(repository: Path, capsys: pytest.CaptureFixture[str], evil: str) -> None:
    spoil(repository, "pool: demo", f"pool: {evil}")

    assert main(["config", "check", "--format", "github"]) == 1

    done = capsys.readouterr()
    lines = [line for line in LINES.split(done.out + done.err) if line]
    commands = [decoded(line)[0] for line in lines if line.lstrip().startswith("::")]
    assert set(commands) <= {"error", "warning"}
    assert len(commands) == len([line for line in done.out.splitlines() if line])
    assert "##[" not in done.out + done.err
    assert "\x1b" not in done.out + done.err


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_whatever_a_problem_says_it_is_one_command_with_one_place(what: str, remedy: str, path: str) -> None:
    problem = Problem(file="a,b:c%.yaml", line=3, path=path, what=what, remedy=remedy, severity=Severity.WARNING)

    line = annotation(Path("dir,ectory"), problem)

    assert len(LINES.split(line)) == 1
    name, properties, _ = decoded(line)
    assert (name, list(properties)) == ("warning", ["file", "line", "title"])
    assert (properties["file"], properties["line"]) == ("dir,ectory/a,b:c%.yaml", "3")
