"""The words that a `Row` is told in: one operation, one listing, one step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import apart
from atmosphere.cleanup.catalogue.base import Found, Unread
from atmosphere.cleanup.catalogue.defaults import Keys, Parts, members, model_of, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.model import OperationModel

WHOLE: Final = "(.*)"
"""The whole id is what the operations take."""


def groups(parts: str, identity: str) -> Parts:
    """What a pattern takes of an id; the same for each way in which it is written."""
    match = re.fullmatch(parts, identity, re.DOTALL)
    return match.groups() if match else (identity,)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on one resource: `key` names the parameters that take the parts of the id, `fixed` further ones.

    Without a `key` the only parameter that the operation requires, and that is not among the others, takes the id.
    `seen` names parameters that are found in the reply of the row's `see` by a JMESPath (an ETag, a lock token), and
    are left out where it has no such thing. `refusals` is a JMESPath of errors (`Code`, `Message`) in a reply of 200.
    """

    operation: str
    key: Keys = None
    fixed: Mapping[str, Any] | None = None
    seen: Mapping[str, str] | None = None
    refusals: str | None = None

    def run(self, client: Any, parts: Parts, reply: Any = None) -> Any:
        """Call it. Raises `ClientError`, also for a reply that says so of the resource."""
        parameters = self.parameters(model_of(client, self.operation), parts, reply)
        answer = getattr(client, self.operation)(**parameters)
        refused = jmespath.search(self.refusals, answer) if self.refusals else None
        if refused:
            raise ClientError({"Error": refused[0]}, self.operation)
        return answer

    @property
    def apart(self) -> frozenset[str]:
        """The parameters that no part of an id goes into."""
        return frozenset({*(self.fixed or ()), *(self.seen or ())})

    def parameters(self, model: OperationModel, parts: Parts, reply: Any = None) -> dict[str, Any]:
        """What it is called with."""
        fixed, seen = self.fixed or {}, self.seen or {}
        found = {name: jmespath.search(path, reply) for name, path in seen.items()}
        told = {name: value for name, value in found.items() if value is not None}
        return {**named(model, self.key, parts, self.apart), **told, **fixed}


@dataclass(frozen=True, slots=True)
class Listing:
    """A paged listing: JMESPath of the id and the fingerprint in a member, and of the `members` in a page.

    Without `members` they are the only result key of botocore's paginator. `unless` is a JMESPath that is true of
    members that do not count: AWS manages them, or they are as good as gone; `left_out` says who writes its fields.
    `late` is one that is true of what an older version left out: since when it is there. `owner` is the type of what a
    member goes along with, and a JMESPath of its id. With a `parent` it runs once for each of
    the parent's members, whose id goes into the parameter `of`; `join` then makes the id of both. `fixed` parameters go
    along always. `variants` are further ones: where one call shows a part only, it runs once with each. Where it lists
    what hangs on a resource, `of` takes the resource's parts as a call's `key` does, and like it may be left out;
    `filter` is the filter of EC2 and RDS that takes the first part instead; `seen` are parameters that a JMESPath finds
    in the reply of the row's `see`; `where` keeps the members that compare so with the reply, by a JMESPath into each.
    `short` is a regular expression whose group is the id, where a member shows a longer name. With `only_with` nothing
    is listed where that lists nothing: AWS keeps what it lists for as long as something of this type needs it.
    """

    operation: str
    id: str = "@"
    fingerprint: str | None = None
    fixed: Mapping[str, Any] | None = None
    unless: str | None = None
    late: str | None = None
    owner: tuple[str, str] | None = None
    members: str | None = None
    parent: Listing | None = None
    of: Keys = None
    variants: tuple[Mapping[str, Any], ...] = ({},)
    join: str = "{id}"
    """Of `{parent}` and `{id}`."""
    short: str | None = None
    only_with: Listing | None = None
    filter: str | None = None
    seen: Mapping[str, str] | None = None
    where: tuple[str, Callable[[Any, Any], bool], str] | None = None

    def read(
        self, client: Any, absent: tuple[str, ...] = (), further: Mapping[str, Any] | None = None
    ) -> Iterator[Found | Unread]:
        """All of them; a parent that is `absent` by now has none, of others it is told. Raises `ClientError`."""
        if self.only_with is not None and not any(True for _ in self.only_with.read(client, absent)):
            return
        if self.parent is None:
            yield from self.members_of(client, "", further or {})
            return
        parents = list(self.parent.read(client, absent))
        yield from (each for each in parents if isinstance(each, Unread))
        ids = [each.id for each in parents if isinstance(each, Found)]
        yield from apart(
            ids,
            lambda parent: self.members_of(client, parent, {**self.under(client, (parent,)), **(further or {})}),
            absent,
        )

    @property
    def looks(self) -> bool:
        """Whether it goes by what the row's `see` replies."""
        here = self.seen is not None or self.where is not None
        return here or (self.parent is not None and self.parent.looks)

    def under(self, client: Any, parts: Parts, reply: Any = None) -> Mapping[str, Any]:
        """The parameters that name what it lists the parts of."""
        return self.asked(model_of(client, self.operation), parts, reply)

    def asked(self, model: OperationModel, parts: Parts, reply: Any) -> Mapping[str, Any]:
        """See `under`."""
        if self.seen is not None:
            return {name: jmespath.search(path, reply) for name, path in self.seen.items()}
        if self.filter is not None:
            return {"Filters": [{"Name": self.filter, "Values": [parts[0]]}]}
        return named(model, self.of, parts, self.fixed or {})

    def hanging_on(self, client: Any, parts: Parts, reply: Any = None) -> Iterator[Found]:
        """What hangs on a resource, which is named by `parts` and seen as `reply`. Raises `ClientError`."""
        if self.parent is None:
            yield from self.members_of(client, "", self.under(client, parts, reply), reply)
            return
        for parent in list(self.parent.hanging_on(client, parts, reply)):
            yield from self.members_of(client, parent.id, self.under(client, (parent.id,), reply), reply)

    def members_of(self, client: Any, parent: str, further: Mapping[str, Any], reply: Any = None) -> Iterator[Found]:
        """Those of one call, `parent` being what its id is joined with. Raises `ClientError`."""
        for member in self._all(client, {**(self.fixed or {}), **further}):
            if self.unless is not None and jmespath.search(self.unless, member):
                continue
            if not self._is_meant(member, reply):
                continue
            fingerprint = jmespath.search(self.fingerprint, member) if self.fingerprint else None
            identity = self._cut(jmespath.search(self.id, member))
            yield Found(
                self.join.format(parent=parent, id=identity),
                _text(fingerprint),
                late=_text(jmespath.search(self.late, member) or None) if self.late else None,
                owner=self._owner(member),
            )

    def _cut(self, name: str) -> str:
        match = re.fullmatch(self.short, name) if self.short else None
        return match[1] if match else name

    def _is_meant(self, member: Any, reply: Any) -> bool:
        if self.where is None:
            return True
        path, compares, with_ = self.where
        one, other = jmespath.search(path, member), jmespath.search(with_, reply)
        return one is not None and other is not None and compares(one, other)

    def _owner(self, member: Any) -> tuple[str, str] | None:
        type_, path = self.owner or ("", "@")
        identity = jmespath.search(path, member) if self.owner else None
        return (type_, identity) if identity else None

    def _all(self, client: Any, asked: Mapping[str, Any]) -> Iterator[Any]:
        """Each once: what one variant shows another may show, too."""
        seen: list[Any] = []
        for variant in self.variants:
            new = [m for m in members(client, self.operation, self.members, **asked, **variant) if m not in seen]
            seen += new if len(self.variants) > 1 else []
            yield from new


def _text(fingerprint: object) -> str | None:
    """The same text wherever it is read: botocore gives instants in the machine's own time zone."""
    if isinstance(fingerprint, datetime):
        return fingerprint.astimezone(UTC).isoformat()
    return None if fingerprint is None else str(fingerprint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do to a resource before something else.

    `when` is a JMESPath into the reply of the row's `see`: only then. `each` lists what hangs on it: the call runs once
    for each, with the child's id after the resource's parts, or with what `parts` takes of it, as a row's does.
    """

    call: Call
    when: str | None = None
    each: Listing | None = None
    parts: str = WHOLE

    @property
    def looks(self) -> bool:
        """Whether it goes by what the row's `see` replies."""
        return self.when is not None or self.call.seen is not None or (self.each is not None and self.each.looks)
