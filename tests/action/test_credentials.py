"""Profiles and the command behind them: renewed through the lease, asked for once, gone after the job."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from atmosphere_action import credentials, grant, lease
from atmosphere_action.errors import ActionError, FileTrouble
from tests.action.conftest import ISOLATED, WORK, Stepped
from tests.client.conftest import Answer, entry, granted, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.action.conftest import Issued, Job
    from tests.client.conftest import Service

NOW = grant.seconds_of("2026-11-22T10:00:00Z")


def instant(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def run(job: Job, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *ISOLATED, str(WORK), "credentials", str(path)]
    return subprocess.run(command, env=job.environ, capture_output=True, text=True, timeout=60, check=False)


def leases(job: Job) -> list[Path]:
    return sorted((job.place / "temp").glob("atmosphere-*/lease-*.json"))


def age(job: Job, *, left: float) -> None:
    """Let the cached credentials end in `left` seconds, asked for long ago."""
    (cache,) = (job.place / "temp").glob("atmosphere-*/credentials.json")
    value = json.loads(cache.read_text())
    for made in value["environments"].values():
        made["Expiration"] = instant(time.time() + left)
    cache.write_text(json.dumps({**value, "asked": 0}))


@pytest.fixture
def profiled(job: Job, service: Service, issued: Issued) -> Job:
    """A job that has allocated with a profile."""
    service.script = [issued.granting()]
    job.inputs["aws-profile"] = "demo"
    main = job.main()
    assert main.code == 0, main.text
    service.arrived.clear()
    return job


def test_a_profile_stands_for_the_environment_until_the_job_ends(
    profiled: Job, service: Service, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = profiled.place / "home" / ".aws" / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    session = botocore.session.Session(profile="demo")

    found = session.get_credentials()

    assert found is not None
    assert found.get_frozen_credentials().secret_key == issued.keys["default"]["secretAccessKey"]
    assert session.get_config_variable("region") == "us-east-1"
    assert profiled.values("ENV") == {}
    assert not service.arrived  # the first ones are in the cache
    service.script = [Answer()]
    assert profiled.post().code == 0
    assert not config.exists()
    assert not list((profiled.place / "temp").iterdir())


def test_lease_files_are_for_this_user_only(profiled: Job) -> None:
    (place,) = (profiled.place / "temp").iterdir()

    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}


def test_an_answer_is_what_the_tools_expect_and_nothing_else(profiled: Job, issued: Issued) -> None:
    ran = run(profiled, leases(profiled)[0])

    keys = issued.keys["default"]
    assert json.loads(ran.stdout) == {
        "Version": 1,
        "AccessKeyId": keys["accessKeyId"],
        "SecretAccessKey": keys["secretAccessKey"],
        "SessionToken": keys["sessionToken"],
        "Expiration": keys["expiration"],
    }
    assert ran.stderr == ""


def test_processes_at_the_same_time_ask_once(profiled: Job, service: Service, issued: Issued) -> None:
    age(profiled, left=60)
    service.script = [issued.granting(issued.entry())]
    command = [sys.executable, *ISOLATED, str(WORK), "credentials", str(leases(profiled)[0])]

    children = [
        subprocess.Popen(command, env=profiled.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    answers = [child.communicate(timeout=60) for child in children]

    assert {json.loads(out)["SecretAccessKey"] for out, _ in answers} == {issued.keys["default"]["secretAccessKey"]}
    (arrived,) = service.arrived
    assert arrived.path.endswith(f"/github/allocations/{profiled.allocation}/credentials")


def test_several_environments_have_a_profile_each_and_renew_together(
    job: Job, service: Service, issued: Issued
) -> None:
    both = (issued.entry("one"), issued.entry("Two", "333333333333"))
    service.script = [issued.granting(*both)]
    job.inputs |= {"environments": "one\nTwo", "output-credentials": "true"}

    main = job.main()
    age(job, left=60)
    first, second = (json.loads(run(job, path).stdout) for path in leases(job))

    assert main.annotations("notice") == [
        (
            "::notice title=Several environments::Use their profiles: atmosphere-one, atmosphere-Two. "
            "No AWS_* variables are set."
        )
    ]
    assert first["AccessKeyId"] == issued.keys["one"]["accessKeyId"]
    assert second["AccessKeyId"] == issued.keys["Two"]["accessKeyId"]
    assert len(service.arrived) == 2  # the allocate, and one for both
    assert job.values("ENV") == {}
    assert "aws-access-key-id" not in job.values("OUTPUT")


def test_a_profile_that_is_in_the_way_fails_before_anything_is_written(
    job: Job, service: Service, issued: Issued
) -> None:
    service.script = [issued.granting(), Answer()]
    config = job.place / "config"
    config.write_bytes(b"[profile demo]\nregion = mine\n")
    job.environ["AWS_CONFIG_FILE"] = str(config)
    job.inputs["aws-profile"] = "demo"

    main, post = job.main(), job.post()

    assert (main.code, post.code) == (1, 0)
    assert "already has a profile 'demo'" in main.annotations("error")[0]
    assert config.read_bytes() == b"[profile demo]\nregion = mine\n"
    assert service.arrived[-1].method == "DELETE"


def test_a_config_file_that_is_a_link_is_left_alone(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]
    victim = job.place / "victim"
    victim.write_bytes(b"[default]\n")
    (job.place / "config").symlink_to(victim)
    job.environ["AWS_CONFIG_FILE"] = str(job.place / "config")
    job.inputs["aws-profile"] = "demo"

    (error,) = job.main().annotations("error")

    assert error.startswith("::error title=Profile not written::")
    assert "is a symbolic link, which is not followed" in error
    assert victim.read_bytes() == b"[default]\n"


def test_a_signing_job_renews_with_the_keys_of_before(job: Job, service: Service, issued: Issued) -> None:
    service.script = [issued.granting()]
    job.inputs |= {"auth": "iam", "aws-profile": "demo", "output-env-credentials": "true"}
    job.environ |= {"AWS_ACCESS_KEY_ID": "K" * 20, "AWS_SECRET_ACCESS_KEY": "S" * 40}
    assert job.main().code == 0
    job.environ |= job.values("ENV")
    age(job, left=60)

    assert run(job, leases(job)[0]).returncode == 0

    assert f"Credential={'K' * 20}/" in service.arrived[-1].headers["authorization"]


def test_a_job_that_signs_by_the_aws_cli_renews_with_the_profile_of_before(
    job: Job, service: Service, issued: Issued
) -> None:
    """Steps that use our profile have it as AWS_PROFILE: the CLI would ask us for the keys to ask with."""
    program = job.place / "bin" / "aws"
    program.parent.mkdir()
    keys = json.dumps({"Version": 1, "AccessKeyId": "K" * 20, "SecretAccessKey": "S" * 40})
    program.write_text(f"""#!/bin/sh\n[ "$AWS_PROFILE$AWS_CONFIG_FILE" = own ] && echo '{keys}'\n""")
    program.chmod(0o700)
    service.script = [issued.granting()]
    job.inputs |= {"auth": "iam", "aws-profile": "demo"}
    job.environ |= {"AWS_PROFILE": "own", "PATH": f"{program.parent}{os.pathsep}{job.environ['PATH']}"}
    assert job.main().code == 0
    age(job, left=10)
    job.environ |= {"AWS_PROFILE": "demo", "AWS_CONFIG_FILE": "/another"}

    ran = run(job, leases(job)[0])

    assert ran.returncode == 0, ran.stderr
    assert job.post().code == 0
    asked = [(arrived.method, arrived.headers["authorization"].partition("/")[0]) for arrived in service.arrived]
    assert asked == [(method, f"AWS4-HMAC-SHA256 Credential={'K' * 20}") for method in ("POST", "POST", "DELETE")]


def test_after_the_job_the_command_says_that_it_is_over(job: Job) -> None:
    ran = run(job, job.place / "temp" / "atmosphere-1" / "lease-0.json")

    assert ran.returncode == 1
    assert ran.stdout == ""
    assert "its allocation ended with its job" in ran.stderr


def cached(job: Job, service: Service, *, left: float, asked: float) -> str:
    """A lease file whose cached credentials have `left` seconds at NOW, asked for `asked` seconds before."""
    place = lease.directory(job.environ, job.allocation)
    body: dict[str, Any] = {
        "accessKeyId": "cached",
        "secretAccessKey": "s",
        "sessionToken": "t",
        "expiration": instant(NOW + left),
    }
    reply = {**granted({**entry(), "credentials": body}).body, "id": job.allocation}
    granted_ = grant.read(reply)
    lease.write(place, granted_, {"endpoint": service.endpoint, "tree": "github", "audience": "a"})
    path = lease.lease_file(place, 0)
    credentials.remember(path, granted_, pace=Stepped(NOW - asked))
    return path


def answer(job: Job, path: str, capsys: pytest.CaptureFixture[str]) -> str:
    credentials.command(path, environ=job.environ, pace=Stepped(NOW))
    return str(json.loads(capsys.readouterr().out)["AccessKeyId"])


@pytest.mark.parametrize(
    ("left", "asked", "asks"),
    [(3600, 10, False), (961, 9999, False), (959, 9999, True), (900, 30, False), (20, 30, True), (-5, 30, True)],
)
def test_when_new_ones_are_asked_for(
    job: Job,
    service: Service,
    issued: Issued,
    capsys: pytest.CaptureFixture[str],
    *,
    left: float,
    asked: float,
    asks: bool,
) -> None:
    service.script = [issued.granting(issued.entry())]
    path = cached(job, service, left=left, asked=asked)

    found = answer(job, path, capsys)

    assert (found != "cached") is asks
    assert len(service.arrived) == asks


@pytest.mark.parametrize(
    ("trouble", "left", "served"),
    [
        (refused(503, "unavailable"), 600, True),
        (refused(409, "already-ended"), 120, True),
        (refused(503, "unavailable"), 10, False),
        (refused(404, "unknown-allocation"), 600, False),
    ],
)
def test_what_is_still_good_bridges_a_service_that_fails(
    job: Job,
    service: Service,
    capsys: pytest.CaptureFixture[str],
    *,
    trouble: Answer,
    left: float,
    served: bool,
) -> None:
    service.script = [trouble]
    path = cached(job, service, left=left, asked=9999)

    if served:
        assert answer(job, path, capsys) == "cached"
    else:
        with pytest.raises(ActionError):
            answer(job, path, capsys)


def test_a_damaged_lease_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lease-0.json"
    path.write_text("[]")

    with pytest.raises(FileTrouble, match="damaged"):
        lease.read_json(str(path))


def test_only_a_directory_of_ours_is_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    place = tmp_path / "atmosphere-1"
    place.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FileTrouble, match="not a directory"):
        lease.mark_exported(str(place), "k", None)
