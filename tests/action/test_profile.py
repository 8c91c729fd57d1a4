"""The shared config file: our sections come and go, everything else stays byte for byte."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.configloader import load_config
from hypothesis import given
from hypothesis import strategies as st

from atmosphere_action import profile
from atmosphere_action.errors import FileTrouble, ProfileTrouble
from atmosphere_action.profile import Profile

MINE = Profile("demo", "eu-west-1", '"/py" -I "/work" credentials "/temp/atmosphere-1/lease-0.json"')
SECOND = Profile("demo-b", "us-east-1", '"/py" -I "/work" credentials "/temp/atmosphere-1/lease-1.json"')
LINES = st.sampled_from(
    [
        b"[default]",
        b"[profile other]",
        b"[profile demo2]",
        b"[ profile  demo-c ]",
        b"[sso-session demo]",
        b"# [profile demo]",
        b"; comment",
        b"region = us-west-2",
        b"credential_process = x",
        b"s3 =",
        b"  max_concurrent_requests = 20",
        b"",
        b"\t",
        "name = \u00fc".encode(),
        b"\xff\xfe odd",
    ]
)
CONTENT = st.builds(
    lambda lines, newline, end: newline.join(lines) + (newline if end else b""),
    st.lists(LINES, max_size=12),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
)


def put(path: Path, *profiles: Profile, overwrite: bool = True) -> None:
    """Write profiles, beside a credentials file that may be there."""
    environ = {"AWS_CONFIG_FILE": str(path), "AWS_SHARED_CREDENTIALS_FILE": str(path.with_name("credentials"))}
    profile.write(list(profiles), environ, overwrite=overwrite)


def around(path: Path, profiles: list[Profile]) -> tuple[bytes, bytes]:
    """What the file holds between writing and removing, and after."""
    note = profile.kept(profiles, str(path))
    put(path, *profiles)
    between = path.read_bytes()
    profile.remove(note)
    return between, path.read_bytes() if path.exists() else b""


@given(CONTENT, st.sampled_from([[MINE], [MINE, SECOND]]))
def test_the_rest_of_the_file_is_unchanged(content: bytes, profiles: list[Profile]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "config"
        path.write_bytes(content)

        between, after = around(path, profiles)

        assert between.startswith(content)
        assert all(entry.section() in between for entry in profiles)
        assert after == content
        assert [entry.name for entry in Path(place).iterdir()] == ["config"]


def test_a_file_that_was_not_there_is_gone_again(tmp_path: Path) -> None:
    path = tmp_path / "aws" / "config"

    between, _ = around(path, [MINE])

    assert between == MINE.section()
    assert not path.exists()


def test_the_file_is_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"[default]\n")
    path.chmod(0o644)

    put(path, MINE)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_tools_read_it(tmp_path: Path) -> None:
    path = tmp_path / "config"
    put(path, MINE, SECOND, Profile("default", "us-east-1", "x"))

    found = load_config(str(path))["profiles"]

    assert found["demo"] == {"region": "eu-west-1", "credential_process": MINE.command}
    assert set(found) == {"demo", "demo-b", "default"}


@pytest.mark.parametrize("target", ["config", "credentials"])
def test_a_link_is_not_followed(tmp_path: Path, target: str) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"[default]\n")
    (tmp_path / target).symlink_to(victim)

    with pytest.raises(FileTrouble, match="symbolic link"):
        put(tmp_path / "config", MINE)

    assert victim.read_bytes() == b"[default]\n"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"[profile demo]\nregion=x\n", "demo"),
        (b"a=b\n  [ profile   demo ]  \n", "demo"),
        (b'[profile "demo"]', "demo"),
        (b"[default]\nregion = x", "default"),
    ],
)
def test_a_profile_that_is_there_is_not_replaced_unasked(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)

    with pytest.raises(ProfileTrouble, match="overwrite-aws-profile"):
        put(path, Profile(name, "r", "c"), overwrite=False)
    assert path.read_bytes() == content
    put(path, Profile(name, "r", "c"))
    assert path.read_bytes() != content


def test_jobs_that_write_one_profile_at_the_same_time_do_not_replace_each_others(tmp_path: Path) -> None:
    at_once = threading.Barrier(8)

    def job(number: int) -> bool:
        at_once.wait()
        try:
            put(tmp_path / "config", Profile("demo", "us-east-1", f"run {number}"), overwrite=False)
        except ProfileTrouble:
            return False
        return True

    with ThreadPoolExecutor(8) as jobs:
        written = list(jobs.map(job, range(8)))

    assert written.count(True) == 1
    found = load_config(str(tmp_path / "config"))["profiles"]["demo"]
    assert found["credential_process"] == f"run {written.index(True)}"


def test_static_keys_of_that_name_would_win_and_are_refused(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_bytes(b"[demo]\naws_access_key_id = x\n")

    with pytest.raises(ProfileTrouble, match="AWS tools would prefer it"):
        put(tmp_path / "config", MINE)


def test_overwriting_replaces_only_that_section(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"[default]\nregion = a\n[profile demo]\nold = 1\n[profile z]\nregion = b")

    between, after = around(path, [MINE])

    assert between == b"[default]\nregion = a\n[profile z]\nregion = b\n" + MINE.section()
    assert after.rstrip(b"\n") == b"[default]\nregion = a\n[profile z]\nregion = b"


def test_what_others_added_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"[default]")
    note = profile.kept([MINE], str(path))
    put(path, MINE)
    path.write_bytes(path.read_bytes().replace(b"eu-west-1\n", b"eu-west-1\noutput = json\n") + b"[profile new]\n")

    profile.remove(note)

    assert path.read_bytes() == b"[default]\n[profile new]\n"


def test_a_profile_that_is_not_ours_any_more_stays(tmp_path: Path) -> None:
    path = tmp_path / "config"
    note = profile.kept([MINE], str(path))
    path.write_bytes(b"[profile demo]\nregion = mine\n")

    profile.remove(note)

    assert path.read_bytes() == b"[profile demo]\nregion = mine\n"


def test_removing_twice_or_from_nothing_is_fine(tmp_path: Path) -> None:
    note = profile.kept([MINE], str(tmp_path / "config"))

    profile.remove(note)
    put(tmp_path / "config", MINE)
    profile.remove(note)
    profile.remove(note)

    assert not (tmp_path / "config").exists()


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config"
    many = [Profile(f"p{index}", "us-east-1", f"run {index}") for index in range(8)]
    threads = [threading.Thread(target=put, args=(path, one)) for one in many]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(load_config(str(path))["profiles"]) == {one.name for one in many}


@pytest.mark.parametrize(
    "odd", ['a"b', "a$b", "a`b", "a\nb", "a%b", "a #b", "a;b", *(["a\\b"] if os.name != "nt" else [])]
)
def test_paths_that_some_tool_would_read_otherwise_are_refused(odd: str) -> None:
    for paths in ((odd, "w", "l"), ("p", odd, "l"), ("p", "w", odd)):
        with pytest.raises(ProfileTrouble, match="characters that an AWS profile cannot contain"):
            profile.command(*paths)


def test_ordinary_paths_are_quoted() -> None:
    command = profile.command(sys.executable, "/opt/my runner/action", "/tmp/ü/lease.json")

    assert command.endswith(' -I -B -X utf8 "/opt/my runner/action" credentials "/tmp/ü/lease.json"')


def test_the_files_are_where_the_tools_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert profile.config_file({}) == str(tmp_path / ".aws" / "config")
    assert profile.config_file({"AWS_CONFIG_FILE": "~/other"}) == str(tmp_path / "other")
