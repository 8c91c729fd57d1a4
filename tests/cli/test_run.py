"""`atmosphere run` gives a command an environment, and gives it back however the command, the service or it ends."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cli import child
from atmosphere.cli.main import main
from atmosphere.client.transport import RealPace
from tests.client.conftest import LOST, Answer, refused

if TYPE_CHECKING:
    from tests.cli.lending import Lending

RUN = ["run", "--pool", "demo", "--requester", "me"]
OFTEN = 0.03  # seconds after which an allocation is lost: a beat each hundredth
SHOW = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
STAYS = "while True: time.sleep(0.05)"  # in one long sleep, a signal just before it would wait for its end
UNTIL = "import os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.01)"


def python(code: str, *words: str) -> list[str]:
    return ["--", sys.executable, "-c", code, *words]


@pytest.fixture(autouse=True)
def caller(lending: Lending, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OWNER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("ATMOSPHERE_ENDPOINT", lending.endpoint)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes as soon as the client pauses."""
    passed = [0.0]
    monkeypatch.setattr(RealPace, "now", lambda _: time.monotonic() + passed[0])
    monkeypatch.setattr(RealPace, "sleep", lambda _, seconds: passed.__setitem__(0, passed[0] + seconds))


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    return tmp_path / "shown.json"


@pytest.mark.parametrize(
    ("code", "exits", "outcome"),
    [
        ("", 0, "success"),
        ("raise SystemExit(3)", 3, "failed: exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, "failed: SIGKILL"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143, "failed: SIGTERM"),
    ],
)
def test_the_exit_code_is_the_command_s_and_the_outcome_says_it(
    lending: Lending, state: Path, code: str, exits: int, outcome: str
) -> None:
    assert main([*RUN, *python(code)]) == exits

    assert lending.held == set()
    assert list(lending.outcomes.values()) == [outcome]
    assert list(state.iterdir()) == []


def test_the_command_has_the_environment_in_variables_and_nothing_that_wins_over_them(
    lending: Lending, shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECURITY_TOKEN", "stale")

    words = [*RUN, "--env", 'TF_VAR_place={account}/{region} {"a": 1}', "--env", "POOL={pool}"]
    assert main([*words, *python(SHOW, str(shown))]) == 0

    found = json.loads(shown.read_text())
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("an id", "a secret")
    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == ("us-east-1", "us-east-1")
    assert "AWS_SECURITY_TOKEN" not in found
    assert found["ATMOSPHERE_ALLOCATION"] in lending.outcomes
    assert found["TF_VAR_place"] == '222222222222/us-east-1 {"a": 1}'
    assert found["POOL"] == "demo"


def test_a_profile_renews_the_credentials_of_each_environment(lending: Lending, shown: Path) -> None:
    ask = "c = configparser.ConfigParser(); c.read(os.environ['AWS_CONFIG_FILE']); "
    ask += "run = lambda name: json.loads(subprocess.check_output(shlex.split(c[name]['credential_process']))); "
    ask += "keys = [run('profile atmosphere'), run('profile atmosphere-two')]; "
    ask += "json.dump([dict(os.environ), keys], open(sys.argv[1], 'w'))"
    code = f"import configparser, json, os, shlex, subprocess, sys; {ask}"

    words = [
        *RUN,
        "--credentials",
        "profile",
        "--environment",
        "one",
        "--environment",
        "two",
        "--env",
        "B={two.account}",
    ]
    assert main([*words, *python(code, str(shown))]) == 0

    environ, keys = json.loads(shown.read_text())
    assert [each["SecretAccessKey"] for each in keys] == ["a secret", "a secret"]
    assert (environ["AWS_PROFILE"], environ["B"]) == ("atmosphere", "222222222223")
    assert "AWS_ACCESS_KEY_ID" not in environ
    assert not Path(environ["AWS_CONFIG_FILE"]).exists()


def test_variables_of_several_environments_are_refused(lending: Lending, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--environment", "one", "--environment", "two", "--", "true"]) == 2
    assert "use --credentials profile" in " ".join(capsys.readouterr().err.split())
    assert lending.asked == []


@pytest.mark.parametrize(
    ("make", "exits", "says"),
    [
        (lambda _: "no-such-command", 127, "'no-such-command' was not found"),
        (lambda path: str(path / "missing"), 127, "was not found"),
        (lambda path: str(_plain(path)), 126, "cannot be executed (permission denied)"),
    ],
)
def test_a_command_that_is_not_there_is_found_before_anything_is_allocated(  # noqa: PLR0917 fixtures and a table
    lending: Lending, tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Any, exits: int, says: str
) -> None:
    assert main([*RUN, "--", make(tmp_path)]) == exits
    assert says in capsys.readouterr().err
    assert lending.asked == []


def _plain(path: Path) -> Path:
    (path / "plain").write_text("no program")
    return path / "plain"


@pytest.mark.parametrize(("then", "exits"), [("gone", 127), ("no program", 126)])
def test_a_command_that_cannot_be_started_after_all_gives_the_environment_back(
    lending: Lending, tmp_path: Path, capsys: pytest.CaptureFixture[str], then: str, exits: int
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)

    def meanwhile(_: str) -> None:
        if then == "gone":
            program.unlink()
        else:
            program.write_text("\x7fELF")

    lending.on_allocate = meanwhile

    assert main([*RUN, "--", str(program)]) == exits

    assert list(lending.outcomes.values()) == ["failed: the command was not started"]
    assert lending.held == set()
    assert str(program) in capsys.readouterr().err


def test_nothing_free_within_the_wait_has_a_code_of_its_own(
    lending: Lending, capsys: pytest.CaptureFixture[str]
) -> None:
    lending.first = [refused(423, "pool-busy", after=1)]
    assert main([*RUN, "--wait", "0", "--", "true"]) == 75
    assert "pool-busy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("no rule", "this caller may use demo"),
        ("The security token included in the request is expired", "have expired: renew them"),
        ("Credential should be scoped to a valid region, not 'us-east-1'.", "give --region with"),
        ("Signature expired: 20261122T000000Z is now earlier than 20261122T010000Z", "clock"),
    ],
)
def test_a_refusal_says_what_to_do_and_runs_nothing(
    lending: Lending, shown: Path, capsys: pytest.CaptureFixture[str], message: str, says: str
) -> None:
    lending.first = [Answer(403, {"message": message, "code": "forbidden"})]

    assert main([*RUN, *python(SHOW, str(shown))]) == 125

    assert says in " ".join(capsys.readouterr().err.split())
    assert not shown.exists()


def test_an_endpoint_where_nothing_answers_is_named(
    monkeypatch: pytest.MonkeyPatch, quick: None, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATMOSPHERE_ENDPOINT", "http://127.0.0.1:1/v1")
    assert main([*RUN, "--", "true"]) == 125
    assert "127.0.0.1:1 refuses connections: check the address" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("answer", [Answer(body=b"<html>"), Answer(body={"id": "x"}), Answer(body=b"[]")])
def test_a_reply_that_cannot_be_read_gives_back_what_it_may_have_granted(
    lending: Lending, capsys: pytest.CaptureFixture[str], answer: Answer
) -> None:
    lending.on_allocate = lambda _: answer
    assert main([*RUN, "--", "true"]) == 125
    assert lending.held == set()
    assert len(lending.outcomes) == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_a_storm_of_failures_is_waited_for_and_then_given_up(
    lending: Lending, capsys: pytest.CaptureFixture[str]
) -> None:
    lending.first = [Answer(503, {"message": "a dependency failed", "code": "unavailable"}) for _ in range(500)]
    assert main([*RUN, "--", "true"]) == 125
    assert len(lending.asked) > 3
    assert lending.held == set()
    assert "a dependency failed" in capsys.readouterr().err


@pytest.mark.usefixtures("quick")
def test_a_short_storm_passes(lending: Lending) -> None:
    lending.first = [Answer(503, b"<html>"), LOST, Answer(500, {})]
    assert main([*RUN, "--", "true"]) == 0
    assert len(lending.asked) == 4


def test_errors_are_json_with_json_but_not_with_the_command_s_own(
    lending: Lending, capsys: pytest.CaptureFixture[str]
) -> None:
    lending.first = [refused(400, "unsatisfiable"), refused(400, "unsatisfiable")]
    assert main([*RUN, "--json", "--", "true"]) == 125
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["code"] == "unsatisfiable"

    assert main([*RUN, "--", "true", "--json"]) == 125
    assert "{" not in capsys.readouterr().err


def test_with_json_the_last_line_says_how_it_went(lending: Lending, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--json", "--", "sh", "-c", "echo out; echo err >&2; exit 4"]) == 4

    shown = capfd.readouterr()
    (id_,) = lending.outcomes
    assert shown.out == "out\n"
    assert json.loads(shown.err.splitlines()[-1]) == {
        "id": id_,
        "exitCode": 4,
        "outcome": "failed: exit code 4",
        "released": True,
    }


def test_heartbeats_come_while_the_command_runs(lending: Lending, tmp_path: Path) -> None:
    lending.heartbeat = OFTEN
    lending.on_beat = lambda _: (tmp_path / "go").touch() if len(lending.beats) >= 3 else None

    assert main([*RUN, *python(UNTIL, str(tmp_path / "go"))]) == 0

    assert lending.asked[0]["heartbeatSeconds"] == 180
    assert set(lending.beats) == set(lending.outcomes)


def test_the_interval_of_heartbeats_is_a_third_of_what_the_service_waits(lending: Lending) -> None:
    assert main([*RUN, "--heartbeat", "5m", "--", "true"]) == 0
    assert main([*RUN, "--heartbeat", "off", "--", "true"]) == 0
    assert main([*RUN, "--heartbeat", "5s", "--", "true"]) == 2
    assert [asked.get("heartbeatSeconds") for asked in lending.asked] == [900, None]


def test_a_service_without_heartbeats_is_asked_without(lending: Lending, capsys: pytest.CaptureFixture[str]) -> None:
    lending.heartbeat = None
    assert main([*RUN, "--", "true"]) == 0
    assert ["heartbeatSeconds" in asked for asked in lending.asked] == [True, False]
    assert "takes no heartbeats like that" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(("ignore", "grace"), [("", 600.0), ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", 0.2)])
def test_a_command_whose_allocation_has_ended_is_stopped(  # noqa: PLR0917 fixtures and a table
    lending: Lending,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    ignore: str,
    grace: float,
) -> None:
    monkeypatch.setattr(child, "_GRACE", grace)
    lending.heartbeat = OFTEN
    started = tmp_path / "started"
    lending.on_beat = lambda id_: lending.lose(id_) if started.exists() else None
    code = f"import pathlib, signal, sys, time\n{ignore}\npathlib.Path(sys.argv[1]).touch()\n{STAYS}"

    assert main([*RUN, *python(code, str(started))]) == 124

    assert "the allocation is over (outcome 'lost')" in " ".join(capsys.readouterr().err.split())
    assert list(lending.outcomes.values()) == ["lost"]


@pytest.mark.usefixtures("quick")
def test_a_service_that_is_lost_does_not_stop_the_command(
    lending: Lending, tmp_path: Path, capsys: pytest.CaptureFixture[str], state: Path
) -> None:
    lending.heartbeat = OFTEN
    go = tmp_path / "go"

    def lost(_: str) -> object:
        lending.script = [LOST]
        go.touch()
        return LOST

    lending.on_beat = lost

    assert main([*RUN, *python(UNTIL, str(go))]) == 0

    shown = " ".join(capsys.readouterr().err.split())
    (id_,) = lending.held
    assert f"allocation {id_} may still be in use" in shown
    assert (state / id_ / "lease.json").exists(), "for `atmosphere deallocate`"


def test_an_outage_is_reported_once_and_so_is_its_end(
    lending: Lending, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lending.heartbeat = OFTEN
    go = tmp_path / "go"

    def flaky(_: str) -> object:
        if len(lending.beats) < 4:
            return refused(403, "forbidden")
        if len(lending.beats) == 6:
            go.touch()
        return None

    lending.on_beat = flaky

    assert main([*RUN, *python(UNTIL, str(go))]) == 0

    shown = " ".join(capsys.readouterr().err.split())
    assert shown.count("did not take a heartbeat") == 1
    assert shown.count("takes heartbeats again") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1])
def test_signals_reach_the_command_which_decides_what_follows(
    lending: Lending, tmp_path: Path, number: signal.Signals
) -> None:
    ready = tmp_path / "ready"
    code = (
        "import pathlib, signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(7))\n"
        f"pathlib.Path(sys.argv[1]).touch()\n{STAYS}"
    )
    program = "import sys; from atmosphere.cli.main import main; sys.exit(main())"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *RUN, *python(code, str(ready))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    until_there(ready)
    process.send_signal(number)

    assert process.wait(30) == 7
    assert list(lending.outcomes.values()) == ["failed: exit code 7"]


def until_there(path: Path) -> None:
    give_up = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_ctrl_c_in_a_terminal_reaches_the_command_once(lending: Lending, tmp_path: Path) -> None:
    """A terminal signals its whole foreground group: forwarded too, it would be the second Ctrl-C of many tools."""
    ready, once = tmp_path / "ready", tmp_path / "once"
    code = (
        "import pathlib, signal, sys, time\n"
        "seen = []\n"
        "signal.signal(signal.SIGINT, lambda *_: (seen.append(1), pathlib.Path(sys.argv[2]).touch()))\n"
        "signal.signal(signal.SIGUSR1, lambda *_: sys.exit(40 + len(seen)))\n"
        f"pathlib.Path(sys.argv[1]).touch()\n{STAYS}"
    )
    program = (
        "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "from atmosphere.cli import child\n"
        "send = child._send\n"  # two signals at once may become one, so what is sent is counted here
        "child._send = lambda process, number: (print(int(number), flush=True), send(process, number))\n"
        "from atmosphere.cli.main import main; sys.exit(main())"
    )
    terminal, side = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program, *RUN, *python(code, str(ready), str(once))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=side,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    until_there(ready)
    os.write(terminal, b"\x03")
    until_there(once)
    process.send_signal(signal.SIGUSR1)  # forwarded after whatever Ctrl-C leads to

    sent, _ = process.communicate(timeout=30)
    assert process.returncode == 41
    assert sent.split() == [str(int(signal.SIGUSR1))]
    os.close(terminal)
    os.close(side)
    assert lending.held == set()


def test_a_wait_is_a_line_for_each_try_where_there_is_no_terminal(
    lending: Lending, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RealPace, "sleep", lambda *_: None)
    estimate = {"estimatedWaitSeconds": {"from": 600, "to": 1500}}
    lending.first = [
        refused(423, "pool-busy", after=3, position=2, waiting=4, **estimate),
        refused(423, "pool-busy", after=3, position=1, waiting=4),
    ]

    assert main([*RUN, "--", "true"]) == 0

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "pool-busy, position 2 of 4: waited 0 s, about 10 to 25 min more, next try in 3 s"
    assert lines[1].startswith("pool-busy, position 1 of 4: ")
    assert "\x1b[2K" not in "".join(lines)


def test_a_wait_is_one_line_that_changes_in_a_terminal(
    lending: Lending, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RealPace, "sleep", lambda *_: None)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    lending.first = [refused(423, "pool-busy", after=3, position=2), refused(423, "pool-busy", after=3, position=1)]

    assert main([*RUN, "--", "true"]) == 0

    first, second = (line for line in capsys.readouterr().err.split("\r\x1b[2K") if line.startswith("pool-busy"))
    assert (first, second) == ("pool-busy, position 2: waited 0 s, next", "pool-busy, position 1: waited 0 s, next")


def test_the_requester_is_the_build_where_there_is_one(lending: Lending, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILD_URL", "https://ci.example.com/job/7")
    for name in ("CI_JOB_URL", "GITHUB_RUN_ID", "ATMOSPHERE_REQUESTER"):
        monkeypatch.delenv(name, raising=False)
    assert main(["run", "--pool", "demo", "--", "true"]) == 0
    assert lending.asked[0]["requester"] == "https://ci.example.com/job/7"


def test_what_follows_the_command_is_the_command_s(lending: Lending, shown: Path) -> None:
    code = "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"
    words = shlex.split("--pool other -- --json --help")
    assert main([*RUN, *python(code, str(shown), *words)]) == 0
    assert json.loads(shown.read_text()) == words
    assert lending.asked[0]["pool"] == "demo"
