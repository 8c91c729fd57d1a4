"""Settings of the account, of which there is one each: read by one call, put back by another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Scope, pages
from atmosphere.cleanup.contents.base import Captured, as_json
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region

SETTING: Final = "Atmosphere::Account::Setting"
"""The type under which they stand in a baseline; the id is the name of the row."""

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})

Write = Callable[[Any, Any, Any], object]
"""Makes a setting what it was: client, value before, value now. A value of None is one that is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Captured):
    """`read_by` is the operation, `value` a JMESPath into each page of its reply, `unset` codes that mean None.

    `merged`: pages are maps of names to values (`[name, value]` pairs) and put together. `restoring` are the operations
    that put it back by naming something which may be part of the baseline itself. Without `write` it is only compared.
    `unsaid` are parts that say nothing: with these values they mean the same as without them. `takes` is how long AWS
    may take to show what was put back.
    """

    id: str
    service: str
    read_by: str
    value: str
    write: Write | None = None
    asks: Mapping[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    merged: bool = False
    scope: Scope = Scope.REGION
    type: str = SETTING
    restoring: frozenset[str] = frozenset()
    unsaid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    takes: timedelta = timedelta(0)

    def alike(self, before: Json, now: Json) -> bool:
        """See `Content`. What is empty and what is not set are one and the same."""
        return bool(self._said(before) == self._said(now))

    def _said(self, value: Any) -> Any:
        """The value without what says nothing."""
        if not isinstance(value, dict):
            return None if value in _EMPTY else value
        said = {name: part for name, part in value.items() if part not in (*_EMPTY, *self.unsaid.get(name, ()))}
        return said or None

    @property
    def restorable(self) -> bool:  # type: ignore[override]
        """See `Content`."""
        return self.write is not None

    @property
    def name(self) -> str:  # type: ignore[override]
        """See `Content`."""
        return self.id

    def covers(self, identity: str) -> bool:
        """See `Captured`."""
        return identity == self.id

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:  # noqa: ARG002
        """See `Content`."""
        client = account.client(self.service, region)
        try:
            told = [jmespath.search(self.value, page) for page in pages(client, self.read_by, **self.asks)]
        except ClientError as error:
            if code_of(error) not in self.unset:
                raise
            told = [None]
        return {self.id: as_json(dict(pair for part in told for pair in part or ()) if self.merged else told[0])}

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        if self.write is None:
            return
        check()
        with account.guard.restoring(self.restoring, str(drift.before)):
            self.write(account.client(self.service, drift.item.region), drift.before, drift.now)
