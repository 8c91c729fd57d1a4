"""What a test leaves on things of the baseline so that somebody can come back: told, or put back."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZipFile

import pytest
from moto import mock_aws

from atmosphere.cleanup.contents.resource_policies import RESOURCE_POLICIES
from tests.cleanup.faults import Reply
from tests.cleanup.test_contents import ALLOW, OWNER, REGION, TRUST, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUTSIDER: Final = "arn:aws:iam::999999999999:root"


@pytest.fixture(autouse=True)
def _moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield


def policy(action: str, resource: str, principal: str = OUTSIDER) -> str:
    allow = {"Sid": "s", "Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def only(told: dict[str, str]) -> str:
    [text] = told.values()
    return text


# --- policies on resources ---


def _bucket(room: Room) -> Callable[[str], None]:
    s3 = room.root("s3")
    s3.create_bucket(Bucket="kept")
    return lambda who: s3.put_bucket_policy(Bucket="kept", Policy=policy("s3:*", "arn:aws:s3:::kept/*", who))


def _queue(room: Room) -> Callable[[str], None]:
    sqs = room.root("sqs")
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{OWNER}:kept"
    return lambda who: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy("sqs:*", arn, who)})


def _topic(room: Room) -> Callable[[str], None]:
    sns = room.root("sns")
    arn = sns.create_topic(Name="kept")["TopicArn"]
    return lambda who: sns.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=policy("sns:Publish", arn, who)
    )


def _secret(room: Room) -> Callable[[str], None]:
    secrets = room.root("secretsmanager")
    secrets.create_secret(Name="kept", SecretString="x")
    return lambda who: secrets.put_resource_policy(
        SecretId="kept", ResourcePolicy=policy("secretsmanager:GetSecretValue", "*", who)
    )


def _repository(room: Room) -> Callable[[str], None]:
    ecr = room.root("ecr")
    ecr.create_repository(repositoryName="kept")
    return lambda who: ecr.set_repository_policy(repositoryName="kept", policyText=policy("ecr:*", "*", who))


MAKE: Final = {
    "AWS::S3::Bucket": _bucket,
    "AWS::SQS::Queue": _queue,
    "AWS::SNS::Topic": _topic,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::ECR::Repository": _repository,
}


@pytest.mark.parametrize("first", [False, True], ids=["without one", "with one"])
@pytest.mark.parametrize("name", MAKE)
def test_the_policy_of_a_kept_resource_is_put_back(name: str, *, first: bool) -> None:
    room = Room()
    let_in = MAKE[name](room)
    if first:
        let_in(f"arn:aws:iam::{OWNER}:root")
    room.capture()
    assert room.changed() == {}
    let_in(OUTSIDER)
    assert "999999999999" in only(room.changed())
    room.put_back()


def test_every_policy_that_is_put_back_is_tested() -> None:
    assert {each.type for each in RESOURCE_POLICIES if each.restorable} == set(MAKE)


def test_who_may_call_a_kept_function_is_told() -> None:
    room = Room()
    room.root("iam").create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(TRUST))
    archive = BytesIO()
    with ZipFile(archive, "w") as files:
        files.writestr("index.py", "")
    functions = room.root("lambda")
    functions.create_function(
        FunctionName="kept",
        Runtime="python3.13",
        Handler="index.handler",
        Role=f"arn:aws:iam::{OWNER}:role/Admin",
        Code={"ZipFile": archive.getvalue()},
    )
    room.capture()
    assert room.changed() == {}
    functions.add_permission(
        FunctionName="kept", StatementId="mine", Action="lambda:InvokeFunction", Principal="999999999999"
    )
    assert "999999999999" in only(room.changed())
    assert room.restorer.compare(fresh=True).restorable == []


# --- log groups ---


class Logging(Room):
    """CloudWatch Logs with policies on log groups, which moto does not have: each has a revision."""

    def __init__(self) -> None:
        self.policies: dict[str, dict[str, Any]] = {}
        self.revision = 0
        self.gone = False
        super().__init__()

    def _break(self, **event: Any) -> Any:
        name = event["model"].name
        if (
            not name.endswith(("ResourcePolicies", "ResourcePolicy"))
            or event["model"].service_model.service_name != "logs"
        ):
            return super()._break(**event)
        asked = json.loads(event["params"]["body"])
        if name == "DescribeResourcePolicies":
            assert asked["policyScope"] == "RESOURCE"
            if self.gone:
                return Reply(), {"Error": {"Code": "ResourceNotFoundException", "Message": "no such log group"}}
            account = {"policyName": "of-the-account", "policyDocument": "{}", "policyScope": "ACCOUNT"}
            return Reply(200), {"resourcePolicies": [account, *self.policies.values()]}
        return Reply(200), self.write(name, asked)

    def write(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        arn = asked["resourceArn"]
        assert asked.get("expectedRevisionId") == self.policies.get(arn, {}).get("revisionId")
        self.policies.pop(arn, None)
        self.revision += 1
        if name == "PutResourcePolicy":
            told = {key: asked[key] for key in ("policyName", "policyDocument", "resourceArn")}
            self.policies[arn] = {**told, "revisionId": str(self.revision)}
        return {}

    def attach(self, group: str, text: str, name: str = "p") -> None:
        arn = f"arn:aws:logs:{REGION}:{OWNER}:log-group:{group}"
        revision = {"expectedRevisionId": self.policies[arn]["revisionId"]} if arn in self.policies else {}
        self.write("PutResourcePolicy", {"policyName": name, "policyDocument": text, "resourceArn": arn, **revision})


@pytest.mark.parametrize("before", [None, policy("logs:PutLogEvents", "*", OUTSIDER)])
def test_the_policy_of_a_kept_log_group_is_put_back(before: str | None) -> None:
    room = Logging()
    for name in ("/kept", "/other"):
        room.root("logs").create_log_group(logGroupName=name)
    if before:
        room.attach("/kept", before)
    room.capture()
    assert room.changed() == {}
    room.attach("/kept", policy("logs:*", "*", OUTSIDER), "mine")
    assert list(room.changed()) == [f"AWS::Logs::LogGroup:/kept@{REGION}"]
    room.put_back()


def test_a_log_group_that_is_gone_has_no_policy() -> None:
    room = Logging()
    room.root("logs").create_log_group(logGroupName="/kept")
    room.capture()
    room.gone = True
    assert room.changed() == {}


# --- keys of KMS ---


def test_grants_to_others_are_revoked_and_those_within_the_account_left_alone() -> None:
    room = Room()
    kms = room.root("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = kms.create_grant(KeyId=key, GranteePrincipal=OUTSIDER, Operations=["Encrypt"])["GrantId"]
    room.capture()
    inside = kms.create_grant(
        KeyId=key, GranteePrincipal=f"arn:aws:iam::{OWNER}:role/a-service", Operations=["Decrypt"]
    )["GrantId"]
    assert room.changed() == {}
    kms.create_grant(KeyId=key, GranteePrincipal=OUTSIDER, Operations=["Decrypt"])
    assert "999999999999" in only(room.changed())
    room.put_back()
    assert {grant["GrantId"] for grant in kms.list_grants(KeyId=key)["Grants"]} == {before, inside}


def test_the_policy_of_a_key_is_put_back() -> None:
    room = Room()
    kms = room.root("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    room.capture()
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy("kms:*", "*"))
    assert "999999999999" in only(room.changed())
    room.put_back()


# --- users ---


class Users(Room):
    """With the service-specific credentials that moto has not, of whichever user."""

    def __init__(self) -> None:
        self.special = {"ACCAOFTHEBASELINE001": "Active"}
        super().__init__()

    def _break(self, **event: Any) -> Any:
        name = event["model"].name
        if name == "ListServiceSpecificCredentials":
            told = [{"ServiceSpecificCredentialId": each, "Status": state} for each, state in self.special.items()]
            return Reply(200), {"ServiceSpecificCredentials": told}
        if name == "DeleteServiceSpecificCredential":
            del self.special["ACCAOFTHETEST0000002"]
            return Reply(200), {}
        return super()._break(**event)


def test_what_a_kept_user_signs_in_with_is_what_it_was() -> None:
    room = Users()
    iam = room.root("iam")
    iam.create_user(UserName="kept")
    before = iam.create_access_key(UserName="kept")["AccessKey"]["AccessKeyId"]
    room.capture()
    mine = iam.create_access_key(UserName="kept")["AccessKey"]["AccessKeyId"]
    iam.create_login_profile(UserName="kept", Password="x" * 12)
    room.special["ACCAOFTHETEST0000002"] = "Active"
    told = only(room.changed())
    assert mine in told
    assert "password" in told
    assert "ACCAOFTHETEST0000002" in told
    room.put_back()
    assert room.special == {"ACCAOFTHEBASELINE001": "Active"}
    assert [key["AccessKeyId"] for key in iam.list_access_keys(UserName="kept")["AccessKeyMetadata"]] == [before]


def test_what_a_kept_user_may_do_is_told_and_never_put_back() -> None:
    room = Users()
    iam = room.root("iam")
    iam.create_user(UserName="kept")
    room.capture()
    iam.put_user_policy(UserName="kept", PolicyName="mine", PolicyDocument=ALLOW)
    told = only(room.changed())
    assert "+ inline/mine" in told
    assert room.restorer.restore() == {}
    assert only(room.changed()) == told


def test_what_a_kept_user_may_do_by_its_group_is_told() -> None:
    room = Users()
    iam = room.root("iam")
    iam.create_user(UserName="kept")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="kept")
    room.capture()
    assert room.changed() == {}
    iam.put_group_policy(GroupName="g", PolicyName="mine", PolicyDocument=ALLOW)
    assert "+ groups/g/inline/mine" in only(room.changed())


def test_in_an_account_with_other_environments_users_are_nobodys() -> None:
    room = Room(alone=False)
    room.root("iam").create_user(UserName="kept")
    assert [item for item in room.capture().contents if item.type == "AWS::IAM::User"] == []
