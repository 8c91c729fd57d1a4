"""deployment.yaml: optional, checked like the others, and with the other files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atmosphere.config.deployment_shapes import DeploymentFile
from atmosphere.config.load import check, load, load_deployment
from atmosphere.config.problems import ConfigProblems, Severity

if TYPE_CHECKING:
    from tests.config.conftest import Configuration

FILE = "deployment.yaml"
ZONE = "domain: {name: atmosphere.example.com, hosted_zone_id: Z123, hosted_zone_name: example.com}\n"
CERTIFICATE = "domain: {name: a.example.com, certificate_arn: 'arn:aws:acm:%s:111111111111:certificate/abc'}\n"
RULE = "iam:\n  - {name: canary, account: '111111111111', roles: [atmosphere-canary], pools: [demo]}\n"


def problems(configuration: Configuration, text: str) -> list[tuple[Severity, str, str]]:
    configuration.write(FILE, text)
    found = check(configuration.directory).problems
    assert {problem.file for problem in found} <= {FILE}
    return [(problem.severity, problem.path, problem.what) for problem in found]


def test_without_the_file_everything_has_its_default(configuration: Configuration) -> None:
    (configuration.directory / FILE).unlink()
    assert load_deployment(configuration.directory) == DeploymentFile()


def test_the_file_changes_nothing_of_the_snapshot(configuration: Configuration) -> None:
    before = load(configuration.directory)
    configuration.write(FILE, "log_days: 30\ntags: {team: tests}\n")
    assert load(configuration.directory) == before
    assert load_deployment(configuration.directory).log_days == 30


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("log_days: 31", "log_days"),
        ("firewall: {rate: 99}", "firewall.rate"),
        ("reserved_concurrency: {nobody: 5}", "reserved_concurrency.nobody"),
        ("reserved_concurrency: {webhook: 0}", "reserved_concurrency.webhook"),
        ("canary: {minutes: 1}", "canary.minutes"),
        ("encryption_key: mine", "encryption_key"),
        ("domain: {name: Example.com}", "domain.name"),
        ("tags: {'aws*': x}", "tags.aws*"),
        ("nothing: 1", "nothing"),
    ],
)
def test_what_is_wrong_is_reported_at_its_place_and_nothing_is_deployed(
    configuration: Configuration, text: str, path: str
) -> None:
    assert path in [where for severity, where, _ in problems(configuration, text) if severity is Severity.ERROR]
    with pytest.raises(ConfigProblems):
        load(configuration.directory)


def test_another_spelling_of_the_name_is_not_overlooked(configuration: Configuration) -> None:
    (configuration.directory / FILE).rename(configuration.directory / "deployment.yml")
    (found,) = check(configuration.directory).problems
    assert (found.file, found.severity) == ("deployment.yml", Severity.ERROR)


@pytest.mark.parametrize(
    "text",
    [
        "domain: {name: a.example.com}\n",
        "domain: {name: a.example.com, hosted_zone_id: Z123}\n",
        "domain: {name: a.example.org, hosted_zone_id: Z123, hosted_zone_name: example.com}\n",
    ],
    ids=["no certificate", "half a zone", "another zone"],
)
def test_a_domain_that_cannot_be_made_is_an_error(configuration: Configuration, text: str) -> None:
    assert Severity.ERROR in {severity for severity, _, _ in problems(configuration, text)}


@pytest.mark.parametrize("text", [ZONE, CERTIFICATE % "eu-west-1"], ids=["made", "elsewhere"])
def test_a_domain_that_the_npm_client_may_not_be_able_to_use_is_a_warning(
    configuration: Configuration, text: str
) -> None:
    ((severity, path, what),) = problems(configuration, text)
    assert (severity, path) == (Severity.WARNING, "domain")
    assert "npm client" in what


def test_a_domain_in_the_region_that_the_npm_client_signs_for_is_none(configuration: Configuration) -> None:
    assert problems(configuration, CERTIFICATE % "us-east-1") == []


def test_a_canary_pool_has_an_environment_and_a_rule(configuration: Configuration) -> None:
    assert [what for *_, what in problems(configuration, "canary: {pool: nowhere}\n")] == [
        "no environment is in the pool nowhere",
        "no rule of access.yaml lets the role atmosphere-canary use the pool nowhere",
    ]
    configuration.replace("access.yaml", "iam:\n", RULE)
    assert problems(configuration, "canary: {pool: demo}\n") == []


def test_a_stranger_of_a_listed_account_is_none(configuration: Configuration) -> None:
    role = "arn:aws:iam::%s:role/Stranger"
    ((severity, path, _),) = problems(configuration, f"canary: {{stranger_role: '{role % '111111111111'}'}}\n")
    assert (severity, path) == (Severity.ERROR, "canary.stranger_role")
    assert problems(configuration, f"canary: {{stranger_role: '{role % '888888888888'}'}}\n") == []


def test_what_is_adopted_fits_together(configuration: Configuration) -> None:
    whole = "adopt: {tables: {environments: rows}, bucket: kept-bucket}\n"
    assert problems(configuration, whole) == []
    assert [path for _, path, _ in problems(configuration, "adopt: {bucket: kept-bucket}\n")] == ["adopt.bucket"]
    assert problems(configuration, "adopt: {tables: {history: restored}}\n") == []
    twice = "adopt: {tables: {history: one-table, waiters: one-table}}\n"
    assert [path for _, path, _ in problems(configuration, twice)] == ["adopt.tables.history", "adopt.tables.waiters"]
    assert problems(configuration, "adopt: {tables: {nothing: a-table}}\n")
