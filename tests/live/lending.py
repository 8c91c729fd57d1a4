"""An environment of the deployed service for the length of a block, asked for as a client without any library would."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.credentials import Credentials

from tests.live.ledger import Kind
from tests.live.waiting import MINUTE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.account import Live

PATIENCE: Final = 30 * MINUTE
"""For an environment that another test has, or that is being cleaned."""
_TRY_AGAIN: Final = 423


@dataclass(frozen=True, slots=True)
class Environment:
    """What an allocation gave."""

    live: Live
    allocation: str
    account: str
    region: str
    admin_role: str
    keys: Credentials = field(repr=False)

    def client(self, service: str) -> Any:
        """A client in the environment, with the keys of the allocation."""
        return self.live.client(service, self.keys, self.region)

    def release(self) -> None:
        """Give it back; safe to repeat."""
        reply = self.live.api.ask("DELETE", f"/allocations/{self.allocation}", {"outcome": "success"})
        assert reply.status == 200, reply.text


@contextmanager
def lent(live: Live, *, like: Environment | None = None) -> Iterator[Environment]:
    """An environment, with `like` the same one again; given back in the end."""
    environment = _allocated(live, like)
    try:
        yield environment
    finally:
        environment.release()


def until_free(live: Live) -> None:
    """Return when the pool has a free environment, for a client that does not wait long."""

    def free() -> bool:
        return bool(live.api.ask("GET", f"/pools/{live.pool}").body["counts"]["free"])

    until(free, f"pool {live.pool} has a free environment", seconds=PATIENCE)


def _allocated(live: Live, like: Environment | None) -> Environment:
    body: dict[str, Any] = {"pool": live.pool, "requester": f"live suite {live.run}", "durationSeconds": 3600}
    if like is not None:
        body["constraints"] = [
            {"type": "account", "value": [like.account]},
            {"type": "region", "value": [like.region]},
        ]
    headers = {"idempotency-key": live.name(Kind.ALLOCATION)}
    replies = []

    def granted() -> bool:
        replies.append(live.api.ask("POST", "/allocations", body, headers=headers))
        assert replies[-1].status in {200, _TRY_AGAIN}, replies[-1].answer
        assert replies[-1].status == 200 or replies[-1].answer[1] != "all-dirty", replies[-1].text
        return replies[-1].status == 200

    until(granted, f"pool {live.pool} has an environment", seconds=PATIENCE)
    given = replies[-1].body
    environment, keys = given["environment"], given["credentials"]
    return Environment(
        live,
        given["id"],
        environment["account"],
        environment["region"],
        environment["adminRoleArn"],
        Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"]),
    )
