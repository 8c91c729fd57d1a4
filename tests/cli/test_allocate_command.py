"""`atmosphere allocate` hands over what it got, or releases it; its profile is the caller's that allocated."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import signal
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cli.main import main
from tests.client.conftest import ID, LOST, Answer, entry, granted, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.client.conftest import Arrived, Service

ALLOCATE = ["allocate", "--pool", "demo", "--requester", "me"]
PROGRAM = "import sys; from atmosphere.cli.main import main; sys.exit(main())"


def granting(*entries: dict[str, Any]) -> Callable[[Arrived], Answer]:
    """Grants under the id that was asked for, as the service does."""

    def answer(arrived: Arrived) -> Answer:
        id_ = arrived.headers.get("idempotency-key") or arrived.path.split("/")[-2]
        return Answer(body={**granted(*entries).body, "id": id_, "expiresAt": "2099-11-22T13:00:00Z"})

    return answer


def lasting(name: str = "default", account: str = "222222222222") -> dict[str, Any]:
    found = entry(name, account)
    found["credentials"]["expiration"] = "2099-11-22T11:00:00Z"
    return found


def signers(service: Service) -> list[str]:
    return [
        arrived.headers["authorization"].partition("Credential=")[2].partition("/")[0] or "release token"
        for arrived in service.arrived
    ]


def released(service: Service) -> list[str]:
    return [arrived.path.rpartition("/")[2] for arrived in service.arrived if arrived.method == "DELETE"]


def asked_ids(service: Service) -> list[str]:
    return [arrived.headers["idempotency-key"] for arrived in service.arrived if arrived.path.endswith("/allocations")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose shared files have a default profile and one named `corp`."""
    aws = tmp_path / "home" / ".aws"
    aws.mkdir(parents=True)
    (aws / "credentials").write_text(
        "[default]\naws_access_key_id = DEFAULTKEY\naws_secret_access_key = x\n"
        "[corp]\naws_access_key_id = CORPKEY\naws_secret_access_key = x\n"
    )
    (aws / "config").write_text("[default]\nregion = ap-south-1\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def endpoint(service: Service, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ATMOSPHERE_ENDPOINT", service.endpoint)
    return service.endpoint


def profiles(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(path)
    return parser


def command_of(path: Path, profile: str = "atmosphere") -> list[str]:
    return shlex.split(profiles(path)[f"profile {profile}"]["credential_process"])[1:]


def as_test(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """The variables that a test is run with."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_PROFILE", "atmosphere")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_a_profile_file_has_a_profile_for_each_environment_and_no_secret(
    service: Service, endpoint: str, home: Path, tmp_path: Path
) -> None:
    service.script = [granting(entry("one"), entry("two", "333333333333"))]
    path = tmp_path / "aws config"

    words = [*ALLOCATE, "--environment", "one", "--environment", "two", "--profile-file", str(path)]
    assert main(words) == 0

    assert profiles(path).sections() == ["profile atmosphere", "profile atmosphere-two"]
    assert profiles(path)["profile atmosphere-two"]["region"] == "us-east-1"
    assert "a secret" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("options", "variables", "signer"),
    [
        ([], {}, "DEFAULTKEY"),
        (["--profile", "corp"], {}, "CORPKEY"),
        ([], {"AWS_PROFILE": "corp"}, "CORPKEY"),
        ([], {"AWS_ACCESS_KEY_ID": "VARIABLEKEY", "AWS_SECRET_ACCESS_KEY": "x"}, "VARIABLEKEY"),
    ],
)
def test_the_profile_s_command_signs_as_the_caller_that_allocated(  # noqa: PLR0917 fixtures and a table
    service: Service,
    endpoint: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    variables: dict[str, str],
    signer: str,
) -> None:
    service.script = [granting()]
    path = tmp_path / "profile"
    with monkeypatch.context() as caller:
        for name, value in variables.items():
            caller.setenv(name, value)
        assert main([*ALLOCATE, *options, "--profile-file", str(path)]) == 0
    capsys.readouterr()

    as_test(monkeypatch, path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(command_of(path)) == 0

    assert json.loads(capsys.readouterr().out)["SecretAccessKey"] == "a secret"
    assert signers(service) == [signer, signer]
    assert os.environ["AWS_PROFILE"] == "atmosphere"


def test_a_profile_that_would_resolve_to_itself_is_refused_and_not_started_again(
    service: Service, endpoint: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a profile written by other means would be: its command signs with AWS_PROFILE, which is that profile."""
    command = f"{sys.executable} -c '{PROGRAM}' credentials {ID} --endpoint {service.endpoint}"
    config = tmp_path / "config"
    config.write_text(f"[profile atmosphere]\ncredential_process = {command}\n")
    as_test(monkeypatch, config)

    ran = subprocess.run([*shlex.split(command)], capture_output=True, text=True, timeout=30, check=False)

    assert ran.returncode == 1
    assert f"the profile of allocation {ID} is used to request its own credentials" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert service.arrived == []


def _missing(tmp_path: Path) -> Path:
    return tmp_path / "missing" / "config"


def _someone_elses(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.write_text("mine")
    return path


def _link(tmp_path: Path) -> Path:
    path = tmp_path / "link"
    path.symlink_to(tmp_path / "target")
    return path


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (_missing, "does not exist: create it"),
        (_someone_elses, "did not write it: name another file"),
        (_link, "symbolic link"),
        (lambda tmp_path: tmp_path / "home" / ".aws" / "config", "a profile in it would resolve to itself"),
        (lambda tmp_path: tmp_path / "home" / ".aws" / "credentials", "a profile in it would resolve to itself"),
    ],
    ids=["missing", "someone else's", "link", "config", "credentials"],
)
def test_a_profile_file_that_cannot_be_is_refused_before_anything_is_allocated(  # noqa: PLR0917 fixtures and a table
    service: Service,
    endpoint: str,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    place: Callable[[Path], Path],
    says: str,
) -> None:
    path = place(tmp_path)
    before = path.read_text() if path.exists() else None

    assert main([*ALLOCATE, "--profile-file", str(path)]) == 2

    assert says in " ".join(capsys.readouterr().err.split())
    assert service.arrived == []
    assert (path.read_text() if path.exists() else None) == before


def test_the_profile_file_in_use_is_not_replaced_by_the_next_one(
    service: Service, endpoint: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.script = [granting()]
    path = tmp_path / "profile"
    assert main([*ALLOCATE, "--profile-file", str(path)]) == 0
    assert main([*ALLOCATE, "--profile-file", str(path)]) == 0  # ours, and no identity comes from it
    as_test(monkeypatch, path)

    assert main([*ALLOCATE, "--profile-file", str(path)]) == 2


def test_a_static_profile_of_the_same_name_is_named(
    service: Service, endpoint: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (home / ".aws" / "credentials").open("a") as file:
        file.write("[atmosphere]\naws_access_key_id = STATIC\n")

    assert main([*ALLOCATE, "--profile-file", str(tmp_path / "profile")]) == 2

    assert "which AWS tools prefer: rename it" in " ".join(capsys.readouterr().err.split())
    assert service.arrived == []


def test_variables_that_win_over_the_profile_are_named_and_the_next_command_unsets_them(  # noqa: PLR0917 fixtures
    service: Service,
    endpoint: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "VARIABLEKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_PROFILE", "corp")
    service.script = [granting()]
    path = tmp_path / "profile"

    assert main([*ALLOCATE, "--profile-file", str(path)]) == 0

    shown = capsys.readouterr()
    expected = (
        "env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_DEFAULT_PROFILE "
        f"AWS_CONFIG_FILE={path} AWS_PROFILE=atmosphere AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 YOUR-TEST"
    )
    assert expected in shown.out
    assert "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_PROFILE in this shell win" in shown.err


def test_exported_lines_leave_one_identity_and_one_region_in_the_shell(
    service: Service, endpoint: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [granting()]
    assert main([*ALLOCATE, "--export"]) == 0
    lines = capsys.readouterr().out
    shell = {
        "PATH": os.environ["PATH"],
        "AWS_PROFILE": "corp",
        "AWS_DEFAULT_PROFILE": "corp",
        "AWS_SECURITY_TOKEN": "stale",
        "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
        "AWS_REGION": "eu-west-1",
    }

    ran = subprocess.run(["sh", "-euc", f"{lines}\nenv"], env=shell, capture_output=True, text=True, check=True)

    seen = dict(line.split("=", 1) for line in ran.stdout.splitlines() if line.startswith(("AWS_", "ATMOSPHERE_")))
    assert seen == {
        "ATMOSPHERE_ALLOCATION": asked_ids(service)[0],
        "ATMOSPHERE_ENVIRONMENT": "default",
        "AWS_ACCESS_KEY_ID": "an id",
        "AWS_SECRET_ACCESS_KEY": "a secret",
        "AWS_SESSION_TOKEN": "a token",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_the_next_step_is_shown_and_works(
    service: Service, endpoint: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [granting()]
    assert main(ALLOCATE) == 0
    shown = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    evaluated = shown["next"].strip().removeprefix('eval "$(').removesuffix(')"')

    assert main(shlex.split(evaluated)[1:]) == 0
    assert "export AWS_SECRET_ACCESS_KEY='a secret'" in capsys.readouterr().out
    assert main(shlex.split(shown["at the end"])[1:]) == 0
    assert released(service) == asked_ids(service)[:1]


def test_deallocate_works_in_a_shell_whose_credentials_are_the_environment_s(
    service: Service, endpoint: str, home: Path, state: Path
) -> None:
    service.script = [granting(), refused(403, "forbidden"), Answer()]
    assert main(ALLOCATE) == 0
    (id_,) = asked_ids(service)

    assert main(["deallocate", id_]) == 0

    assert signers(service) == ["DEFAULTKEY", "DEFAULTKEY", "release token"]
    assert released(service) == [id_, id_]
    assert not (state / id_).exists()


def test_the_private_files_are_private_and_end_with_their_allocation(
    service: Service, endpoint: str, home: Path, tmp_path: Path, state: Path
) -> None:
    service.script = [granting()]
    assert main([*ALLOCATE, "--profile-file", str(tmp_path / "profile")]) == 0
    (id_,) = asked_ids(service)
    place = state / id_

    assert place.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in place.iterdir()} == {"lease.json", "credentials.json"}
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}
    assert main(["deallocate", id_]) == 0
    assert not place.exists()


def test_what_belongs_to_an_allocation_whose_deadline_has_passed_is_removed_by_the_next_one(
    service: Service, endpoint: str, home: Path, state: Path
) -> None:
    over, lives = state / "over", state / "lives"
    for place, end in ((over, "2020-01-01T00:00:00Z"), (lives, "2099-01-01T00:00:00Z")):
        place.mkdir(parents=True)
        (place / "lease.json").write_text(json.dumps({"expiresAt": end}))
    service.script = [granting()]

    assert main(ALLOCATE) == 0

    assert (over.exists(), lives.exists()) == (False, True)


def test_without_a_place_for_private_files_only_a_profile_is_impossible(
    service: Service, endpoint: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.script = [granting()]
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    assert main([*ALLOCATE, "--profile-file", str(tmp_path / "profile")]) == 1
    assert service.arrived == []
    assert main(ALLOCATE) == 0


def test_a_ready_file_of_the_variables_does_not_win_over_an_endpoint_in_the_command(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATMOSPHERE_READY_FILE", "/nowhere/ready.json")
    service.script = [granting()]
    assert main([*ALLOCATE, "--endpoint", service.endpoint]) == 0
    assert signers(service) == ["DEFAULTKEY"]


def test_an_ignored_signal_stays_ignored(service: Service, endpoint: str, home: Path) -> None:
    """As `nohup` asks for."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def granting_after_a_signal(arrived: Arrived) -> Answer:
        os.kill(os.getpid(), signal.SIGHUP)
        return granting()(arrived)

    service.script = [granting_after_a_signal]
    assert main(ALLOCATE) == 0


def run(service: Service, *words: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *ALLOCATE, "--endpoint", service.endpoint, *words],
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        **streams,
    )


def test_what_a_full_disk_does_not_take_is_released(service: Service, home: Path, state: Path) -> None:
    service.script = [granting()]
    with open("/dev/full", "w") as full:  # noqa: PTH123 a device
        ran = run(service, "--json", stdout=full)

    assert ran.returncode == 1
    assert json.loads(ran.stderr.splitlines()[-1])["message"].startswith("the output cannot be written")
    assert released(service) == asked_ids(service)
    assert list(state.iterdir()) == []


def test_what_no_reader_takes_is_released(service: Service, home: Path) -> None:
    service.script = [granting()]
    reader, writer = os.pipe()
    os.close(reader)
    ran = run(service, stdout=writer)
    os.close(writer)

    assert ran.returncode == 1
    assert "Exception ignored" not in ran.stderr
    assert released(service) == asked_ids(service)


def test_with_a_closed_output_nothing_is_allocated(service: Service, home: Path) -> None:
    ran = run(service, preexec_fn=lambda: os.close(1))

    assert ran.returncode == 1
    assert "standard output is closed: nothing was allocated" in ran.stderr
    assert service.arrived == []


def test_a_profile_file_that_cannot_be_written_after_all_is_released(
    service: Service, endpoint: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "place"
    place.mkdir()

    def granting_late(arrived: Arrived) -> Answer:
        if arrived.method == "POST":
            place.rmdir()
        return granting()(arrived)

    service.script = [granting_late]

    assert main([*ALLOCATE, "--profile-file", str(place / "profile")]) == 1

    assert "cannot be written (No such file or directory)" in capsys.readouterr().err
    assert released(service) == asked_ids(service)


@pytest.mark.parametrize(
    ("script", "gives_back"),
    [
        ([Answer(200, b"<html>"), Answer()], True),
        ([LOST, refused(403, "forbidden"), refused(403, "forbidden"), Answer()], True),
        ([refused(403, "forbidden")], False),
        ([refused(400, "invalid-request")], False),
        ([refused(423, "pool-busy", after=1)], False),
    ],
)
def test_only_what_may_have_been_taken_is_released(
    service: Service, endpoint: str, home: Path, *, script: list[Any], gives_back: bool
) -> None:
    service.script = script

    assert main([*ALLOCATE, "--wait", "0"]) == 1

    assert bool(released(service)) is gives_back


def test_what_cannot_be_released_is_named(
    service: Service, endpoint: str, home: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [Answer(200, b"<html>"), refused(400, "invalid-request")]

    assert main(ALLOCATE) == 1

    (id_,) = asked_ids(service)
    assert f"allocation {id_} may still be in use" in capsys.readouterr().err
    assert (state / id_ / "lease.json").exists()


def test_everything_that_the_api_takes_can_be_asked_for(
    service: Service, endpoint: str, home: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"Version": "2012-10-17", "Statement": []}')
    key = uuid.uuid4()
    service.script = [granting(entry("a"), entry("b", "333333333333"))]

    words = ["--environment", "a region=us-east-1,eu-west-1 capability=vpcs:20 role=reader", "--environment", "b"]
    words += ["--accounts", "any", "--duration", "3h", "--session-policy", str(policy), "--key", str(key)]
    assert main([*ALLOCATE, *words]) == 0

    (asked,) = service.arrived
    assert asked.headers["idempotency-key"] == str(key)
    del asked.body["releaseTokenHash"]
    assert asked.body == {
        "pool": "demo",
        "requester": "me",
        "environments": [
            {
                "name": "a",
                "constraints": [
                    {"type": "region", "value": ["us-east-1", "eu-west-1"]},
                    {"type": "capability", "value": {"vpcs": 20}},
                ],
                "role": "reader",
            },
            {"name": "b", "constraints": []},
        ],
        "accounts": "any",
        "durationSeconds": 10800,
        "sessionPolicy": '{"Version": "2012-10-17", "Statement": []}',
    }


def test_the_same_key_asks_again_with_the_same_request(service: Service, endpoint: str, home: Path) -> None:
    """Another release token would be another request under the same key."""
    service.script = [granting()]
    for _ in range(2):
        assert main([*ALLOCATE, "--key", str(uuid.UUID(ID))]) == 0

    first, second = service.arrived
    assert first.body == second.body


@pytest.mark.parametrize(
    ("text", "value"),
    [("bedrock", "bedrock"), ("zone=example.com", {"zone": "example.com"}), ("vpcs=20", {"vpcs": 20})],
)
def test_a_capability_s_value_is_json_or_text(
    service: Service, endpoint: str, home: Path, text: str, value: Any
) -> None:
    service.script = [granting()]
    assert main([*ALLOCATE, "--capability", text]) == 0
    assert service.arrived[0].body["constraints"] == [{"type": "capability", "value": value}]


@pytest.mark.parametrize(("text", "seconds"), [("900", 900), ("15m", 900), ("3h", 10800), ("5400s", 5400)])
def test_a_duration_is_a_time_or_seconds(service: Service, endpoint: str, home: Path, text: str, seconds: int) -> None:
    service.script = [granting()]
    assert main([*ALLOCATE, "--duration", text]) == 0
    assert service.arrived[0].body["durationSeconds"] == seconds


@pytest.mark.parametrize(
    "words",
    [
        ["--duration", "5m"],
        ["--duration", "4h"],
        ["--duration", "soon"],
        ["--wait", "1 day"],
        ["--environment", "a", "--in-region", "us-east-1"],
        ["--environment", "a", "--role", "reader"],
        ["--environment", "region=us-east-1"],
        ["--environment", "a zone=1"],
        ["--environment", '{"name": "a", "rules": []}'],
        ["--environment", "a", "--environment", "b", "--export"],
        ["--accounts", "any"],
        ["--capability", "vpcs="],
        ["--session-policy", "/nowhere/policy.json"],
        ["--session-policy", "{"],
        ["--session-policy", "{}"],
        ["--key", "mine"],
    ],
)
def test_what_cannot_be_asked_for_exits_2_and_asks_nothing(
    service: Service, endpoint: str, home: Path, words: list[str]
) -> None:
    assert main([*ALLOCATE, *words]) == 2
    assert service.arrived == []
