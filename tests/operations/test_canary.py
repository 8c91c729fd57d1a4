"""The canary: what must be refused is refused with the documented status, and an allocation never stays."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from atmosphere.adapters.memory.passing import SeededIds
from atmosphere.core.canary import Check
from atmosphere.operations.canary import Canary
from atmosphere.ports import Ask, Signer, Unreachable


@dataclass
class Api:
    """A small API: it knows who may do what, and what is allocated. `broken` answers are lost after their effect."""

    allowed: frozenset[Signer] = frozenset({Signer.ITSELF})
    free: bool = True
    broken: frozenset[str] = frozenset()
    held: set[str] = field(default_factory=set)
    asked: list[Ask] = field(default_factory=list)

    def status(self, ask: Ask) -> int:
        self.asked.append(ask)
        status = self._answer(ask)
        if ask.method in self.broken:
            raise Unreachable("the answer was lost")
        return status

    def _answer(self, ask: Ask) -> int:
        if ask.signer not in self.allowed:
            return 401 if ask.path.startswith("/github/") else 403
        if ask.method == "POST":
            if not self.free:
                return 423
            self.held.add(f"/allocations/{ask.key}")
        if ask.method == "DELETE":
            if ask.path not in self.held:
                return 404
            self.held.remove(ask.path)
        return 200


def canary(api: Api, *, pool: str = "canary", knows_stranger: bool = True) -> dict[Check, bool]:
    made = Canary(api=api, ids=SeededIds(), pool=pool, knows_stranger=knows_stranger)
    return {found.check: found.passed for found in made.run()}


def test_a_service_that_refuses_and_serves_as_documented_passes_every_check() -> None:
    api = Api()
    assert canary(api) == dict.fromkeys(Check, True)
    assert api.held == set()


def test_what_is_not_configured_is_not_tried() -> None:
    api = Api()
    assert set(canary(api, pool="", knows_stranger=False)) == {Check.ANONYMOUS, Check.ANONYMOUS_GITHUB}
    assert {ask.signer for ask in api.asked} == {Signer.NOBODY}


@pytest.mark.parametrize(
    ("let_in", "check"), [(Signer.NOBODY, Check.ANONYMOUS), (Signer.STRANGER, Check.STRANGER)], ids=str
)
def test_a_request_that_is_answered_instead_of_refused_fails(let_in: Signer, check: Check) -> None:
    found = canary(Api(allowed=frozenset({Signer.ITSELF, let_in})))
    assert found[check] is False


def test_requests_that_must_be_refused_change_nothing_where_they_are_not() -> None:
    api = Api(allowed=frozenset(Signer))
    canary(api)
    assert {ask.method for ask in api.asked if ask.signer is not Signer.ITSELF} == {"GET"}


def test_no_answer_fails_whatever_was_asked() -> None:
    api = Api(broken=frozenset({"GET", "POST", "DELETE"}))
    assert set(canary(api).values()) == {False}


def test_an_allocation_whose_answer_was_lost_is_released_all_the_same() -> None:
    api = Api(broken=frozenset({"POST"}))
    found = canary(api)
    assert found[Check.ALLOCATE] is False
    assert Check.RELEASE not in found
    assert api.held == set()


def test_a_busy_pool_fails_because_nobody_else_should_use_it() -> None:
    assert canary(Api(free=False))[Check.ALLOCATE] is False


def test_a_release_that_is_refused_fails() -> None:
    class Forgetful(Api):
        def _answer(self, ask: Ask) -> int:
            return 404 if ask.method == "DELETE" else super()._answer(ask)

    assert canary(Forgetful())[Check.RELEASE] is False
