"""An environment on the embedded AWS: an account with its admin role, and a service that may assume it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from moto import mock_aws

from atmosphere.adapters.system import SystemClock
from atmosphere.cleanup.aws.accounts import Accounts
from atmosphere.cleanup.engine import PassResult, run_pass
from atmosphere.cleanup.limits import Limits
from atmosphere.cleanup.model import Assignment, PassState, Verdict
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.core.model import (
    ADMIN,
    AccountId,
    AllocationId,
    EnvironmentKey,
    PoolName,
    Region,
    Registration,
    RoleArn,
    RoleName,
)
from atmosphere.core.settings import Settings
from atmosphere.local.lacking import LACKING
from tests.quick import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.local.emulator import Emulator

HUB: Final = AccountId("111111111111")
ACCOUNT: Final = AccountId("222222222222")
REGION: Final = Region("us-east-1")
EXTERNAL_ID: Final = "atmosphere-tests"
ROLE: Final = "AtmosphereAdmin"
ALLOCATION: Final = AllocationId("11112222-3333-4444-5555-666677778888")
IMPATIENT: Final = Limits(
    workers=8,
    quiet_rounds=2,
    quiet_time=timedelta(0),
    busy_time=timedelta(0),
    longest_wait=timedelta(0),
    canary_wait=timedelta(seconds=2),
    canary_poll=timedelta(milliseconds=100),
    linger=timedelta(seconds=20),
)


def role_arn(name: str = ROLE, account: str = ACCOUNT) -> RoleArn:
    return RoleArn(f"arn:aws:iam::{account}:role/{name}")


@cache
def _root_session(account: str) -> boto3.Session:
    return boto3.Session(aws_access_key_id=account, aws_secret_access_key="test", region_name=REGION)


@cache
def _root_client(endpoint: str, service: str, region: str, account: str) -> Any:
    session: Any = _root_session(account)
    return session.client(service, region_name=region, endpoint_url=endpoint)


class Ground:
    """The account under test, and everything that cleans it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.store = MemoryTexts()
        self.clock = SystemClock()
        self.limits = IMPATIENT
        self.base = _root_session(HUB)
        self.skipped = (*LACKING, *ELSEWHERE)
        self.accounts = Accounts(self.base)

    def root(self, service: str, region: str = REGION, account: str = ACCOUNT) -> Any:
        """A client as the account's root: what the test's own calls are."""
        return _root_client(self.endpoint, service, region, account)

    def make_role(self, name: str = ROLE, *, actions: str | list[str] = "*", account: str = ACCOUNT) -> RoleArn:
        """A role of the account that the service may assume with the external id."""
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
        }
        serves = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        iam = self.root("iam", account=account)
        iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust, serves]})
        )
        allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="permissions", PolicyDocument=json.dumps(allow))
        return role_arn(name, account)

    def session(self, name: str, role: str = ROLE) -> boto3.Session:
        """A session of a role under a session name of one's choice."""
        keys = self.base.client("sts").assume_role(
            RoleArn=role_arn(role), RoleSessionName=name, ExternalId=EXTERNAL_ID
        )["Credentials"]
        return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)

    def assignment(self, **changes: Any) -> Assignment:
        """A cleanup after an allocation that has just ended."""
        roles: dict[RoleName, RoleArn] = {ADMIN: role_arn()}
        registration = Registration(
            key=EnvironmentKey(ACCOUNT, REGION), pool=PoolName("tests"), roles=roles, external_id=EXTERNAL_ID
        )
        registration = replace(registration, **changes.pop("registration", {}))
        settings = replace(
            Settings(role_names=(ROLE,), verify_gap=timedelta(0), clock_skew=timedelta(0), skipped_types=self.skipped),
            **changes.pop("settings", {}),
        )
        defaults: dict[str, Any] = {
            "allocation": ALLOCATION,
            "key": registration.key,
            "attempt": 1,
            "registration": registration,
            "roles_used": (),
            "started": datetime.now(UTC) - timedelta(hours=1),
            "deadline": datetime.now(UTC) + timedelta(hours=1),
            "capture_only": False,
            "sweep_globals": False,
            "settings": settings,
            "service_account": HUB,
        }
        return Assignment(**(defaults | changes))

    def capture(self, **changes: Any) -> PassResult:
        """The environment's birth."""
        return self.one_pass(self.assignment(capture_only=True, allocation=AllocationId("birth"), **changes))

    def one_pass(
        self,
        assignment: Assignment,
        state: PassState | None = None,
        *,
        beat: Callable[[], None] = lambda: None,
        accounts: Accounts | None = None,
    ) -> PassResult:
        """One pass, its state having travelled as JSON."""
        before = PassState.from_json(json.loads(json.dumps((state or PassState()).to_json())))
        return run_pass(
            assignment,
            before,
            aws=accounts or self.accounts,
            store=self.store,
            clock=self.clock,
            beat=beat,
            budget=timedelta(seconds=60),
            limits=self.limits,
        )

    def clean(self, assignment: Assignment | None = None, **changes: Any) -> PassResult:
        """Pass after pass, as the state machine does, until there is a verdict."""
        assignment = assignment or self.assignment(**changes)
        state: PassState | None = None
        for _ in range(20):
            result = self.one_pass(assignment, state)
            if result.verdict is not Verdict.AGAIN:
                return result
            state = result.state
            self.clock.sleep(result.wait)
        message = f"no verdict after 20 passes: {result}"
        raise AssertionError(message)

    def report(self, result: PassResult) -> dict[str, Any]:
        """The report of a final verdict."""
        assert result.report_key is not None
        content: dict[str, Any] = json.loads(self.store.texts[result.report_key])
        return content

    def journal(self) -> list[dict[str, Any]]:
        """Every mutation of every pass so far, but for the birth's."""
        names = sorted(name for name in self.store.texts if "/journal/" in name and "/birth/" not in name)
        return [json.loads(line) for name in names for line in self.store.texts[name].splitlines()]

    def make_stack(self, name: str, template: dict[str, Any], region: str = REGION, **extra: Any) -> str:
        """A stack, created; returns its id."""
        client = self.root("cloudformation", region)
        identity: str = client.create_stack(
            StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"], **extra
        )["StackId"]
        self.await_stack(name, "CREATE_COMPLETE", region)
        return identity

    def await_stack(self, name: str, status: str, region: str = REGION) -> None:
        """Wait until a stack is in a status; a deleted one is asked for by its id."""
        client = self.root("cloudformation", region)
        limit = datetime.now(UTC) + timedelta(seconds=30)
        while datetime.now(UTC) < limit:
            stack = client.describe_stacks(StackName=name)["Stacks"][0]
            if stack["StackStatus"] == status:
                return
        message = f"{name} is {stack['StackStatus']}: {stack.get('StackStatusReason')}"
        raise AssertionError(message)

    def stacks(self, region: str = REGION) -> list[str]:
        """Names of the stacks that exist."""
        return sorted(stack["StackName"] for stack in self.root("cloudformation", region).describe_stacks()["Stacks"])

    def buckets(self) -> list[str]:
        """Names of the buckets that exist."""
        return sorted(bucket["Name"] for bucket in self.root("s3").list_buckets()["Buckets"])


@pytest.fixture
def ground(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """An account with its admin role and nothing else."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    ground = Ground(emulator.endpoint)
    ground.make_role()
    return ground


@pytest.fixture
def registered(ground: Ground) -> Ground:
    """An environment with its (empty) baseline."""
    assert ground.capture().verdict is Verdict.CLEAN
    return ground


@pytest.fixture
def moto_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account of moto's, in process, with its admin role."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws(config={"lambda": {"use_docker": False}}):
        keys = boto3.client("sts").assume_role(RoleArn=role_arn(), RoleSessionName="setup-of-the-test")["Credentials"]
        session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        session.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")
        yield
