"""The shape of `deployment.yaml`: what the stack has besides the configuration. The file is optional.

Its defaults are those of `infra/options.py`; a test holds both together.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from atmosphere.config.pool_shapes import Shape
from atmosphere.contract import FunctionName, Table

DEPLOYMENT: Final = "deployment.yaml"
_HOST: Final = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$"
_CERTIFICATE: Final = r"^(arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]{1,64})?$"
_ACL: Final = r"^(arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[\w-]{1,128}/[A-Za-z0-9-]{1,64})?$"
_KEY: Final = r"^(create|arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64})?$"
_ROLE: Final = r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/([\x21-\x7e]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64})?$"

_Host = Annotated[str, StringConstraints(pattern=_HOST, max_length=253)]
_SECRET_NAME: Final = r"[A-Za-z0-9/_+=.@-]{1,512}"  # noqa: S105 - a pattern of names
_SecretArn = Annotated[
    str,
    StringConstraints(pattern=rf"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{{12}}:secret:{_SECRET_NAME}$"),
]
_Issuer = Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9./_-]{1,200}$")]
_Table = Annotated[str, StringConstraints(pattern=f"^({'|'.join(Table)})$")]
_TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
_Function = Annotated[str, StringConstraints(pattern=f"^({'|'.join(FunctionName)})$")]
_TagKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 _.:/=+@-]{1,128}$")]
_TagValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 _.:/=+@-]{0,256}$")]
_Reserved = Annotated[int, Field(ge=1, le=10_000)]
_LogDays = Literal[30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]


class DomainEntry(Shape):
    """A name of your own for the API. The default endpoint stays on."""

    name: _Host = Field(description="the host name, e.g. atmosphere.example.com")
    certificate_arn: str = Field(
        default="",
        pattern=_CERTIFICATE,
        description="the ARN of a certificate of ACM in the region of the service; "
        "default: one is made and validated in the hosted zone",
    )
    hosted_zone_id: str = Field(
        default="",
        pattern=r"^(Z[A-Z0-9]{1,31})?$",
        description="the id of the Route 53 zone that gets the alias; default: you make the DNS record yourself",
    )
    hosted_zone_name: str = Field(
        default="", pattern=f"^$|{_HOST}", description="the name of that zone, e.g. example.com"
    )


class ThrottleEntry(Shape):
    """Requests over all callers, for each route."""

    rate: int = Field(ge=1, le=10_000, description="requests per second: 1 to 10000")
    burst: int = Field(ge=1, le=5_000, description="requests at once: 1 to 5000")


class ThrottlesEntry(Shape):
    """One throttle for each tree of routes."""

    iam: ThrottleEntry = Field(
        default=ThrottleEntry(rate=200, burst=400), description="for callers that sign with AWS credentials"
    )
    github: ThrottleEntry = Field(
        default=ThrottleEntry(rate=100, burst=200), description="for callers with GitHub tokens"
    )
    webhook: ThrottleEntry = Field(default=ThrottleEntry(rate=50, burst=100), description="for GitHub's webhook")


class FirewallEntry(Shape):
    """A web ACL before the API."""

    acl_arn: str = Field(
        default="",
        pattern=_ACL,
        description="the ARN of a regional web ACL of yours; default: the stack makes one",
    )
    rate: int = Field(
        default=10_000,
        ge=100,
        le=2_000_000,
        description="for the stack's own ACL: requests of one address in five minutes: 100 to 2000000",
    )


class AlarmsEntry(Shape):
    """Limits of alarms."""

    exhausted_minutes: int = Field(
        default=30, ge=5, le=1440, description="how long a pool may be exhausted before the alarm: 5 to 1440"
    )
    cleanup_p95_minutes: int = Field(
        default=30, ge=1, le=720, description="the time from release to free that 95 % of cleanups keep: 1 to 720"
    )
    webhook_rejections: int = Field(
        default=10, ge=1, le=100_000, description="wrong signatures of the webhook in an hour: 1 to 100000"
    )


class CanaryEntry(Shape):
    """Requests that the service sends to itself, to see that the right ones are refused."""

    minutes: int = Field(default=15, ge=5, le=60, description="how often: every 5 to 60 minutes")
    pool: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="a pool of its own to allocate from; default: it allocates nothing",
    )
    stranger_role: str = Field(
        default="",
        pattern=_ROLE,
        description="the ARN of a role in an account that may not use the service; default: none is tried",
    )


class AdoptEntry(Shape):
    """What an earlier deployment left, or what was restored from a backup."""

    tables: dict[_Table, _TableName] = Field(
        default_factory=dict,
        description="the names of kept or restored DynamoDB tables, by the service's name of each; default: new ones",
    )
    bucket: str = Field(
        default="",
        pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
        description="the name of a kept bucket; default: a new one",
    )
    webhook_secrets: dict[_Issuer, _SecretArn] = Field(
        default_factory=dict, description="the ARNs of kept secrets of webhooks, by issuer; default: new ones"
    )


class DeploymentFile(Shape):
    """What the stack has besides the configuration: domain, limits, alarms, canary, encryption, tags."""

    domain: DomainEntry | None = Field(default=None, description="a host name of your own; default: none")
    throttles: ThrottlesEntry = Field(default=ThrottlesEntry(), description="limits of requests for each tree")
    firewall: FirewallEntry | None = Field(default=None, description="a web ACL, {} for the stack's own; default: none")
    reserved_concurrency: dict[_Function, _Reserved] = Field(
        default_factory=dict,
        description="concurrent executions that are set apart for a function, by its name; default: none",
    )
    alarms: AlarmsEntry = Field(default=AlarmsEntry(), description="limits of alarms")
    canary: CanaryEntry | None = Field(
        default=None, description="requests to itself, {} for the anonymous ones only; default: none"
    )
    encryption_key: str = Field(
        default="",
        pattern=_KEY,
        description="create, or the ARN of a KMS key, for tables, bucket, secret, logs and topic; default: AWS's keys",
    )
    tags: dict[_TagKey, _TagValue] = Field(
        default_factory=dict, max_length=40, description="tags of every resource: a map; at most 40"
    )
    log_days: _LogDays = Field(
        default=90, description="how long logs are kept, in days: 30, 60, 90, 120, 150, 180, 365, ... 3653"
    )
    adopt: AdoptEntry = Field(
        default=AdoptEntry(), description="tables, bucket and secret that are there already; default: none"
    )
