"""An account of moto's that is cleaned in fake time: about fifteen kinds of leftovers, and things that must survive."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3

from atmosphere.cleanup.aws.accounts import Account
from atmosphere.cleanup.aws.budget import Budget
from atmosphere.cleanup.aws.guard import Guard
from atmosphere.cleanup.aws.protected import Protected
from atmosphere.cleanup.model import GLOBAL, STACK, Finished, Resource
from atmosphere.cleanup.scan.inventory import scan
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from tests.cleanup.clients import shared
from tests.cleanup.conftest import REGION, ROLE, role_arn
from tests.cleanup.context import a_context
from tests.cleanup.fakes.cloudcontrol import FakeCloudControl
from tests.cleanup.fakes.cloudformation import FakeCloudFormation
from tests.cleanup.fakes.sign_in import FakeSignIn
from tests.cleanup.faults import FaultyAccounts
from tests.cleanup.scene import KEY, Scene

if TYPE_CHECKING:
    from atmosphere.cleanup.aws.sessions import Clients, Session
    from atmosphere.cleanup.engine import PassResult
    from atmosphere.core.model import Region
    from tests.cleanup.fakes import FakeStack, World

Made = TypeVar("Made", bound="LandAccounts")
Root = Callable[[str], Any]

TRUST: Final = json.dumps({"Version": "2012-10-17", "Statement": []})
POLICY: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
)
MANIFEST: Final = json.dumps(
    {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}
)
FUNCTION: Final = f"arn:aws:lambda:{REGION}:222222222222:function:target"


def _bucket(root: Root) -> None:
    s3 = root("s3")
    s3.create_bucket(Bucket="leftover")
    s3.put_bucket_versioning(Bucket="leftover", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="leftover", Key="a", Body=b"x")
    s3.delete_object(Bucket="leftover", Key="a")
    s3.create_multipart_upload(Bucket="leftover", Key="unfinished")


def _repository(root: Root) -> None:
    root("ecr").create_repository(repositoryName="leftover")
    root("ecr").put_image(repositoryName="leftover", imageManifest=MANIFEST, imageTag="one")


def _table(root: Root) -> None:
    root("dynamodb").create_table(
        TableName="leftover",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )


def _rule(root: Root) -> None:
    events = root("events")
    events.create_event_bus(Name="leftover")
    events.put_rule(Name="leftover", EventBusName="leftover", EventPattern='{"source": ["x"]}')
    events.put_targets(Rule="leftover", EventBusName="leftover", Targets=[{"Id": "1", "Arn": FUNCTION}])


def _role(root: Root) -> None:
    iam = root("iam")
    iam.create_role(RoleName="leftover", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="leftover", PolicyName="inline", PolicyDocument=POLICY)
    policy = iam.create_policy(PolicyName="leftover", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="leftover", PolicyArn=policy)
    iam.create_instance_profile(InstanceProfileName="leftover")
    iam.add_role_to_instance_profile(InstanceProfileName="leftover", RoleName="leftover")


def _user(root: Root) -> None:
    iam = root("iam")
    iam.create_user(UserName="leftover")
    iam.create_access_key(UserName="leftover")
    iam.put_user_policy(UserName="leftover", PolicyName="inline", PolicyDocument=POLICY)


def _key(root: Root) -> None:
    key = root("kms").create_key()["KeyMetadata"]["KeyId"]
    root("kms").create_alias(AliasName="alias/leftover", TargetKeyId=key)


def _one(service: str, operation: str, **parameters: Any) -> Callable[[Root], None]:
    return lambda root: getattr(root(service), operation)(**parameters)


SEEDS: Final[dict[tuple[str, ...], Callable[[Root], None]]] = {
    ("AWS::S3::Bucket",): _bucket,
    ("AWS::ECR::Repository",): _repository,
    ("AWS::DynamoDB::Table",): _table,
    ("AWS::Events::Rule", "AWS::Events::EventBus"): _rule,
    ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::InstanceProfile"): _role,
    ("AWS::IAM::User",): _user,
    ("AWS::KMS::Key", "AWS::KMS::Alias"): _key,
    ("AWS::SQS::Queue",): _one("sqs", "create_queue", QueueName="leftover"),
    ("AWS::SNS::Topic",): _one("sns", "create_topic", Name="leftover"),
    ("AWS::Logs::LogGroup",): _one("logs", "create_log_group", logGroupName="leftover"),
    ("AWS::SSM::Parameter",): _one("ssm", "put_parameter", Name="leftover", Type="String", Value="x"),
    ("AWS::SecretsManager::Secret",): _one("secretsmanager", "create_secret", Name="leftover", SecretString="x"),
}
TYPES: Final = tuple(name for names in SEEDS for name in names)


def root(service: str, region: str = REGION) -> Any:
    """A client of the test's own in the account."""
    keys: Any = boto3.client("sts").assume_role(RoleArn=role_arn(), RoleSessionName="the-test-itself")["Credentials"]
    return shared("test").session(keys).client(service, region)


class LandAccount(Account):
    """CloudFormation, Cloud Control and Sign-In, which moto cannot run here, are faked; the rest is moto's."""

    world: World

    def client(self, service: str, region: Region) -> Any:
        """See `Account`."""
        if service == "cloudformation":
            return FakeCloudFormation(self.world, region)
        if service == "cloudcontrol":
            return FakeCloudControl(self.world)
        if service == "signin":
            return FakeSignIn()
        return super().client(service, region)


class LandAccounts(FaultyAccounts):
    """Misbehaves as it is told."""

    world: World
    kind: type[LandAccount] = LandAccount
    whose = "cleaner"

    def session(self, _clients: Clients, keys: Mapping[str, str]) -> Session:
        """Shares its clients with all others of its kind: those of a canary are not the cleaner's."""
        session = shared(self.whose).session(keys)
        self.watch(session)
        return session

    def open(self, *arguments: Any, **keywords: Any) -> Account | Finished:
        """A `LandAccount`."""
        account = super().open(*arguments, **keywords)
        return account if isinstance(account, Finished) else self._on_land(account)

    def canary(self, *arguments: Any, **keywords: Any) -> Account | Finished:
        """Another one."""
        self.whose = "canary"
        account = super().canary(*arguments, **keywords)
        self.whose = "cleaner"
        return account if isinstance(account, Finished) else self._on_land(account)

    def _on_land(self, account: Account) -> Account:
        account.__class__ = self.kind  # made anew it would be watched twice
        account.world = self.world  # type: ignore[attr-defined]
        return account


class Land(Scene):
    """An account with its admin role and a queue of the baseline; `types` are all that cleaning looks at."""

    def __init__(self, *types: str, stacks: tuple[FakeStack, ...] = (), **changes: Any) -> None:
        super().__init__(*stacks, types=types)
        self.changes = {"sweep_globals": True, **changes}
        self.faulty()
        root("sqs").create_queue(QueueName="needed")
        self.capture()

    def capture(self) -> None:
        """Everything that is there becomes the baseline, but for stacks, which are all leftovers here."""
        items = {item: fingerprint for item, fingerprint in self.there().items() if item.type != STACK}
        baseline = Baseline(items=items, types=self.types, regions=self.assignment().regions)
        self.store.put(baseline_name(KEY), baseline.to_json())

    def faulty(self, make: type[Made] = LandAccounts, **keywords: Any) -> Made:  # type: ignore[assignment]
        """Clean with accounts that misbehave from now on; those of `LandAccounts` itself only if they are told to."""
        accounts = make(boto3.Session(), **keywords)
        accounts.world = self.world
        self.accounts = lambda: accounts
        return accounts

    def there(self) -> dict[Resource, str | None]:
        """What exists, as nobody's cleanup sees it."""
        keys: Any = boto3.client("sts").assume_role(RoleArn=role_arn(), RoleSessionName="look-of-the-test")[
            "Credentials"
        ]
        session = shared("look").session(keys)
        assignment = replace(self.assignment(), sweep_globals=True)
        guard = Guard(
            may_mutate=False,
            regions=assignment.regions,
            deadline=assignment.deadline,
            budget=Budget(self.clock, timedelta(hours=1)),
            protected=Protected(),
        )
        account = LandAccount(session, guard, home=REGION)
        account.world = self.world
        inventory = scan(a_context(assignment, account, self.clock))
        assert not inventory.unknown
        return inventory.everything()

    def left(self) -> set[Resource]:
        """What exists and is not of the baseline."""
        baseline = Baseline.from_json(self.store.texts[baseline_name(KEY)])
        return set(self.there()) - set(baseline.items)

    def journal(self) -> list[dict[str, Any]]:
        """Every mutation so far, in order."""
        names = sorted(name for name in self.store.texts if "/journal/" in name)
        return [json.loads(line) for name in names for line in self.store.texts[name].splitlines()]

    def operations(self) -> list[str]:
        """The operations of the journal."""
        return [entry["operation"] for entry in self.journal()]

    def report(self, result: PassResult) -> dict[str, Any]:
        """The report of a final verdict."""
        content: dict[str, Any] = json.loads(self.store.texts[str(result.report_key)])
        return content


def make_admin_role() -> None:
    """What every land needs before it is made."""
    root("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)


def sow(*types: str) -> None:
    """The leftovers of these types; all of them if none is named."""
    for names, make in SEEDS.items():
        if not types or set(names) & set(types):
            make(root)


ADMIN_ROLE: Final = Resource("AWS::IAM::Role", ROLE, GLOBAL)
