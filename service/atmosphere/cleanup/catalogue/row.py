r"""Types whose life needs no more than one operation for each step: a `Row` names the operations.

    Row(
        name="AWS::Events::Rule",
        service="events",
        listing=Listing("list_rules", "Rules[]", "Name", ..., parent=Listing("list_event_buses", ...)),
        see=Call("describe_rule", ("EventBusName", "Name")),
        parts=r"(.*)\|(.*)",
        halt=(Step(Call("disable_rule", ("EventBusName", "Name"))),),
        strip=(Step(Call("remove_targets", ...), each=Listing("list_targets_by_rule", ...)),),
        remove=Call("delete_rule", ("EventBusName", "Name")),
        errors=Errors(absent=("ResourceNotFoundException",)),
    )

`parts` is a regular expression whose groups are what the operations take of an id: a call with several keys gets the
groups in order, a call with one key the first group (so by default the whole id).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Errors, Found, Scope, Stage, code_of, pages
from atmosphere.cleanup.model import Residual

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.cleanup.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

WHOLE: Final = "(.*)"
"""The whole id is what the operations take."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on one resource: `key` names the parameters that take the parts of the id, `fixed` further ones.

    An empty name in `key` leaves that part out. `seen` names parameters that are found in the reply of the row's `see`
    by a JMESPath: an ETag, a lock token.
    """

    operation: str
    key: str | tuple[str, ...]
    fixed: Mapping[str, Any] | None = None
    wrap: bool = False
    """The parameter takes a list; with several keys, the last of them does."""
    seen: Mapping[str, str] | None = None

    def run(self, client: Any, parts: tuple[str, ...], reply: Any = None) -> Any:
        """Call it. Raises `ClientError`."""
        keys = (self.key,) if isinstance(self.key, str) else self.key
        values: list[Any] = list(parts[: len(keys)])
        if self.wrap:
            values[-1] = [values[-1]]
        named = {key: value for key, value in zip(keys, values, strict=True) if key}
        found = {key: jmespath.search(path, reply) for key, path in (self.seen or {}).items()}
        return getattr(client, self.operation)(**named, **found, **(self.fixed or {}))


@dataclass(frozen=True, slots=True)
class Listing:
    """A paged listing: JMESPath of the members in a page, and of the id and the fingerprint in a member.

    `unless` is a JMESPath that is true of members that do not count: AWS manages them, or they are as good as gone.
    With a `parent` it runs once for each of the parent's members, whose id goes into the parameter `of`; `join` then
    makes the id of both. `fixed` parameters go along always.
    """

    operation: str
    members: str
    id: str = "@"
    fingerprint: str | None = None
    fixed: Mapping[str, Any] | None = None
    unless: str | None = None
    parent: Listing | None = None
    of: str = ""
    join: str = "{id}"
    """Of `{parent}` and `{id}`."""

    def read(
        self, client: Any, absent: tuple[str, ...] = (), further: Mapping[str, Any] | None = None
    ) -> Iterator[Found]:
        """All of them; a parent that is `absent` by now has none. Raises `ClientError`."""
        if self.parent is None:
            yield from self._page_by_page(client, "", further or {})
            return
        for parent in list(self.parent.read(client, absent)):
            try:
                found = list(self._page_by_page(client, parent.id, {self.of: parent.id, **(further or {})}))
            except ClientError as error:
                if code_of(error) not in absent:
                    raise
                continue
            yield from found

    def _page_by_page(self, client: Any, parent: str, further: Mapping[str, Any]) -> Iterator[Found]:
        for page in pages(client, self.operation, **(self.fixed or {}), **further):
            for member in jmespath.search(self.members, page) or ():
                if self.unless is not None and jmespath.search(self.unless, member):
                    continue
                fingerprint = jmespath.search(self.fingerprint, member) if self.fingerprint else None
                identity = jmespath.search(self.id, member)
                yield Found(self.join.format(parent=parent, id=identity), _text(fingerprint))


def _text(fingerprint: object) -> str | None:
    """The same text wherever it is read: botocore gives instants in the machine's own time zone."""
    if isinstance(fingerprint, datetime):
        return fingerprint.astimezone(UTC).isoformat()
    return None if fingerprint is None else str(fingerprint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do to a resource before something else.

    `when` is a JMESPath into the reply of the row's `see`: only then. `each` lists what hangs on it (its parameter `of`
    takes the resource's first part): the call runs once for each, with the child's id after the resource's parts.
    """

    call: Call
    when: str | None = None
    each: Listing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A type told in operations.

    `see` fails with one of `errors.absent` when the resource is not there; without one the listing tells. `shows`,
    where given, is a JMESPath into its reply that is empty when it is not there; `gone` one that is true when what is
    there is as good as gone. `halt` is its freezing; `unprotect` runs before any deletion, also a stack's; `strip` only
    before our own. `at` is the region where a global type's service answers, if it is not the environment's own.
    """

    name: str
    service: str
    listing: Listing
    remove: Call
    see: Call | None = None
    shows: str | None = None
    gone: str | None = None
    parts: str = WHOLE
    halt: tuple[Step, ...] = ()
    unprotect: tuple[Step, ...] = ()
    strip: tuple[Step, ...] = ()
    errors: Errors = field(default_factory=Errors)
    stage: Stage = Stage.SWEEP
    after: tuple[str, ...] = ()
    scope: Scope = Scope.REGION
    at: Region | None = None
    residual: Residual = Residual.BLOCKING

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """See `ResourceType`."""
        return self.listing.read(self._client(account, region), self.errors.absent)

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        if self.see is None:
            return any(found.id == identity for found in self.list(account, region))
        reply = self._run(self.see, account, region, self._parts(identity))
        if reply is None or (self.shows is not None and not jmespath.search(self.shows, reply)):
            return False
        return self.gone is None or not jmespath.search(self.gone, reply)

    def freeze(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        self._steps(self.halt, account, region, identity, check)

    def prepare(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        self._steps(self.unprotect, account, region, identity, check)

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        self._steps((*self.unprotect, *self.strip), account, region, identity, check)
        check()
        parts, reply = self._parts(identity), None
        if self.remove.seen and self.see is not None:
            reply = self._run(self.see, account, region, parts)
            if reply is None:
                return
        self._run(self.remove, account, region, parts, reply)

    # --- steps --------------------------------------------------------------------------------------------------------

    def _steps(self, steps: tuple[Step, ...], account: Account, region: Region, identity: str, check: Check) -> None:
        parts = self._parts(identity)
        reply = None
        if any(step.when or step.call.seen for step in steps) and self.see is not None:
            reply = self._run(self.see, account, region, parts)
            if reply is None:
                return
        for step in steps:
            check()
            if step.when is not None and not jmespath.search(step.when, reply):
                continue
            for children in self._children(step, account, region, parts):
                check()
                self._run(step.call, account, region, (*parts, *children), reply)

    def _children(
        self, step: Step, account: Account, region: Region, parts: tuple[str, ...]
    ) -> Iterator[tuple[str, ...]]:
        """What the step is done to: each child's id, or the resource itself, which adds nothing."""
        if step.each is None:
            yield ()
            return
        try:
            children = list(step.each.read(self._client(account, region), further={step.each.of: parts[0]}))
        except ClientError as error:
            if code_of(error) not in self.errors.absent:
                raise
            return
        yield from ((child.id,) for child in children)

    def _client(self, account: Account, region: Region) -> Any:
        return account.client(self.service, self.at or region)

    def _parts(self, identity: str) -> tuple[str, ...]:
        match = re.fullmatch(self.parts, identity, re.DOTALL)
        return match.groups() if match else (identity,)

    def _run(self, call: Call, account: Account, region: Region, parts: tuple[str, ...], reply: Any = None) -> Any:
        """The reply, None where the resource is not there or its deletion has begun."""
        try:
            return call.run(self._client(account, region), parts, reply)
        except ClientError as error:
            if code_of(error) in (*self.errors.absent, *self.errors.under_way):
                return None
            raise
