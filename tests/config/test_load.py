"""A right configuration becomes exactly the snapshot that it says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from atmosphere.config.load import check, load
from atmosphere.config.problems import ConfigProblems
from atmosphere.core import snapshot
from atmosphere.core.access import caller_from_arn, is_operator, known, pools_of
from atmosphere.core.errors import Forbidden
from atmosphere.core.github import GITHUB_COM, GITHUB_COM_KEYS, TrustedIssuer
from atmosphere.core.model import EnvironmentKey
from atmosphere.core.settings import ROWS, Form, Row, Settings
from tests.config.conftest import EXAMPLES

if TYPE_CHECKING:
    from tests.config.conftest import Configuration

DURATIONS: Final = [row for row in ROWS if row.form is Form.SECONDS]


def test_the_examples_are_what_the_local_run_expects() -> None:
    found = load(EXAMPLES)

    assert [str(entry.key) for entry in found.pool(found.pools[0])] == [
        "aws://222222222222/us-east-1",
        "aws://333333333333/us-east-1",
    ]
    assert found.pools == ("demo", "europe", "release")
    assert check(EXAMPLES).problems == ()


def test_the_examples_let_runner_and_operator_in_and_stranger_not() -> None:
    access = load(EXAMPLES).access

    def caller(role: str):
        return caller_from_arn("111111111111", f"arn:aws:sts::111111111111:assumed-role/{role}/session")

    assert pools_of(access, caller("runner")) == ("demo", "europe", "release")
    assert is_operator(access, caller("operator"))
    assert not is_operator(access, caller("runner"))
    with pytest.raises(Forbidden):
        known(access, caller("stranger"))


def test_capabilities_become_a_map_from_either_spelling() -> None:
    found = load(EXAMPLES)

    listed = found.registration(EnvironmentKey.parse("222222222222/us-east-1"))
    mapped = found.registration(EnvironmentKey.parse("333333333333/us-east-1"))

    assert listed is not None
    assert mapped is not None
    assert listed.capabilities == {"public-network": True, "bedrock": True}
    assert mapped.capabilities == {"public-network": True, "quota": {"vpcs": 20, "elastic-ips": 10}}


def test_a_snapshot_survives_its_json() -> None:
    found = load(EXAMPLES)

    assert snapshot.from_json(snapshot.to_json(found)) == found


def test_the_order_of_entries_does_not_change_the_snapshot(configuration: Configuration) -> None:
    head, *entries = configuration.text("environments.yaml").split("\n  - account")
    turned = head + "".join(f"\n  - account{entry.rstrip()}\n" for entry in reversed(entries))
    configuration.write("environments.yaml", turned)

    assert snapshot.to_json(load(configuration.directory)) == snapshot.to_json(load(EXAMPLES))


def test_settings_not_written_have_the_defaults_of_the_model(configuration: Configuration) -> None:
    configuration.write("settings.yaml", "role_names: [AtmosphereAdmin]\n")
    access = configuration.text("access.yaml")
    configuration.write("access.yaml", access[: access.index("github:")])

    github_com = TrustedIssuer(issuer=GITHUB_COM, jwks_url=GITHUB_COM_KEYS)
    assert load(configuration.directory).settings == Settings(role_names=("AtmosphereAdmin",), issuers=(github_com,))


@pytest.mark.parametrize("row", DURATIONS, ids=lambda row: row.name)
def test_every_duration_can_be_overridden(row: Row) -> None:
    found = load(EXAMPLES, {row.name: "7.5"})

    assert getattr(found.settings, row.field) == timedelta(seconds=7.5)


@pytest.mark.parametrize("row", [row for row in ROWS if row.low is not None], ids=lambda row: row.name)
def test_the_file_keeps_the_bounds_of_a_setting(row: Row, configuration: Configuration) -> None:
    assert row.low is not None
    assert row.high is not None
    written = [["AtmosphereAdmin"] * count if row.form is Form.ROLE_NAMES else count for count in (row.low, row.high)]
    beyond = [written[0][1:] if isinstance(written[0], list) else row.low - 1]
    beyond += [[*written[1], "One"] if isinstance(written[1], list) else row.high + 1]
    whole = {"role_names": ["AtmosphereAdmin"], "audience": "https://atmosphere.example.com"}

    for value in written:
        configuration.write("settings.yaml", yaml.safe_dump(whole | {row.name: value}))
        assert check(configuration.directory).snapshot is not None
    for value in beyond:
        configuration.write("settings.yaml", yaml.safe_dump(whole | {row.name: value}))
        assert row.name in {problem.path for problem in check(configuration.directory).problems}


def test_an_override_may_be_shorter_than_the_file_allows() -> None:
    found = load(EXAMPLES, {"session_seconds": "12.5", "verify_gap_seconds": "0"})

    assert found.settings.session == timedelta(seconds=12.5)
    assert found.settings.verify_gap == timedelta(0)


def test_types_to_skip_are_added_to_those_of_the_file() -> None:
    found = load(EXAMPLES, {"skipped_types": "AWS::SNS::Topic,AWS::SQS::Queue"})

    assert found.settings.skipped_types == ("AWS::SNS::Topic", "AWS::SQS::Queue")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("session", "10"),
        ("nonsense_seconds", "10"),
        ("role_names", "Other"),
        ("session_seconds", "-1"),
        ("session_seconds", "nan"),
        ("session_seconds", "inf"),
        ("session_seconds", "1e9"),
        ("session_seconds", "soon"),
    ],
)
def test_a_wrong_override_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigProblems) as refused:
        load(EXAMPLES, {name: value})

    (problem,) = refused.value.problems
    assert (problem.file, problem.path) == ("--setting", name)


def test_every_optional_key_reaches_the_registration(configuration: Configuration) -> None:
    configuration.replace("settings.yaml", "[AtmosphereAdmin]", "[AtmosphereAdmin, ReadOnly]")
    configuration.replace(
        "environments.yaml",
        "regions: [eu-central-1]",
        "regions: [eu-central-1]\n    roles: {reader: arn:aws:iam::555555555555:role/teams/ReadOnly}\n"
        "    keep: [AWS::S3::Bucket:company-*]",
    )

    entry = load(configuration.directory).registration(EnvironmentKey.parse("555555555555/eu-west-1"))

    assert entry is not None
    assert entry.regions == ("eu-central-1",)
    assert entry.roles["reader"] == "arn:aws:iam::555555555555:role/teams/ReadOnly"  # type: ignore[index]
    assert entry.keep == ("AWS::S3::Bucket:company-*",)
    assert entry.external_id == "atmosphere-example"
