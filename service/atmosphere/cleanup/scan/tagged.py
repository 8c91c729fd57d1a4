"""The tagging API as a detector of leftovers that nothing else knows of, one paged call for a region.

What it shows is a hint, never a proof: it also shows things that are gone, and only things that were tagged once. So
what it shows is explained away where something better tells of it: the baseline, a listing of the type, a stack that is
there, or CloudFormation's word that it deleted it, unless a look at that very id shows that it is there. That one is
an orphan like any other. What stays unexplained is reported and keeps nothing from being clean. Source: Resource Groups
Tagging API reference, GetResources ("previously tagged").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.base import Scope, pages
from atmosphere.cleanup.catalogue.generic import NoHandler
from atmosphere.cleanup.catalogue.parts import is_tangible
from atmosphere.cleanup.model import GLOBAL, STACK, Resource
from atmosphere.cleanup.scan.arns import Arn
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.scan.inventory import Inventory
    from atmosphere.cleanup.state.ledger import Ledger
    from atmosphere.core.model import Region

SERVICE: Final = "resourcegroupstaggingapi"
_STACK_ID: Final = "aws:cloudformation:stack-id"
_BY_NAME: Final = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::InstanceProfile", "AWS::CloudFront::Distribution")
"""Types of global services whose physical id is the last part of their ARN."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """What the tagging API shows of one resource: where, and the id of the stack that it says made it."""

    arn: Arn
    region: Region
    stack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """`orphans` are there, with the stack's name; `unexplained` are ARNs that nothing tells of, with the stack's name.

    `unknown` maps what could not be asked to a code.
    """

    orphans: Mapping[Resource, str] = field(default_factory=dict)
    unexplained: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


def tagged(account: Account, region: Region) -> list[Tagged]:
    """Everything in a region that has or had tags. Raises `ClientError`, `BotoCoreError`."""
    found = []
    for page in pages(account.client(SERVICE, region), "get_resources"):
        for entry in page["ResourceTagMappingList"]:
            tags = {tag["Key"]: tag["Value"] for tag in entry.get("Tags", ())}
            found.append(Tagged(Arn.parse(entry["ResourceARN"]), region, tags.get(_STACK_ID, "")))
    return found


def shown(context: PassContext, regions: Sequence[Region]) -> tuple[list[Tagged], dict[str, str]]:
    """The same of several regions, and what could not be asked, with its code."""
    answers = context.workers.run([partial(_answer, context.account, region) for region in regions])
    unknown = {f"tagged resources@{r}": a for r, a in zip(regions, answers, strict=True) if isinstance(a, str)}
    return [each for answer in answers if not isinstance(answer, str) for each in answer], unknown


def _answer(account: Account, region: Region) -> list[Tagged] | str:
    try:
        return tagged(account, region)
    except (ClientError, BotoCoreError) as error:
        return code_of(error)


class TagScan:
    """Reads the tagging API for one pass."""

    def __init__(self, context: PassContext) -> None:
        self._context = context
        self._account = context.account
        self._before = context.baseline.tagged

    def scan(self, inventory: Inventory, ledger: Ledger) -> Detection:
        """What of everything tagged is explained by nothing. Raises `OutOfTime`."""
        regions = [region for region in self._context.assignment.regions if region not in inventory.off]
        everything, unknown = shown(self._context, regions)
        open_ = [each for each in everything if not self._is_explained(each, inventory, ledger)]
        found = self._context.workers.run([partial(self._orphan, each, ledger) for each in open_])
        names = {each.arn.text: _stack_name(each, ledger) for each in open_}
        pairs = list(zip(open_, found, strict=True))
        return Detection(
            orphans={item: names[each.arn.text] for each, item in pairs if isinstance(item, Resource)},
            unexplained={each.arn.text: names[each.arn.text] for each, item in pairs if item is None},
            unknown=unknown,
        )

    def _is_explained(self, each: Tagged, inventory: Inventory, ledger: Ledger) -> bool:
        type_ = each.arn.type
        if each.arn.text in self._before or type_ == STACK:
            return True
        if type_ is not None and self._is_listed(type_, each.region, inventory):
            return True  # the listing has told whether it is there
        if any(each.arn.may_be(item) for item in (*inventory.found, *ledger.orphans)):
            return True
        return any(each.arn.may_be(item) for stack in inventory.stacks for item in ledger.tree(stack.id))

    def _is_listed(self, type_: str, region: Region, inventory: Inventory) -> bool:
        entry = type_of(type_)
        if entry.service == "cloudcontrol":
            return False
        place = GLOBAL if entry.scope is Scope.GLOBAL else region
        return inventory.knows(Resource(type_, "", place))

    def _orphan(self, each: Tagged, ledger: Ledger) -> Resource | bool | None:
        """What is there after all, `False` for a ghost, None where nobody can tell."""
        item = _of_ledger(each, ledger) or _by_name(each, ledger)
        if item is None:
            return None
        try:
            return type_of(item.type).exists(self._account, item.region, item.id) and item
        except (ClientError, BotoCoreError, NoHandler):
            return None  # CloudFormation's word stands, and a person is told


def _of_ledger(each: Tagged, ledger: Ledger) -> Resource | None:
    """What CloudFormation said that it deleted, if that is what is shown."""
    gone = (item for record in ledger.stacks.values() if record.settled for item in record.owned)
    return next((item for item in sorted(gone) if is_tangible(item.type) and each.arn.may_be(item)), None)


def _by_name(each: Tagged, ledger: Ledger) -> Resource | None:
    """Something of a global service that is not listed, if a stack of the allocation made it."""
    type_ = each.arn.type
    if type_ not in _BY_NAME or each.stack not in ledger.stacks:
        return None
    return Resource.at(type_, each.arn.name, each.region)


def _stack_name(each: Tagged, ledger: Ledger) -> str:
    record = ledger.stacks.get(each.stack)
    return record.name if record else ""
