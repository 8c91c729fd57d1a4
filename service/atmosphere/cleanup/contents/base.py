"""What is watched inside things of the baseline: how it is read, and how it is put back.

Contents are plain JSON values, the same whenever nothing has changed, keyed so that a difference can be read by people:
never the values of secrets, parameters or environment variables. Methods let `ClientError` fly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.base import Found, Scope
from atmosphere.cleanup.kinds import INSIDE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.core.model import Json, Region

_SHOWN: Final = 12  # differences that a message tells one by one
_WIDTH: Final = 160  # characters of a value in a message


class Content(Protocol):
    """One kind of contents."""

    @property
    def name(self) -> str:
        """What it is, for people: `records`, `rules`."""

    @property
    def type(self) -> str:
        """The type that it stands under in a baseline: that of what it is inside of, unless `about` is."""

    @property
    def about(self) -> str:
        """The type of the resources that it is inside of, where that is another; else empty."""

    @property
    def scope(self) -> Scope:
        """Whether it is read in each region or once."""

    @property
    def restorable(self) -> bool:
        """Whether it can be put back, or only be compared."""

    @property
    def takes(self) -> timedelta:
        """How long AWS may take until what was put back is read."""

    def alike(self, before: Json, now: Json) -> bool:
        """Whether both mean the same: services do not give back everything as it was written."""

    def restores(self, drift: Drift) -> bool:
        """Whether something of this difference can be put back."""

    @property
    def restoring(self) -> frozenset[str]:
        """The operations (`service:Operation`) that put it back and name the protected resource to do so."""

    def expected(self, account: Account, region: Region, baseline: Baseline) -> Mapping[str, Json]:
        """What there should be, by the id of the resource."""

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """What there is inside of these, or inside of everything; what is not there is left out."""

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """Change it from what was just read to what it was. Repeatable."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Something of the baseline whose inside is not what it was."""

    item: Resource
    content: Content
    before: Json
    now: Json

    @property
    def restorable(self) -> bool:
        """Whether something of it can be put back."""
        return self.content.restores(self)


class Captured:
    """A content whose expected state was read at the capture. Two of the same resources stand under two types."""

    type: str
    name: str
    scope: Scope = Scope.REGION
    restorable: bool = False
    restoring: frozenset[str] = frozenset()
    takes: timedelta = timedelta(0)

    @property
    def about(self) -> str:
        """See `Content`."""
        return INSIDE.get(self.type, "")

    def alike(self, before: Json, now: Json) -> bool:
        """See `Content`."""
        return before == now

    def expected(self, account: Account, region: Region, baseline: Baseline) -> Mapping[str, Json]:  # noqa: ARG002
        """See `Content`."""
        return {
            item.id: inside
            for item, inside in baseline.contents.items()
            if item.type == self.type and item.region == region and self.covers(item.id)
        }

    def covers(self, identity: str) -> bool:  # noqa: ARG002  those with one resource each say which
        """Whether it is the content of this resource of its type."""
        return True

    def restores(self, drift: Drift) -> bool:  # noqa: ARG002  most put back all or nothing
        """See `Content`."""
        return self.restorable

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`: nothing, where it can only be compared."""


def ids_or_listed(type_: str, account: Account, region: Region, ids: Collection[str] | None) -> Collection[str]:
    """These, or everything of a type that its listing can read; of the rest the inventory tells."""
    if ids is not None:
        return ids
    return [each.id for each in type_of(type_).list(account, region) if isinstance(each, Found)]


def as_json(value: Any) -> Any:
    """The value with its maps in order, as it comes back from JSON text."""
    return json.loads(json.dumps(value, sort_keys=True))


def difference(before: Json, now: Json) -> str:
    """What became of it, for people: `+` what is new, `-` what is gone, `→` what is another."""
    lines = list(_differences(before, now, ""))
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "; ".join(lines[:_SHOWN] + more)


def _differences(before: Json, now: Json, path: str) -> Iterator[str]:
    if before == now:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            yield from _entry(before, now, key, path)
    elif isinstance(before, list) and isinstance(now, list) and sorted(map(_text, before)) != sorted(map(_text, now)):
        yield from (f"- {path} {_text(entry)}" for entry in before if entry not in now)
        yield from (f"+ {path} {_text(entry)}" for entry in now if entry not in before)
    else:
        yield f"{path} {_text(before)} → {_text(now)}".strip()


def _entry(before: dict[str, Json], now: dict[str, Json], key: str, path: str) -> Iterator[str]:
    inner = f"{path}/{key}" if path else key
    if key not in now:
        yield f"- {inner} {_text(before[key])}"
    elif key not in before:
        yield f"+ {inner} {_text(now[key])}"
    else:
        yield from _differences(before[key], now[key], inner)


def _text(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
