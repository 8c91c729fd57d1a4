"""What of everything that is there is left over, what has to stay and does not, and what is not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.baseline.drift import CHANGED, troubles_of
from atmosphere.cleanup.catalogue import CATALOGUE, type_of
from atmosphere.cleanup.catalogue.generic import NoHandler
from atmosphere.cleanup.catalogue.parts import is_tangible
from atmosphere.cleanup.catalogue.roles import role_id
from atmosphere.cleanup.model import GLOBAL, STACK, Meaning, Resource, Trouble
from atmosphere.cleanup.scan.inventory import REGION, region_off
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.aws.pace import Pace
    from atmosphere.cleanup.baseline.drift import Restorer
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.scan.stacks import Stack
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.cleanup.state.deferred import DebtBook
    from atmosphere.cleanup.state.ledger import Ledger
    from atmosphere.cleanup.verdict.protected import Protection

_TYPES = frozenset(entry.name for entry in CATALOGUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What one look came to.

    `loose` are resources that no stack would take along, `amiss` is what happened to the baseline and what it cannot
    tell of, as their types are `uncovered`; `unhandled` are orphans that nothing can look at, `skipped` listings that
    were left out by rule, `kept` is what stays, and why.
    """

    stacks: Sequence[Stack] = ()
    loose: Sequence[Resource] = ()
    deferred: Sequence[Resource] = ()
    amiss: Mapping[Resource, Trouble] = field(default_factory=dict)
    unhandled: Mapping[Resource, Trouble] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    uncovered: Sequence[str] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[Resource, str] = field(default_factory=dict)

    @property
    def things(self) -> list[Resource]:
        """Everything that keeps the environment from being clean."""
        return sorted({*(stack.resource for stack in self.stacks), *self.loose, *self.amiss, *self.unhandled})

    @property
    def nothing(self) -> bool:
        """Nothing is left over, nothing is amiss, and everything could be looked at."""
        return not (self.stacks or self.loose or self.amiss or self.unhandled or self.unknown)


class Judge:
    """Compares what is there with the baseline and the ledger."""

    def __init__(
        self,
        *,
        assignment: Assignment,
        account: Account,
        pace: Pace,
        kept: Protection,
        baseline: Baseline,
        debts: DebtBook,
        restorer: Restorer,
    ) -> None:
        self._assignment = assignment
        self._account = account
        self._pace = pace
        self._kept = kept
        self._baseline = baseline
        self._debts = debts
        self._restorer = restorer

    def leftover_stacks(self, inventory: Inventory) -> list[Stack]:
        """The stacks that have to go."""
        return [stack for stack in inventory.stacks if not self._kept.reason(stack.resource)]

    def judge(self, inventory: Inventory, ledger: Ledger, unknown: Mapping[str, str], *, thorough: bool) -> Left:
        """What is left of what was found, and of what the ledger says was left behind.

        `thorough` also looks anew inside the things of the baseline.
        """
        stacks = self.leftover_stacks(inventory)
        taken = {item for stack in stacks for item in ledger.tree(stack.id)}
        covered = {item for item in inventory.found if item.type in self._baseline.types}
        loose = {item for item in covered if item not in taken and not self._kept.reason(item)}
        remembered = {*ledger.orphans, *self._debts.entries}
        orphans = [item for item in sorted(remembered - loose) if self._must_go(item, taken, inventory)]
        present, unhandled, unclear = self._look_for(orphans)
        loose |= present
        drifts = self._restorer.compare(fresh=thorough)
        amiss, also_unclear = self._amiss(inventory)
        nobodys = {item for item in inventory.found.keys() - covered - loose - taken if not self._kept.reason(item)}
        amiss = {**troubles_of(drifts.found), **dict.fromkeys(nobodys, _NOBODY_KNOWS), **amiss}
        blocking, deferred = self._debts.split(loose)
        return Left(
            stacks=stacks,
            loose=blocking,
            deferred=deferred,
            amiss=amiss,
            unhandled=unhandled,
            unknown=self._unseen(
                {**inventory.unknown, **unknown, **unclear, **also_unclear, **drifts.unknown}, inventory
            ),
            uncovered=sorted({item.type for item in nobodys}),
            skipped=inventory.skipped,
            kept={item: why for item in inventory.everything() if (why := self._kept.reason(item))},
        )

    def _unseen(self, unknown: Mapping[str, str], inventory: Inventory) -> dict[str, str]:
        """What nobody could see. A region may be off only if it was at the capture: a test may have filled it since."""
        off = {region for region in inventory.off if region_off(region) in self._baseline.items}
        switched = {f"{REGION}@{region}": "switched-off" for region in inventory.off - off}
        return {**{label: code for label, code in unknown.items() if label.rpartition("@")[2] not in off}, **switched}

    # --- orphans ------------------------------------------------------------------------------------------------------

    def _must_go(self, item: Resource, taken: set[Resource], inventory: Inventory) -> bool:
        """Whether an orphan has to be looked for by its id; of what was listed the listing has told already."""
        if not is_tangible(item.type) or item in taken or self._kept.reason(item):
            return False
        listed = (
            item.type in _TYPES and inventory.knows(item) and (item.region != GLOBAL or self._assignment.sweep_globals)
        )
        return not listed or item in inventory.found

    def _look_for(self, orphans: Sequence[Resource]) -> tuple[set[Resource], dict[Resource, Trouble], dict[str, str]]:
        present: set[Resource] = set()
        unhandled: dict[Resource, Trouble] = {}
        unknown: dict[str, str] = {}
        answers = self._pace.side_by_side([partial(self._exists, item) for item in orphans])
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
            closed = type_of(item.type).errors.meaning(code_of(error)) is Meaning.CLOSED
            return False if closed else code_of(error)

    # --- the baseline -------------------------------------------------------------------------------------------------

    def _amiss(self, inventory: Inventory) -> tuple[dict[Resource, Trouble], dict[str, str]]:
        there = inventory.everything()
        amiss: dict[Resource, Trouble] = {}
        unknown: dict[str, str] = {}
        for item in self._baseline.items:
            if item not in there and self._is_listed(item, inventory):
                amiss[item] = Trouble(code="baseline-missing", message="it was there before the first test and is gone")
        for item, fingerprint in there.items():
            before = self._baseline.items.get(item)
            if before is not None and before != fingerprint:
                amiss[item] = _made_anew("it", before, fingerprint)
        roles = self._assignment.role_resources
        answers = self._pace.side_by_side([partial(self._role_amiss, item) for item in roles])
        for item, answer in zip(roles, answers, strict=True):
            if isinstance(answer, Trouble):
                amiss[item] = answer
            elif answer is not None:
                unknown[f"{item}@{GLOBAL}"] = answer
        return amiss, unknown

    def _is_listed(self, item: Resource, inventory: Inventory) -> bool:
        if not inventory.knows(item):
            return False
        if item.region == GLOBAL:
            return self._assignment.sweep_globals and item.type in _TYPES
        return item.region in self._assignment.regions and (item.type in _TYPES or item.type == STACK)

    def _role_amiss(self, item: Resource) -> Trouble | str | None:
        """What happened to a registered role: a trouble, the code of a failed look, or nothing."""
        try:
            now = role_id(self._account, item.id)
        except (ClientError, BotoCoreError) as error:
            return code_of(error)
        if now is None:
            return Trouble(code="baseline-missing", message="a role of the registration is gone")
        before = self._baseline.items.get(item)
        if before is not None and before != now:
            return _made_anew("a role of the registration", before, now)
        return None


_NOBODY_KNOWS: Final = Trouble(
    code="no-baseline",
    message="its type was not listed when the baseline was captured, so nobody knows whether a test left it: if so "
    "delete it, then recapture the environment",
    attempts=0,
    meaning=Meaning.FATAL,
)


def _made_anew(what: str, before: str, now: str | None) -> Trouble:
    return Trouble(code=CHANGED, message=f"{what} was deleted and made anew ({before} → {now})")
