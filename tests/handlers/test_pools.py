"""Operators see why a pool is held, and resume it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.contract import Metric
from atmosphere.core.breaker import Breaker, Cause, counted
from atmosphere.core.changes import Put
from atmosphere.core.model import OwnerKey
from tests.builders import NOW, POOL, a_key, an_allocation
from tests.docs.test_openapi import complaints
from tests.handlers.events import an_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.handlers.conftest import Api

PATH: Final = {"pool": POOL}
OPERATOR: Final = an_identity("operator")
THING: Final = "AWS::IAM::Role:x@global"


def hold(api: Api) -> None:
    breaker: Breaker | None = None
    for number in (1, 2):
        cause = Cause(things=(THING,), allocation=an_allocation(owner=OwnerKey(f"o{number}")), most=1, rules=1)
        breaker = counted(breaker or Breaker(pool=POOL), a_key(number), cause, now=NOW)
    assert breaker is not None
    api.world.rows.commit([Put(row=breaker)], token="held")


def test_an_operator_sees_why_a_pool_is_held(api: Api) -> None:
    assert api.ask("GET /pools/{pool}/breaker", path=PATH, identity=OPERATOR).body == {"pool": POOL, "held": None}
    hold(api)
    held = api.ask("GET /pools/{pool}/breaker", path=PATH, identity=OPERATOR).body["held"]
    assert complaints({"pool": POOL, "held": held}, "PoolBreaker") == []
    places = [{"account": a_key(n).account, "region": a_key(n).region} for n in (1, 2)]
    assert held == {"since": "2026-11-22T12:00:00Z", "thing": THING, "environments": places}


def test_an_operator_resumes_it_and_the_alarm_ends(api: Api, printed: Callable[[], str]) -> None:
    hold(api)
    first, second = (
        api.ask("POST /pools/{pool}/resume", path=PATH, body={"reason": "adopted"}, identity=OPERATOR).body["held"]
        for _ in range(2)
    )
    assert (first["thing"], second) == (THING, None)
    assert f'"{Metric.POOLS_HELD}":[0.0]' in printed().replace(" ", "")


def test_nobody_else_sees_or_resumes_it_nor_one_that_does_not_exist(api: Api) -> None:
    hold(api)
    body = {"reason": "x"}
    for identity, path in ((None, PATH), (OPERATOR, {"pool": "no-such-pool"})):
        assert api.ask("GET /pools/{pool}/breaker", path=path, identity=identity).status == 403
        assert api.ask("POST /pools/{pool}/resume", path=path, body=body, identity=identity).status == 403
    assert api.ask("POST /pools/{pool}/resume", path=PATH, body={}, identity=OPERATOR).status == 400
