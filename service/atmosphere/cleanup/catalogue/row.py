r"""Types whose life needs no more than one operation for each step: a `Row` names the operations.

    Row(
        name="AWS::Events::Rule",
        service="events",
        listing=Listing("list_rules", "Name", ..., parent=Listing("list_event_buses", ..., members="EventBuses")),
        see=Call("describe_rule", ("EventBusName", "Name")),
        parts=r"(.*)\|(.*)",
        halt=(Step(Call("disable_rule", ("EventBusName", "Name"))),),
        strip=(Step(Call("remove_targets", ...), each=Listing("list_targets_by_rule", ...)),),
        remove=Call("delete_rule", ("EventBusName", "Name")),
        errors=Errors(absent=("ResourceNotFoundException",)),
    )

A row leaves out what botocore's model says: where a page has its members, and the parameter that takes the id if the
operation requires one parameter only (see `defaults`).
`parts` is a regular expression whose groups are what the operations take of an id: a call with several keys gets the
groups in order, a call with one key the first group (so by default the whole id). A group that takes no part in the
match is left out of the call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import apart, complete
from atmosphere.cleanup.catalogue.at_work import doing
from atmosphere.cleanup.catalogue.base import Errors, Scope, Stage, Unread
from atmosphere.cleanup.catalogue.calls import WHOLE, Call, Listing, Step, groups
from atmosphere.cleanup.model import Meaning, Residual
from atmosphere.faults import REFUSALS, code_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Found
    from atmosphere.cleanup.catalogue.defaults import Parts
    from atmosphere.core.model import Region

__all__ = ["WHOLE", "Call", "Listing", "Row", "Step"]

FAILED: Final = "DeletionFailed"
"""The code of what AWS accepted to delete and did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A type told in operations.

    `see` fails with one of `errors.absent` when the resource is not there; without one the listing tells. `shows`,
    where given, is a JMESPath into its reply that is empty when it is not there; `gone` one that is true when what is
    there is as good as gone, `ending` one that is true when its deletion is under way. With `shows` or `ending` a
    deletion looks first: codes for what is not there, or is ending already, may say other things too. `failed` is one
    that says why AWS could not do what it had accepted: it is asked again, and that is the answer. `halt` is its
    freezing; `unprotect` runs before any deletion, also a stack's; `strip` only before our own, and `rare` only once
    that was refused as `errors.busy`; where AWS's reference names no code for what `rare` undoes (`unnamed`), once it
    was refused with a code that neither `errors` nor a lack of rights explains. `reserved` is a JMESPath that is true
    of what is AWS's own; it is asked for only where the listing shows a name of AWS's (`late`), as anyone may choose
    that. `at` is the region where a global type's service answers, if it is not the environment's own.
    """

    name: str
    service: str
    listing: Listing
    remove: Call
    reserved: str | None = None
    see: Call | None = None
    shows: str | None = None
    gone: str | None = None
    ending: str | None = None
    failed: str | None = None
    parts: str = WHOLE
    halt: tuple[Step, ...] = ()
    unprotect: tuple[Step, ...] = ()
    strip: tuple[Step, ...] = ()
    rare: tuple[Step, ...] = ()
    unnamed: bool = False
    errors: Errors = field(default_factory=Errors)
    stage: Stage = Stage.SWEEP
    after: tuple[str, ...] = ()
    scope: Scope = Scope.REGION
    at: Region | None = None
    residual: Residual = Residual.BLOCKING

    def list(self, account: Account, region: Region) -> Iterator[Found | Unread]:
        """See `ResourceType`."""
        return self._ours(account, region, self.listing.read(self._client(account, region), self.errors.absent))

    def _ours(self, account: Account, region: Region, found: Iterable[Found | Unread]) -> Iterator[Found | Unread]:
        """Without what AWS itself says is AWS's; asked only of what is called so."""
        for each in found:
            if isinstance(each, Unread) or self.reserved is None or each.late is None:
                yield each
            else:
                yield from apart([each.id], partial(self._unless_reserved, account, region, each))

    def _unless_reserved(self, account: Account, region: Region, found: Found, identity: str) -> tuple[Found, ...]:
        reply = self._look(account, region, self.parts_of(identity))
        return () if reply is not None and jmespath.search(self.reserved, reply) else (found,)

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        if self.see is None:
            parts = self.parts_of(identity)  # an id may be written in more than one way
            found = complete(self.list(account, region), self.listing.operation)
            return any(self.parts_of(each.id) == parts for each in found)
        return self._look(account, region, self.parts_of(identity)) is not None

    def at_work(self, account: Account, region: Region, identity: str) -> str | None:
        """See `ResourceType`: what `see` replies says it, in words of AWS's or by `ending`."""
        reply = self._look(account, region, self.parts_of(identity))
        if reply is None:
            return None
        return doing(reply) or ("deleting" if self.ending and jmespath.search(self.ending, reply) else None)

    @property
    def freezes(self) -> bool:
        """See `ResourceType`."""
        return bool(self.halt)

    def freeze(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        self._steps(self.halt, account, region, identity, check)

    def prepare(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        self._steps(self.unprotect, account, region, identity, check)

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        before = None
        if self.shows or self.ending:
            before = self._look(account, region, self.parts_of(identity))
            if before is None or (self.ending is not None and jmespath.search(self.ending, before)):
                return
        self._steps((*self.unprotect, *self.strip), account, region, identity, check)
        try:
            self._remove_it(account, region, identity, check)
        except ClientError as refusal:
            if not self.rare or not self._may_be_held(code_of(refusal)):
                raise
            try:
                self._steps(self.rare, account, region, identity, check)
            except ClientError as further:
                raise refusal from further  # which says more of the resource
            self._remove_it(account, region, identity, check)
        if reason := jmespath.search(self.failed, before) if self.failed else None:
            raise ClientError({"Error": {"Code": FAILED, "Message": reason}}, self.remove.operation)

    def _may_be_held(self, code: str) -> bool:
        """Whether a refusal may be for what `rare` undoes."""
        expected = Meaning.PASSING if self.unnamed else Meaning.BUSY
        return self.errors.meaning(code) is expected and code not in REFUSALS

    def _remove_it(self, account: Account, region: Region, identity: str, check: Check) -> None:
        check()
        parts, reply = self.parts_of(identity), None
        if self.remove.seen and self.see is not None:
            reply = self._look(account, region, parts)
            if reply is None:
                return
        self._run(self.remove, account, region, parts, reply)

    def _look(self, account: Account, region: Region, parts: Parts) -> Any:
        """What `see` replies, None where it is not there or as good as gone."""
        reply = self._run(self.see, account, region, parts) if self.see else None
        if reply is None or (self.shows is not None and not jmespath.search(self.shows, reply)):
            return None
        return None if self.gone is not None and jmespath.search(self.gone, reply) else reply

    # --- steps --------------------------------------------------------------------------------------------------------

    def _steps(self, steps: tuple[Step, ...], account: Account, region: Region, identity: str, check: Check) -> None:
        parts = self.parts_of(identity)
        reply = None
        if any(step.looks for step in steps) and self.see is not None:
            reply = self._look(account, region, parts)
            if reply is None:
                return
        for step in steps:
            check()
            if step.when is not None and not jmespath.search(step.when, reply):
                continue
            for children in self._children(step, account, region, parts, reply):
                check()
                self._run(step.call, account, region, (*parts, *children), reply)

    def _children(self, step: Step, account: Account, region: Region, parts: Parts, reply: Any) -> Iterator[Parts]:
        """What the step is done to: the parts of each child's id, or the resource itself, which adds nothing."""
        if step.each is None:
            yield ()
            return
        client = self._client(account, region)
        try:
            children = list(step.each.hanging_on(client, parts, reply))
        except ClientError as error:
            if code_of(error) not in self.errors.absent:
                raise
            return
        yield from (groups(step.parts, child.id) for child in children)

    def _client(self, account: Account, region: Region) -> Any:
        return account.client(self.service, self.at or region)

    def parts_of(self, identity: str) -> Parts:
        """What operations take of an id; the same for each way in which it is written."""
        return groups(self.parts, identity)

    def _run(self, call: Call, account: Account, region: Region, parts: Parts, reply: Any = None) -> Any:
        """The reply, None where the resource is not there or its deletion has begun."""
        try:
            return call.run(self._client(account, region), parts, reply)
        except ClientError as error:
            if code_of(error) in (*self.errors.absent, *self.errors.under_way):
                return None
            raise
