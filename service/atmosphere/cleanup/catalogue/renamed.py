"""Types whose operations take a name, where CloudFormation's id is another that no operation takes: a listing tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atmosphere.cleanup.catalogue.row import Listing, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed(Row):
    """A row without steps but its deletion. `names` lists `ID|NAME`."""

    names: Listing

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        for name in self._names_of(account, region, identity):
            Row.delete(self, account, region, name, check)

    def _names_of(self, account: Account, region: Region, identity: str) -> Iterator[str]:
        for each in self.names.members_of(self._client(account, region), "", {}):
            told, _, name = each.id.partition("|")
            if told == identity:
                yield name
