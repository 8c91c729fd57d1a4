"""Everything that a function of the service does, each from a situation in which it has something to do.

`doing` names it for the invariants (`MOVES`), `of` is what alone it may touch. Repairs of states that no cut leads to
are not here: tests/operations/test_reconcile.py has those.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.cleanup.engine import PassResult
from atmosphere.cleanup.model import PassState, Resource, Verdict
from atmosphere.cleanup.state.baseline import Baseline, BaselineRepository, Revision
from atmosphere.cleanup.state.counts import Counts
from atmosphere.cleanup.watching import Watched
from atmosphere.core.github import TrustedIssuer
from atmosphere.core.model import ActKind, AllocationId, Status
from atmosphere.core.organization import Organization
from atmosphere.core.snapshot import digest, to_json
from atmosphere.handlers import authorize, cleanup, publish, reconcile, watch
from atmosphere.operations.operate import EVENTS
from atmosphere.operations.sessions import Granted
from tests.builders import NOW, POOL, a_run
from tests.handlers.door import completed_job, completed_run, holder
from tests.machine.functions import Functions
from tests.machine.setting import KEYS, a_deployment
from tests.machine.situations import HELD_ID, NEW_ID, SITUATIONS
from tests.operations.world import many

if TYPE_CHECKING:
    from atmosphere.core.snapshot import Snapshot
    from atmosphere.ports import CleanupOrder
    from tests.machine.driver import Driver

Call = Callable[[Functions], object]

SECRET: Final = "release-me-if-you-can-and-nothing-else-here"
TOKEN: Final = ".".join(
    urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (
        b'{"alg": "RS256", "typ": "JWT", "kid": "key-1"}',
        b'{"iss": "https://token.actions.githubusercontent.com"}',
        b"a signature that only this secret makes",
    )
)
"""A token that the signatures of a `Functions` take for a run's."""
ITEM: Final = f"AWS::S3::Bucket:data@{KEYS[0].region}"
ADDED: Final = Resource.parse(f"AWS::S3::Bucket:added@{KEYS[2].region}")


# --- situations beside those of `situations` --------------------------------------------------------------------------


def _nothing_free() -> Driver:
    driver = SITUATIONS["all free"]().fork()
    for caller, number in (("neighbour", 1), ("run", 3)):
        body = {"environments": many(number), "accounts": "any"}
        assert isinstance(driver.allocate(caller, body, key=None), Granted)
    return driver


def _exhausted() -> Driver:
    driver = _nothing_free()
    driver.allocate("runner", {}, key=None)
    return driver


def _with_secret() -> Driver:
    """Two environments of one that has a release token and asked for heartbeats."""
    driver = SITUATIONS["all free"]().fork()
    token = sha256(SECRET.encode()).hexdigest()
    driver.allocate("run", {"environments": many(2), "heartbeatSeconds": 60, "releaseTokenHash": token}, key=HELD_ID)
    driver.world.clock.advance(timedelta(seconds=30))
    return driver


def _dirty_untold() -> Driver:
    driver = SITUATIONS["mixed"]().fork()
    driver.world.clock.advance(timedelta(minutes=3))
    return driver


def _overdue() -> Driver:
    """An allocation and two cleanings, all past their deadlines."""
    driver = SITUATIONS["all due"]().fork()
    driver.world.clock.advance(timedelta(minutes=30))
    return driver


def _recheck() -> Driver:
    driver = SITUATIONS["mixed"]().fork()
    driver.cleanup_says("dirty until", driver.current_orders()[0])
    driver.world.clock.advance(timedelta(minutes=11))
    return driver


def _watched_pool() -> Driver:
    """Everything is free for long, and the pool names its organization; every ten minutes some are looked at."""
    driver = SITUATIONS["all free"]().fork()
    organization = Organization(management_account="999999999999")
    snapshot = driver.world.snapshot
    entries = tuple(replace(entry, organization=organization) for entry in snapshot.environments)
    driver.world.snapshot = replace(snapshot, environments=entries)
    driver._do("register", None, None, lambda: driver.world.registrar.register(driver.world.snapshot))
    driver.world.clock.advance(timedelta(hours=7))
    driver.world.clock.advance(timedelta(minutes=10 - driver.world.clock.now().minute % 10))
    return driver


def _before_limits() -> Driver:
    """Active allocations of a rule that has a limit in the next configuration."""
    driver = SITUATIONS["all free"]().fork()
    rules = driver.world.snapshot.access
    open_ = replace(
        rules,
        iam=tuple(replace(rule, max_active=None) for rule in rules.iam),
        github=tuple(replace(rule, max_active=None) for rule in rules.github),
    )
    driver.world.snapshot = replace(driver.world.snapshot, access=open_)
    driver.allocate("runner", {}, key=HELD_ID)
    driver.allocate("run", {}, key=None)
    return driver


def _nearly_held() -> Driver:
    """One environment is dirty for what another one is about to be dirty for, and that is one too many."""
    driver = SITUATIONS["all free"]().fork()
    snapshot = driver.world.snapshot
    driver.world.snapshot = replace(snapshot, settings=replace(snapshot.settings, max_dirty_alike=1))
    for caller in ("runner", "run"):
        driver.allocate(caller, {}, key=None)
        driver.deallocate(caller, driver.known[-1])
    functions = Functions(driver)
    functions.verdict = _verdict(Verdict.DIRTY)
    order = driver.current_orders()[0]
    functions.run("pass", order, lambda: functions.invoke(cleanup.handler, _event(order)))
    return driver


def _pool_held() -> Driver:
    driver = _nearly_held()
    functions = Functions(driver)
    functions.verdict = _verdict(Verdict.DIRTY)
    order = driver.current_orders()[0]
    functions.run("pass", order, lambda: functions.invoke(cleanup.handler, _event(order)))
    return driver


def _marked(act: ActKind | None) -> Callable[[], Driver]:
    """`mixed`, with what is cleaned to be held, or gone from the configuration."""

    def made() -> Driver:
        driver = SITUATIONS["mixed"]().fork()
        order = driver.current_orders()[0]
        if act:
            driver.operate(act, order.key)
        else:
            driver.register(0b1111 & ~(1 << KEYS.index(order.key)), 0)
        return driver

    return made


def _dirty_and_leaving() -> Driver:
    driver = SITUATIONS["mixed"]().fork()
    dirty = next(row.key for row in driver.store.environments() if row.status is Status.DIRTY)
    driver.register(0b1111 & ~(1 << KEYS.index(dirty)), 0)
    return driver


PLACES: Final[dict[str, Callable[[], Driver]]] = {
    **SITUATIONS,
    "nothing free": cache(_nothing_free),
    "exhausted": cache(_exhausted),
    "with a release token": cache(_with_secret),
    "dirty and not told": cache(_dirty_untold),
    "overdue": cache(_overdue),
    "to be checked again": cache(_recheck),
    "watched": cache(_watched_pool),
    "before limits": cache(_before_limits),
    "nearly held": cache(_nearly_held),
    "pool held": cache(_pool_held),
    "cleaned to be held": cache(_marked(ActKind.HOLD)),
    "cleaned to be gone": cache(_marked(None)),
    "dirty and leaving": cache(_dirty_and_leaving),
}


# --- what is done -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One invocation. `first` is what was done before that is no call of it."""

    place: str
    doing: str
    call: Call
    of: Callable[[Driver], object] = lambda _: None
    first: Call = lambda _: None


def _asked(caller: Any, route: str, body: object = None, **event: Any) -> Call:
    method, path = route.split(" ")
    return lambda functions: functions.ask(caller, method, path, body, **event)


def _allocating(place: str, caller: str = "runner", key: AllocationId | None = None, **body: Any) -> Act:
    wanted = {"pool": POOL, "requester": "a test", **body}
    return Act(
        place=place, doing="allocate", of=lambda _: key, call=_asked(caller, "POST /allocations", wanted, key=key)
    )


def _ending(place: str, caller: Any, id_: AllocationId = HELD_ID, doing: str = "deallocate") -> Act:
    call = _asked(caller, f"DELETE /allocations/{id_}", {"outcome": "done"})
    return Act(place=place, doing=doing, of=lambda _: id_, call=call)


def _verdict(verdict: Verdict, **about: Any) -> PassResult:
    counts = Counts(started=NOW, at=NOW, attempt=1, removed={"AWS::S3::Bucket": 1})
    reason = None if verdict is Verdict.CLEAN else "blocked:T"
    return PassResult(
        verdict=verdict,
        state=PassState(),
        reason=reason,
        report_key="r.json",
        counts=counts,
        things=("T:left",),
        **about,
    )


def _event(order: CleanupOrder) -> dict[str, Any]:
    return {
        "allocation": order.allocation,
        "account": order.key.account,
        "region": order.key.region,
        "attempt": order.attempt,
    }


def _cleaned(place: str, verdict: Verdict) -> Act:
    def call(functions: Functions) -> object:
        functions.verdict = _verdict(verdict)
        return functions.invoke(cleanup.handler, _event(functions.driver.current_orders()[0]))

    return Act(place=place, doing="pass", of=lambda driver: driver.current_orders()[0], call=call)


def _operated(act: ActKind, place: str, status: Status) -> Act:
    def key_of(driver: Driver) -> Any:
        return next(row.key for row in driver.store.environments() if row.status is status)

    def call(functions: Functions) -> object:
        key = key_of(functions.driver)
        return functions.ask("operator", "POST", f"/environments/{key.path}/{act}", {"reason": "because"})

    return Act(place=place, doing=f"operator {act}", of=key_of, call=call)


def _amended(act: str, item: str) -> Act:
    def first(functions: Functions) -> None:
        found = Baseline(items={Resource.parse(ITEM): "f"}, types=("AWS::S3::Bucket",), regions=(KEYS[0].region,))
        texts = functions.outside.texts
        BaselineRepository(texts, KEYS[0]).capture(found, Revision(at=NOW, by="cleanup", why="capture"))

    body = {"act": act, "items": [item], "reason": "because"}
    call = _asked("operator", f"POST /environments/{KEYS[0].path}/baseline", body)
    return Act(place="all free", doing="nobody", call=call, first=first)


def _published(place: str, deployment: Snapshot) -> Act:
    text = to_json(deployment)
    ids = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Publication", "RequestType": "Update"}
    announced = {"Digest": digest(text), "AssetBucket": "assets", "AssetKey": "asset"}

    def call(functions: Functions) -> object:
        return publish.handle({**ids, "ResourceProperties": announced}, functions)

    return Act(place=place, doing="register", call=call, first=lambda f: f.outside.objects.put("asset", text.encode()))


def _by(handle: Callable[[Functions], object], doing: str, place: str) -> Act:
    return Act(place=place, doing=doing, call=handle)


def _known_token(functions: Functions) -> None:
    now = int(functions.clock.now().timestamp())
    run, snapshot = a_run(), functions.driver.world.snapshot
    audience = "https://atmosphere.example.com"
    issuers = (TrustedIssuer(issuer=run.issuer, jwks_url=f"{run.issuer}/.well-known/jwks"),)
    settings = replace(snapshot.settings, audience=audience, issuers=issuers)
    functions.configuration.snapshot = replace(snapshot, settings=settings)
    functions.outside.signatures.signed[TOKEN] = {
        "iss": run.issuer,
        "aud": audience,
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "jti": "one-use",
        "repository_id": run.repository_id,
        "repository_owner_id": "800000001",
        "repository": run.repository,
        "run_id": run.run_id,
        "run_attempt": run.run_attempt,
        "event_name": run.event,
    }


def let_in(functions: Functions) -> Any:
    """What the authorizer says of the token."""
    arn = "arn:aws:execute-api:us-east-1:111111111111:abc123/v1/POST/github/allocations"
    event = {"type": "TOKEN", "authorizationToken": f"Bearer {TOKEN}", "methodArn": arn}
    return functions.invoke(authorize.handler, event)


def _scanned(functions: Functions) -> object:
    """A scan of a free environment, whose account has something that its organization added."""
    row = functions.driver.world.row(KEYS[2])
    assert row.freed_at is not None
    event = {
        "watch": NEW_ID,
        "account": row.key.account,
        "region": row.key.region,
        "freedAt": row.freed_at.isoformat(),
    }
    with pytest.MonkeyPatch.context() as patched:
        found = Watched(version=1, items={ADDED: "f"})
        patched.setattr(watch, "watch", lambda *_, **__: found)
        return functions.invoke(cleanup.handler, event)


def _with_baseline(functions: Functions) -> None:
    found = Baseline(items={}, types=("AWS::S3::Bucket",), regions=(KEYS[2].region,))
    texts = functions.outside.texts
    BaselineRepository(texts, KEYS[2]).capture(found, Revision(at=NOW, by="cleanup", why="capture"))


_PLACES_OF_ACTS: Final[dict[ActKind, tuple[tuple[str, Status], ...]]] = {
    ActKind.CLEAN: (("mixed", Status.DIRTY),),
    ActKind.REINSTATE: (("mixed", Status.DIRTY),),
    ActKind.DISCARD: (("dirty and leaving", Status.DIRTY), ("mixed", Status.DIRTY)),
    ActKind.HOLD: tuple(("mixed", status) for status in (Status.FREE, Status.DIRTY, Status.IN_USE, Status.CLEANING)),
    ActKind.RESUME: (("cleaned to be held", Status.CLEANING),),
    ActKind.RECAPTURE: (("mixed", Status.FREE), ("mixed", Status.DIRTY)),
    ActKind.RELEASE: (("with a release token", Status.IN_USE),),
}
assert _PLACES_OF_ACTS.keys() == EVENTS.keys()

ACTS: Final[dict[str, Act]] = {
    "allocate": _allocating("all free"),
    "allocate by key": _allocating("all free", key=NEW_ID),
    "allocate again": _allocating("mixed", key=HELD_ID),
    "allocate two": _allocating("all free", environments=many(2)),
    "allocate with heartbeats": _allocating("all free", heartbeatSeconds=60),
    "allocate as a run": _allocating("all free", caller="run", key=NEW_ID),
    "allocate past a waiter": _allocating("one kept", caller="neighbour"),
    "allocate as the first in line": _allocating("in line", caller="operator"),
    "allocate where nothing is free": _allocating("nothing free", key=NEW_ID),
    "allocate again from the line": _allocating("exhausted"),
    "allocate above the quota": _allocating("nothing free", caller="run"),
    "allocate, only to ask": _allocating("all free", dryRun=True),
    "refresh": Act(
        place="mixed",
        doing="refresh",
        of=lambda _: HELD_ID,
        call=_asked("runner", f"POST /allocations/{HELD_ID}/credentials", {}),
    ),
    "refresh with heartbeats": Act(
        place="with a release token",
        doing="refresh",
        of=lambda _: HELD_ID,
        call=_asked("run", f"POST /allocations/{HELD_ID}/credentials", {}),
    ),
    "heartbeat": Act(
        place="with a release token",
        doing="heartbeat",
        of=lambda _: HELD_ID,
        call=_asked("run", f"POST /allocations/{HELD_ID}/heartbeat"),
    ),
    "heartbeat by release token": Act(
        place="with a release token",
        doing="heartbeat by token",
        of=lambda _: HELD_ID,
        call=_asked(holder(SECRET), f"POST /allocations/{HELD_ID}/heartbeat"),
    ),
    "deallocate": _ending("mixed", "runner"),
    "deallocate two": _ending("with a release token", "run"),
    "deallocate by release token": _ending("with a release token", holder(SECRET), doing="release"),
    "deallocate as the operator": _ending("mixed", "operator"),
    "deallocate what is unknown": _ending("all free", "runner", NEW_ID),
    "look at an allocation": Act(place="mixed", doing="nobody", call=_asked("runner", f"GET /allocations/{HELD_ID}")),
    "look at the pools": Act(place="mixed", doing="nobody", call=_asked("operator", "GET /pools")),
    "look at an environment": Act(
        place="mixed", doing="nobody", call=_asked("operator", f"GET /environments/{KEYS[0].path}")
    ),
    "look at the history": Act(
        place="mixed",
        doing="nobody",
        call=_asked("operator", "GET /allocations", query={"environment": KEYS[0].path}),
    ),
    **{
        f"{act} what is {status}{' and leaving' if place == 'dirty and leaving' else ''}": _operated(act, place, status)
        for act, places in _PLACES_OF_ACTS.items()
        for place, status in places
    },
    "drop from a baseline": _amended("drop", ITEM),
    "adopt into a baseline": _amended("adopt", f"AWS::S3::Bucket:more@{KEYS[0].region}"),
    "resume a pool": Act(
        place="pool held", doing="nobody", call=_asked("operator", f"POST /pools/{POOL}/resume", {"reason": "because"})
    ),
    "a run is over": Act(place="of a run", doing="completed", call=lambda f: f.deliver(completed_run())),
    "a job is over": Act(place="of a run", doing="completed", call=lambda f: f.deliver(completed_job())),
    "let a run in": Act(place="all free", doing="nobody", call=let_in, first=_known_token),
    **{
        f"reconcile what is {place}": _by(reconcile.handle, "reconcile", place)
        for place in ("overdue", "silent", "silent for long", "all due", "to be checked again")
    },
    "reconcile where nothing is due": _by(reconcile.handle, "reconcile", "all free"),
    "reconcile and start scans": _by(reconcile.handle, "watch", "watched"),
    "scan what is free": Act(place="watched", doing="watch", call=_scanned, first=_with_baseline),
    **{
        f"measure what is {place}": _by(reconcile.measure, "measure", place)
        for place in ("dirty and not told", "exhausted", "all free")
    },
    "publish the first configuration": _published("half registered", a_deployment(0b1111, 0)),
    "publish a change": _published("mixed", a_deployment(0b1111, 1)),
    "publish less": _published("mixed", a_deployment(0b0001, 0)),
    "publish the same": _published("mixed", a_deployment(0b1111, 0)),
    "publish a first limit": _published("before limits", a_deployment(0b1111, 0)),
    "a pass goes on": _cleaned("mixed", Verdict.AGAIN),
    "a pass finds it clean": _cleaned("mixed", Verdict.CLEAN),
    "a pass finds it clean, to be held": _cleaned("cleaned to be held", Verdict.CLEAN),
    "a pass finds it clean, to be gone": _cleaned("cleaned to be gone", Verdict.CLEAN),
    "a pass is blocked": _cleaned("mixed", Verdict.BLOCKED),
    "a pass finds it dirty": _cleaned("mixed", Verdict.DIRTY),
    "a pass finds it dirty and the pool is held": _cleaned("nearly held", Verdict.DIRTY),
}
