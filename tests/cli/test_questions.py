"""What operators ask in a shell: lists that are filtered, sorted or stay current, and the page; at 80 columns too."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cli import live
from atmosphere.cli.main import main
from tests.client.conftest import Answer
from tests.status.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.client.conftest import Service

pytestmark = pytest.mark.usefixtures("ready_file")


@pytest.fixture
def told(service: Service) -> Told:
    told = Told()
    service.script = [told]
    return told


class Terminal:
    """A terminal of 80 columns, as rich sees one: `raw` is what it got, `text` what of it people read."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._file = io.StringIO()

    def run(self, words: list[str]) -> int:
        for name, value in {"FORCE_COLOR": "1", "COLUMNS": "80", "TERM": "xterm"}.items():
            self._patch.setenv(name, value)
        self._patch.setattr("sys.stdout", self._file)
        return main(words)

    @property
    def raw(self) -> str:
        return self._file.getvalue()

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;]*[mHJ]", "", self.raw)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


def _listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["environment", "list", "--json", *words]) == 0
    return [each["region"] for each in json.loads(capsys.readouterr().out)["environments"]]


@pytest.mark.parametrize(
    ("words", "regions"),
    [
        (["--status", "dirty"], ["ap-southeast-2", "us-east-2"]),
        (["--status", "dirty", "--pool", "release"], ["ap-southeast-2"]),
        (["--status", "dirty", "--status", "held", "--pool", "nightly"], ["us-east-1", "us-east-2"]),
        (["--pool", "demo", "--pool", "other"], ["us-east-1", "eu-west-1"]),
        (["--pool", "nightly", "--sort", "since"], ["us-east-1", "us-west-1", "us-east-2"]),
        (["--pool", "release", "--sort", "status"], ["us-west-2", "us-east-1", "eu-central-1", "ap-southeast-2"]),
    ],
)
def test_a_list_is_filtered_and_sorted(
    told: Told, words: list[str], regions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _listed(capsys, *words) == regions


def test_a_list_by_account_is_in_order_whatever_the_service_does(
    told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    told.rows.reverse()
    assert main(["environment", "list", "--json"]) == 0
    accounts = [each["account"] for each in json.loads(capsys.readouterr().out)["environments"]]
    assert accounts == sorted(accounts)


def test_a_filter_without_a_match_says_so(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environment", "list", "--pool", "demo", "--status", "dirty"]) == 0
    assert capsys.readouterr().out == "no environment matches\n"


@pytest.mark.parametrize(
    "words",
    [
        ["environment", "list", "--status", "filthy"],
        ["environment", "list", "--sort", "age"],
        ["environment", "list", "--wait-gone", "222222222222/us-east-1", "--pool", "demo"],
        ["environment", "list", "--wait-gone", "222222222222/us-east-1", "--watch"],
        ["status", "an-id", "--watch"],
        ["status", "an-id", "--html", "page.html"],
        ["status", "--watch", "--html", "page.html"],
    ],
)
def test_what_makes_no_sense_exits_2_and_asks_nothing(told: Told, words: list[str]) -> None:
    assert main(words) == 2
    assert told.asked == []


@pytest.mark.parametrize(
    "words", [["environment", "list"], ["status"], ["leftovers", "222222222226/ap-southeast-2"]], ids=" ".join
)
def test_a_table_fits_into_80_columns(told: Told, words: list[str], terminal: Terminal) -> None:
    assert terminal.run(words) == 0
    lines = terminal.text.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("─" in line for line in lines), "it is a table, and no list of blocks"


def test_a_list_in_a_narrow_terminal_still_says_which_what_for_how_long_and_why(told: Told, terminal: Terminal) -> None:
    assert terminal.run(["environment", "list", "--status", "dirty"]) == 0
    for text in ("222222222226/ap-southeast-2", "release", "dirty", " d ", "AWS::S3::Bucket", "refused-until"):
        assert text in terminal.text


def test_a_history_fits_into_80_columns_with_everything(told: Told, terminal: Terminal) -> None:
    assert terminal.run(["history", "222222222228/us-east-1"]) == 0
    assert max(map(len, terminal.text.splitlines())) <= 80
    for text in ("aws://222222222228/us-east-1", "quota is raised", "iam:111111111111:role/runner", "(by github)"):
        assert text in terminal.text


class Moments:
    """What happens between two looks; Ctrl-C after the last one."""

    def __init__(self, *happen: Callable[[], Any]) -> None:
        self.happen = list(happen)

    def __call__(self, seconds: float) -> None:
        assert seconds == live.EVERY
        if not self.happen:
            raise KeyboardInterrupt
        self.happen.pop(0)()


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_moments(*happen: Callable[[], Any]) -> None:
        monkeypatch.setattr("atmosphere.cli.live.time.sleep", Moments(*happen))

    return set_moments


def test_in_a_pipe_a_watched_list_prints_a_line_for_what_is_new_changed_or_gone(
    told: Told, between: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    dirty = told.rows[4]
    between(lambda: None, lambda: dirty.update(status="cleaning"), lambda: told.rows.remove(dirty))
    assert main(["environment", "list", "--watch", "--pool", "release"]) == 130
    lines = [line.split("  ")[1:] for line in capsys.readouterr().out.splitlines()]
    regions = [line[0].rpartition("/")[2] for line in lines[:4]]
    assert regions == ["us-east-1", "eu-central-1", "ap-southeast-2", "us-west-2"]
    assert lines[4][:3] == ["aws://222222222226/ap-southeast-2", "release", "cleaning"]
    assert lines[5] == ["aws://222222222226/ap-southeast-2", "gone"]
    assert len(lines) == 6


def test_a_watched_list_that_becomes_empty_says_so_once(
    told: Told, between: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    between(told.rows.clear, lambda: None)
    assert main(["environment", "list", "--watch", "--status", "held"]) == 130
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  ")[2] for line in lines[1:]] == [
        "no environment matches",
        "aws://222222222228/us-east-1  gone",
    ]


def test_watched_json_is_a_line_for_each_change(
    told: Told, between: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    between(lambda: None, lambda: told.waiting.update(demo=4))
    assert main(["status", "--watch", "--json"]) == 130
    values = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["pools"][0]["waiting"] for each in values] == [3, 4]


def test_in_a_terminal_a_watched_table_is_shown_anew_in_place(
    told: Told, between: Callable[..., None], terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    between(lambda: told.waiting.update(demo=4))
    assert terminal.run(["status", "--watch"]) == 130
    assert terminal.raw.count("\x1b[2J\x1b[H") == terminal.raw.count("waiting") == 2
    assert "Ctrl-C ends it" in capsys.readouterr().err


def test_a_watched_pool_tells_when_it_is_held(
    service: Service, between: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    held = {"since": "2026-11-22T12:00:00Z", "thing": "a role", "environments": []}
    service.script = [Answer(body={"pool": "demo", "held": None}), Answer(body={"pool": "demo", "held": held})]
    between(lambda: None)
    assert main(["pool", "show", "demo", "--watch"]) == 130
    lines = [line.split("  ")[1:] for line in capsys.readouterr().out.splitlines()]
    assert ["held since", "2026-11-22T12:00:00Z"] in lines
    assert ["because of", "a role"] in lines


def test_what_a_reason_says_cannot_move_the_cursor_of_who_watches(
    told: Told, between: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    told.rows[4]["dirtyReason"] = "\x1b[2J\nblocked"
    between()
    assert main(["environment", "list", "--watch", "--status", "dirty"]) == 130
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 2


def test_the_page_is_written_by_the_operator_of_a_local_run_and_named(
    told: Told, service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new" / "status.html"
    assert main(["status", "--html", str(file)]) == 0
    assert capsys.readouterr().out == f"{file} shows it\n"
    assert file.read_text().startswith("<!doctype html>")
    assert [each.name for each in file.parent.iterdir()] == ["status.html"]
    assert {each.headers["authorization"].split("Credential=")[1].split("/")[0] for each in service.arrived} == {
        "operator"
    }
    assert main(["status", "--html", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(file)}


def test_a_page_that_cannot_be_made_leaves_the_old_one_and_exits_1(
    told: Told, service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "status.html"
    file.write_text("the old one")
    service.script = [Answer(403, body={"code": "forbidden", "message": "for operators only"})]
    assert main(["status", "--html", str(file), "--as", "runner"]) == 1
    assert "for operators only" in capsys.readouterr().err
    assert file.read_text() == "the old one"


def test_a_page_for_a_folder_that_is_a_file_exits_1(
    told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("")
    assert main(["status", "--html", str(tmp_path / "taken" / "status.html")]) == 1
    assert "taken" in capsys.readouterr().err
