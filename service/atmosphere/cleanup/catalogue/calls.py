"""The words that a `Row` is told in: one operation, one listing, one step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Found, pages
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Parts = tuple[str | None, ...]
"""What operations take of an id, in order."""


def _named(keys: str | tuple[str, ...], parts: Parts, *, wrap: bool) -> dict[str, Any]:
    """The parts by the parameters that take them; the last one in a list if it is to be wrapped.

    Of an id with too few parts some parameters are missing, which botocore or AWS refuses.
    """
    names = (keys,) if isinstance(keys, str) else keys
    values: list[Any] = list(parts[: len(names)])
    if wrap:
        values[-1] = [values[-1]]
    return {name: value for name, value in zip(names, values, strict=False) if name and value is not None}


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on one resource: `key` names the parameters that take the parts of the id, `fixed` further ones.

    An empty name in `key` leaves that part out. `seen` names parameters that are found in the reply of the row's `see`
    by a JMESPath (an ETag, a lock token), and are left out where it has no such thing. `refusals` is a JMESPath of
    errors (`Code`, `Message`) in a reply of 200.
    """

    operation: str
    key: str | tuple[str, ...]
    fixed: Mapping[str, Any] | None = None
    wrap: bool = False
    """The parameter takes a list; with several keys, the last of them does."""
    seen: Mapping[str, str] | None = None
    refusals: str | None = None

    def run(self, client: Any, parts: Parts, reply: Any = None) -> Any:
        """Call it. Raises `ClientError`, also for a reply that says so of the resource."""
        named = _named(self.key, parts, wrap=self.wrap)
        found = {key: jmespath.search(path, reply) for key, path in (self.seen or {}).items()}
        told = {key: value for key, value in found.items() if value is not None}
        answer = getattr(client, self.operation)(**named, **told, **(self.fixed or {}))
        refused = jmespath.search(self.refusals, answer) if self.refusals else None
        if refused:
            raise ClientError({"Error": refused[0]}, self.operation)
        return answer


@dataclass(frozen=True, slots=True)
class Listing:
    """A paged listing: JMESPath of the members in a page, and of the id and the fingerprint in a member.

    `unless` is a JMESPath that is true of members that do not count: AWS manages them, or they are as good as gone.
    With a `parent` it runs once for each of the parent's members, whose id goes into the parameter `of`; `join` then
    makes the id of both; with `wrap` that parameter takes a list. `fixed` parameters go along always. Where it lists
    what hangs on a resource, `of` takes the resource's parts as a call's `key` does.
    """

    operation: str
    members: str
    id: str = "@"
    fingerprint: str | None = None
    fixed: Mapping[str, Any] | None = None
    unless: str | None = None
    parent: Listing | None = None
    of: str | tuple[str, ...] = ""
    wrap: bool = False
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
                found = list(self._page_by_page(client, parent.id, {**self.under((parent.id,)), **(further or {})}))
            except ClientError as error:
                if code_of(error) not in absent:
                    raise
                continue
            yield from found

    def under(self, parts: Parts) -> Mapping[str, Any]:
        """The parameters that name the parent."""
        return _named(self.of, parts, wrap=self.wrap)

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

    `when` is a JMESPath into the reply of the row's `see`: only then. `each` lists what hangs on it: the call runs once
    for each, with the child's id after the resource's parts.
    """

    call: Call
    when: str | None = None
    each: Listing | None = None
