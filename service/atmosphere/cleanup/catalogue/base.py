"""What a type of resource is to the cleanup: how its members are listed, seen, frozen, prepared and deleted.

Most types are one `Row` (see `row`). Those that need more are a class with the same methods. Either way the id is
CloudFormation's physical id, absence is proven by `list` or `exists`, never by the reply of a deletion, and deleting
what is not there succeeds. Methods let `ClientError` fly: who calls them decides what an error means, by the type's
`errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import PaginationError

from atmosphere.cleanup.model import Meaning, Residual
from atmosphere.faults import THROTTLED

if TYPE_CHECKING:
    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.trust import Role
    from atmosphere.core.model import Region

TOKENS: Final = ("NextToken", "nextToken", "Marker", "NextMarker")
"""What a page says when there is another one; the next call takes it under the same name."""
_INSIDE: Final = "NextMarker"

Check = Callable[[], None]
"""Called between the steps of long work; raises when it is time to stop."""


class Scope(StrEnum):
    """Where a type's resources are listed."""

    REGION = "region"
    GLOBAL = "global"


class Stage(IntEnum):
    """When in a round a type's leftovers are tried: each stage after the one before it."""

    SLOW = 0
    """Started before anything else, and what it uses stays until it is gone (databases, clusters, NAT gateways).

    Only an order: how long a deletion is waited for depends on what AWS says of it (`at_work`).
    """
    SWEEP = 1
    NETWORK = 2
    """What other resources stand in: interfaces, groups, subnets, networks."""
    LAST = 3
    """What others need until they are gone, or write to while they end: identities, keys, log groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """What error codes of a type's operations mean; a code that is in none of them may pass by itself.

    `absent`: it is not there. `under_way`: its deletion has begun already. `busy`: something that depends on it has to
    go first. `fatal`: repeating will not help. `closed`: the service cannot be used in this region or by this account,
    so that there can be nothing of this type.
    """

    absent: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    fatal: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    def meaning(self, code: str) -> Meaning:
        """What a code says; a type's own word goes before what is true of all AWS."""
        told = (
            (Meaning.ABSENT, self.absent),
            (Meaning.UNDER_WAY, self.under_way),
            (Meaning.BUSY, self.busy),
            (Meaning.FATAL, self.fatal),
            (Meaning.CLOSED, self.closed),
            (Meaning.THROTTLED, THROTTLED),
        )
        return next((meaning for meaning, codes in told if code in codes), Meaning.PASSING)


@dataclass(frozen=True, slots=True)
class Found:
    """A listed resource. `fingerprint` is something of it that never changes, where its listing shows such a thing.

    `role` is what a listing of roles shows besides. `late`, of something that an older version did not list, is since
    when it is there, as far as AWS says. `owner` is the type and the id of what it goes along with.
    """

    id: str
    fingerprint: str | None = None
    role: Role | None = None
    late: str | None = None
    owner: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that is there and cannot be read, or whose parts cannot: AWS answered `code`."""

    id: str
    code: str


class ResourceType(Protocol):
    """One type of the catalogue."""

    @property
    def name(self) -> str:
        """CloudFormation's name of the type."""

    @property
    def service(self) -> str:
        """The boto3 name of its service."""

    @property
    def scope(self) -> Scope:
        """Whether it is listed in each region or once."""

    @property
    def stage(self) -> Stage:
        """When in a round it is tried."""

    @property
    def after(self) -> tuple[str, ...]:
        """Types that are better tried before it in the same stage; a hint, never a condition."""

    @property
    def errors(self) -> Errors:
        """What the codes of its errors mean."""

    @property
    def residual(self) -> Residual:
        """What it means that one of them is still there."""

    def list(self, account: Account, region: Region) -> Iterator[Found | Unread]:
        """Everything of this type that AWS itself does not manage and that is not as good as gone.

        What cannot be read, or has parts of this type that cannot be listed, is an `Unread`.
        """

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """Whether it is there now, and not as good as gone."""

    def at_work(self, account: Account, region: Region, identity: str) -> str | None:
        """What AWS says it is doing with it (`DELETING`); None where AWS rests, has none, or does not say."""

    @property
    def freezes(self) -> bool:
        """Whether one of them may do anything by itself that can be stopped."""

    def freeze(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Stop what it does by itself, so that nothing is made anew while its account is cleaned. Repeatable."""

    def prepare(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Remove what would keep CloudFormation from deleting it. Repeatable."""

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Prepare it and delete it. Repeatable."""


class Plain:
    """What most types that are a class have in common: tried in the sweep, nothing to freeze or prepare."""

    scope: Scope = Scope.REGION
    stage: Stage = Stage.SWEEP
    after: tuple[str, ...] = ()
    errors: Errors = Errors()
    residual: Residual = Residual.BLOCKING
    freezes: bool = False

    def at_work(self, account: Account, region: Region, identity: str) -> str | None:  # noqa: ARG002  the interface's
        """Nothing: AWS shows no state of it."""
        return None

    def freeze(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Nothing: it does nothing by itself."""

    def prepare(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Nothing stands in CloudFormation's way."""


def pages(client: Any, operation: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
    """The pages of a listing, also of one that has a single page, or a token and no paginator.

    Raises `PaginationError` when a token comes again, as botocore's own paginators do.
    """
    if client.can_paginate(operation):
        yield from client.get_paginator(operation).paginate(**parameters)
        return
    asked = parameters
    while True:
        page = getattr(client, operation)(**asked)
        yield page
        further = _further(page)
        if not further:
            return
        if further.items() <= asked.items():
            raise PaginationError(message=f"{operation} gave the same token twice")
        asked = {**parameters, **further}


def _further(page: Mapping[str, Any]) -> Mapping[str, str]:
    """What asks for the page after this one. CloudFront's lists are in an envelope, and so are their tokens."""
    if name := next((name for name in TOKENS if page.get(name)), None):
        return {name: page[name]}
    inside = (each.get(_INSIDE) for each in page.values() if isinstance(each, dict))
    token = next(filter(None, inside), None)
    return {"Marker": token} if token else {}
