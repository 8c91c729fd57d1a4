"""Seeds of services that stand on shelves (`tests.cleanup.fakes.shelves`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tests.cleanup.catalogue.frame import Seed, StandIn
from tests.cleanup.conftest import ACCOUNT, REGION
from tests.cleanup.fakes.shelves import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cleanup.catalogue.frame import Clients
    from tests.cleanup.fakes.shelves import Kind

WHEN: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def arn(service: str, rest: str) -> str:
    """Of the account and the region that is cleaned."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


class Stock:
    """The kinds of things of one service; each account gets empty shelves."""

    def __init__(self, service: str, like: type[Service] = Service, /, **kinds: Kind) -> None:
        self._like, self._kinds = like, kinds
        self.shelves = like(kinds)
        self.stand_ins = (StandIn(service, self.fresh),)

    def fresh(self) -> Service:
        """New shelves, for an account that begins."""
        self.shelves = self._like(self._kinds)
        return self.shelves

    def seed(self, type_: str, kind: str, *, with_: tuple[str, ...] = (), **more: Any) -> Seed:
        """One thing of a kind, beside one of each of the kinds that it is with."""

        def make(_: object) -> str:
            for other in with_:
                self.shelves.put(other)
            return self.shelves.put(kind)

        return self.sown(type_, make, **more)

    def sown(self, type_: str, make: Callable[[Clients], str], **more: Any) -> Seed:
        """What is made otherwise."""
        return Seed(type=f"AWS::{type_}", make=make, stand_ins=self.stand_ins, **more)
