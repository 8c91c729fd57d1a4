"""The operators' side of the API: environments, what is done to them, their baselines and their history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from atmosphere.client import baselines, breakers, leftovers, results
from atmosphere.client.asking import given

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from atmosphere.client.transport import Transport


class OperatorsSide:
    """Methods for signed callers that are operators. Every method raises `ServiceError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def configuration(self) -> dict[str, Any]:
        """The configuration in force as the reply has it: `configuration`, and `digest`, the sha-256 that names it."""
        return self._transport.send("GET", "configuration")

    def environments(self) -> tuple[results.EnvironmentState, ...]:
        """Every registered environment (operators)."""
        return results.read(results.environment_states, self._transport.send("GET", "environments"))

    def environment(self, account: str, region: str) -> results.EnvironmentState:
        """One environment with its last cleanup report (operators)."""
        reply = self._transport.send("GET", "environments", account, region)
        return results.read(results.environment_state, reply)

    def operate(self, account: str, region: str, act: str, *, reason: str) -> results.EnvironmentState:
        """Do one of the acts of docs/api to an environment (operators); `reason` is kept on record."""
        return self.act(account, region, act, reason=reason)[0]

    def act(
        self, account: str, region: str, act: str, *, reason: str | None, dry_run: bool = False
    ) -> tuple[results.EnvironmentState, bool]:
        """The same, and whether it changed anything; with `dry_run`, what it would do, without a reason (operators)."""
        body = given(reason=reason) | ({"dryRun": True} if dry_run else {})
        reply = self._transport.send("POST", "environments", account, region, act, body=body)
        return results.read(results.environment_state, reply), bool(reply.get("changed"))

    def breaker(self, pool: str) -> breakers.PoolBreaker:
        """Whether cleanups of the pool delete nothing, and why (operators)."""
        return results.read(breakers.pool_breaker, self._transport.send("GET", "pools", pool, "breaker"))

    def resume_pool(self, pool: str, *, reason: str) -> breakers.PoolBreaker:
        """Let cleanups of the pool delete again; what they were held for, empty if they were not (operators)."""
        reply = self._transport.send("POST", "pools", pool, "resume", body={"reason": reason})
        return results.read(breakers.pool_breaker, reply)

    def baseline(self, account: str, region: str) -> baselines.BaselineState:
        """What was there before the first test; all of its pages (operators)."""
        path = ("environments", account, region, "baseline")
        reply = self._transport.send("GET", *path)
        state = results.read(baselines.baseline_state, reply)
        items = list(state.items)
        while reply.get("cursor"):
            reply = self._transport.send("GET", *path, query={"cursor": reply["cursor"]})
            items += results.read(baselines.baseline_items, reply)
        return replace(state, items=tuple(items))

    def amend_baseline(
        self, account: str, region: str, act: str, items: Sequence[str], *, reason: str
    ) -> baselines.BaselineState:
        """`drop` things (`TYPE:ID@REGION`) from a baseline or `adopt` them; no items come back (operators)."""
        body = {"act": act, "items": list(items), "reason": reason}
        reply = self._transport.send("POST", "environments", account, region, "baseline", body=body)
        return results.read(baselines.baseline_state, reply)

    def history(
        self,
        *,
        environment: str | None = None,
        requester: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[results.HistoryLine]:
        """Who had an environment (`ACCOUNT/REGION`), or what a requester had, newest first (operators).

        Pages are fetched as they are needed.
        """
        query = _question(environment, requester, since, until)
        for page in self._pages(query):
            yield from results.read(results.history_lines, page)

    def recent(self, environment: str, since: datetime) -> leftovers.Recent:
        """What `history` and `leftovers` tell of an environment, from one request: its first page (operators)."""
        query = _question(environment, None, since, None) | {"leftovers": "true"}
        return results.read(leftovers.recent, self._transport.send("GET", "allocations", query=query))

    def leftovers(
        self,
        *,
        environment: str | None = None,
        requester: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[leftovers.LeftBehind]:
        """The same allocations with what cleaning found after each of them (operators)."""
        query = _question(environment, requester, since, until) | {"leftovers": "true"}
        for page in self._pages(query):
            yield from results.read(leftovers.left_behind, page)

    def _pages(self, query: dict[str, str]) -> Iterator[Mapping[str, Any]]:
        while True:
            reply = self._transport.send("GET", "allocations", query=query)
            yield reply
            if not reply.get("cursor"):
                return
            query["cursor"] = reply["cursor"]


def _question(
    environment: str | None, requester: str | None, since: datetime | None, until: datetime | None
) -> dict[str, str]:
    return given(
        environment=environment,
        requester=requester,
        since=since.isoformat() if since else None,
        until=until.isoformat() if until else None,
    )
