"""Every type of the catalogue: one of it is found, seen, frozen, deleted and gone, and nothing else is found."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import complete
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.faults import code_of
from tests.cleanup.catalogue.frame import Backend, Seed
from tests.cleanup.catalogue.seeds import SEEDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.cleanup.catalogue.base import Found, ResourceType
    from tests.cleanup.catalogue.frame import Plot

ROUNDS = 5
"""As often a deletion is tried: what is busy or slow goes in a later round, as in a cleanup."""


def _case(seed: Seed, *values: Any, name: str = "") -> Any:
    marks = [pytest.mark.emulator] if seed.on is Backend.EMULATOR else []
    what = f"-{seed.what}" if seed.what else ""
    return pytest.param(seed, *values, id=f"{seed.type}{what}{name}", marks=marks)


def needs(seed: Seed, column: str, operation: str, index: int) -> bool:
    """Whether this seed shows that the step is needed."""
    if operation in seed.spare or f"{operation}-{index}" in seed.spare:
        return False
    if seed.clears:
        return operation in seed.clears
    return column != "halt" and not any(operation in other.clears for other in SEEDS if other.type == seed.type)


def _steps() -> Iterator[Any]:
    for seed in SEEDS:
        entry = seed.entry
        if isinstance(entry, Row):
            for column in ("halt", "unprotect", "strip", "rare"):
                for index, step in enumerate(getattr(entry, column)):
                    if needs(seed, column, step.call.operation, index):
                        yield _case(seed, column, index, name=f"-{step.call.operation}-{index}")


def found(plot: Plot, seed: Seed) -> dict[str, Found]:
    return {each.id: each for each in complete(seed.entry.list(plot.account, seed.region), seed.type)}


def delete(plot: Plot, seed: Seed, entry: ResourceType, identity: str) -> None:
    """Try it for some rounds, as a cleanup does; raises what the last one met."""
    for attempt in range(ROUNDS):
        try:
            entry.delete(plot.account, seed.region, identity, plot.budget.check)
        except ClientError as error:
            if code_of(error) not in entry.errors.busy or attempt == ROUNDS - 1:
                raise
        if not entry.exists(plot.account, seed.region, identity):
            return


@pytest.mark.parametrize("seed", [_case(seed) for seed in SEEDS])
def test_what_is_there_of_itself_is_not_found(seed: Seed, till: Callable[..., Plot]) -> None:
    plot = till(seed)
    assert found(plot, seed) == {}


@pytest.mark.parametrize("seed", [_case(seed) for seed in SEEDS])
def test_looking_finds_it_and_changes_nothing(seed: Seed, till: Callable[..., Plot]) -> None:
    plot = till(seed)
    identity = seed.make(plot.client)
    changes = plot.changes()
    listed = found(plot, seed)
    assert identity in listed
    assert len(listed) == 1 + seed.others
    assert seed.entry.exists(plot.account, seed.region, identity)
    assert found(plot, seed) == listed, "an id or a fingerprint is not the same when looked at again"
    assert plot.changes() == changes


@pytest.mark.parametrize("seed", [_case(seed) for seed in SEEDS])
def test_it_is_deleted_with_its_protections_and_deleting_it_again_succeeds(
    seed: Seed, till: Callable[..., Plot]
) -> None:
    plot = till(seed)
    entry, identity = seed.entry, seed.make(plot.client)
    entry.freeze(plot.account, seed.region, identity, plot.budget.check)
    entry.prepare(plot.account, seed.region, identity, plot.budget.check)
    delete(plot, seed, entry, identity)
    assert identity not in found(plot, seed)
    assert not entry.exists(plot.account, seed.region, identity)
    for repeat in (entry.freeze, entry.prepare, entry.delete):
        repeat(plot.account, seed.region, identity, plot.budget.check)
    assert not entry.exists(plot.account, seed.region, identity)


@pytest.mark.parametrize("seed", [_case(seed) for seed in SEEDS if seed.running])
def test_freezing_stops_it(seed: Seed, till: Callable[..., Plot]) -> None:
    plot = till(seed)
    identity = seed.make(plot.client)
    assert seed.running is not None
    assert seed.running(plot.client, identity)
    for _ in range(2):
        seed.entry.freeze(plot.account, seed.region, identity, plot.budget.check)
        assert not seed.running(plot.client, identity)


@pytest.mark.parametrize(("seed", "column", "index"), list(_steps()))
def test_every_step_is_needed(seed: Seed, column: str, index: int, till: Callable[..., Plot]) -> None:
    plot = till(seed)
    identity = seed.make(plot.client)
    assert isinstance(seed.entry, Row)
    steps = getattr(seed.entry, column)
    changed: dict[str, Any] = {column: (*steps[:index], *steps[index + 1 :])}
    lacking = replace(seed.entry, **changed)
    with suppress(ClientError):
        if seed.clears:  # which may be needed when it is frozen
            lacking.freeze(plot.account, seed.region, identity, plot.budget.check)
        delete(plot, seed, lacking, identity)
    assert lacking.exists(plot.account, seed.region, identity), "it goes without this step: tell AWS's rule in the seed"


def test_freezing_a_type_that_freezes_is_tested() -> None:
    told = {seed.type for seed in SEEDS if seed.running}
    freezing = {seed.type for seed in SEEDS if isinstance(seed.entry, Row) and seed.entry.halt}
    assert freezing - told == set()
