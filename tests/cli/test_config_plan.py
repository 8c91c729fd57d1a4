"""`atmosphere config plan`: against a directory, a revision and a deployment; its exit codes; and nothing to inject."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from markdown_it import MarkdownIt

from atmosphere.cli.main import main
from atmosphere.config.load import load
from atmosphere.core.model import AccountId, EnvironmentKey
from atmosphere.core.snapshot import digest, to_json, to_value
from tests.client.conftest import Answer, Arrived

if TYPE_CHECKING:
    from tests.client.conftest import Service

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "config"
NOTHING, ERRORS, USAGE, UNKNOWN, CHANGES = 0, 1, 2, 3, 4
ALLOCATION: Final = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
EVIL: Final = "@team [x](https://e.example) <img src=x> `#1 | **b** \u202e ::error::x"


class Repository:
    """A git repository with the example configuration in `main`, and a working copy to change."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "config"
        shutil.copytree(EXAMPLES, self.config)
        self.git("init", "-q", "-b", "main")
        self.commit("The example")

    def git(self, *words: str) -> None:
        who = {f"GIT_{role}_{part}": "t@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        own = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **who}
        subprocess.run(["git", "-C", self.directory, *words], check=True, env=own)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.config / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    def remove_europe(self) -> None:
        path = self.config / "environments.yaml"
        path.write_text(path.read_text().partition('  - account: "555555555555"')[0])
        self.replace("access.yaml", ", europe", "")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(tmp_path / "repository")
    monkeypatch.chdir(made.directory)
    for name in ("ATMOSPHERE_ENDPOINT", "ATMOSPHERE_READY_FILE"):
        monkeypatch.delenv(name, raising=False)
    return made


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["config", "plan", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


# --- what it is compared with -------------------------------------------------------------------------------------


def test_nothing_changes_against_the_same_revision(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.replace("settings.yaml", "# maximum duration", "# the maximum duration")

    assert main(["config", "plan", "--against", "main"]) == NOTHING

    assert capsys.readouterr().out == "nothing changes\n"


def test_a_change_is_compared_with_what_the_revision_has(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.remove_europe()
    repository.commit("Europe goes")
    before, after = (digest(to_json(load(path))) for path in (EXAMPLES, repository.config))

    code, found = planned(capsys, "--against", "HEAD~1")

    assert code == CHANGES
    assert (found["changes"], found["before"], found["after"]) == (True, before, after)
    assert [(step["kind"], step["subject"]) for step in found["steps"]] == [
        ("drained", "aws://555555555555/eu-west-1"),
        ("changed", "rule integration-tests"),
        ("removed", "pool europe"),
    ]
    assert {"pool": "europe", "before": 1, "after": 0} in found["capacity"]
    assert [(each["who"], each["verb"], each["pool"]) for each in found["access"]] == [
        ("account 111111111111, role runner", "may no longer", "europe")
    ]


def test_a_directory_is_compared_too(repository: Repository, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "old")

    assert main(["config", "plan", "--against", str(tmp_path / "old")]) == NOTHING


def test_a_first_configuration_adds_everything(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(repository.config, repository.directory / "other")

    code, found = planned(capsys, "other", "--against", "main")

    assert (code, found["before"]) == (CHANGES, None)
    assert [step["kind"] for step in found["steps"][:4]] == ["added"] * 4


def test_an_option_of_the_stack_is_a_change(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    file = repository.config / "deployment.yaml"
    adopted = "adopt: {bucket: kept-bucket, tables: {environments: kept-table}}\n"
    file.write_text(f"firewall: {{}}\nthrottles: {{iam: {{rate: 100, burst: 400}}}}\n{adopted}")
    repository.commit("A firewall")
    file.write_text("firewall:\nthrottles: {iam: {rate: 50, burst: 400}}\n")

    code, found = planned(capsys, "--against", "main")

    assert code == CHANGES
    assert [(step["subject"], step["details"]) for step in found["steps"]] == [
        ("deployment.yaml throttles", ["iam.rate: 100 -> 50"]),
        ("deployment.yaml firewall", ['{"acl_arn":"","rate":10000} -> none']),
        ("deployment.yaml adopt", ["bucket: kept-bucket -> none", "tables.environments: kept-table -> none"]),
    ]
    assert "no longer with the former ones" in found["steps"][2]["effect"]


def test_a_file_of_options_that_only_writes_out_the_defaults_changes_nothing(repository: Repository) -> None:
    (repository.config / "deployment.yaml").unlink()
    repository.commit("No options")
    shutil.copy(EXAMPLES / "deployment.yaml", repository.config)

    assert main(["config", "plan", "--against", "main"]) == NOTHING


def test_a_name_that_is_a_directory_and_a_revision_is_asked_for(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.git("branch", "config")

    assert main(["config", "plan", "--against", "config"]) == USAGE
    assert "write ./config or refs/heads/config" in capsys.readouterr().err
    assert main(["config", "plan", "--against", "./config"]) == NOTHING
    assert main(["config", "plan", "--against", "refs/heads/config"]) == NOTHING


# --- what cannot be compared never looks empty --------------------------------------------------------------------


@pytest.mark.parametrize("against", ["no-such-branch", "--upload-pack=touch x", "main:config", "HEAD^{tree}"])
def test_what_is_no_revision_is_unknown(
    repository: Repository, capsys: pytest.CaptureFixture[str], against: str
) -> None:
    assert main(["config", "plan", f"--against={against}"]) == UNKNOWN

    done = capsys.readouterr()
    assert done.out == ""
    assert "no plan" in done.err
    assert not (repository.directory / "x").exists()


def test_a_revision_whose_own_configuration_is_wrong_is_unknown(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.replace("settings.yaml", "session_seconds: 10800", "session_seconds: 3h")
    repository.commit("Wrong")
    repository.replace("settings.yaml", "session_seconds: 3h", "session_seconds: 10800")

    assert main(["config", "plan", "--against", "main", "--format", "markdown"]) == UNKNOWN
    assert "There is no plan" in capsys.readouterr().out


def test_a_wrong_configuration_has_no_plan(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.replace("settings.yaml", "session_seconds: 10800", "session_seconds: 3h")

    assert main(["config", "plan", "--against", "main", "--format", "markdown"]) == ERRORS

    done = capsys.readouterr()
    assert "has errors and cannot be deployed" in done.out
    assert "config/settings.yaml:9: error: session_seconds" in done.err


def test_a_deployment_that_cannot_be_reached_is_unknown(
    repository: Repository, service: Service, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [Answer(403, {"message": "Forbidden"})]

    assert main(["config", "plan", "--against", "deployed", "--format", "markdown"]) == UNKNOWN
    assert "**There is no plan" in capsys.readouterr().out

    assert main(["config", "plan", "--against", "deployed"]) == UNKNOWN
    done = capsys.readouterr()
    assert (done.out, "the deployment did not tell what is in force" in done.err) == ("", True)


def test_a_deployment_that_sends_something_else_is_unknown(
    repository: Repository, service: Service, ready_file: Path
) -> None:
    value = to_value(load(EXAMPLES))
    for body in (
        {},
        {"digest": "0" * 64, "configuration": value},
        {"digest": digest("{}"), "configuration": {}},
    ):
        service.script = [Answer(200, body)]
        assert main(["config", "plan", "--against", "deployed"]) == UNKNOWN


def test_a_deployment_that_fails_half_way_is_unknown(
    repository: Repository, service: Service, ready_file: Path
) -> None:
    repository.remove_europe()
    service.script = [deployed_with(environments=Answer(403, {"message": "no", "code": "forbidden"}))]

    assert main(["config", "plan", "--against", "deployed"]) == UNKNOWN


def test_without_a_service_it_is_wrong_usage(repository: Repository) -> None:
    assert main(["config", "plan", "--against", "deployed"]) == USAGE


# --- against a deployment -----------------------------------------------------------------------------------------


def row(account: str, region: str, status: str, **more: Any) -> dict[str, Any]:
    return {"account": account, "region": region, "pool": "p", "status": status, "registration": "registered", **more}


def deployed_with(*rows: dict[str, Any], environments: Answer | None = None, requester: str = "nightly 7") -> Any:
    value = to_value(load(EXAMPLES))
    allocation = {
        **dict.fromkeys(("id", "status", "pool"), "x"),
        "requester": requester,
        "startedAt": "2026-11-22T10:00:00Z",
        "expiresAt": "2026-11-22T13:00:00Z",
        "askedBy": "arn:aws:sts::111111111111:assumed-role/runner/x",
        "environments": [],
    }

    def answer(asked: Arrived) -> Answer:
        if asked.path.endswith("/configuration"):
            return Answer(200, {"digest": digest(to_json(load(EXAMPLES))), "configuration": value})
        if asked.path.endswith("/environments"):
            return environments or Answer(200, {"environments": list(rows)})
        assert asked.path.endswith(f"/allocations/{ALLOCATION}"), asked.path
        return Answer(200, allocation)

    return answer


HELD: Final = row("555555555555", "eu-west-1", "in-use", allocation=ALLOCATION, deadline="2026-11-22T13:00:00Z")


def test_against_the_deployment_it_says_who_holds_what_drains_and_until_when(
    repository: Repository, service: Service, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.remove_europe()
    service.script = [deployed_with(HELD)]

    code, found = planned(capsys, "--against", "deployed")

    assert (code, found["against"]) == (CHANGES, "the deployment")
    drained = found["steps"][0]
    assert drained["now"] == {
        "status": "in-use",
        "deregistering": False,
        "held_by": "nightly 7 (arn:aws:sts::111111111111:assumed-role/runner/x)",
        "until": "2026-11-22T13:00:00Z",
    }
    assert drained["effect"].startswith("it is no longer allocated; its test can finish")
    assert main(["config", "plan", "--against", "deployed"]) == CHANGES
    assert "in-use by nightly 7" in capsys.readouterr().out


def test_nothing_changes_against_a_deployment_of_the_same(
    repository: Repository, service: Service, ready_file: Path
) -> None:
    service.script = [deployed_with()]

    assert main(["config", "plan", "--against", "deployed"]) == NOTHING


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_what_a_deployment_cannot_tell_is_said_to_be_left_out(
    form: str, repository: Repository, service: Service, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "deployment.yaml is not compared with the deployment"
    service.script = [deployed_with()]

    main(["config", "plan", "--against", "deployed", "--format", form])
    done = capsys.readouterr()
    assert said in (done.err if form == "text" else done.out)

    (repository.config / "deployment.yaml").unlink()
    main(["config", "plan", "--against", "deployed", "--format", form])
    done = capsys.readouterr()
    assert said not in done.out + done.err


@pytest.mark.parametrize(
    ("status", "effect"),
    [
        ("free", "it disappears at once"),
        ("cleaning", "when it is clean"),
        ("dirty", "until an operator cleans, reinstates or discards it"),
        ("held", "until an operator resumes it"),
    ],
)
def test_what_drains_depends_on_how_it_is_now(  # noqa: PLR0917 fixtures
    repository: Repository,
    service: Service,
    ready_file: Path,
    capsys: pytest.CaptureFixture[str],
    status: str,
    effect: str,
) -> None:
    repository.remove_europe()
    service.script = [deployed_with(row("555555555555", "eu-west-1", status))]

    _, found = planned(capsys, "--against", "deployed")

    assert effect in found["steps"][0]["effect"]


def test_what_is_added_while_it_drains_is_not_captured_again(
    repository: Repository, service: Service, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repository.config / "environments.yaml"
    entry = path.read_text()[path.read_text().index('  - account: "555555555555"') :]
    path.write_text(path.read_text() + "\n" + entry.replace("555555555555", "666666666666"))
    draining = row("666666666666", "eu-west-1", "in-use", allocation=ALLOCATION) | {"registration": "deregistering"}
    service.script = [deployed_with(draining)]

    _, found = planned(capsys, "--against", "deployed")

    (step,) = [each for each in found["steps"] if each["subject"] == "aws://666666666666/eu-west-1"]
    assert step["kind"] == "added"
    assert "still draining: only the mark is cleared" in step["effect"]


# --- Markdown -----------------------------------------------------------------------------------------------------


def markdown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(["config", "plan", *words, "--format", "markdown"])
    return capsys.readouterr().out


def test_a_comment_begins_with_a_marker_of_its_directory(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(repository.config, repository.directory / "other")
    texts = [markdown(capsys, "--against", "main"), markdown(capsys, "other", "--against", "main")]
    repository.replace("settings.yaml", "session_seconds: 10800", "session_seconds: 3h")
    texts.append(markdown(capsys, "--against", "main"))
    texts.append(markdown(capsys, "other", "--against", "no-such-branch"))

    markers = [text.splitlines()[0] for text in texts]

    assert all(marker.startswith("<!-- atmosphere-config-plan ") for marker in markers)
    assert (markers[0], markers[1]) == (markers[2], markers[3])
    assert markers[0] != markers[1]


def test_nothing_that_a_test_or_a_file_says_formats_links_or_mentions(
    repository: Repository, service: Service, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.remove_europe()
    repository.replace(
        "environments.yaml", "quota: { vpcs: 20, elastic-ips: 10 }", f"quota: {json.dumps({'x': EVIL[:60]})}"
    )
    service.script = [deployed_with(HELD, requester=EVIL)]

    text = markdown(capsys, "--against", "deployed")

    assert "e.example" in text
    assert_inert(text)


def test_nothing_in_a_wrong_file_does_either(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.replace("environments.yaml", "pool: demo", f"pool: {json.dumps(EVIL)}")

    text = markdown(capsys, "--against", "main")

    assert "e.example" in text
    assert_inert(text)
    assert_inert(markdown(capsys, "--against", "@team [x](https://e.example)"))


def assert_inert(text: str) -> None:
    """As CommonMark reads it, with tables: everything active is in code spans."""
    parser = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")
    tokens = [inner for token in parser.parse(text) for inner in (token.children or [token])]
    active = [token for token in tokens if token.type in {"link_open", "image", "html_inline", "html_block"}]
    assert [token.content.strip() for token in active] == [text.splitlines()[0]]  # the marker
    plain = " ".join(token.content for token in tokens if token.type == "text")
    assert not set(plain) & set("@#<`")
    assert "e.example" not in plain
    assert "\u202e" not in text


def test_a_large_plan_fits_a_comment_and_counts_what_it_leaves_out(
    repository: Repository, service: Service, ready_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, kept = load(EXAMPLES), tuple(f"AWS::S3::Bucket:{'x' * 60}-{number}" for number in range(6))
    keys = [EnvironmentKey(AccountId(f"{number:012d}"), old.environments[0].key.region) for number in range(3000)]
    many = replace(old, environments=tuple(replace(old.environments[0], key=key) for key in keys))
    entries = [
        f'  - {{account: "{key.account}", region: {key.region}, pool: demo, keep: [{", ".join(kept)}], '
        f"admin_role: arn:aws:iam::{key.account}:role/AtmosphereAdmin}}\n"
        for key in keys[:1000]
    ]
    path = repository.config / "environments.yaml"
    path.write_text(path.read_text() + "\n" + "".join(entries))

    def answer(asked: Arrived) -> Answer:
        if asked.path.endswith("/configuration"):
            return Answer(200, {"digest": digest(to_json(many)), "configuration": to_value(many)})
        return Answer(200, {"environments": []})

    service.script = [answer]

    text = markdown(capsys, "--against", "deployed")

    assert len(text) < 65_536
    shown = text.count("| `aws://")
    assert f"{3000 + 4 - shown} more are in the job's log." in text


def test_a_thousand_mistakes_fit_a_comment_too(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    path = repository.config / "environments.yaml"
    wrong = f'  - {{account: "222222222222", region: {"x" * 200}, pool: {"y" * 200}, admin_role: {"z" * 200}}}\n'
    path.write_text(path.read_text() + "\n" + wrong * 200)
    rule = f"  - {{name: {'x' * 200}, account: {'y' * 200}, pools: [{'z' * 200}], roles: {'w' * 200}}}\n"
    repository.replace("access.yaml", "iam:\n", "iam:\n" + rule * 200)

    text = markdown(capsys, "--against", "main")

    assert len(text) < 65_536
    assert "more are in the job's log." in text
