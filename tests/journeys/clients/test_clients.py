"""Every way to use an allocation, with the real clients: the account and the region of what each of them signs.

docs/clients.md shows both tables; this reads them there.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.action.conftest import Job, Runner
from tests.client.conftest import Answer, Service, entry, granted
from tests.journeys.clients.signing import BIN, CLIENTS, ROOT, Signed, Sts, machine, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.client.conftest import Arrived

ENVIRONMENT: Final = Signed("222222222222", "eu-west-1", "ENVIRONMENTTOKEN")
OTHERS: Final = {
    "AWS_ACCESS_KEY_ID": "OTHERKEY",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_SESSION_TOKEN": "OTHERTOKEN",
    "AWS_SECURITY_TOKEN": "OTHERTOKEN",
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
}
ALLOCATE: Final = "allocate --pool demo --requester me"


@cache
def rows(heading: str) -> dict[str, dict[str, str]]:
    """The table under a heading of docs/clients.md: its rows by their first cell, their cells by their column."""
    section = (ROOT / "docs" / "clients.md").read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", section, re.MULTILINE)
    ]
    columns = table[0][1:]
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in table[2:]}


def _granting(arrived: Arrived) -> Answer:
    one = entry()
    one["environment"]["region"] = ENVIRONMENT.region
    one["credentials"] = {
        "accessKeyId": "ENVIRONMENTKEY",
        "secretAccessKey": "x",
        "sessionToken": ENVIRONMENT.token,
        "expiration": "2099-11-22T11:00:00Z",
    }
    id_ = arrived.headers.get("idempotency-key") or arrived.path.split("/")[-2]
    return Answer(body={**granted(one).body, "id": id_, "expiresAt": "2099-11-22T13:00:00Z"})


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell on a machine with a service: its AWS variables, and its home."""

    place: Path
    service: Service
    sts: Sts
    case: str
    variables: Mapping[str, str]

    @property
    def environ(self) -> dict[str, str]:
        endpoint = self.sts.endpoint(self.case)
        return {**machine(self.place / "home", endpoint), **self.variables, **self._service}

    @property
    def _service(self) -> dict[str, str]:
        """With an identity of its own the shell signs as that; without one, as the caller of a ready file."""
        if self.variables or (self.place / "home" / ".aws").exists():
            return {"ATMOSPHERE_ENDPOINT": self.service.endpoint}
        return {"ATMOSPHERE_READY_FILE": str(self.place / "ready.json")}

    def prepare(self, *, default_profile: bool) -> None:
        aws = self.place / "home" / ".aws"
        (aws if default_profile else aws.parent).mkdir(parents=True)
        if default_profile:
            (aws / "credentials").write_text("[default]\naws_access_key_id = DEFAULTKEY\naws_secret_access_key = x\n")
            (aws / "config").write_text("[default]\nregion = ap-south-1\n")
        caller = {"accessKeyId": "RUNNERKEY", "secretAccessKey": "x"}
        ready = {"endpoint": self.service.endpoint, "callers": {"runner": caller}}
        (self.place / "ready.json").write_text(json.dumps(ready))

    def sh(self, line: str, **more: str) -> str:
        ran = run(line, {**self.environ, **more}, self.place / "work")
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


def _by_variables(shell: Shell) -> Callable[[str], str]:
    lines = shell.sh(f"{BIN / 'atmosphere'} {ALLOCATE} --export")
    return lambda client: shell.sh(f"{lines}\n{client}")


def _by_profile_of_the_cli(shell: Shell) -> Callable[[str], str]:
    """The command line that `allocate` shows."""
    path = shell.place / "profile"
    shown = shell.sh(f"{BIN / 'atmosphere'} {ALLOCATE} --profile-file {path}")
    (line,) = re.findall(r"^test default +(.*)$", shown, re.MULTILINE)
    return lambda client: shell.sh(line.replace("YOUR-TEST", client))


def _by_the_action(shell: Shell, tokens: Runner, **inputs: str) -> dict[str, str]:
    """The variables that a later step of the job has."""
    job = Job(shell.place, shell.service.endpoint)
    job.with_tokens(tokens)
    job.inputs |= inputs
    job.environ |= shell.environ
    ran = job.main()
    assert ran.code == 0, ran.text + ran.errors
    return {**job.environ, **job.values("ENV")}


def _by_variables_of_the_action(shell: Shell, tokens: Runner) -> Callable[[str], str]:
    environ = _by_the_action(shell, tokens)
    return lambda client: shell.sh(client, **environ)


def _by_profile_of_the_action(shell: Shell, tokens: Runner) -> Callable[[str], str]:
    environ = _by_the_action(shell, tokens, **{"aws-profile": "atmosphere"})
    return lambda client: shell.sh(client, **environ, AWS_PROFILE="atmosphere")


WAYS: Final[dict[str, Callable[..., Callable[[str], str]]]] = {
    "variables, by `allocate --export`": lambda shell, _: _by_variables(shell),
    "variables, by the action": _by_variables_of_the_action,
    "profile, by `allocate --profile-file`": lambda shell, _: _by_profile_of_the_cli(shell),
    "profile, by the action": _by_profile_of_the_action,
}
SHELLS: Final[dict[str, dict[str, Any]]] = {
    "a clean shell": {"variables": {}, "default_profile": False},
    "other AWS variables": {"variables": OTHERS, "default_profile": False},
    "a default profile": {"variables": {}, "default_profile": True},
}


@pytest.fixture(scope="module")
def sts() -> Iterator[Sts]:
    sts = Sts()
    yield sts
    sts.stop()


@pytest.fixture(scope="module")
def lender() -> Iterator[Service]:
    service = Service()
    service.script = [_granting]
    yield service
    service.stop()


@pytest.fixture(scope="module")
def tokens() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.stop()


def signed(client: str, use: Callable[[str], str], shell: Shell) -> set[Signed]:
    """What one client signs."""
    output = use(CLIENTS[client])
    found = shell.sts.seen.pop(shell.case, set())
    assert found, output
    if client == "CDK CLI":
        (one,) = found
        assert output.split() == [one.account, one.region]
    return found


HARDEST: Final = "other AWS variables"


@pytest.mark.parametrize(
    "where", [where if where == HARDEST else pytest.param(where, marks=pytest.mark.slow) for where in SHELLS]
)
@pytest.mark.parametrize("way", WAYS)
def test_every_client_works_in_the_environment(  # noqa: PLR0917 two tables, and fixtures
    way: str, where: str, sts: Sts, lender: Service, tokens: Runner, tmp_path: Path
) -> None:
    shell = Shell(tmp_path, lender, sts, "setup", SHELLS[where]["variables"])
    shell.prepare(default_profile=SHELLS[where]["default_profile"])
    use = WAYS[way](shell, tokens)

    seen = {client: signed(client, use, shell) for client in CLIENTS}

    assert {client: {str(one) for one in found} for client, found in seen.items()} == {
        client: {cell} for client, cell in rows("Three ways to get credentials to a test")[f"{way}, {where}"].items()
    }
    assert {one for found in seen.values() for one in found} == {ENVIRONMENT}


@pytest.mark.slow
def test_near_the_deadline_all_clients_together_ask_once_a_minute(sts: Sts, tmp_path: Path) -> None:
    """boto3 starts the profile's command for each call then, and the AWS CLI twice for each command."""
    soon = (datetime.now(UTC) + timedelta(minutes=8)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def ending(arrived: Arrived) -> Answer:
        answer = _granting(arrived)
        answer.body["environments"][0]["credentials"]["expiration"] = soon
        return answer

    service = Service()
    service.script = [ending]
    shell = Shell(tmp_path, service, sts, "renewal", {})
    shell.prepare(default_profile=False)
    started = time.monotonic()
    use = _by_profile_of_the_cli(shell)
    for client in (*CLIENTS, "boto3", "AWS CLI", "JavaScript SDK"):  # the CDK CLI asks STS once for each key
        assert {str(one) for one in signed(client, use, shell)} == {str(ENVIRONMENT)}
    minutes = (time.monotonic() - started) / 60
    service.stop()

    renewals = [arrived for arrived in service.arrived if arrived.path.endswith("/credentials")]
    assert len(renewals) <= minutes, [arrived.path for arrived in service.arrived]


@dataclass(frozen=True, slots=True)
class Choice:
    """Variables, which part of a signature they decide, and which value has which name in the table."""

    variables: Mapping[str, str]
    part: str
    names: Mapping[str, str]


OTHER_KEYS: Final = {name: OTHERS[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
CHOICES: Final = {
    "keys in variables, and `AWS_PROFILE`": Choice(
        {**OTHER_KEYS, "AWS_PROFILE": "kept"}, "account", {"111111111111": "variables", "222222222222": "profile"}
    ),
    "empty keys in variables, and `AWS_PROFILE`": Choice(
        {**dict.fromkeys(OTHER_KEYS, ""), "AWS_PROFILE": "kept"}, "account", {"222222222222": "profile"}
    ),
    "`AWS_DEFAULT_PROFILE` and `AWS_PROFILE`": Choice(
        {"AWS_DEFAULT_PROFILE": "default", "AWS_PROFILE": "kept"},
        "account",
        {"999999999999": "`AWS_DEFAULT_PROFILE`", "222222222222": "`AWS_PROFILE`"},
    ),
    "`AWS_SECURITY_TOKEN` and `AWS_SESSION_TOKEN`": Choice(
        {**OTHER_KEYS, "AWS_SECURITY_TOKEN": "STALE"},
        "token",
        {"STALE": "`AWS_SECURITY_TOKEN`", "OTHERTOKEN": "`AWS_SESSION_TOKEN`"},
    ),
    "only `AWS_REGION`": Choice(
        {"AWS_REGION": "us-west-2"}, "region", {"us-west-2": "`AWS_REGION`", "ap-south-1": "default profile"}
    ),
    "only `AWS_DEFAULT_REGION`": Choice(
        {"AWS_DEFAULT_REGION": "us-west-2"},
        "region",
        {"us-west-2": "`AWS_DEFAULT_REGION`", "ap-south-1": "default profile"},
    ),
    "`AWS_REGION`, and `AWS_PROFILE` with a region": Choice(
        {"AWS_REGION": "us-west-2", "AWS_PROFILE": "kept"},
        "region",
        {"us-west-2": "`AWS_REGION`", "eu-west-1": "profile"},
    ),
}


def test_the_table_of_what_clients_prefer_has_all_rows() -> None:
    assert list(rows("Which variable wins")) == list(CHOICES)
    assert list(rows("Three ways to get credentials to a test")) == [
        f"{way}, {where}" for way in WAYS for where in SHELLS
    ]


@pytest.mark.slow
@pytest.mark.parametrize("row", CHOICES)
def test_what_each_client_prefers_is_as_the_table_shows(row: str, sts: Sts, lender: Service, tmp_path: Path) -> None:
    """Not about Atmosphere, but the reason for what it unsets; it changes with the clients."""
    choice = CHOICES[row]
    shell = Shell(tmp_path, lender, sts, "choice", choice.variables)
    shell.prepare(default_profile=True)
    with (tmp_path / "home" / ".aws" / "config").open("a") as file:
        keys = {"Version": 1, "AccessKeyId": "ENVIRONMENTKEY", "SecretAccessKey": "x", "SessionToken": "t"}
        (tmp_path / "keys.json").write_text(json.dumps(keys))
        file.write(f"[profile kept]\nregion = eu-west-1\ncredential_process = cat {tmp_path / 'keys.json'}\n")

    seen = {}
    for client in CLIENTS:
        output = shell.sh(CLIENTS[client]).split()
        (one,) = shell.sts.seen.pop("choice")
        if client == "CDK CLI" and choice.part == "region":
            one = Signed(*output)  # its own request is in another region than it deploys to
        seen[client] = choice.names[getattr(one, choice.part)]

    assert seen == rows("Which variable wins")[row]
