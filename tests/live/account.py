"""What a test of the live suite is given: clients, names that are in the ledger, sessions, and a place for figures."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from atmosphere.contract import NAME, FunctionName
from atmosphere.faults import REFUSALS, code_of
from tests.live.api import Api
from tests.live.ledger import Kind, Ledger
from tests.live.optin import NotAsked, asked, confirmed, is_embedded
from tests.live.removal import Place
from tests.live.waiting import MINUTE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tests.live.optin import Asked

_PREFIX: Final = "atmosphere-live"
_CONFIG: Final = Config(retries={"total_max_attempts": 5, "mode": "standard"})
_SECONDS: Final = 900  # the shortest session that STS grants
_HOUR: Final = 3600  # seconds; the longest one of a role that another role assumes
ANY_RESOURCE: Final = "*"


def policy(action: str | list[str], *, effect: str = "Allow", **others: Any) -> str:
    """A policy with one statement."""
    statement = {"Effect": effect, "Action": action, **({"Resource": ANY_RESOURCE} | others)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: Mapping[str, str], **others: Any) -> str:
    """Who may assume a role."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **others}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def keys_of(session: Any) -> Credentials:
    """The keys of a boto3 session, as they are now."""
    frozen = session.get_credentials().get_frozen_credentials()
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def permitted(call: Callable[[], Any]) -> bool:
    """Whether AWS permits a call. Raises every error but "you may not"."""
    try:
        call()
    except ClientError as error:
        if code_of(error) not in REFUSALS:
            raise
        return False
    return True


@dataclass(frozen=True, slots=True)
class Role:
    """A role that the suite made."""

    name: str
    arn: str


@dataclass
class Live:
    """An account that somebody allowed the suite to use, and the deployed service in it."""

    asked: Asked
    session: Any
    ledger: Ledger
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    figures: list[str] = field(default_factory=list)
    _caller: Credentials | None = field(default=None, repr=False)
    _since: float = 0.0

    @property
    def account(self) -> str:
        """Its number."""
        return self.asked.account

    @property
    def region(self) -> str:
        """Where the service is."""
        return str(self.session.region_name)

    @cached_property
    def embedded(self) -> bool:
        """Whether this is the embedded AWS and no account."""
        return is_embedded(str(self.client("sts").meta.endpoint_url))

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Of the service's stack, none if no stack was named."""
        if not self.asked.stack:
            return {}
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self.asked.stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}

    @cached_property
    def endpoint(self) -> str:
        """Where the API is."""
        return self.asked.endpoint or self.outputs["Endpoint"].rstrip("/")

    @property
    def keys(self) -> Credentials:
        """Those of the API's caller, renewed long before they end."""
        if not self.asked.role:
            return keys_of(self.session)
        if self._caller is None or time.monotonic() - self._since > _HOUR / 2:
            self._since = time.monotonic()
            self._caller = self.assumed(self.asked.role, DurationSeconds=_HOUR)
        return self._caller

    @property
    def api(self) -> Api:
        """The API as its caller has it."""
        return Api(self.endpoint, self.region, self.keys)

    @property
    def unsigned(self) -> Api:
        """The API as everybody has it."""
        return Api(self.endpoint, self.region)

    def client(self, service: str, keys: Credentials | None = None, region: str | None = None) -> Any:
        """A boto3 client: with these keys, or with those of whoever started the suite."""
        mine = (
            {}
            if keys is None
            else {
                "aws_access_key_id": keys.access_key,
                "aws_secret_access_key": keys.secret_key,
                "aws_session_token": keys.token,
            }
        )
        return self.session.client(service, region_name=region or self.region, config=_CONFIG, **mine)

    def place(self, region: str) -> Place:
        """Where the things of a region are deleted and listed."""
        return Place(lambda service: self.client(service, region=region), self.account, self.api)

    def name(self, kind: Kind) -> str:
        """A name for something that is about to be created; it is in the ledger when this returns."""
        name = str(uuid4()) if kind is Kind.ALLOCATION else f"{_PREFIX}-{self.run}-{uuid4().hex[:6]}"
        self.ledger.note(kind, name, self.region)
        return name

    @property
    def pool(self) -> str:
        """From which the suite may allocate; without one, the test is skipped."""
        if not self.asked.pool:
            pytest.skip("no pool: set ATMOSPHERE_LIVE_POOL")
        return self.asked.pool

    def function(self, name: FunctionName) -> str:
        """What a function of the service is called."""
        return f"{self.service}-{name}"

    @cached_property
    def service(self) -> str:
        """What the service is called, by its stack; without one, as in docs/operations.md."""
        allocate = self.outputs.get("FunctionAllocate", f"{NAME}-{FunctionName.ALLOCATE}")
        return allocate.removesuffix(f"-{FunctionName.ALLOCATE}")

    def bucket(self) -> str:
        """A new bucket."""
        name = self.name(Kind.BUCKET)
        there = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        self.client("s3").create_bucket(Bucket=name, **({} if self.region == "us-east-1" else there))
        return name

    def figure(self, what: str, seconds: float) -> None:
        """Something that was measured, for the summary."""
        self.figures.append(f"{what}: {seconds:.1f} s")

    def role(self, *, trusted: str = "", allowed: str = "", longest: int = 3600) -> Role:
        """A new role: by default one that this account may assume, and that may do nothing."""
        name = self.name(Kind.ROLE)
        iam = self.client("iam")
        mine = trust({"AWS": f"arn:{self.partition}:iam::{self.account}:root"})
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted or mine, MaxSessionDuration=longest)
        if allowed:
            iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=allowed)
        return Role(name, made["Role"]["Arn"])

    def now(self) -> datetime:
        """AWS's time, in whole seconds: this machine's clock may differ."""
        reply = self.client("sts").get_caller_identity()["ResponseMetadata"]
        return parsedate_to_datetime(reply["HTTPHeaders"]["date"])

    @cached_property
    def partition(self) -> str:
        """`aws`, or that of China or of the government."""
        return str(self.client("sts").get_caller_identity()["Arn"].split(":")[1])

    def assumed(self, arn: str, *, keys: Credentials | None = None, **options: Any) -> Credentials:
        """A session of a role, as soon as IAM knows it. Raises what STS says but "access denied"."""
        sts = self.client("sts", keys)
        found: list[Mapping[str, str]] = []

        def known() -> bool:
            try:
                wanted = {"DurationSeconds": _SECONDS, "RoleSessionName": _PREFIX} | options
                found.append(sts.assume_role(RoleArn=arn, **wanted)["Credentials"])
            except ClientError as error:
                if code_of(error) != "AccessDenied":
                    raise
                return False
            return True

        until(known, f"{arn} can be assumed", seconds=MINUTE)
        (given,) = found
        return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def opened(variables: Mapping[str, str]) -> Live | NotAsked:
    """The account that the variables name, if they and the credentials agree."""
    wanted = asked(variables)
    if isinstance(wanted, NotAsked):
        return wanted
    session = boto3.Session(region_name=variables.get("AWS_REGION") or None)
    sure = confirmed(wanted, session)
    return sure if isinstance(sure, NotAsked) else Live(sure, session, Ledger(sure.ledger))
