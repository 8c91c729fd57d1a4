"""The bench of first requests asks functions what the API routes to them."""

from __future__ import annotations

from atmosphere.contract import ROUTES
from bench.first_request import CALLS, FirstRequest, table


def test_each_measured_call_is_a_route_of_its_function() -> None:
    routes = {(route.method, route.path): route.function for route in ROUTES}
    assert {name: routes[call] for name, call in CALLS.items()} == {name: name for name in CALLS}


def test_the_ratio_says_what_is_left_of_the_earlier_time() -> None:
    (name, *_) = CALLS
    assert f"| {name} | 20 | 80 | 0.25 | 0.5 |" in table([FirstRequest(function=name, now=20, earlier=80)])
