"""What the service has on record of a run, and whether anything that was issued for it is where it must not be."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tests.journeys.api import until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.journeys.action.forwarder import Exchange, Forwarder
    from tests.journeys.api import Api

_RELEASE: Final = re.compile(r"Bearer atmosphere-release\.(\S+)")
_SECRET: Final = re.compile(rb"(?=([A-Za-z0-9_-]{43}))")  # every place where one could begin
_KEYS: Final = ("accessKeyId", "secretAccessKey", "sessionToken")


def proof(exchange: Exchange) -> str:
    """How a request said who asks: `signed`, `token` or `release-token`."""
    authorization = exchange.header("authorization")
    if authorization.startswith("AWS4-HMAC-SHA256 "):
        return "signed"
    return "release-token" if _RELEASE.fullmatch(authorization) else "token"


def ids(door: Forwarder) -> list[str]:
    """The allocation ids that were asked for, each once, in their order."""
    asked = (exchange for exchange in door.of("POST") if exchange.path.endswith("/allocations"))
    return list(dict.fromkeys(exchange.header("idempotency-key") for exchange in asked))


def releases(door: Forwarder, id_: str | None = None) -> list[Exchange]:
    """The requests that gave an allocation back and were told so."""
    return [one for one in door.of("DELETE") if one.status == 200 and one.path.endswith(id_ or "")]


def issued(door: Forwarder) -> Iterator[str]:
    """What was handed out: keys of every reply, and the signature of every token (without it, the rest is none)."""
    for exchange in door.exchanges:
        if exchange.method == "POST" and exchange.status == 200:
            for environment in exchange.answered["environments"]:
                yield from (environment["credentials"][name] for name in _KEYS)
        if proof(exchange) == "token":
            yield exchange.header("authorization").rpartition(".")[2]


def hashes(door: Forwarder) -> set[str]:
    """The hashes of the release secrets, as the service was told them."""
    asked = (exchange for exchange in door.of("POST") if exchange.path.endswith("/allocations"))
    return {exchange.asked["releaseTokenHash"] for exchange in asked}


def leaks(places: Mapping[str, bytes], secrets: Iterable[str], digests: set[str]) -> set[str]:
    """The places where one of the secrets is, or a secret with one of these hashes; never the secret."""
    wanted = [secret.encode() for secret in secrets]
    assert all(wanted), "an empty text is everywhere"
    return {
        place
        for place, content in places.items()
        if any(secret in content for secret in wanted)
        or any(hashlib.sha256(found[1]).hexdigest() in digests for found in _SECRET.finditer(content))
    }


@dataclass(frozen=True, slots=True)
class Records:
    """The service as an operator sees it."""

    operator: Api

    def allocation(self, id_: str) -> dict[str, Any]:
        """One allocation."""
        answer = self.operator.ask("GET", f"/allocations/{id_}")
        assert answer.status == 200, answer.text
        found: dict[str, Any] = answer.body
        return found

    def exists(self, id_: str) -> bool:
        """Whether there is an allocation of this id; a tombstone is none."""
        answer = self.operator.ask("GET", f"/allocations/{id_}")
        assert answer.status in {200, 404}, answer.text
        return answer.status == 200

    def active(self, id_: str) -> bool:
        """Whether there is an allocation of this id that has not ended."""
        return bool(self.operator.ask("GET", f"/allocations/{id_}").body.get("status") == "active")

    def environment(self, account: str, region: str) -> dict[str, Any]:
        """One environment."""
        found: dict[str, Any] = self.operator.ask("GET", f"/environments/{account}/{region}").body
        return found

    def history(self, requester: str) -> list[dict[str, Any]]:
        """Everything that a requester ever had, one entry for each environment."""
        answer = self.operator.ask("GET", f"/allocations?requester={quote(requester, safe='')}")
        assert answer.status == 200, answer.text
        found: list[dict[str, Any]] = answer.body["entries"]
        return found

    def until_ended(self, id_: str) -> dict[str, Any]:
        """The allocation, once it has ended."""
        until(lambda: self.exists(id_) and self.allocation(id_)["status"] == "ended", f"allocation {id_} has ended")
        return self.allocation(id_)

    def check_environments(self, allocation: Mapping[str, Any]) -> None:
        """None of its environments is still in use by it, none has become dirty, and history tells of it once."""
        for entry in allocation["environments"]:
            account, region = entry["environment"]["account"], entry["environment"]["region"]
            now = self.environment(account, region)
            assert now["status"] in {"cleaning", "free", "in-use"}, now
            assert not (now["status"] == "in-use" and now["allocation"] == allocation["id"]), now
        told = [entry for entry in self.history(allocation["requester"]) if entry["id"] == allocation["id"]]
        assert len(told) == len(allocation["environments"]), told
        assert {(entry["outcome"], entry["endedBy"]) for entry in told} == {
            (allocation["outcome"], allocation["endedBy"])
        }
