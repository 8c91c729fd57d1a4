"""What the API's replies look like (docs/api/openapi.yaml). Secrets appear in `granted` and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from atmosphere.core.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.breaker import Breaker
    from atmosphere.core.credentials import SessionCredentials
    from atmosphere.core.github import RunIdentity
    from atmosphere.core.model import (
        Allocation,
        AllocationItem,
        Environment,
        EnvironmentKey,
        HistoryEntry,
        Json,
        PoolName,
    )
    from atmosphere.operations.baseline import Amended, BaselinePage
    from atmosphere.operations.heartbeat import Heard
    from atmosphere.operations.query import PoolCounts
    from atmosphere.operations.sessions import Granted


def instant(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def granted(grant: Granted) -> dict[str, Any]:
    """The reply to an allocate. `environment` and `credentials` are the first's, for clients that know only one."""
    environments = _granted_environments(grant)
    return {
        "id": grant.allocation.id,
        "environment": environments[0]["environment"],
        "credentials": environments[0]["credentials"],
        "expiresAt": instant(grant.allocation.deadline),
        "environments": environments,
        **_heartbeat(grant.allocation),
    }


def refreshed(grant: Granted) -> dict[str, Any]:
    """The reply to a refresh."""
    return {
        "id": grant.allocation.id,
        "expiresAt": instant(grant.allocation.deadline),
        "environments": _granted_environments(grant),
    }


def heard(beat: Heard) -> dict[str, Any]:
    """The reply to a heartbeat."""
    return {
        "id": beat.allocation.id,
        "expiresAt": instant(beat.allocation.deadline),
        "nextHeartbeatBy": instant(beat.next_by),
        **_heartbeat(beat.allocation),
    }


def _heartbeat(found: Allocation) -> dict[str, int]:
    """Nothing for an allocation that did not ask for heartbeats."""
    return {} if found.heartbeat is None else {"heartbeatSeconds": int(found.heartbeat.total_seconds())}


def _granted_environments(grant: Granted) -> list[dict[str, Any]]:
    return [
        {**_item(item), "credentials": _credentials(session)}
        for item, session in zip(grant.allocation.items, grant.sessions, strict=True)
    ]


def _item(item: AllocationItem) -> dict[str, Any]:
    entry = item.registered
    return {
        "name": item.name,
        "role": item.role,
        "environment": {
            "account": entry.key.account,
            "region": entry.key.region,
            "pool": entry.pool,
            "adminRoleArn": entry.admin_role,
            "capabilities": dict(entry.capabilities),
        },
    }


def _credentials(session: SessionCredentials) -> dict[str, Any]:
    return {
        "accessKeyId": session.access_key_id,
        "secretAccessKey": session.secret_access_key,
        "sessionToken": session.session_token,
        "expiration": instant(session.expiration),
    }


def breaker(pool: PoolName, found: Breaker | None) -> dict[str, Any]:
    """A pool's breaker, also the one that an operator has just closed; `held` is null where it is not open."""
    if found is None or found.opened is None:
        return {"pool": pool, "held": None}
    environments = [{"account": key.account, "region": key.region} for key in found.environments]
    return {"pool": pool, "held": {"since": instant(found.opened), "thing": found.thing, "environments": environments}}


def allocation(found: Allocation) -> dict[str, Any]:
    """One allocation, without credentials."""
    return {
        "id": found.id,
        "status": found.status,
        "pool": found.pool,
        "requester": found.requester,
        "startedAt": instant(found.started),
        "expiresAt": instant(found.deadline),
        "endedAt": instant(found.ended),
        "outcome": found.outcome,
        "endedBy": found.ended_by,
        "askedBy": found.asked_by,
        "run": _run(found.run) if found.run else None,
        "environments": [_item(item) for item in found.items],
        **_heartbeat(found),
    }


def _run(run: RunIdentity) -> dict[str, Any]:
    return {
        "repository": run.repository,
        "url": run.url,
        "attempt": run.run_attempt,
        "job": run.check_run_id,
        "event": run.event,
        "ref": run.ref,
        "workflow": run.workflow,
        "actor": run.actor,
    }


def pool(counts: PoolCounts) -> dict[str, Any]:
    """One pool."""
    by_status = {str(status): number for status, number in counts.counts.items()}
    return {"pool": counts.pool, "counts": by_status, "waiting": counts.waiting}


def environment(row: Environment) -> dict[str, Any]:
    """One environment, for operators."""
    return {
        "account": row.key.account,
        "region": row.key.region,
        "pool": row.pool,
        "status": row.status,
        "registration": row.mark,
        "hold": row.hold,
        "capabilities": dict(row.registered.capabilities),
        "allocation": row.allocation,
        "attempt": row.attempt,
        "since": instant(row.since),
        "deadline": instant(row.deadline),
        "dirtyReason": row.dirty_reason,
        "retryAt": instant(row.wake_at if row.status is Status.DIRTY else None),
        "report": row.report,
    }


def baseline(key: EnvironmentKey, found: Mapping[str, Json], page: BaselinePage) -> dict[str, Any]:
    """One page of a baseline, for operators."""
    return _about(key, found) | {"items": list(page.items), "cursor": page.cursor}


def amended(key: EnvironmentKey, act: Amended) -> dict[str, Any]:
    """A baseline after an operator's act, without what is in it."""
    return _about(key, act.baseline) | {"unknown": list(act.unknown)}


def _about(key: EnvironmentKey, found: Mapping[str, Json]) -> dict[str, Any]:
    about = {name: value for name, value in found.items() if name != "items"}
    return {"account": key.account, "region": key.region, **about}


def leftovers(progress: Mapping[str, Json]) -> dict[str, Json]:
    """What a cleanup counted, of how it stands or stood."""
    return {name: progress[name] for name in ("removed", "left", "unknown")}


def history_entry(entry: HistoryEntry, counts: Json = None) -> dict[str, Any]:
    """One row of an environment's history; with what was left behind, where that was asked for and is known."""
    return {
        "account": entry.key.account,
        "region": entry.key.region,
        "at": instant(entry.at),
        "id": entry.id,
        "kind": entry.kind,
        "pool": entry.pool,
        "who": entry.who,
        "askedBy": entry.asked_by,
        "requester": entry.requester,
        "reason": entry.reason,
        "endedAt": instant(entry.ended),
        "outcome": entry.outcome,
        "endedBy": entry.ended_by,
        "leftovers": counts,
    }
