"""The shapes of the files, as pydantic types: one source for checking, the JSON Schemas and the remedies.

A field's description says what belongs there; a problem's remedy quotes it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field, JsonValue, WithJsonSchema, create_model

from atmosphere.config.deployment_shapes import DEPLOYMENT, DeploymentFile
from atmosphere.config.pool_shapes import PoolEntry, Shape
from atmosphere.config.texts import (
    ASKED_NAME,
    Account,
    AskedName,
    Audience,
    AwsRegion,
    Event,
    ExternalId,
    GitHubEnvironment,
    GitHubId,
    HttpsUrl,
    IamRoleName,
    KeepPattern,
    Name,
    Ref,
    Repository,
    ResourceTypeName,
    RoleArnText,
    Workflow,
)
from atmosphere.core.github import GITHUB_COM, GITHUB_COM_KEYS
from atmosphere.core.github_rules import SAFE_EVENTS
from atmosphere.core.settings import ROWS, Form, Row


def _named(value: object) -> object:
    """A list of capability names as the map that it abbreviates."""
    if not isinstance(value, list):
        return value
    wrong = [name for name in value if not isinstance(name, str)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not a string")
    twice = sorted({name for name in value if value.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]!r} is listed twice")
    return dict.fromkeys(value, True)


_CAPABILITIES_SCHEMA: Final = {
    "oneOf": [
        {"type": "array", "items": {"type": "string", "pattern": ASKED_NAME}, "uniqueItems": True},
        {"type": "object", "propertyNames": {"pattern": ASKED_NAME}},
    ]
}
Capabilities = Annotated[dict[AskedName, JsonValue], BeforeValidator(_named), WithJsonSchema(_CAPABILITIES_SCHEMA)]


class EnvironmentEntry(Shape):
    """One environment: an AWS account and a region that tests may be given."""

    account: Account = Field(description="the AWS account: 12 digits in quotes")
    region: AwsRegion = Field(description="the AWS region that tests get, e.g. us-east-1")
    pool: Name = Field(description="the pool it belongs to: letters, digits, dot, dash, underscore; at most 64")
    admin_role: RoleArnText = Field(
        description="the ARN of the role in that account that tests get by default and that cleanup uses, "
        "e.g. arn:aws:iam::222222222222:role/AtmosphereAdmin"
    )
    cleaner_role: RoleArnText | None = Field(
        default=None,
        description="the ARN of the role in that account that cleanup uses instead of admin_role; tests never get it",
    )
    capabilities: Capabilities = Field(
        default_factory=dict,
        description="what it offers to tests: a list of names, or a map of names "
        "to values; names are 1 to 32 letters, digits, dashes and underscores",
    )
    roles: dict[AskedName, RoleArnText] = Field(
        default_factory=dict, description="further roles that a test may request by name: a map of names to role ARNs"
    )
    regions: list[AwsRegion] = Field(
        default_factory=list, description="further regions of the account that tests use and cleaning covers"
    )
    keep: list[KeepPattern] = Field(
        default_factory=list,
        description="what must survive cleaning: TYPE:ID patterns with * and ?, e.g. AWS::S3::Bucket:company-*",
    )
    external_id: ExternalId = Field(
        default="",
        description="the ExternalId that the roles' trust policies require: 2 to 128 of A-Z a-z 0-9 _+=,.@:/-",
    )


class EnvironmentsFile(Shape):
    """Every AWS environment that Atmosphere manages."""

    pools: dict[Name, PoolEntry] = Field(
        default_factory=dict, description="settings of whole pools: a map of pool names to settings"
    )
    environments: list[EnvironmentEntry] = Field(
        max_length=5000, description="a list with one entry per environment, at most 5000"
    )


Pools = Annotated[
    list[Name], Field(min_length=1, max_length=1000, description="the pools they may allocate from; at least one")
]
Quota = Annotated[
    int | None,
    Field(ge=1, le=10000, description="how many environments they may hold at once; default: no limit"),
]


class IamEntry(Shape):
    """IAM principals of one account that may use these pools."""

    name: Name = Field(description="a name for the rule, unique in the file")
    account: Account = Field(description="the AWS account whose principals the rule allows: 12 digits in quotes")
    pools: Pools
    roles: list[IamRoleName] | None = Field(
        default=None,
        min_length=1,
        description="only these roles, by name without path; default: all principals of the account",
    )
    max_active: Quota = None


class GitHubEntry(Shape):
    """Workflow runs of one GitHub repository that may use these pools."""

    name: Name = Field(description="a name for the rule, unique in the file")
    issuer: HttpsUrl = Field(
        default=GITHUB_COM,
        description="the issuer of the tokens: exactly one of the issuers in settings.yaml; default: github.com's",
    )
    repository_id: GitHubId = Field(
        description="the repository's id, digits in quotes: gh api repos/OWNER/NAME --jq .id"
    )
    repository_owner_id: GitHubId = Field(
        description="its owner's id, digits in quotes: gh api repos/OWNER/NAME --jq .owner.id"
    )
    repository: Repository = Field(description="the repository as OWNER/NAME; for readers only, because the ids decide")
    pools: Pools
    events: list[Event] = Field(
        default=list(SAFE_EVENTS),
        min_length=1,
        max_length=50,
        description=f"only runs started by one of these events; default: {', '.join(SAFE_EVENTS)}",
    )
    refs: list[Ref] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="only runs on one of these full refs, e.g. refs/heads/main or refs/tags/v1",
    )
    workflows: list[Workflow] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="only jobs defined in one of these files, e.g. "
        "OWNER/NAME/.github/workflows/test.yml@refs/heads/main (a branch, a tag or a full commit)",
    )
    environment: GitHubEnvironment | None = Field(
        default=None, description="only jobs that run in this GitHub deployment environment, by name"
    )
    runner: Literal["github-hosted", "self-hosted"] | None = Field(
        default=None, description="only jobs on this kind of runner: github-hosted or self-hosted"
    )
    max_active: Quota = None


class OperatorEntry(Shape):
    """A role whose sessions may see and end all allocations."""

    account: Account = Field(description="the AWS account of the role: 12 digits in quotes")
    role: IamRoleName = Field(description="the role's name, without path")


class AccessFile(Shape):
    """Who may allocate from which pool, and who operates the service. All other callers are refused."""

    iam: list[IamEntry] = Field(
        default_factory=list, max_length=1000, description="rules for callers that sign with AWS credentials"
    )
    github: list[GitHubEntry] = Field(
        default_factory=list, max_length=1000, description="rules for callers that are GitHub workflow runs"
    )
    operators: list[OperatorEntry] = Field(
        default_factory=list, max_length=1000, description="roles that operate the service"
    )


class IssuerEntry(Shape):
    """An issuer of GitHub tokens and the URL of its keys."""

    issuer: HttpsUrl = Field(
        description="the exact `iss` of its tokens: an https URL, lower-case host, no query, no trailing slash"
    )
    jwks_url: HttpsUrl = Field(description="the URL of its keys: https, usually the issuer's /.well-known/jwks")


_FORMS: Final[dict[Form, Any]] = {
    Form.SECONDS: int,
    Form.COUNT: int,
    Form.ROLE_NAMES: list[IamRoleName],
    Form.ACCOUNTS: list[Account],
    Form.RESOURCE_TYPES: list[ResourceTypeName],
    Form.AUDIENCE: Audience | None,
    Form.ISSUERS: list[IssuerEntry],
}
_GITHUB_COM: Final = IssuerEntry(issuer=GITHUB_COM, jwks_url=GITHUB_COM_KEYS)


def _setting(row: Row) -> Any:
    """A setting's field in the shape of its file, from its row."""
    match row.form:
        case Form.SECONDS:
            return _number(row, int(row.default.total_seconds()))
        case Form.COUNT:
            return _number(row, row.default)
        case Form.AUDIENCE:
            return Field(default=None, description=row.description)
        case Form.ISSUERS:
            return Field(default=[_GITHUB_COM], max_length=row.high, description=row.description)
    default: dict[str, Any] = {} if row.required else {"default_factory": lambda: list(row.default)}
    return Field(**default, min_length=row.low, max_length=row.high, description=row.description)


def _number(row: Row, default: int) -> Any:
    description = f"{row.description}: {row.low} to {row.high}"
    return Field(default=default, ge=row.low, le=row.high, description=description)


_SETTINGS: Final[dict[str, Any]] = {row.name: (_FORMS[row.form], _setting(row)) for row in ROWS}
SettingsFile: Final = create_model("SettingsFile", __base__=Shape, __doc__="Settings for operators.", **_SETTINGS)

FILES: Final[dict[str, type[BaseModel]]] = {
    "environments.yaml": EnvironmentsFile,
    "access.yaml": AccessFile,
    "settings.yaml": SettingsFile,
}
"""Every file that a configuration must have, with its shape."""
SHAPES: Final[dict[str, type[BaseModel]]] = {**FILES, DEPLOYMENT: DeploymentFile}
"""All files, with the one that may be missing; the schema of `x.yaml` is `schema/x.json`."""
