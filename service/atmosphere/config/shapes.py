"""The shapes of the three files, as pydantic types: one source for checking, the JSON Schemas and the remedies.

A field's description says what belongs there; a problem's remedy quotes it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints, WithJsonSchema

from atmosphere.core.model import Settings

_ACCOUNT_PATTERN: Final = r"^[0-9]{12}$"
_ROLE_NAME: Final = r"^[A-Za-z0-9_+=,.@-]{1,64}$"
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_ASKED_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"  # what a request can name: core/request.py
_ARN: Final = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/([\x21-\x7e]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}$"

Account = Annotated[str, StringConstraints(pattern=_ACCOUNT_PATTERN)]
AwsRegion = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,6}(-[a-z]+)+-[0-9]{1,2}$")]
Name = Annotated[str, StringConstraints(pattern=_NAME)]
AskedName = Annotated[str, StringConstraints(pattern=_ASKED_NAME)]
RoleArnText = Annotated[str, StringConstraints(pattern=_ARN, max_length=600)]
IamRoleName = Annotated[str, StringConstraints(pattern=_ROLE_NAME)]
KeepPattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:*?_-]+:[\x20-\x7e]+$", max_length=300)]


def _named(value: object) -> object:
    """A list of capability names as the map that it abbreviates."""
    if not isinstance(value, list):
        return value
    wrong = [name for name in value if not isinstance(name, str)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not a text")
    twice = sorted({name for name in value if value.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]!r} stands here twice")
    return dict.fromkeys(value, True)


_CAPABILITIES_SCHEMA: Final = {
    "oneOf": [
        {"type": "array", "items": {"type": "string", "pattern": _ASKED_NAME}, "uniqueItems": True},
        {"type": "object", "propertyNames": {"pattern": _ASKED_NAME}},
    ]
}
Capabilities = Annotated[dict[AskedName, JsonValue], BeforeValidator(_named), WithJsonSchema(_CAPABILITIES_SCHEMA)]


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class EnvironmentEntry(_Shape):
    """One environment: an AWS account and a region that tests may be given."""

    account: Account = Field(description="the AWS account: 12 digits in quotes")
    region: AwsRegion = Field(description="the AWS region that tests get, e.g. us-east-1")
    pool: Name = Field(description="the pool it belongs to: letters, digits, dot, dash, underscore; at most 64")
    admin_role: RoleArnText = Field(
        description="the ARN of the role in that account that cleans it and that tests get, "
        "e.g. arn:aws:iam::222222222222:role/AtmosphereAdmin"
    )
    capabilities: Capabilities = Field(
        description="what it offers, so that tests can ask for it: a list of names, or a map of names "
        "to values; names are 1 to 32 letters, digits, dashes and underscores"
    )
    roles: dict[AskedName, RoleArnText] = Field(
        default_factory=dict, description="further roles that a test may ask for by name: a map of names to role ARNs"
    )
    regions: list[AwsRegion] = Field(
        default_factory=list, description="further regions of the account that tests use and cleaning covers"
    )
    keep: list[KeepPattern] = Field(
        default_factory=list,
        description="what must survive cleaning: TYPE:ID patterns with * and ?, e.g. AWS::S3::Bucket:company-*",
    )
    external_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,128}$")] = Field(
        default="",
        description="the ExternalId that the roles' trust policies ask for: 2 to 128 of A-Z a-z 0-9 _+=,.@:/-",
    )


class EnvironmentsFile(_Shape):
    """Every AWS environment that Atmosphere manages."""

    environments: list[EnvironmentEntry] = Field(
        max_length=5000, description="a list with one entry per environment, at most 5000"
    )


class IamEntry(_Shape):
    """IAM principals of one account that may use these pools."""

    name: Name = Field(description="a name for the rule, unique in the file")
    account: Account = Field(description="the AWS account whose principals the rule lets in: 12 digits in quotes")
    pools: list[Name] = Field(
        min_length=1, max_length=1000, description="the pools they may allocate from; at least one"
    )
    roles: list[IamRoleName] | None = Field(
        default=None,
        min_length=1,
        description="only these roles, by name without path; without it all of the account",
    )
    max_active: int | None = Field(
        default=None,
        ge=1,
        le=10000,
        description="how many environments they may hold at once; leave it out for no limit",
    )


class OperatorEntry(_Shape):
    """A role whose sessions may see and end everything."""

    account: Account = Field(description="the AWS account of the role: 12 digits in quotes")
    role: IamRoleName = Field(description="the role's name, without path")


class AccessFile(_Shape):
    """Who may allocate from which pool, and who operates the service. Whoever is not named is refused."""

    iam: list[IamEntry] = Field(
        default_factory=list, max_length=1000, description="rules for callers that sign with AWS credentials"
    )
    operators: list[OperatorEntry] = Field(
        default_factory=list, max_length=1000, description="roles that operate the service"
    )


_DEFAULTS: Final[dict[str, Any]] = {field.name: field.default for field in fields(Settings)}


def _seconds(name: str, low: int, high: int, description: str) -> Any:
    default = int(_DEFAULTS[name].total_seconds())
    return Field(default=default, ge=low, le=high, description=f"{description}: {low} to {high}")


class SettingsFile(_Shape):
    """What an operator may tune."""

    role_names: list[IamRoleName] = Field(
        min_length=1, max_length=20, description="the only role names that the service may ever assume; 1 to 20"
    )
    blocked_accounts: list[Account] = Field(
        default_factory=list, description="accounts that must never be an environment: 12 digits in quotes"
    )
    session_seconds: int = _seconds("session", 900, 10800, "how long an allocation lasts at most, in seconds")
    credential_lifetime_seconds: int = _seconds(
        "credential_lifetime", 900, 3600, "how long one set of credentials lasts, in seconds"
    )
    cleanup_limit_seconds: int = _seconds(
        "cleanup_limit", 300, 21600, "how long cleaning may take before the environment is dirty, in seconds"
    )
    verify_gap_seconds: int = _seconds("verify_gap", 20, 600, "seconds between the two passes that must find nothing")
    clock_skew_seconds: int = _seconds(
        "clock_skew", 1, 60, "seconds that clocks may differ when credentials are revoked"
    )
    attempt_pause_seconds: int = _seconds("attempt_pause", 10, 900, "seconds of pause before a cleanup's next attempt")


DURATIONS: Final = tuple(
    name.removesuffix("_seconds") for name in SettingsFile.model_fields if name.endswith("_seconds")
)

FILES: Final[dict[str, type[BaseModel]]] = {
    "environments.yaml": EnvironmentsFile,
    "access.yaml": AccessFile,
    "settings.yaml": SettingsFile,
}
"""Every file of a configuration with its shape; the schema of `x.yaml` is `schema/x.json`."""
