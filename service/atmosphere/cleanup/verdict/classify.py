"""What a scan means: which resources are leftovers, what of the baseline has drifted, and what is unknown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.aws.offered import is_not_offered
from atmosphere.cleanup.baseline.drift_troubles import CHANGED, troubles_of
from atmosphere.cleanup.catalogue import CATALOGUE, type_of
from atmosphere.cleanup.catalogue.generic import NoHandler
from atmosphere.cleanup.catalogue.parts import is_tangible
from atmosphere.cleanup.catalogue.roles import role_id
from atmosphere.cleanup.model import GLOBAL, STACK, Meaning, Resource, Trouble
from atmosphere.cleanup.scan.inventory import REGION, region_off
from atmosphere.cleanup.state.counts import ScanCounts
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from atmosphere.cleanup.baseline.drift import Restorer
    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.state.deferred import DeferredRepository
    from atmosphere.cleanup.state.ledger import Ledger
    from atmosphere.cleanup.verdict.staying import Staying

_TYPES = frozenset(entry.name for entry in CATALOGUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """The result of one scan.

    `unmanaged` are leftovers that no leftover stack owns. `drifted` is what changed in the baseline, and resources of
    types that the baseline does not cover (those types are `uncovered`). `unhandled` are orphans of a type that nothing
    can read. `skipped` are listings that a rule leaves out. `kept` is what stays, with the reason.
    """

    stacks: Sequence[Stack] = ()
    unmanaged: Sequence[Resource] = ()
    deferred: Sequence[Resource] = ()
    drifted: Mapping[Resource, Trouble] = field(default_factory=dict)
    unhandled: Mapping[Resource, Trouble] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    uncovered: Sequence[str] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[Resource, str] = field(default_factory=dict)

    @property
    def blockers(self) -> list[Resource]:
        """Everything that keeps the environment from being clean."""
        return sorted({*(stack.resource for stack in self.stacks), *self.unmanaged, *self.drifted, *self.unhandled})

    @property
    def is_clean(self) -> bool:
        """No leftover, no drift, and every listing succeeded."""
        return not (self.stacks or self.unmanaged or self.drifted or self.unhandled or self.unknown)

    def within_reach(self, ledger: Ledger) -> set[Resource]:
        """What is left, and what the stacks that are left own."""
        owned = {item for stack in self.stacks for item in ledger.tree(stack.id)}
        return {*self.blockers, *self.deferred, *owned}

    def counts(self, reach: Iterable[Resource], troubles: Iterable[Resource]) -> ScanCounts:
        """The same in numbers. `reach` is `within_reach`, `troubles` what met an error."""
        left = {item for item in reach if _counts(item) and item not in self.drifted}
        return ScanCounts(
            left=_by_type(left),
            blocked=_by_type(left.intersection(troubles)),
            unknown=len(self.unknown),
            deferred=len(self.deferred),
        )


def _counts(item: Resource) -> bool:
    """Whether it exists in the account by itself; some members of stacks exist in their stack only."""
    return item.type == STACK or is_tangible(item.type)


def _by_type(items: Iterable[Resource]) -> dict[str, int]:
    return dict(sorted(Counter(item.type for item in items).items()))


def unmanaged_of(staying: Staying, covered: Collection[Resource], owned: Collection[Resource]) -> set[Resource]:
    """What of the covered things has to go, and goes neither with a leftover stack nor with what it is a part of."""
    leftovers = {item for item in covered if item not in owned and not staying.reason(item)}
    going = {item for item in (*leftovers, *owned) if item in staying.inventory.found}
    return {item for item in leftovers if staying.inventory.owners.get(item) not in going}


class Classifier:
    """Compares a scan with the baseline and the ledger."""

    def __init__(self, context: PassContext, *, deferred: DeferredRepository, restorer: Restorer) -> None:
        self._context = context
        self._assignment = context.assignment
        self._account = context.account
        self._protection = context.protection
        self._baseline = context.baseline
        self._deferred = deferred
        self._restorer = restorer

    def classify(self, staying: Staying, ledger: Ledger, unknown: Mapping[str, str], *, thorough: bool) -> ScanResult:
        """What is left of what was found, and of what the ledger says was left behind.

        `thorough` also reads the contents of the baseline's resources again.
        """
        inventory, stacks = staying.inventory, staying.leftover_stacks()
        owned = {item for stack in stacks for item in ledger.tree(stack.id)}
        found = {*inventory.found, *(role for role in inventory.reserved if role not in staying.kept)}
        covered = {item for item in found if item.type in self._baseline.types}
        unmanaged = unmanaged_of(staying, covered, owned)
        remembered = {*ledger.orphans, *self._deferred.entries}
        orphans = [item for item in sorted(remembered - unmanaged) if self._must_go(item, owned, staying)]
        present, unhandled, unclear = self._look_up(orphans)
        unmanaged |= present
        drifts = self._restorer.compare(fresh=thorough)
        drifted, also_unclear = self._drifted(inventory)
        uncovered = {item for item in found - covered - unmanaged - owned if not staying.reason(item)}
        blocking, deferred = self._deferred.split(unmanaged)
        return ScanResult(
            stacks=stacks,
            unmanaged=blocking,
            deferred=deferred,
            drifted={
                **staying.doubtful,
                **troubles_of(drifts.found),
                **dict.fromkeys(uncovered, _UNCOVERED),
                **drifted,
            },
            unhandled=unhandled,
            unknown=self._unseen(
                {**inventory.unknown, **staying.unknown, **unknown, **unclear, **also_unclear, **drifts.unknown},
                inventory,
            ),
            uncovered=sorted({item.type for item in uncovered}),
            skipped=inventory.skipped,
            kept=staying.kept,
        )

    def _unseen(self, unknown: Mapping[str, str], inventory: Inventory) -> dict[str, str]:
        """What could not be listed. A region may be off only if it was at the capture: else a test may have used it."""
        off = {region for region in inventory.off if region_off(region) in self._baseline.items}
        switched = {f"{REGION}@{region}": "switched-off" for region in inventory.off - off}
        return {**{label: code for label, code in unknown.items() if label.rpartition("@")[2] not in off}, **switched}

    # --- orphans ------------------------------------------------------------------------------------------------------

    def _must_go(self, item: Resource, owned: set[Resource], staying: Staying) -> bool:
        """Whether an orphan has to be looked up by its id; for listed types the listing has the answer already."""
        inventory = staying.inventory
        if not is_tangible(item.type) or item in owned or staying.reason(item) or self._protection.reason(item):
            return False
        listed = (
            item.type in _TYPES and inventory.knows(item) and (item.region != GLOBAL or self._assignment.sweep_globals)
        )
        return not listed or item in inventory.found

    def _look_up(self, orphans: Sequence[Resource]) -> tuple[set[Resource], dict[Resource, Trouble], dict[str, str]]:
        present: set[Resource] = set()
        unhandled: dict[Resource, Trouble] = {}
        unknown: dict[str, str] = {}
        answers = self._context.workers.run([partial(self._exists, item) for item in orphans])
        for item, answer in zip(orphans, answers, strict=True):
            if isinstance(answer, Trouble):
                unhandled[item] = answer
            elif isinstance(answer, str):
                unknown[f"{item}@{item.region}"] = answer
            elif answer:
                present.add(item)
        return present, unhandled, unknown

    def _exists(self, item: Resource) -> bool | str | Trouble:
        try:
            return type_of(item.type).exists(self._account, item.region, item.id)
        except NoHandler as error:
            return Trouble(code=error.code, message=str(error), meaning=Meaning.FATAL)
        except (ClientError, BotoCoreError) as error:
            kind = type_of(item.type)
            closed = kind.errors.meaning(code_of(error)) is Meaning.CLOSED
            closed = closed or is_not_offered(error, kind.service, item.region)
            return False if closed else code_of(error)

    # --- the baseline -------------------------------------------------------------------------------------------------

    def _drifted(self, inventory: Inventory) -> tuple[dict[Resource, Trouble], dict[str, str]]:
        there = inventory.everything()
        drifted: dict[Resource, Trouble] = {}
        unknown: dict[str, str] = {}
        for item in self._baseline.items:
            if item not in there and self._is_listed(item, inventory):
                drifted[item] = _missing("it is part of the baseline and is gone")
        for item, fingerprint in there.items():
            before = self._baseline.items.get(item)
            if before is not None and before != fingerprint:
                drifted[item] = _recreated("it", before, fingerprint)
        roles = self._assignment.role_resources
        answers = self._context.workers.run([partial(self._role_drift, item) for item in roles])
        for item, answer in zip(roles, answers, strict=True):
            if isinstance(answer, Trouble):
                drifted[item] = answer
            elif answer is not None:
                unknown[f"{item}@{GLOBAL}"] = answer
        return drifted, unknown

    def _is_listed(self, item: Resource, inventory: Inventory) -> bool:
        if not inventory.knows(item):
            return False
        if item.region == GLOBAL:
            return self._assignment.sweep_globals and item.type in _TYPES
        return item.region in self._assignment.regions and (item.type in _TYPES or item.type == STACK)

    def _role_drift(self, item: Resource) -> Trouble | str | None:
        """What happened to a registered role: a trouble, the code of a failed read, or nothing."""
        try:
            now = role_id(self._account, item.id)
        except (ClientError, BotoCoreError) as error:
            return code_of(error)
        if now is None:
            return _missing("a role of the registration is gone")
        before = self._baseline.items.get(item)
        if before is not None and before != now:
            return _recreated("a role of the registration", before, now)
        return None


_UNCOVERED: Final = Trouble(
    code="no-baseline",
    message="its type was not listed when the baseline was captured, so it may be a test's leftover: if so delete it, "
    "then recapture the environment",
    attempts=0,
    meaning=Meaning.FATAL,
)


def _missing(message: str) -> Trouble:
    """Nothing brings back what is gone, whatever the number of attempts."""
    return Trouble(code="baseline-missing", message=message, attempts=0, meaning=Meaning.FATAL)


def _recreated(what: str, before: str, now: str | None) -> Trouble:
    message = f"{what} was deleted and created again ({before} → {now})"
    return Trouble(code=CHANGED, message=message, attempts=0, meaning=Meaning.FATAL)
