"""The stacks and resources of a fake account, told by their manners."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.core.model import Region

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = Region("us-east-1")
STARTED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STACK = "AWS::CloudFormation::Stack"
SILENCE = timedelta(hours=1)
"""For so long CloudFormation waits for a custom resource."""


def refuse(code: str, message: str, operation: str = "Fake") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Manner(StrEnum):
    """What CloudFormation makes of a resource when it deletes the stack."""

    EASY = "easy"
    FULL = "full"  # fails as long as the resource is there: somebody else has to delete it
    BROKEN = "broken"  # fails whatever happens: a custom resource whose provider is gone
    RETAINED = "retained"
    SILENT = "silent"  # a custom resource whose provider never answers
    GHOSTLY = "ghostly"  # CloudFormation says that it deleted it, and it is still there


@dataclass
class Part:
    """One resource of a stack. `says` is what the template says of it beside its type."""

    type: str
    id: str
    manner: Manner = Manner.EASY
    failed: bool = False
    gone: bool = False
    skipped: bool = False  # let go of: listed as such for as long as its stack is there
    since: datetime | None = None  # when CloudFormation began to wait for it
    says: dict[str, Any] = field(default_factory=dict)
    probe: Callable[[], bool] | None = None  # where the resource is another fake's, whether it is there

    @property
    def logical(self) -> str:
        return self.id.rpartition("/")[2]

    @property
    def status(self) -> str:
        if self.since is not None:
            return "DELETE_IN_PROGRESS"
        if self.skipped:
            return "DELETE_SKIPPED"
        return "DELETE_FAILED" if self.failed else "CREATE_COMPLETE"


@dataclass
class FakeStack:
    """`steps` listings pass before a deletion (or an update) is over."""

    name: str
    parts: list[Part] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    steps: int = 1
    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    role: str | None = None
    parent: str | None = None
    protected: bool = False
    retained: tuple[str, ...] = ()
    forced: bool = False
    left: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    hidden: bool = False  # missing from listings although it is not deleted
    region: Region = REGION
    parameters: dict[str, str] = field(default_factory=dict)
    exported: dict[str, str] = field(default_factory=dict)  # what other stacks export, by name
    yaml: str | None = None  # the template as text, as CloudFormation gives one in YAML
    since: datetime = STARTED
    made: datetime = STARTED

    @property
    def id(self) -> str:
        return f"arn:aws:cloudformation:{self.region}:222222222222:stack/{self.name}/{abs(hash(self.name)):x}"

    @property
    def template(self) -> str | dict[str, Any]:
        return self.yaml or {"Resources": {part.logical: {"Type": part.type, **part.says} for part in self.parts}}


class World:
    """The resources that exist, and what happened to them. `now` is what services take for the time."""

    def __init__(self, *stacks: FakeStack) -> None:
        self.stacks = {stack.id: stack for stack in stacks}
        self.there = {(part.type, part.id) for stack in stacks for part in stack.parts}
        self.undeletable: set[str] = set()
        self.denials: dict[str, str] = {}
        self.returning: set[str] = set()  # there again after CloudFormation let go of them
        self.unsupported: set[str] = set()
        self.refusals: dict[str, ClientError] = {}  # of Cloud Control, by type
        self.deletions: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.requests: list[dict[str, Any]] = []  # Cloud Control's
        self.asked: list[str] = []  # what Cloud Control was asked to delete, refused or not
        self.slowly = 0  # looks that pass before Cloud Control has done what it was asked for
        self.templates_read: list[str] = []
        # instead of moto's, by operation; moto does not know associations of groups with further networks
        self.answers: dict[str, Callable[[], dict[str, Any] | ClientError | None]] = {
            "DescribeSecurityGroupVpcAssociations": lambda: {"SecurityGroupVpcAssociations": []}
        }
        self.before_deletion: Callable[[], object] = lambda: None
        self.trusted = True
        self.now: Callable[[], datetime] = lambda: STARTED

    def has(self, part: Part) -> bool:
        return part.probe() if part.probe else (part.type, part.id) in self.there

    def stack(self, name: str) -> FakeStack:
        return next(stack for key, stack in self.stacks.items() if name in (key, stack.name))

    @property
    def alive(self) -> list[FakeStack]:
        return [stack for stack in self.stacks.values() if stack.status != "DELETE_COMPLETE"]

    def order(self) -> list[str]:
        """The names of the stacks in the order of their first deletion."""
        return list(dict.fromkeys(self.stack(call["StackName"]).name for call in self.deletions))


class Paged:
    """A client whose operations are paged two by two where the real ones have pages."""

    def can_paginate(self, operation: str) -> bool:
        return hasattr(self, f"_{operation}")

    def get_paginator(self, operation: str) -> Any:
        return _Paginator(getattr(self, f"_{operation}"))


@dataclass
class _Paginator:
    read: Any

    def paginate(self, **parameters: Any) -> _Pages:
        key, entries = self.read(**parameters)
        return _Pages(key, [{key: entries[start : start + 2]} for start in range(0, max(len(entries), 1), 2)])


class _Pages(list[dict[str, Any]]):
    """The pages, and where the members are in each, as botocore's have it."""

    def __init__(self, key: str, found: list[dict[str, Any]]) -> None:
        super().__init__(found)
        self.result_keys = [jmespath.compile(key)]
