"""The rounds of a pass: scan, update the ledger, classify, delete, scan again, until nothing is left or nothing helps.

An environment is clean after two scans that found nothing and had no unknown listing, far enough apart, and after the
revocation's cut-off has passed. Where that is proven a toolkit may take a step (`baseline.growth`); then it has to be
proven again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from atmosphere.cleanup.baseline.drift import Restorer
from atmosphere.cleanup.baseline.drift_troubles import with_failure
from atmosphere.cleanup.baseline.growth import ToolkitGrowth
from atmosphere.cleanup.delete.deletion import Deletion
from atmosphere.cleanup.model import (
    GLOBAL,
    Continue,
    Finished,
    OutOfTime,
    PassState,
    PastDeadline,
    Phase,
    Trouble,
    Verdict,
)
from atmosphere.cleanup.report.origins import origins
from atmosphere.cleanup.report.report import Findings
from atmosphere.cleanup.scan.containers import Containers
from atmosphere.cleanup.scan.inventory import scan
from atmosphere.cleanup.scan.ledger_update import LedgerUpdate
from atmosphere.cleanup.state.deferred import DeferredRepository
from atmosphere.cleanup.state.refused import RefusedRepository
from atmosphere.cleanup.state.troubles import STILL_THERE
from atmosphere.cleanup.verdict import standstill
from atmosphere.cleanup.verdict.classify import Classifier
from atmosphere.cleanup.verdict.patience import Patience, Wait, of_stacks, told
from atmosphere.cleanup.verdict.staying import staying
from atmosphere.core.breaker import POOL_HELD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.revoke.revocation import Revocation
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.state.baseline import BaselineRepository
    from atmosphere.cleanup.state.counts import CountsRepository
    from atmosphere.cleanup.verdict.classify import ScanResult


@dataclass(slots=True)
class PassRecord:
    """The state and the findings of a pass, as they change. The engine makes one, and every step writes to it."""

    state: PassState
    findings: Findings = field(default_factory=Findings)


class Clearing:
    """Clears for one pass. Raises `Unreachable` when what earlier passes wrote cannot be read."""

    def __init__(
        self,
        context: PassContext,
        record: PassRecord,
        *,
        revocation: Revocation,
        counts: CountsRepository,
        baselines: BaselineRepository,
    ) -> None:
        self._context = context
        self._record = record
        self._revocation = revocation
        self._counts = counts
        self._growth = ToolkitGrowth(context, baselines)
        self._deferred = DeferredRepository(context.store, context.assignment, context.budget.clock)
        self._refused = RefusedRepository(context.store, context.assignment)
        self._restorer = Restorer(context)
        self._classifier = Classifier(context, deferred=self._deferred, restorer=self._restorer)
        self._ledger = LedgerUpdate(context)
        self._containers = Containers(context)
        self._deletion = Deletion(context, self._deferred)
        self._patience = Patience(context)
        self._waits: Mapping[Resource, Wait] = {}
        self._tried_deferred = False

    def run(self) -> Continue | Finished:
        """Rounds until there is a result."""
        if self._growth.resume():
            return Continue()
        context = self._context
        lingering_until: datetime | None = None  # from the end of the first round on, however long that takes
        while True:
            context.heartbeat.tick()
            scanned_at = context.now()
            result = self._scan(thorough=lingering_until is None)
            if result.is_clean:
                self._say({})
            if result.is_clean and not self._has_deferred_to_try(result):
                return self._found_nothing(scanned_at)
            if ended := self._ending(result) or self._held(result, scanned_at):
                return ended
            tried = self._act(result)
            lingering_until = lingering_until or context.now() + context.limits.linger
            if self._waits or context.now() >= lingering_until:
                wait = standstill.pause(self._record.state, context.now(), waiting=bool(self._waits))
                return Continue(wait=wait, reason=None if result.is_clean else standstill.reason(result))
            context.heartbeat.sleep(standstill.nap(self._record.state, context.limits, scanned_at, tried=tried))

    def survey(self) -> ScanResult:
        """One scan, for plans."""
        return self._scan(thorough=True)

    # --- scanning -----------------------------------------------------------------------------------------------------

    def _scan(self, *, thorough: bool) -> ScanResult:
        """What is left. What takes listings of its own is asked only if `thorough`, or where nothing else is left."""
        inventory = scan(self._context)
        result = self._classified(inventory, thorough=thorough)
        return result if thorough or not result.is_clean else self._classified(inventory, thorough=True)

    def _classified(self, inventory: Inventory, *, thorough: bool) -> ScanResult:
        stays = staying(self._context, inventory, self._containers)
        unknown = self._ledger.update(inventory, stays.leftover_stacks(), deleted_too=thorough)
        result = self._classifier.classify(stays, self._ledger.ledger, unknown, thorough=thorough)
        reach = result.within_reach(self._ledger.ledger)
        troubles = self._context.troubles
        troubles.forget_all_but(reach)
        self._counts.add(self._record.state, result.counts(reach, troubles.entries))
        self._refused.note(stays.refused)
        if self._context.account.guard.may_mutate:
            self._deferred.settle(result.deferred, lambda item: not result.unknown and item not in result.unmanaged)
        self._record.findings = Findings(
            blockers=self._blockers(result),
            unknown=result.unknown,
            deferred=result.deferred,
            uncovered=result.uncovered,
            unexplained=self._ledger.unexplained,
            skipped={**result.skipped, **self._record.state.unasked},
            carried=self._deferred.entries,
            kept=result.kept,
            refused=self._refused.entries,
            steps=self._growth.reported(),
            origins=origins(reach, result.stacks, inventory, self._ledger.ledger),
        )
        return result

    def _blockers(self, result: ScanResult) -> dict[Resource, Trouble]:
        troubles = {item: each for item, each in self._context.troubles.entries.items() if item not in result.deferred}
        drifted = {item: with_failure(drift, troubles.get(item)) for item, drift in result.drifted.items()}
        return {**dict.fromkeys(result.blockers, STILL_THERE), **troubles, **result.unhandled, **drifted}

    def _has_deferred_to_try(self, result: ScanResult) -> bool:
        """Deferred resources are tried once more when nothing else is left; not between the two scans that count."""
        return bool(result.deferred) and not self._tried_deferred and self._record.state.clean_at is None

    # --- acting -------------------------------------------------------------------------------------------------------

    def _ending(self, result: ScanResult) -> Finished | None:
        """Note the progress, and how the attempt ends if nothing more helps."""
        if result.is_clean:
            self._tried_deferred = True
            return None
        context, record = self._context, self._record
        reach, now = result.within_reach(self._ledger.ledger), context.now()
        if now >= context.assignment.deadline:
            raise PastDeadline
        most = context.assignment.settings.max_deletions
        if tripped := standstill.tripped(result, reach, context.baseline.items, most=most):
            return tripped
        moving = self._deletion.moves(result.stacks)
        measure = (len(result.unknown), len(reach))
        record.state = standstill.after_leftovers(record.state, measure, moving=moving, now=now)
        ended = standstill.standstill(record.state, record.findings.blockers, result, limits=context.limits, now=now)
        blocked = ended is not None and ended.verdict is Verdict.BLOCKED
        self._waits = self._patience.waits(result, reach, self._restorer.taking_effect) if blocked else {}
        self._say({**of_stacks(result.stacks), **self._waits})
        if not blocked:
            return ended
        waited = record.state.waiting
        record.state = standstill.after_waiting(record.state, waiting=bool(self._waits), now=now)
        return None if waited or self._waits else ended

    def _say(self, waits: Mapping[Resource, Wait]) -> None:
        """What is waited for, in the counts and in a report."""
        waiting = told(waits)
        self._counts.waiting = waiting
        self._record.findings = replace(self._record.findings, waiting=waiting)

    def _held(self, result: ScanResult, scanned_at: datetime) -> Continue | Finished | None:
        """How the attempt ends if the pool is held; asked once, and only where something would be changed."""
        if self._record.state.may_delete or not self._is_to_act(result):
            return None
        held = self._context.held()
        if held is None:
            self._record.state = replace(self._record.state, may_delete=True)
            return None
        if result.is_clean:  # what is deferred may stay, and is not tried now
            return self._found_nothing(scanned_at)
        return Finished(Verdict.DIRTY, POOL_HELD, held)

    def _is_to_act(self, result: ScanResult) -> bool:
        return bool(result.stacks or result.unmanaged or result.deferred or self._restorer.restorable)

    def _act(self, result: ScanResult) -> bool:
        """Do what can be done about it; False where nothing can."""
        if not self._is_to_act(result):
            return False
        unmanaged = [*result.unmanaged, *result.deferred]
        drifted = [drift.item for drift in self._restorer.restorable]
        if any(i.region == GLOBAL for i in (*unmanaged, *drifted)) and self._context.assignment.sweep_globals:
            self._context.heartbeat.confirm()  # all of it was listed before this: so if the account is ours now, it is
        self._growth.note(self._restorer.restorable)
        try:
            for item, trouble in self._restorer.restore().items():
                self._context.troubles.note(item, trouble)
            self._deletion.freeze(result.within_reach(self._ledger.ledger))
            self._deletion.round(result.stacks, unmanaged, self._ledger.ledger)
        except OutOfTime:  # it was at work until the end: that is no standstill
            self._record.state = replace(self._record.state, quiet_rounds=0, quiet_since=None)
            raise
        return True

    def _found_nothing(self, scanned_at: datetime) -> Continue | Finished:
        record, settings = self._record, self._context.assignment.settings
        in_force = self._revocation.in_force(record.state.cut_off)
        if isinstance(in_force, Finished):
            return in_force
        if not in_force.everywhere:
            record.state = replace(record.state, phase=Phase.REVOKE, clean_at=None)
            return Continue()
        cut_off, clean_at = in_force.latest, record.state.clean_at
        is_past = cut_off is None or scanned_at > cut_off
        if clean_at is not None and is_past and scanned_at >= clean_at + settings.verify_gap:
            if not self._growth.take():
                return Finished(Verdict.CLEAN)
            record.state = replace(record.state, clean_at=None)
            return Continue()
        now = self._context.now()
        record.state = standstill.after_nothing(record.state, now=now)
        waits = [(clean_at or now) + settings.verify_gap - now, *([cut_off - now] if cut_off else [])]
        return Continue(wait=min(max(timedelta(0), *waits), standstill.LONGEST_WAIT))
