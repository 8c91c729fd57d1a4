"""What is there: all stacks and all resources of the catalogue's types, freshly listed, and what could not be listed.

A failed listing is "unknown" and keeps an environment from being clean; it is never an empty answer. A listing is left
out by explicit rule only, and every report says so: the settings skip the type, the type's own errors say that its
service is closed here, AWS has no such service in the region, the region is switched off, or the service is global and
the account has other environments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from atmosphere.cleanup.aws.offered import is_not_offered
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.base import Errors, Scope, Unread
from atmosphere.cleanup.catalogue.roles import RESERVED_PATHS
from atmosphere.cleanup.model import GLOBAL, STACK, Meaning, Resource
from atmosphere.cleanup.scan.once import Once
from atmosphere.cleanup.scan.stacks import Stack, stacks_of
from atmosphere.core.model import Region
from atmosphere.faults import ORGANIZATION_DENIES, code_of, is_denied_by_organization

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Found, ResourceType
    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Assignment
    from atmosphere.cleanup.trust import Role

REGION: Final = "AWS::Account::Region"
OFF: Final = "off"
_NO_ENTRY: Final = ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidToken")
"""How a region answers keys of an account that has not opted into it; bad keys are answered the same."""
_NAPS: Final = tuple(timedelta(milliseconds=each) for each in (200, 500, 1000, 2000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """`found` maps each resource to its fingerprint; `unknown` maps `TYPE@REGION` to the code of what went wrong.

    Of what alone could not be read `unknown` has the address, `TYPE:ID@REGION`, and `partial` has `TYPE@REGION`.
    `skipped` maps what was left out by rule to the reason; `off` are the regions that are switched off. `roles` are the
    roles among `found`. `reserved` are roles where AWS alone makes roles: they come and go with services, so none of
    them is in `found`, and none becomes part of a baseline. `late` are things that an older version did not list, with
    since when they are there. `owners` are what things go along with.
    """

    stacks: tuple[Stack, ...]
    found: Mapping[Resource, str | None]
    unknown: Mapping[str, str]
    skipped: Mapping[str, str] = field(default_factory=dict)
    off: frozenset[Region] = frozenset()
    roles: Mapping[Resource, Role] = field(default_factory=dict)
    reserved: Mapping[Resource, Role] = field(default_factory=dict)
    late: Mapping[Resource, str] = field(default_factory=dict)
    owners: Mapping[Resource, Resource] = field(default_factory=dict)
    partial: frozenset[str] = frozenset()

    def everything(self) -> dict[Resource, str | None]:
        """Stacks, resources and regions that are off, with their fingerprints; a stack's is its id."""
        off = {region_off(region): OFF for region in self.off}
        return {**{stack.resource: stack.id for stack in self.stacks}, **self.found, **off}

    def knows(self, item: Resource) -> bool:
        """Whether its type was listed where it is."""
        return f"{item.type}@{item.region}" not in self.skipped and not self.may_miss(item)

    def may_miss(self, item: Resource) -> bool:
        """Whether it may be there unseen, because the listing of its type failed, or failed in a part."""
        label = f"{item.type}@{item.region}"
        return label in self.unknown or (label in self.partial and item not in self.found)


def region_off(region: Region) -> Resource:
    """A region that is switched off, as a resource: a baseline that has it allows the region to be off later."""
    return Resource(REGION, region, region)


@dataclass(frozen=True, slots=True)
class _Part:
    """One listing's answer: stacks, or resources and what of them could not be read, or a code and what it means."""

    label: str
    stacks: tuple[Stack, ...] = ()
    found: Mapping[Resource, Found] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    unknown: str | None = None
    meaning: Meaning = Meaning.PASSING


@dataclass(frozen=True, slots=True)
class _Listing:
    """One listing to do: whose it is, and how."""

    label: str
    service: str
    region: Region
    errors: Errors
    read: Callable[[], _Part]

    def answer(self) -> _Part:
        """What it brings, or the code of what went wrong."""
        try:
            return self.read()
        except (ClientError, BotoCoreError) as error:
            if is_denied_by_organization(error):
                return _Part(self.label, unknown=ORGANIZATION_DENIES, meaning=Meaning.FATAL)
            absent = is_not_offered(error, self.service, self.region)
            meaning = Meaning.CLOSED if absent else self.errors.meaning(code_of(error))
            return _Part(self.label, unknown=code_of(error), meaning=meaning)
        except ResponseParserError as error:  # no answer of AWS's: of its siblings nothing follows
            return _Part(self.label, unknown=type(error).__name__)


def scan(context: PassContext) -> Inventory:
    """List everything that cleaning covers, side by side."""
    assignment, account = context.assignment, context.account
    parts = _answers(list(_listings(assignment, account)), context)
    found = {item: each for part in parts for item, each in part.found.items()}
    roles = {item: each.role for item, each in found.items() if each.role is not None}
    reserved = {item: role for item, role in roles.items() if role.path.startswith(RESERVED_PATHS)}
    closed = {part.label: f"closed ({part.unknown})" for part in parts if part.meaning is Meaning.CLOSED}
    failed = {part.label: part.unknown for part in parts if part.unknown and part.label not in closed}
    failed |= {address: code for part in parts for address, code in part.unread.items()}
    off = _switched_off(assignment, account, failed)
    unseen = {label: "the region is off" for label in failed if label.rpartition("@")[2] in off}
    return Inventory(
        stacks=tuple(stack for part in parts for stack in part.stacks),
        found={item: each.fingerprint for item, each in found.items() if item not in reserved},
        unknown={label: code for label, code in failed.items() if label not in unseen},
        skipped={**dict(_left_out(assignment)), **closed, **unseen},
        off=off,
        roles={item: role for item, role in roles.items() if item not in reserved},
        reserved=reserved,
        late={item: each.late for item, each in found.items() if each.late},
        owners={item: Resource.at(*each.owner, item.region) for item, each in found.items() if each.owner},
        partial=frozenset(part.label for part in parts if part.unread),
    )


def covered(assignment: Assignment) -> tuple[str, ...]:
    """The types that are listed."""
    return tuple(dict.fromkeys(entry.name for entry, _ in _places(assignment)))


def _answers(listings: Sequence[_Listing], context: PassContext) -> list[_Part]:
    """The answers of all listings; those that AWS was only too busy for are asked again."""
    answers: dict[str, _Part] = {}
    waiting = list(listings)
    for nap in (None, *_NAPS):
        if nap is not None:
            context.heartbeat.sleep(nap)
        parts = context.workers.run([each.answer for each in waiting], services=[each.service for each in waiting])
        answers |= {part.label: part for part in parts}
        waiting = [each for each in waiting if answers[each.label].meaning is Meaning.THROTTLED]
        if not waiting:
            break
    return [answers[each.label] for each in listings]


def _places(assignment: Assignment) -> Iterator[tuple[ResourceType, Region]]:
    """Each type of the catalogue with each place that it is listed in."""
    for entry in CATALOGUE:
        if entry.name in assignment.settings.skipped_types:
            continue
        if entry.scope is Scope.REGION:
            yield from ((entry, region) for region in assignment.regions)
        elif assignment.sweep_globals:
            yield entry, GLOBAL


def _left_out(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """What the settings skip, and global services where the account is shared."""
    for entry in CATALOGUE:
        regions = assignment.regions if entry.scope is Scope.REGION else (GLOBAL,)
        if entry.name in assignment.settings.skipped_types:
            yield from ((f"{entry.name}@{region}", "skipped_types of the settings") for region in regions)
        elif entry.scope is Scope.GLOBAL and not assignment.sweep_globals:
            yield f"{entry.name}@{GLOBAL}", "the account has other environments"


def _listings(assignment: Assignment, account: Account) -> Iterator[_Listing]:
    for region in assignment.regions:
        label = f"{STACK}@{region}"
        yield _Listing(label, "cloudformation", region, Errors(), partial(_list_stacks, label, account, region))
    once = Once.over(account)
    for entry, region in _places(assignment):
        label = f"{entry.name}@{region}"
        yield _Listing(label, entry.service, region, entry.errors, partial(_list_type, label, entry, once, region))


def _list_stacks(label: str, account: Account, region: Region) -> _Part:
    return _Part(label, stacks=tuple(stacks_of(account, region)))


def _list_type(label: str, entry: ResourceType, account: Account, region: Region) -> _Part:
    found: dict[Resource, Found] = {}
    unread: dict[str, str] = {}
    for each in entry.list(account, region):
        item = Resource(entry.name, each.id, region)
        if isinstance(each, Unread):
            unread[item.address] = each.code
        else:
            found[item] = each
    return _Part(label, found=found, unread=unread)


def _switched_off(assignment: Assignment, account: Account, unknown: Mapping[str, str]) -> frozenset[Region]:
    """The regions that refuse everybody and that EC2 says the account has not opted into; asked only if one refuses."""
    home, *further = assignment.regions
    suspects = [region for region in further if unknown.get(f"{STACK}@{region}") in _NO_ENTRY]
    if not suspects:
        return frozenset()
    try:
        reply = account.client("ec2", home).describe_regions(RegionNames=suspects, AllRegions=True)
    except (ClientError, BotoCoreError):
        return frozenset()  # then they stay unknown
    return frozenset(
        Region(entry["RegionName"]) for entry in reply["Regions"] if entry.get("OptInStatus") == "not-opted-in"
    )
