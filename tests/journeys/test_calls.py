"""AWS calls of each verb, counted on the wire at pools of 10, 100 and 1000 environments (docs: how good it must be)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atmosphere.contract import FunctionName
from bench.counting import at_once, counting, in_line, measure
from bench.prices import calls
from bench.spending import ACTS, count_calls, priced

if TYPE_CHECKING:
    from atmosphere.local.service import LocalService

pytestmark = pytest.mark.emulator

POOLS = [(size, size * share // 100) for size in (10, 100, 1000) for share in (0, 50, 99)]
READS = {"dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem"}


@pytest.mark.parametrize(("size", "taken"), POOLS)
def test_every_verb_keeps_its_bar_in_every_pool(local_service: LocalService, size: int, taken: int) -> None:
    counts = measure(local_service, size, taken)
    over = [count for count in counts if not 0 < count.total <= count.bar]
    assert not over
    assert {count.verb for count in counts} >= {"allocate", "refresh", "deallocate"}


def test_a_pool_that_is_full_is_refused_by_five_reads_at_most_and_one_write(local_service: LocalService) -> None:
    refused = next(count for count in measure(local_service, 100, 99) if count.verb == "allocate, 423")
    assert set(refused.calls) <= READS | {"dynamodb:TransactWriteItems"}
    assert refused.calls["dynamodb:TransactWriteItems"] == 1
    assert refused.total <= 5 + 1


@pytest.mark.parametrize("taken", [5, 9])
def test_the_calls_behind_the_costs_in_the_documents_are_those_on_the_wire(
    local_service: LocalService, taken: int
) -> None:
    verbs = {count.verb: priced(count.calls) for count in measure(local_service, 10, taken)}
    found = {act: verbs[verb] for verb, act in ACTS.items() if verb in verbs}
    assert len(found) == 3
    assert found == {act: calls()[act] for act in found}, "run `python -m bench.spending`, then see docs/costs.md"


@pytest.mark.slow
def test_so_are_those_of_a_cleanup_but_for_how_long_it_takes(local_service: LocalService) -> None:
    counted, told = count_calls(local_service)["cleanup"], calls()["cleanup"]
    assert set(counted) == set(told)
    assert all(number <= 2 * told[name] for name, number in counted.items())


def test_an_idle_reconciler_reads_once(local_service: LocalService) -> None:
    hub, functions = local_service.hub, local_service.description["functions"]
    with local_service.quiet(), counting(local_service, FunctionName.RECONCILE) as counted:
        hub.client("lambda").invoke(FunctionName=functions["reconcile"], Payload=b"{}")
    assert dict(counted) == calls()["minute"] == {"dynamodb:Query": 1}


@pytest.mark.parametrize("callers", [16, pytest.param(64, marks=pytest.mark.slow)])
def test_callers_at_once_on_as_many_environments_are_all_served_in_two_transactions_each(
    local_service: LocalService, callers: int
) -> None:
    grants, transactions = at_once(local_service, callers)
    assert len({grant.environment.region for grant in grants}) == callers
    assert transactions <= 2.0


@pytest.mark.parametrize("callers", [16, pytest.param(64, marks=pytest.mark.slow)])
def test_somebody_in_line_costs_those_who_come_together_next_to_nothing(
    local_service: LocalService, callers: int
) -> None:
    first = in_line()
    grants, transactions = at_once(local_service, callers, waiting=[first])
    assert len({grant.environment.region for grant in grants}) == callers
    assert transactions <= 2.4
