"""What is adopted is taken in under its own name, and what is kept is known to the next deployment."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.contract import Table
from infra.options import Adopt
from tests.infra.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable

ISSUER = "https://token.actions.githubusercontent.com"
SECRET = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:WebhookSecret-AbCdEf"
KEPT = Adopt(
    tables={table: f"atmosphere-{table}-kept" for table in Table},
    bucket="atmosphere-kept",
    webhook_secrets={ISSUER: SECRET},
)


@pytest.fixture(scope="module")
def stored() -> Callable[[Adopt], dict[str, Any]]:
    """The resources of a stack that only stores things."""
    cdk, storage = import_module("aws_cdk"), import_module("infra.constructs.storage")

    def resources(adopt: Adopt) -> dict[str, Any]:
        stack = cdk.Stack(cdk.App(), "atmosphere")
        service = import_module("constructs").Construct(stack, "Service")
        tables, bucket = storage.tables(service, None, adopt), storage.bucket(service, None, adopt)
        secrets = storage.webhook_secrets(service, [ISSUER], None, adopt)
        storage.interlock(service, service_name="atmosphere", tables=tables, bucket=bucket, secrets=secrets)
        found: dict[str, Any] = import_module("aws_cdk.assertions").Template.from_stack(stack).to_json()["Resources"]
        return found

    return resources


def named(resources: dict[str, Any], kind: str, name: str) -> dict[str, str | None]:
    return {key: each["Properties"].get(name) for key, each in resources.items() if each["Type"] == kind}


def test_everything_can_be_adopted_and_stays_a_resource_that_the_stack_keeps(
    stored: Callable[[Adopt], dict[str, Any]],
) -> None:
    resources = stored(KEPT)
    assert set(named(resources, "AWS::DynamoDB::Table", "TableName").values()) == set(KEPT.tables.values())
    assert set(named(resources, "AWS::S3::Bucket", "BucketName").values()) == {"atmosphere-kept"}
    assert named(resources, "AWS::SecretsManager::Secret", "Name") == {}
    taken = [each for each in resources.values() if each["Type"] in {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}]
    assert {each["DeletionPolicy"] for each in taken} == {"Retain"}  # CloudFormation imports nothing else


def test_an_adopted_table_has_another_logical_id_so_that_it_is_imported_and_the_one_before_it_let_go(
    stored: Callable[[Adopt], dict[str, Any]],
) -> None:
    own = named(stored(Adopt()), "AWS::DynamoDB::Table", "TableName")
    restored = named(stored(Adopt(tables={"history": "restored"})), "AWS::DynamoDB::Table", "TableName")
    again = named(stored(Adopt(tables={"history": "restored-again"})), "AWS::DynamoDB::Table", "TableName")
    (left,), (came,) = own.keys() - restored.keys(), restored.keys() - own.keys()
    assert (left.startswith("ServiceHistoryTable"), restored[came]) == (True, "restored")
    assert again.keys() & {left, came} == set()
    assert set(own.values()) == {None}


def test_the_names_of_what_is_kept_are_what_adopt_takes(stored: Callable[[Adopt], dict[str, Any]]) -> None:
    (parameter,) = [each for each in stored(KEPT).values() if each["Type"] == "AWS::SSM::Parameter"]
    named = parameter["Properties"]["Name"]
    assert not isinstance(named, str)  # CloudFormation would import a literal, and the lock would be open
    assert Reading({"Resources": {}}).text(named) == "/atmosphere/kept/<AWS::Region>"
    assert (parameter["DeletionPolicy"], parameter["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    template = {"Resources": stored(KEPT)}
    told = json.loads(Reading(template).text(parameter["Properties"]["Value"]))
    assert told.keys() == {"tables", "bucket", "webhook_secrets"}
    assert told["tables"].keys() == set(Table)
    assert told["webhook_secrets"] == {ISSUER: SECRET}
    assert Adopt(**told).tables.keys() == KEPT.tables.keys()


def test_the_names_are_kept_before_a_configuration_is_published(template: dict[str, Any]) -> None:
    (publication,) = [each for each in template["Resources"].values() if each["Type"].startswith("Custom::")]
    (parameter,) = [key for key, each in template["Resources"].items() if each["Type"] == "AWS::SSM::Parameter"]
    assert parameter in publication["DependsOn"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tables": {"nothing": "name"}}, "no table 'nothing'"),
        ({"tables": {"history": "one", "waiters": "one"}}, "give each its own name"),
        ({"bucket": "kept"}, "name both"),
    ],
)
def test_what_would_lose_something_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Adopt(**wrong)
