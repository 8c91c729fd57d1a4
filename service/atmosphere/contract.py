"""One list of what the code, the template and the local run must agree on.

Routes, functions, their environment variables and AWS services, tables, keys and indexes. Plain values; imports
nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

STAGE: Final = "v1"
NAME: Final = "atmosphere"
SERVICE_VARIABLE: Final = "POWERTOOLS_SERVICE_NAME"
"""Environment variable of all functions: what this service is called, where an account has more than one of them."""
METRICS_NAMESPACE: Final = "Atmosphere"


class Metric(StrEnum):
    """What the functions emit, in the namespace `METRICS_NAMESPACE`; `METRICS` has the dimensions of each."""

    ENVIRONMENTS = "Environments"
    """Gauge: the environments of a pool in a status."""
    WAITING = "Waiting"
    """Gauge: the callers that wait for a pool."""
    ALLOCATIONS = "Allocations"
    """Replies to allocate requests: `allocated`, or the code of the refusal."""
    WAIT = "Wait"
    """Seconds from a caller's first request to its allocation."""
    HOLD = "Hold"
    """Seconds from an allocation to its end."""
    ENDED = "Ended"
    """Allocations that ended, by who ended them."""
    TIME_TO_CLEAN = "TimeToClean"
    """Seconds from the end of an allocation to a free environment."""
    CLEANUP_PASS = "CleanupPass"  # noqa: S105 a name
    LEFTOVERS = "Leftovers"
    DEFERRED = "DeferredDebt"
    UNKNOWN = "UnknownListings"
    BECAME_DIRTY = "BecameDirty"
    """Of an alarm: one for each environment."""
    POOLS_HELD = "PoolsHeld"
    """Of an alarm: above zero while the breaker of a pool is open."""
    ROLE_REFUSED = "RoleRefused"
    """Of an alarm: one for each request that passed an environment over."""
    AUTHORIZER_FAILED = "AuthorizerFailed"
    """Of an alarm: a token that could be neither accepted nor refused."""
    REPOSITORY_RENAMED = "RepositoryRenamed"
    """Of an alarm: a rule's `repository` is no longer that repository's name."""
    EXHAUSTED_MINUTES = "ExhaustedMinutes"
    """Of an alarm, a gauge: for how long a pool has been exhausted, of the longest one."""
    TIME_TO_CLEAN_ALL = "TimeToCleanAll"
    """Of an alarm: as `TIME_TO_CLEAN`, over all pools."""
    WEBHOOK_REJECTED = "WebhookRejected"
    """Of an alarm: a delivery whose signature is not one of our secret."""
    CANARY_FAILED = "CanaryFailed"
    """Of an alarm, a gauge: how many checks of a run of the canary failed."""
    REFUSED = "Refused"
    RECLAIMED = "Reclaimed"
    RECONCILED = "Reconciled"
    REPAIRED = "Repaired"
    EVENT_NOT_PUBLISHED = "EventNotPublished"
    WATCHES_STARTED = "WatchesStarted"
    FREE_NOT_SCANNED = "FreeNotScanned"
    ADOPTED_WHILE_FREE = "AdoptedWhileFree"
    NEW_WHILE_FREE = "NewWhileFree"


METRICS: Final[dict[Metric, tuple[str, ...]]] = {
    **dict.fromkeys(Metric, ()),
    Metric.ENVIRONMENTS: ("pool", "status"),
    Metric.WAITING: ("pool",),
    Metric.ALLOCATIONS: ("pool", "code"),
    Metric.WAIT: ("pool",),
    Metric.HOLD: ("pool",),
    Metric.ENDED: ("pool", "by"),
    Metric.TIME_TO_CLEAN: ("pool",),
    Metric.CLEANUP_PASS: ("pool", "verdict"),
    Metric.LEFTOVERS: ("type",),
    Metric.DEFERRED: ("pool",),
    Metric.UNKNOWN: ("pool",),
    Metric.REFUSED: ("code",),
    Metric.REPAIRED: ("kind",),
    Metric.EVENT_NOT_PUBLISHED: ("kind",),
    Metric.ADOPTED_WHILE_FREE: ("pool",),
    Metric.NEW_WHILE_FREE: ("pool",),
}
"""The dimensions of each besides `service`; their values are names of the configuration and members of closed sets."""
SHOWN: Final[dict[str, tuple[str, ...]]] = {
    "status": ("free", "in-use", "cleaning", "dirty", "held"),
    "by": ("owner", "release-token", "operator", "github", "timeout", "lost"),
    "code": ("allocated", "pool-busy", "quota-reached", "all-dirty", "unsatisfiable", "unavailable"),
    "verdict": ("clean", "again", "blocked", "dirty"),
}
"""The values of dimensions that the dashboard has a line for; tests compare them with the enums of the core."""


MEASURE: Final = "measure"  # what the slower schedule of the reconciler asks for, as `do`
EVENT_SOURCE: Final = NAME  # `source` of every event, unless the service has another name; a role has no other


class Tree(StrEnum):
    """How a route's caller proves who it is."""

    IAM = "iam"
    GITHUB = "github"
    WEBHOOK = "webhook"
    """Open at the gateway: the handler compares the signature of the body."""


class Table(StrEnum):
    """The DynamoDB tables. Values are the logical names; the deployed names arrive in environment variables."""

    ENVIRONMENTS = "environments"
    ALLOCATIONS = "allocations"
    HISTORY = "history"
    WAITERS = "waiters"
    USED_TOKENS = "used_tokens"
    POOLS = "pools"
    SNAPSHOTS = "snapshots"


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index; `projects_all` is false where only keys are kept."""

    name: str
    partition: str
    sort: str
    projects_all: bool = True


@dataclass(frozen=True, slots=True)
class TableKeys:
    """A table's key attributes (all strings), its indexes and its TTL attribute (epoch seconds)."""

    partition: str
    sort: str | None = None
    indexes: tuple[Index, ...] = ()
    ttl: str | None = None


# `status_at` is `<status>#<freed_at>`: one query reads what is free, longest free first, and a write that changes the
# status need not know the pool (with a partition pool#status it would have to: DynamoDB cannot concatenate).
BY_STATUS: Final = Index("by_status", "pool", "status_at")
BY_WAKE: Final = Index("by_wake", "wake_shard", "wake_at")
BY_MARK: Final = Index("by_mark", "mark", "path", projects_all=False)
BY_RUN: Final = Index("by_run", "active_run", "started")
BY_REQUESTER: Final = Index("by_requester", "requester_hash", "start_id")

TABLES: Final[dict[Table, TableKeys]] = {
    Table.ENVIRONMENTS: TableKeys("account", "region", indexes=(BY_STATUS, BY_WAKE, BY_MARK)),
    Table.ALLOCATIONS: TableKeys("id", indexes=(BY_RUN,), ttl="expires"),
    Table.HISTORY: TableKeys("path", "start_id", indexes=(BY_REQUESTER,), ttl="expires"),
    Table.WAITERS: TableKeys("pool", "key", ttl="expires"),
    Table.USED_TOKENS: TableKeys("token", ttl="expires"),
    Table.POOLS: TableKeys("pool"),
    Table.SNAPSHOTS: TableKeys("digest"),
}
HISTORY_WEEKS: Final = 26
ALLOCATE_IN_FLIGHT: Final = 35
"""Seconds after an allocate was sent in which an unknown id may still become known; the gateway gives up after 29."""


class Env(StrEnum):
    """Environment variables of the functions."""

    BUCKET = "ATMOSPHERE_BUCKET"
    SNAPSHOT = "ATMOSPHERE_SNAPSHOT"
    ENVIRONMENTS_TABLE = "ATMOSPHERE_ENVIRONMENTS_TABLE"
    ALLOCATIONS_TABLE = "ATMOSPHERE_ALLOCATIONS_TABLE"
    HISTORY_TABLE = "ATMOSPHERE_HISTORY_TABLE"
    WAITERS_TABLE = "ATMOSPHERE_WAITERS_TABLE"
    USED_TOKENS_TABLE = "ATMOSPHERE_USED_TOKENS_TABLE"
    POOLS_TABLE = "ATMOSPHERE_POOLS_TABLE"
    SNAPSHOTS_TABLE = "ATMOSPHERE_SNAPSHOTS_TABLE"
    STATE_MACHINE = "ATMOSPHERE_STATE_MACHINE"
    LOOPBACK_ISSUER = "ATMOSPHERE_LOOPBACK_ISSUER"  # empty but on one machine
    ALARM_TOPIC = "ATMOSPHERE_ALARM_TOPIC"
    ENDPOINT = "ATMOSPHERE_ENDPOINT"
    CANARY_POOL = "ATMOSPHERE_CANARY_POOL"  # empty where none is configured
    CANARY_STRANGER = "ATMOSPHERE_CANARY_STRANGER"  # likewise
    WEBHOOK_SECRETS = "ATMOSPHERE_WEBHOOK_SECRETS"  # JSON: an ARN for each `issuer_digest`


def issuer_digest(issuer: str) -> str:
    """A token issuer in eight digits: 20 of them with their ARNs fit into the 4 KB of a function's variables."""
    return sha256(issuer.encode()).hexdigest()[:8]


TABLE_VARIABLES: Final = {
    Table.ENVIRONMENTS: Env.ENVIRONMENTS_TABLE,
    Table.ALLOCATIONS: Env.ALLOCATIONS_TABLE,
    Table.HISTORY: Env.HISTORY_TABLE,
    Table.WAITERS: Env.WAITERS_TABLE,
    Table.USED_TOKENS: Env.USED_TOKENS_TABLE,
    Table.POOLS: Env.POOLS_TABLE,
    Table.SNAPSHOTS: Env.SNAPSHOTS_TABLE,
}


class FunctionName(StrEnum):
    """The Lambda functions; the handler of each is `atmosphere.handlers.<name>.handler`."""

    ALLOCATE = "allocate"
    DEALLOCATE = "deallocate"
    REFRESH = "refresh"
    HEARTBEAT = "heartbeat"
    QUERY = "query"
    OPERATE = "operate"
    RECONCILE = "reconcile"
    CLEANUP = "cleanup"
    PUBLISH = "publish"
    AUTHORIZE = "authorize"
    WEBHOOK = "webhook"
    CANARY = "canary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What a function is given: memory (MB), time-out (s), variables, and the AWS services its asset has models of."""

    name: FunctionName
    purpose: str
    variables: tuple[Env, ...]
    services: tuple[str, ...]
    timeout: int = 20
    memory: int = 1024
    verifies_tokens: bool = False
    """Whether its asset carries PyJWT and cryptography."""

    @property
    def handler(self) -> str:
        """The dotted path of the entry point, as Lambda wants it."""
        return f"atmosphere.handlers.{self.name}.handler"


_SNAPSHOT: Final = (Env.SNAPSHOTS_TABLE, Env.SNAPSHOT)
_ROWS: Final = (Env.ENVIRONMENTS_TABLE, Env.ALLOCATIONS_TABLE, Env.HISTORY_TABLE, Env.WAITERS_TABLE, Env.POOLS_TABLE)
_API_SERVICES: Final = ("dynamodb", "s3", "stepfunctions", "sts")
_TELLING_SERVICES: Final = ("cloudformation", "cloudcontrol", "resourcegroupstaggingapi")
_CLEANED: Final = (
    "acm acm-pca amplify apigateway apigatewayv2 appconfig application-autoscaling apprunner appsync athena "
    "autoscaling backup batch bedrock bedrock-agent bedrock-agentcore-control cloudfront cloudtrail cloudwatch "
    "codebuild codecommit codedeploy codepipeline cognito-identity cognito-idp config dax dms ds dynamodb ec2 ecr ecs "
    "efs eks elasticache elasticbeanstalk elb elbv2 emr events firehose fsx gamelift globalaccelerator glue iam "
    "imagebuilder iot ivs kafka kendra kinesis kinesisanalyticsv2 kms lambda logs opensearch pipes rds redshift "
    "redshift-serverless route53 s3 s3tables sagemaker scheduler secretsmanager servicecatalog "
    "servicecatalog-appregistry servicediscovery ses sesv2 sns sqs ssm stepfunctions synthetics wafv2"
)
_CLEANED_SERVICES: Final = tuple(_CLEANED.split())
"""Of the types in the catalogue (`cleanup/catalogue/`); a test holds both together."""
_WATCHED_SERVICES: Final = ("s3control", "signin")
"""Of contents of a baseline (`cleanup/contents/`) and of revoking, beside those that are cleaned."""

FUNCTIONS: Final = (
    Function(
        name=FunctionName.ALLOCATE,
        purpose="POST /allocations: takes environments and mints their first credentials, or puts the caller in line",
        variables=(*_SNAPSHOT, *_ROWS, Env.USED_TOKENS_TABLE),
        services=_API_SERVICES,
    ),
    Function(
        name=FunctionName.DEALLOCATE,
        purpose="DELETE /allocations/{id}: ends an allocation and starts the cleanups",
        variables=(*_SNAPSHOT, *_ROWS, Env.STATE_MACHINE),
        services=_API_SERVICES,
    ),
    Function(
        name=FunctionName.REFRESH,
        purpose="POST /allocations/{id}/credentials: mints further credentials while the allocation is active",
        variables=(*_SNAPSHOT, *_ROWS),
        services=_API_SERVICES,
    ),
    Function(
        name=FunctionName.HEARTBEAT,
        purpose="POST /allocations/{id}/heartbeat: an allocation that asked for heartbeats is still alive",
        variables=(*_SNAPSHOT, *_ROWS),
        services=_API_SERVICES,
    ),
    Function(
        name=FunctionName.QUERY,
        purpose="GET: one allocation, pools, environments, history, the configuration in force",
        variables=(*_SNAPSHOT, Env.BUCKET, *_ROWS),
        services=_API_SERVICES,
    ),
    Function(
        name=FunctionName.OPERATE,
        purpose="POST /environments/…, /pools/…: what an operator does",
        variables=(*_SNAPSHOT, Env.BUCKET, *_ROWS, Env.STATE_MACHINE),
        services=(*_API_SERVICES, "events"),
    ),
    Function(
        name=FunctionName.RECONCILE,
        purpose="every minute: ends what is overdue, replaces what is silent; every five: measures the pools",
        variables=(*_SNAPSHOT, Env.BUCKET, *_ROWS, Env.STATE_MACHINE, Env.ALARM_TOPIC),
        services=(*_API_SERVICES, "events", "sns"),
        timeout=55,
    ),
    Function(
        name=FunctionName.CLEANUP,
        purpose="one pass of cleaning one environment",
        variables=(*_SNAPSHOT, Env.BUCKET, *_ROWS, Env.ALARM_TOPIC),
        services=tuple(
            dict.fromkeys((*_API_SERVICES, "events", *_TELLING_SERVICES, *_CLEANED_SERVICES, *_WATCHED_SERVICES))
        ),
        timeout=300,
        memory=1769,
    ),
    Function(
        name=FunctionName.PUBLISH,
        purpose="at every deployment: puts the configuration in force",
        variables=(Env.BUCKET, Env.SNAPSHOTS_TABLE, *_ROWS, Env.STATE_MACHINE),
        services=(*_API_SERVICES, "events"),
        timeout=300,
    ),
    Function(
        name=FunctionName.AUTHORIZE,
        purpose="the GitHub tree's door: verifies an OIDC token and burns it",
        variables=(*_SNAPSHOT, Env.USED_TOKENS_TABLE, Env.LOOPBACK_ISSUER),
        services=("dynamodb",),
        timeout=10,
        verifies_tokens=True,
    ),
    Function(
        name=FunctionName.WEBHOOK,
        purpose="POST /github/webhook: ends what completed runs and jobs of workflows still hold",
        variables=(*_SNAPSHOT, *_ROWS, Env.USED_TOKENS_TABLE, Env.STATE_MACHINE, Env.WEBHOOK_SECRETS),
        services=(*_API_SERVICES, "secretsmanager"),
        timeout=28,  # of which it waits 5 s; the gateway gives up after 29
    ),
    Function(
        name=FunctionName.CANARY,
        purpose="where configured, every few minutes: sends requests that must be refused, and one that must not",
        variables=(Env.ENDPOINT, Env.CANARY_POOL, Env.CANARY_STRANGER),
        services=_API_SERVICES,
        timeout=180,  # six requests of 30 s at most
    ),
)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of the API. `path` is relative to the root of its tree (`ROOTS`)."""

    method: str
    path: str
    function: FunctionName
    tree: Tree = Tree.IAM


ROUTES: Final = (
    Route("POST", "/allocations", FunctionName.ALLOCATE),
    Route("GET", "/allocations", FunctionName.QUERY),
    Route("GET", "/allocations/{id}", FunctionName.QUERY),
    Route("DELETE", "/allocations/{id}", FunctionName.DEALLOCATE),
    Route("POST", "/allocations/{id}/credentials", FunctionName.REFRESH),
    Route("POST", "/allocations/{id}/heartbeat", FunctionName.HEARTBEAT),
    Route("GET", "/pools", FunctionName.QUERY),
    Route("GET", "/pools/{pool}", FunctionName.QUERY),
    Route("GET", "/pools/{pool}/breaker", FunctionName.QUERY),
    Route("POST", "/pools/{pool}/resume", FunctionName.OPERATE),
    Route("GET", "/configuration", FunctionName.QUERY),
    Route("GET", "/environments", FunctionName.QUERY),
    Route("GET", "/environments/{account}/{region}", FunctionName.QUERY),
    Route("GET", "/environments/{account}/{region}/baseline", FunctionName.QUERY),
    Route("POST", "/environments/{account}/{region}/baseline", FunctionName.OPERATE),
    Route("POST", "/environments/{account}/{region}/{act}", FunctionName.OPERATE),
    Route("POST", "/allocations", FunctionName.ALLOCATE, Tree.GITHUB),
    Route("GET", "/allocations/{id}", FunctionName.QUERY, Tree.GITHUB),
    Route("DELETE", "/allocations/{id}", FunctionName.DEALLOCATE, Tree.GITHUB),
    Route("POST", "/allocations/{id}/credentials", FunctionName.REFRESH, Tree.GITHUB),
    Route("POST", "/allocations/{id}/heartbeat", FunctionName.HEARTBEAT, Tree.GITHUB),
    Route("GET", "/pools/{pool}", FunctionName.QUERY, Tree.GITHUB),
    Route("POST", "/webhook", FunctionName.WEBHOOK, Tree.WEBHOOK),
)

GITHUB_ROOT: Final = "/github"
ROOTS: Final = {Tree.IAM: "", Tree.GITHUB: GITHUB_ROOT, Tree.WEBHOOK: GITHUB_ROOT}
RELEASE_SCHEME: Final = "atmosphere-release."
"""`Authorization: Bearer atmosphere-release.<43 base64url characters>`: of the one allocation that knows its hash.

The secret is the 43 characters; `releaseTokenHash` of the allocate request is their sha-256 in lower-case hex.
"""
BY_RELEASE_TOKEN: Final = (("DELETE", "/allocations/{id}"), ("POST", "/allocations/{id}/heartbeat"))
"""The routes of the GitHub tree on which a release token means anything: it ends its allocation or keeps it alive."""

CANARY_CALLS: Final = (
    Route("POST", "/allocations", FunctionName.ALLOCATE),
    Route("DELETE", "/allocations/{id}", FunctionName.DEALLOCATE),
)
"""The routes that the canary calls as a caller that is allowed to."""

# Session names (docs: security). The test prefix is what revocation denies; the cleaner's never matches it.
TEST_SESSION: Final = "atmosphere"
CLEANUP_SESSION: Final = "atmosphere-clean"
CANARY_SESSION: Final = "atmosphere-canary"  # also the requester of its allocations


def session_name(prefix: str, region: str, allocation: str) -> str:
    """`<prefix>.<region>.<32 hex of the id>`, at most 64 characters: the region is cut where it would not fit."""
    digits = allocation.replace("-", "")
    return f"{prefix}.{region[: 62 - len(prefix) - len(digits)]}.{digits}"


def cleanup_prefix(account: str, region: str, allocation: str) -> str:
    """Where a cleanup keeps its state, ledger and reports in the bucket."""
    return f"cleanups/{account}/{region}/{allocation}/"


def progress_key(account: str, region: str, allocation: str) -> str:
    """Where a cleanup keeps how it stands."""
    return f"{cleanup_prefix(account, region, allocation)}progress.json"


def execution_name(allocation: str, account: str, region: str, attempt: int) -> str:
    """The name of a cleanup's execution: the same attempt can never run twice (at most 80 characters)."""
    return f"{allocation.replace('-', '')}-{account}-{region}-{attempt}"
