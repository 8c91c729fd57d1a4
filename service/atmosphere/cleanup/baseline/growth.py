"""A kept toolkit that a test moved on to a later template which the CDK publishes: the step is accepted.

What a test deployed cannot be accepted as it is. The step changes the policies of the toolkit's roles, and a test could
have changed them further; nothing tells the two apart. So the toolkit of the baseline comes back first, like after any
other change. Once the environment is proven clean, the cleanup takes the same step itself, with the text of the
published template and the parameters of the baseline, and the result becomes part of the baseline (ADR 0014).

    <cleanup prefix>/toolkit.json   which step, by region, and how far it is
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.contents.bootstrap import published, step
from atmosphere.cleanup.contents.toolkit import TOOLKIT
from atmosphere.cleanup.contents.toolkit_template import ToolkitTemplate, update, wait
from atmosphere.cleanup.model import STACK, Resource
from atmosphere.cleanup.scan.containers import Containers
from atmosphere.cleanup.scan.inventory import scan
from atmosphere.cleanup.state.baseline import Revision
from atmosphere.cleanup.state.troubles import dump, prefix
from atmosphere.core.model import Region, Toolkit
from atmosphere.faults import code_of
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.state.baseline import BaselineRepository

_CONTENT: Final = ToolkitTemplate()
_ROOM: Final = timedelta(minutes=10)
"""Nearer to the deadline no step is begun: the environment is clean without it."""


class Stage(StrEnum):
    """How far a step is."""

    WANTED = "wanted"
    BEGUN = "begun"
    """CloudFormation may be at work on it, or done."""
    TAKEN = "taken"
    REFUSED = "refused"
    """CloudFormation did not take it: the toolkit is that of the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the toolkit of a region. `names` says which for people, `why` why it was refused."""

    names: str
    template: str
    parameters: Mapping[str, str]
    stage: Stage = Stage.WANTED
    why: str = ""


class ToolkitGrowth:
    """The steps of one cleanup, for one pass. Raises `Unreachable`."""

    def __init__(self, context: PassContext, repository: BaselineRepository) -> None:
        self._context = context
        self._repository = repository
        self._name = f"{prefix(context.assignment)}toolkit.json"
        self._keeps = context.assignment.registration.cdk_toolkit is Toolkit.KEEP
        self.steps = _read(context.store.get(self._name)) if self._keeps else {}

    def note(self, drifts: Iterable[Drift]) -> None:
        """Remember which of these changes are steps, before they are undone."""
        for drift in drifts:
            before: Any = drift.before
            now: Any = drift.now
            if self._keeps and isinstance(drift.content, ToolkitTemplate) and drift.item.region not in self.steps:
                later = step(before, now, published())
                if later is not None:
                    names = f"to bootstrap version {later.version}, published with aws-cdk {later.cdk}"
                    self._write(
                        drift.item.region, Step(names=names, template=now["template"], parameters=now["parameters"])
                    )

    def resume(self) -> bool:
        """Finish what an earlier pass began; True if that changed the baseline, so that another pass has to read it."""
        changed = [self._settle(region) for region in self._at(Stage.BEGUN)]
        return any(changed)

    def take(self) -> bool:
        """Take the steps that are wanted; False if there are none, or no time. Only where all is proven clean."""
        wanted = self._at(Stage.WANTED)
        if self._context.assignment.deadline - self._context.now() < _ROOM:
            return False
        for region in wanted:
            self._write(region, replace(self.steps[region], stage=Stage.BEGUN))
            self._update(region)
            self._settle(region)
        return bool(wanted)

    def reported(self) -> dict[str, str]:
        """What a report says: by the toolkit, which step and how far it is."""
        return {
            Resource(STACK, TOOLKIT, region).address: f"{each.stage}: {each.names}"
            + (f": {each.why}" if each.why else "")
            for region, each in sorted(self.steps.items())
        }

    # --- one step -----------------------------------------------------------------------------------------------------

    def _update(self, region: Region) -> None:
        account, step_ = self._context.account, self.steps[region]
        try:
            with account.guard.restoring(_CONTENT.restoring, TOOLKIT):
                update(account, region, asdict(step_), self._context.budget.check)
        except ClientError as error:
            self._refuse(region, code_of(error))
        except BotoCoreError as error:
            raise Unreachable(f"the toolkit's update could not be followed ({code_of(error)})") from error

    def _settle(self, region: Region) -> bool:
        """Make the result a part of the baseline; False if CloudFormation did not take the step."""
        step_ = self.steps[region]
        if step_.stage is not Stage.BEGUN:
            return False
        try:
            wait(self._context.account, region, self._context.budget.check)
            now: Any = _CONTENT.read(self._context.account, region, {TOOLKIT}).get(TOOLKIT, {})
        except (ClientError, BotoCoreError) as error:
            raise Unreachable(f"the toolkit could not be read after its update ({code_of(error)})") from error
        if (now.get("template"), now.get("parameters")) != (step_.template, step_.parameters):
            self._refuse(region, "CloudFormation rolled it back")
            return False
        things = self._things(region)
        revision = Revision(at=self._context.now(), by="cleanup", why=f"the toolkit moved on {step_.names}")
        self._repository.amend(lambda before: before.adopting(things), revision)
        self._write(region, replace(step_, stage=Stage.TAKEN))
        return True

    def _things(self, region: Region) -> list[Resource]:
        """The toolkit with all that it owns and a scan lists: it is read as if an operator had adopted it."""
        toolkit = Resource(STACK, TOOLKIT, region)
        inventory = scan(self._context)
        stacks = [stack for stack in inventory.stacks if stack.resource == toolkit]
        held = Containers(self._context).read(stacks, inventory)
        if not stacks or held.unknown or inventory.unknown:
            raise Unreachable("what the toolkit owns could not be listed after its update")
        there = inventory.everything()
        return [toolkit, *(item for stack in stacks for item in sorted(held.members[stack.id]) if item in there)]

    def _refuse(self, region: Region, why: str) -> None:
        self._write(region, replace(self.steps[region], stage=Stage.REFUSED, why=why))

    # --- what is remembered -------------------------------------------------------------------------------------------

    def _at(self, stage: Stage) -> list[Region]:
        return sorted(region for region, each in self.steps.items() if each.stage is stage)

    def _write(self, region: Region, step_: Step) -> None:
        self.steps = {**self.steps, region: step_}
        self._context.store.put(self._name, dump({place: asdict(each) for place, each in self.steps.items()}))


def _read(text: str | None) -> dict[Region, Step]:
    told: dict[str, dict[str, Any]] = json.loads(text or "{}")
    return {Region(region): Step(**{**each, "stage": Stage(each["stage"])}) for region, each in told.items()}
