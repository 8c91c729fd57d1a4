"""The shape of what `environments.yaml` says of a whole pool."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from atmosphere.config.texts import Account, AddedRole, ResourceTypeName, StackSetPrefix
from atmosphere.core.settings import ROWS

LIMIT: Final = next(row for row in ROWS if row.field == "cleanup_limit")
"""The setting that a pool may replace; its bounds hold for pools, too."""


class Shape(BaseModel):
    """What all shapes have in common: no unknown key, no value of another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class OrganizationEntry(Shape):
    """What the organization of a pool's accounts may add to them."""

    management_account: Account | None = Field(
        default=None, description="the organization's management account: 12 digits in quotes"
    )
    stack_sets: list[StackSetPrefix] = Field(
        default_factory=list,
        max_length=10,
        description="prefixes of the names of stacks that its StackSets make, e.g. StackSet-AWSControlTowerBP-; "
        "at most 10",
    )
    roles: list[AddedRole] = Field(
        default_factory=list,
        max_length=10,
        description="ARNs of roles that it makes, with * as the account for one of every account and * at the end for "
        "a prefix, e.g. arn:aws:iam::*:role/stacksets-exec-*; at most 10",
    )


class PoolEntry(Shape):
    """Settings of every environment in one pool."""

    cdk_toolkit: Literal["keep", "delete"] = Field(
        default="delete",
        description="keep: a stack CDKToolkit of the baseline stays, its bucket and its repository are emptied; "
        "delete: it is a stack like any other",
    )
    deferred: list[ResourceTypeName] = Field(
        default_factory=list,
        max_length=5,
        description="types of resources that may remain for later cleanups if they cannot be deleted immediately, "
        "e.g. AWS::Lambda::Function for replicas of Lambda@Edge; at most 5; default: none",
    )
    cleanup_limit_seconds: int | None = Field(
        default=None,
        ge=LIMIT.low,
        le=LIMIT.high,
        description="the time limit of a cleanup in this pool, in seconds, for tests whose resources AWS takes long to "
        f"delete: {LIMIT.low} to {LIMIT.high}; default: cleanup_limit_seconds of settings.yaml",
    )
    organization: OrganizationEntry = Field(
        default_factory=OrganizationEntry,
        description="what the organization of the pool's accounts may add to them at any time; it stays as long as "
        "only AWS services, the management account and principals of the baseline may enter it",
    )
