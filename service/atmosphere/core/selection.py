"""Which environments a request gets: matching, and the order in which candidates are tried.

Longest free first, so that names and quotas of AWS have recovered; the first pick is drawn from the older half, so that
callers who ask at the same moment try different ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from atmosphere.core.model import Environment, Registration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from atmosphere.core.model import AccountId, Json, Region, RoleName


@dataclass(frozen=True, slots=True)
class InRegions:
    """The environment lies in one of these regions."""

    regions: frozenset[Region]


@dataclass(frozen=True, slots=True)
class InAccounts:
    """The environment lies in one of these accounts."""

    accounts: frozenset[AccountId]


class Whatever(Enum):
    """Stands for every value that is an offer: `false` and `null` say that there is none. No JSON value can."""

    VALUE = "whatever"


@dataclass(frozen=True, slots=True)
class Capability:
    """The environment offers the capability, with a value that contains `value`."""

    name: str
    value: Json | Whatever = Whatever.VALUE


Constraint: TypeAlias = InRegions | InAccounts | Capability


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedEnvironment:
    """One of the environments that a request asks for."""

    name: str
    role: RoleName
    constraints: tuple[Constraint, ...] = ()


_O = TypeVar("_O", Environment, Registration)


def contains(offered: Json, wanted: Json) -> bool:
    """Whether an offered value contains the wanted one: equal, or holding every part of it, at any depth."""
    if isinstance(wanted, dict):
        return isinstance(offered, dict) and all(
            name in offered and contains(offered[name], part) for name, part in wanted.items()
        )
    if isinstance(offered, list):
        parts = wanted if isinstance(wanted, list) else [wanted]
        return all(any(contains(one, part) for one in offered) for part in parts)
    return type(offered) is type(wanted) and offered == wanted  # True is not 1


def _meets(registration: Registration, constraint: Constraint) -> bool:
    if isinstance(constraint, InRegions):
        return registration.key.region in constraint.regions
    if isinstance(constraint, InAccounts):
        return registration.key.account in constraint.accounts
    if constraint.name not in registration.capabilities:
        return False
    offered, wanted = registration.capabilities[constraint.name], constraint.value
    if isinstance(wanted, Whatever):
        return offered is not None and offered is not False
    return contains(offered, wanted)


def matches(registration: Registration, wanted: RequestedEnvironment) -> bool:
    """Whether an environment with this registration would do; a role that it does not have rules it out."""
    return wanted.role in registration.roles and all(_meets(registration, one) for one in wanted.constraints)


def _registration(offer: Environment | Registration) -> Registration:
    return offer if isinstance(offer, Registration) else offer.registered


def assign(
    requested: Sequence[RequestedEnvironment], offers: Sequence[_O], *, distinct_accounts: bool
) -> list[_O] | None:
    """One offer for each requested environment, in their order, earlier offers preferred; None where it cannot be done.

    Augmenting paths (Kuhn): a later one may move an earlier one to another offer, so a solution is found if there is
    one. Two offers of one account count as the same thing where accounts must be distinct.
    """
    slot: Callable[[_O], object] = (lambda offer: offer.key.account) if distinct_accounts else (lambda offer: offer.key)
    options = [
        _first_of_each_slot((offer for offer in offers if matches(_registration(offer), wanted)), slot)
        for wanted in requested
    ]
    holder: dict[object, int] = {}
    given: dict[int, _O] = {}

    def place(wanted: int, tried: set[object]) -> bool:
        for offer in options[wanted]:
            key = slot(offer)
            if key in tried:
                continue
            tried.add(key)
            if key not in holder or place(holder[key], tried):
                holder[key], given[wanted] = wanted, offer
                return True
        return False

    if all(place(wanted, set()) for wanted in range(len(requested))):
        return [given[wanted] for wanted in range(len(requested))]
    return None


def _first_of_each_slot(offers: Iterable[_O], slot: Callable[[_O], object]) -> list[_O]:
    first: dict[object, _O] = {}
    for offer in offers:
        first.setdefault(slot(offer), offer)
    return list(first.values())


def trial_order(free: Sequence[Environment], *, attempt: int, below: Callable[[int], int]) -> list[Environment]:
    """The order in which to try rows that come longest free first.

    `below(n)` draws from 0..n-1. The first attempt shuffles the older half; after a lost race the whole is shuffled,
    since whoever won took from the same half.
    """
    order = list(free)
    reach = (len(order) + 1) // 2 if attempt == 0 else len(order)
    for index in range(reach - 1):  # Fisher and Yates, over the first `reach`
        other = index + below(reach - index)
        order[index], order[other] = order[other], order[index]
    return order
