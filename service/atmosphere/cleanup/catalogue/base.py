"""What a type of resource is to the cleanup: how its members are listed, seen, prepared and deleted.

Most types are one `Row` of operation names. Those that need more are a class with the same methods. Either way the id
is CloudFormation's physical id, absence is proven by `list` or `exists`, never by the reply of a deletion, and deleting
what is not there succeeds. Methods let `ClientError` fly: who calls them decides what an error means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.cleanup.model import Residual

if TYPE_CHECKING:
    from atmosphere.cleanup.accounts import Account
    from atmosphere.core.model import Region

Check = Callable[[], None]
"""Called between the steps of long work; raises when it is time to stop."""


class Scope(StrEnum):
    """Where a type's resources are listed."""

    REGION = "region"
    GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class Found:
    """A listed resource. `fingerprint` is something of it that never changes, where its listing shows such a thing."""

    id: str
    fingerprint: str | None = None


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
    def residual(self) -> Residual:
        """What it means that one of them is still there."""

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """Everything of this type that AWS itself does not manage."""

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """Whether it is there now."""

    def prepare(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Remove what would keep CloudFormation from deleting it. Repeatable."""

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Prepare it and delete it. Repeatable."""


def code_of(error: ClientError) -> str:
    """The code of an AWS error."""
    code: str = error.response["Error"].get("Code", "Unknown")
    return code


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on one resource: `key` is the parameter that takes the id, `fixed` are further ones."""

    operation: str
    key: str
    fixed: Mapping[str, Any] | None = None
    wrap: bool = False
    """The parameter takes a list of ids."""

    def run(self, client: Any, identity: str) -> Any:
        """Call it. Raises `ClientError`."""
        value = [identity] if self.wrap else identity
        return getattr(client, self.operation)(**{self.key: value}, **(self.fixed or {}))


@dataclass(frozen=True, slots=True)
class Listing:
    """A paged listing: JMESPath of the members in a page, and of the id and the fingerprint in a member."""

    operation: str
    members: str
    id: str = "@"
    fingerprint: str | None = None
    fixed: Mapping[str, Any] | None = None

    def read(self, client: Any) -> Iterator[Found]:
        """All of them. Raises `ClientError`."""
        for page in pages(client, self.operation, **(self.fixed or {})):
            for member in jmespath.search(self.members, page) or ():
                fingerprint = jmespath.search(self.fingerprint, member) if self.fingerprint else None
                yield Found(jmespath.search(self.id, member), _text(fingerprint))


def _text(fingerprint: object) -> str | None:
    """The same text wherever it is read: botocore gives instants in the machine's own time zone."""
    if isinstance(fingerprint, datetime):
        return fingerprint.astimezone(UTC).isoformat()
    return None if fingerprint is None else str(fingerprint)


def pages(client: Any, operation: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
    """The pages of a listing, also of one that has a single page."""
    if client.can_paginate(operation):
        yield from client.get_paginator(operation).paginate(**parameters)
    else:
        yield getattr(client, operation)(**parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A type whose life needs one operation for each step.

    `see` is an operation that fails with one of `absent` when the resource is not there; `shows`, where given, is a
    JMESPath into its reply that is empty then. `unprotect` runs before a deletion, where `protected` is given only if
    that JMESPath into the reply of `see` is true.
    """

    name: str
    service: str
    listing: Listing
    see: Call
    remove: Call
    absent: tuple[str, ...]
    shows: str | None = None
    unprotect: Call | None = None
    protected: str | None = None
    scope: Scope = Scope.REGION
    residual: Residual = Residual.BLOCKING

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """See `ResourceType`."""
        return self.listing.read(account.client(self.service, region))

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        reply = self._call(self.see, account, region, identity)
        return reply is not None and (self.shows is None or bool(jmespath.search(self.shows, reply)))

    def prepare(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        check()
        if self.unprotect is None:
            return
        if self.protected is not None:
            reply = self._call(self.see, account, region, identity)
            if reply is None or not jmespath.search(self.protected, reply):
                return
        self._call(self.unprotect, account, region, identity)

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        self.prepare(account, region, identity, check)
        self._call(self.remove, account, region, identity)

    def _call(self, call: Call, account: Account, region: Region, identity: str) -> Any:
        """The reply, None where the resource is not there."""
        try:
            return call.run(account.client(self.service, region), identity)
        except ClientError as error:
            if code_of(error) in self.absent:
                return None
            raise
