"""What each function may do: one table, one row for each reason. A role gets exactly this and its own log group.

DynamoDB checks a transaction by the actions of its parts: PutItem, UpdateItem, DeleteItem, ConditionCheckItem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from aws_cdk import aws_iam as iam

from atmosphere.contract import (
    BY_MARK,
    BY_REQUESTER,
    BY_RUN,
    BY_STATUS,
    BY_WAKE,
    FunctionName,
    Index,
    Table,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The ARNs that grants are made on."""

    tables: Mapping[Table, str]
    bucket: str
    state_machine: str
    snapshot_asset: str
    webhook_secrets: Sequence[str]
    event_bus: str
    event_source: str
    alarm_topic: str
    alarm_key: str
    canary_routes: Sequence[str]
    """The routes that the canary calls under its own role; none where it has no pool."""
    stranger: Sequence[str]
    """The role that it takes to be refused; none where none is configured."""
    roles: Sequence[str]
    """What may be assumed in the environments: `arn:<partition>:iam::*:role/<name>` for `settings.role_names`."""


Where: TypeAlias = Callable[[Places], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions on places, for a function's purpose."""

    actions: tuple[str, ...]
    where: Where
    conditions: Callable[[Places], Mapping[str, Any]] = lambda _: {}

    def statement(self, places: Places) -> iam.PolicyStatement | None:
        """The statement, None where the configuration leaves nothing to grant on."""
        resources = list(self.where(places))
        if not resources:
            return None
        return iam.PolicyStatement(
            actions=list(self.actions), resources=resources, conditions=dict(self.conditions(places)) or None
        )


def _rows(action: str, *tables: Table) -> Grant:
    return Grant((f"dynamodb:{action}",), lambda places: [places.tables[table] for table in tables])


def _runs_over(action: str) -> Grant:
    """The rows of runs that are over, and none of the used tokens beside them.

    Item operations always tell their keys; `ForAllValues` lets an embedded AWS pass that does not.
    """
    return Grant(
        (f"dynamodb:{action}",),
        lambda places: [places.tables[Table.USED_TOKENS]],
        lambda _: {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "over#*"}},
    )


def _query(table: Table, *indexes: Index) -> Grant:
    return Grant(
        ("dynamodb:Query",), lambda places: [f"{places.tables[table]}/index/{index.name}" for index in indexes]
    )


def _objects(action: str, *prefixes: str) -> Grant:
    return Grant((f"s3:{action}",), lambda places: [f"{places.bucket}/{prefix}/*" for prefix in prefixes])


def _listing(*prefixes: str) -> Grant:
    """Without it S3 answers 403 for an object that is not there, which must not be taken for "not there".

    `IfExists`, because a GetObject has no prefix in its context, and it is then that the 404 is wanted.
    """
    patterns = [f"{prefix}/*" for prefix in prefixes]
    return Grant(
        ("s3:ListBucket",), lambda places: [places.bucket], lambda _: {"StringLikeIfExists": {"s3:prefix": patterns}}
    )


_ENVIRONMENTS, _ALLOCATIONS, _HISTORY = Table.ENVIRONMENTS, Table.ALLOCATIONS, Table.HISTORY
_WAITERS, _POOLS = Table.WAITERS, Table.POOLS
_SNAPSHOT: Final = _rows("GetItem", Table.SNAPSHOTS)
_ASSUME: Final = Grant(("sts:AssumeRole",), lambda places: places.roles)
_PUBLISH_EVENTS: Final = Grant(
    # `IfExists` for an embedded AWS that does not know the key: EventBridge takes no entry without a source.
    ("events:PutEvents",),
    lambda places: [places.event_bus],
    lambda places: {"StringEqualsIfExists": {"events:source": places.event_source}},
)
_SEND_NOTICES: Final = (
    Grant(("sns:Publish",), lambda places: [places.alarm_topic]),
    Grant(("kms:Decrypt", "kms:GenerateDataKey"), lambda places: [places.alarm_key]),
)
_START_CLEANUP: Final = Grant(("states:StartExecution",), lambda places: [places.state_machine])

GRANTS: Final[Mapping[FunctionName, tuple[Grant, ...]]] = {
    FunctionName.ALLOCATE: (
        _SNAPSHOT,
        _query(_ENVIRONMENTS, BY_STATUS),
        _rows("GetItem", _ALLOCATIONS),
        _rows("UpdateItem", _ENVIRONMENTS),
        _rows("PutItem", _ALLOCATIONS, _HISTORY, _WAITERS),
        _rows("Query", _WAITERS),
        _rows("DeleteItem", _WAITERS),
        _rows("ConditionCheckItem", _ENVIRONMENTS, _ALLOCATIONS),
        _runs_over("ConditionCheckItem"),
        _ASSUME,
    ),
    FunctionName.DEALLOCATE: (
        _SNAPSHOT,
        _rows("GetItem", _ALLOCATIONS),
        _rows("UpdateItem", _ENVIRONMENTS, _ALLOCATIONS, _HISTORY),
        _rows("PutItem", _ALLOCATIONS, _WAITERS),  # the tombstone and its slot
        _rows("DeleteItem", _WAITERS),  # the slots
        _START_CLEANUP,
    ),
    FunctionName.REFRESH: (
        _SNAPSHOT,
        _rows("GetItem", _ALLOCATIONS),
        _rows("UpdateItem", _ENVIRONMENTS),  # it counts as a heartbeat
        _ASSUME,
    ),
    FunctionName.HEARTBEAT: (_SNAPSHOT, _rows("GetItem", _ALLOCATIONS), _rows("UpdateItem", _ENVIRONMENTS)),
    FunctionName.QUERY: (
        _SNAPSHOT,
        _objects("GetObject", "cleanups", "baselines"),
        _listing("cleanups", "baselines"),
        _query(_ENVIRONMENTS, BY_STATUS, BY_MARK),
        _query(_HISTORY, BY_REQUESTER),
        _rows("Query", _HISTORY, _WAITERS),
        _rows("GetItem", _ENVIRONMENTS, _ALLOCATIONS, _POOLS),
        _rows("BatchGetItem", _ENVIRONMENTS),
    ),
    FunctionName.OPERATE: (
        _SNAPSHOT,
        _objects("GetObject", "baselines"),
        _objects("PutObject", "baselines"),
        _listing("baselines"),
        _rows("GetItem", _ENVIRONMENTS, _ALLOCATIONS, _POOLS),
        _rows("UpdateItem", _ENVIRONMENTS, _ALLOCATIONS, _HISTORY),
        _rows("DeleteItem", _ENVIRONMENTS, _WAITERS),  # the slots
        _rows("PutItem", _HISTORY, _POOLS),
        _START_CLEANUP,
        _PUBLISH_EVENTS,
    ),
    FunctionName.RECONCILE: (
        _SNAPSHOT,
        _objects("GetObject", "cleanups"),
        _listing("cleanups"),
        _query(_ENVIRONMENTS, BY_WAKE, BY_STATUS),
        _rows("Query", _WAITERS),
        _rows("GetItem", _ENVIRONMENTS, _ALLOCATIONS, _POOLS),
        _rows("UpdateItem", _ENVIRONMENTS, _ALLOCATIONS, _HISTORY, _POOLS),
        _rows("PutItem", _POOLS),  # that a pool is exhausted
        _rows("DeleteItem", _WAITERS, _POOLS),
        _START_CLEANUP,
        _PUBLISH_EVENTS,
        *_SEND_NOTICES,
    ),
    FunctionName.CLEANUP: (
        _SNAPSHOT,
        _objects("GetObject", "cleanups", "baselines", "debt"),
        _objects("PutObject", "cleanups", "baselines", "debt"),
        _listing("cleanups", "baselines", "debt"),
        _rows("GetItem", _ENVIRONMENTS, _ALLOCATIONS, _POOLS),
        _rows("Query", _ENVIRONMENTS),
        _rows("UpdateItem", _ENVIRONMENTS),
        _rows("PutItem", _POOLS, _HISTORY),
        _rows("DeleteItem", _ENVIRONMENTS),
        _ASSUME,
        _PUBLISH_EVENTS,
        *_SEND_NOTICES,
    ),
    FunctionName.AUTHORIZE: (_SNAPSHOT, _rows("PutItem", Table.USED_TOKENS)),
    FunctionName.WEBHOOK: (
        _SNAPSHOT,
        Grant(("secretsmanager:GetSecretValue",), lambda places: places.webhook_secrets),
        _query(_ALLOCATIONS, BY_RUN),
        _runs_over("PutItem"),
        _rows("GetItem", _ALLOCATIONS),
        _rows("UpdateItem", _ENVIRONMENTS, _ALLOCATIONS, _HISTORY),
        _rows("DeleteItem", _WAITERS),
        _START_CLEANUP,
    ),
    FunctionName.CANARY: (
        Grant(("execute-api:Invoke",), lambda places: places.canary_routes),
        Grant(("sts:AssumeRole",), lambda places: places.stranger),
    ),
    FunctionName.PUBLISH: (
        Grant(("s3:GetObject",), lambda places: [places.snapshot_asset]),
        _SNAPSHOT,
        _rows("PutItem", Table.SNAPSHOTS),
        _query(_ENVIRONMENTS, BY_MARK),
        _rows("BatchGetItem", _ENVIRONMENTS),
        _rows("GetItem", _ENVIRONMENTS, _ALLOCATIONS),
        _rows("PutItem", _ENVIRONMENTS, _WAITERS),
        _rows("UpdateItem", _ENVIRONMENTS, _ALLOCATIONS),
        _rows("DeleteItem", _ENVIRONMENTS),
        _rows("Query", _WAITERS),
        _START_CLEANUP,
        _PUBLISH_EVENTS,
    ),
}


def statements(function: FunctionName, places: Places) -> list[iam.PolicyStatement]:
    """The statements of one function's role."""
    granted = (grant.statement(places) for grant in GRANTS[function])
    return [statement for statement in granted if statement is not None]
