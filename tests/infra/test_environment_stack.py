"""The role of an environment: who may become it, on the embedded AWS."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from atmosphere.contract import CLEANUP_SESSION, TEST_SESSION, FunctionName

if TYPE_CHECKING:
    from pathlib import Path

    from atmosphere.local.emulator import Emulator

SERVICE, ENVIRONMENT, REGION = "111111111111", "222222222222", "us-east-1"
ROLE = f"arn:aws:iam::{ENVIRONMENT}:role/AtmosphereAdmin"
SESSION = f"{TEST_SESSION}.us-east-1.{'0' * 32}"
ANYBODY = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
MAY_ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Cloud:
    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def client(self, service: str, account: str, **keys: str) -> Any:
        given = keys or {"aws_access_key_id": account, "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **given)  # type: ignore[call-overload]

    def deploy(self, template: str, external_id: str, **further: str) -> None:
        formation = self.client("cloudformation", ENVIRONMENT)
        parameters = {"ServiceAccount": SERVICE, "ExternalId": external_id, **further}
        formation.create_stack(
            StackName="atmosphere-environment",
            TemplateBody=template,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        )
        formation.get_waiter("stack_create_complete").wait(
            StackName="atmosphere-environment", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
        )

    def session_of(self, role: str) -> Any:
        """STS as a role of the service's account."""
        iam = self.client("iam", SERVICE)
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=policy(ANYBODY))
        iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=policy(MAY_ASSUME))
        arn = f"arn:aws:iam::{SERVICE}:role/{role}"
        keys = self.client("sts", SERVICE).assume_role(RoleArn=arn, RoleSessionName=role)["Credentials"]
        return self.client(
            "sts",
            SERVICE,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )


@pytest.fixture
def cloud(emulator: Emulator) -> Cloud:
    return Cloud(emulator.endpoint)


@pytest.fixture(scope="session")
def environment_template(assembly: Path) -> str:
    return (assembly / "atmosphere-environment.template.json").read_text()


def test_it_needs_nothing_in_its_account(environment_template: str) -> None:
    template = json.loads(environment_template)
    assert {entry["Type"] for entry in template["Resources"].values()} == {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}
    named = {"ServiceAccount", "ServiceName", "ExternalId", "RoleName", "Use", "ProtectedRole", "OperatorRole"}
    assert set(template["Parameters"]) == named
    role = template["Resources"]["Role"]
    assert role["Properties"]["MaxSessionDuration"] == 3600


@pytest.mark.emulator
@pytest.mark.parametrize("name", [FunctionName.ALLOCATE, FunctionName.REFRESH, FunctionName.CLEANUP])
def test_the_functions_that_mint_and_clean_may_become_it(cloud: Cloud, environment_template: str, name: str) -> None:
    cloud.deploy(environment_template, "example")
    sts = cloud.session_of(f"atmosphere-{name}")
    for session in (SESSION, f"{CLEANUP_SESSION}.us-east-1.x"):
        assert sts.assume_role(RoleArn=ROLE, RoleSessionName=session, ExternalId="example")["Credentials"]


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        ("atmosphere-allocate", {"RoleSessionName": SESSION, "ExternalId": "wrong"}),
        ("atmosphere-allocate", {"RoleSessionName": SESSION}),
        ("atmosphere-allocate", {"RoleSessionName": "somebody", "ExternalId": "example"}),
        ("atmosphere-query", {"RoleSessionName": SESSION, "ExternalId": "example"}),
        ("atmosphere-allocate-not", {"RoleSessionName": SESSION, "ExternalId": "example"}),
    ],
    ids=["wrong external id", "no external id", "foreign session name", "another function", "look-alike role"],
)
def test_nobody_else_may_become_it(cloud: Cloud, environment_template: str, role: str, wanted: dict[str, str]) -> None:
    cloud.deploy(environment_template, "example")
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.session_of(role).assume_role(RoleArn=ROLE, **wanted)


@pytest.mark.emulator
def test_without_an_external_id_the_roles_still_decide(cloud: Cloud, environment_template: str) -> None:
    cloud.deploy(environment_template, "")
    assert cloud.session_of("atmosphere-allocate").assume_role(RoleArn=ROLE, RoleSessionName=SESSION)["Credentials"]
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.session_of("atmosphere-query").assume_role(RoleArn=ROLE, RoleSessionName=SESSION)


@pytest.mark.emulator
def test_a_service_of_another_name_is_another_service(cloud: Cloud, environment_template: str) -> None:
    cloud.deploy(environment_template, "example", ServiceName="blue")
    wanted = {"RoleArn": ROLE, "RoleSessionName": SESSION, "ExternalId": "example"}
    assert cloud.session_of("blue-allocate").assume_role(**wanted)["Credentials"]
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.session_of("atmosphere-allocate").assume_role(**wanted)


@pytest.mark.emulator
def test_only_cleaning_may_become_the_role_for_cleaning(cloud: Cloud, environment_template: str) -> None:
    cloud.deploy(environment_template, "example", Use="cleaning")
    wanted = {"RoleArn": ROLE, "RoleSessionName": f"{CLEANUP_SESSION}.us-east-1.x", "ExternalId": "example"}
    sts = cloud.session_of("atmosphere-cleanup")
    assert sts.assume_role(**wanted)["Credentials"]
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(**{**wanted, "RoleSessionName": SESSION})
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.session_of("atmosphere-allocate").assume_role(**wanted)
    trust = cloud.client("iam", ENVIRONMENT).get_role(RoleName="AtmosphereAdmin")["Role"]["AssumeRolePolicyDocument"]
    assert not any("Service" in statement["Principal"] for statement in trust["Statement"])


@pytest.mark.emulator
@pytest.mark.parametrize("use", ["tests", "cleaning"])
def test_the_named_operator_may_become_it_with_the_external_id_and_no_other_role_may(
    cloud: Cloud, environment_template: str, use: str
) -> None:
    operator = f"arn:aws:iam::{SERVICE}:role/operator"
    cloud.deploy(environment_template, "example", Use=use, OperatorRole=operator)
    wanted = {"RoleArn": ROLE, "RoleSessionName": "a-person"}
    sts = cloud.session_of("operator")
    assert sts.assume_role(**wanted, ExternalId="example")["Credentials"]
    for refused in ({}, {"ExternalId": "wrong"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(**wanted, **refused)
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.session_of("operator2").assume_role(**wanted, ExternalId="example")


@pytest.mark.emulator
def test_without_an_operator_the_role_trusts_no_people(cloud: Cloud, environment_template: str) -> None:
    cloud.deploy(environment_template, "example")
    trust = cloud.client("iam", ENVIRONMENT).get_role(RoleName="AtmosphereAdmin")["Role"]["AssumeRolePolicyDocument"]
    assert len(trust["Statement"]) == 2
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.session_of("operator").assume_role(RoleArn=ROLE, RoleSessionName="a-person", ExternalId="example")


@pytest.mark.parametrize(
    ("arn", "fits"),
    [
        ("", True),
        ("arn:aws:iam::111111111111:role/operator", True),
        ("arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0a1b", True),
        ("arn:aws:iam::111111111111:role/*", False),
        ("arn:aws:iam::111111111111:root", False),
        ("*", False),
    ],
)
def test_an_operator_is_one_role_by_its_arn(environment_template: str, arn: str, *, fits: bool) -> None:
    pattern = json.loads(environment_template)["Parameters"]["OperatorRole"]["AllowedPattern"]
    assert bool(re.search(pattern, arn)) is fits


BOUNDARY = f"arn:aws:iam::{ENVIRONMENT}:policy/AtmosphereBoundary-AtmosphereAdmin"
CLEANER = f"arn:aws:iam::{ENVIRONMENT}:role/AtmosphereCleaner"


def test_the_role_has_the_boundary_only_where_it_is_to_protect_a_role(environment_template: str) -> None:
    template = json.loads(environment_template)  # the embedded AWS gives roles no boundary
    wanted = {"Fn::If": ["IsBounded", {"Ref": "Boundary"}, {"Ref": "AWS::NoValue"}]}
    assert template["Resources"]["Role"]["Properties"]["PermissionsBoundary"] == wanted
    assert template["Resources"]["Boundary"]["Condition"] == "IsBounded"
    assert template["Conditions"]["IsBounded"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ProtectedRole"}, ""]}]}


@pytest.mark.emulator
def test_the_boundary_protects_the_cleaner_and_itself(cloud: Cloud, environment_template: str) -> None:
    cloud.deploy(environment_template, "example", ProtectedRole="AtmosphereCleaner")
    iam = cloud.client("iam", ENVIRONMENT)
    version = iam.get_policy(PolicyArn=BOUNDARY)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=BOUNDARY, VersionId=version)["PolicyVersion"]["Document"]
    statements = {each["Sid"]: each for each in document["Statement"]}
    assert statements["Everything"] == {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}
    assert (statements["ProtectCleaner"]["Action"], statements["ProtectCleaner"]["Resource"]) == ("iam:*", CLEANER)
    assert statements["ProtectBoundary"]["Resource"] == BOUNDARY
    assert {"iam:DeletePolicy", "iam:CreatePolicyVersion"} <= set(statements["ProtectBoundary"]["Action"])
    assert statements["KeepBoundaries"]["Resource"] == "*"
    demanded = statements["DemandBoundaries"]
    assert demanded["Condition"] == {"StringNotEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    assert {"iam:CreateRole", "iam:CreateUser", "iam:PutRolePermissionsBoundary"} <= set(demanded["Action"])
    assert {each["Effect"] for name, each in statements.items() if name != "Everything"} == {"Deny"}
