"""Services of several names in one account, two of them in one stack, from somebody else's app."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.config.problems import ConfigProblems
from tests.infra.cdk import made, named, taken
from tests.infra.reading import Reading

if TYPE_CHECKING:
    from pathlib import Path

    from atmosphere.core.snapshot import Snapshot

TOGETHER: Final = ("blue", "green")
_FIXED: Final = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::ApiGateway::RestApi": "Name",
}
_A_NAME: Final = re.compile(r"(?:[A-Z][A-Za-z]*)?Name|Alias(?:Name)?")
_NOT_UNIQUE: Final = {"StageName", "IndexName", "PolicyName", "MetricName", "AttributeName", "DisplayName", "Name"}
"""Names within something that has a name of its own, of what is only read, and for people."""


@pytest.fixture(scope="module")
def together(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = made("Together", TOGETHER, snapshot, tmp_path_factory.mktemp("several") / "out")
    template: dict[str, Any] = json.loads((out / "Together.template.json").read_text())
    return template


def fixed(template: dict[str, Any]) -> list[tuple[str, str]]:
    """What the template calls by a name of its own, with the type."""
    return [
        (entry["Type"], value)
        for entry in template["Resources"].values()
        for key, value in entry.get("Properties", {}).items()
        if key == _FIXED.get(entry["Type"])
        or (_A_NAME.fullmatch(key) and key not in _NOT_UNIQUE and isinstance(value, str))
    ]


def test_no_fixed_name_is_there_twice(template: dict[str, Any], together: dict[str, Any]) -> None:
    named = [*fixed(template), *fixed(together)]
    assert {kind for kind, _ in named} == set(_FIXED), "the types that have a name of their own, and no other"
    assert [each for each, times in Counter(map(str, named)).items() if times > 1] == []


def test_every_fixed_name_is_the_services_or_begins_with_it(together: dict[str, Any]) -> None:
    for kind, name in fixed(together):
        bare = re.sub(r"^/aws/(lambda|apigateway)/", "", name)
        assert bare in TOGETHER or bare.startswith(tuple(f"{service}-" for service in TOGETHER)), (kind, name)


def test_a_service_of_another_name_says_nothing_in_the_name_of_the_default(together: dict[str, Any]) -> None:
    """Metrics, events and permissions: alarms of one would go off for the other."""
    reading = Reading(together)
    services = {
        dimension["Value"]
        for alarm in reading.of("AWS::CloudWatch::Alarm").values()
        for dimension in alarm.get("Dimensions", ())
        if dimension["Name"] == "service"
    }
    assert services == set(TOGETHER)
    variables = [each["Environment"]["Variables"] for each in functions(reading)]
    assert {each["POWERTOOLS_SERVICE_NAME"] for each in variables} == set(TOGETHER)
    for board in reading.of("AWS::CloudWatch::Dashboard").values():
        asked = re.findall(r'service(?:\\"|"|=|,|\\)+([\w-]+)', board["DashboardBody"])
        assert set(asked) == {board["DashboardName"]}
    sources = re.findall(r'"events:source": "([\w-]+)"', json.dumps(together))
    assert set(sources) == set(TOGETHER)


def functions(reading: Reading) -> list[dict[str, Any]]:
    return [each for each in reading.of("AWS::Lambda::Function").values() if "ATMOSPHERE_BUCKET" in json.dumps(each)]


def test_a_state_machine_calls_the_cleanup_of_its_own_service(together: dict[str, Any]) -> None:
    for machine in Reading(together).of("AWS::StepFunctions::StateMachine").values():
        service = machine["StateMachineName"].removesuffix("-cleanup")
        assert set(re.findall(r"function:([\w-]+)", machine["DefinitionString"])) == {f"{service}-cleanup"}


ONE, OTHER, UNKNOWN = "111111111111", "222222222222", None


@pytest.mark.parametrize("second", [("blue", OTHER, "eu-west-1"), ("green", ONE, "eu-west-1"), ("blue", UNKNOWN, None)])
def test_a_name_is_free_in_another_account(second: tuple[str, str | None, str | None]) -> None:
    taken([("blue", ONE, "eu-west-1"), second])


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_name_that_is_taken_in_the_account_is_refused_in_any_region(region: str) -> None:
    with pytest.raises(ValueError, match="another AtmosphereService called 'blue'"):
        taken([("blue", ONE, "eu-west-1"), ("blue", ONE, region)])


@pytest.mark.parametrize("name", ["", "a", "A-team", "-a", "a-", "9to5", "a_b", "a" * 33, "aws-tests", "a b", "a\n"])
def test_a_name_that_cannot_name_a_role_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case letters"):
        named(name)


@pytest.mark.parametrize("name", ["ab", "atmosphere", "team-4", "a" * 32])
def test_a_name_that_can_is_taken(name: str) -> None:
    assert named(name) == name


def test_a_directory_is_checked_and_all_its_problems_are_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "environments.yaml").write_text("environments: 7\npools: 8\n")
    with pytest.raises(ConfigProblems) as refused:
        made("Alone", ("atmosphere",), tmp_path, tmp_path / "out")
    assert len(refused.value.problems) > 2
    for problem in refused.value.problems:
        assert str(problem) in str(refused.value)
