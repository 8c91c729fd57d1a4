"""Compares what is watched inside things of the baseline with what was captured, and puts back what can be.

Each restoration is allowed by the guard for exactly the thing that it is of, and only while it runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.cleanup.catalogue.base import Scope, Unread
from atmosphere.cleanup.catalogue.buckets import ObjectsRemain
from atmosphere.cleanup.contents import contents_of
from atmosphere.cleanup.contents.base import Drift
from atmosphere.cleanup.contents.policies import RolePolicies
from atmosphere.cleanup.contents.sessions import RoleSessions
from atmosphere.cleanup.model import GLOBAL, Meaning, MutationRefused, Resource, Trouble
from atmosphere.faults import ORGANIZATION_DENIES, REFUSALS, code_of, is_denied_by_organization

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import timedelta

    from atmosphere.cleanup.contents.base import Content
    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Assignment
    from atmosphere.core.model import Json, Region

_MESSAGE: Final = 500
_NOT_FOR_US: Final = REFUSALS | {
    "EndpointConnectionError",
    "InvalidAction",
    "UnknownOperationException",
    "OptInRequired",
    "UnsupportedOperation",
    "UnsupportedOperationException",
}
"""Codes by which a service says that it cannot be asked this here at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifts:
    """What one comparison came to: `unknown` is what could not be read, with its code."""

    found: Sequence[Drift] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def restorable(self) -> list[Drift]:
        """Those that can be put back."""
        return [drift for drift in self.found if drift.restorable]


@dataclass(frozen=True, slots=True)
class _Answer:
    """One content in one place: `code` is why nothing was read, `unread` are the addresses of single ones."""

    label: str
    found: Mapping[Resource, Json] = field(default_factory=dict)
    drifts: tuple[Drift, ...] = ()
    code: str | None = None
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> Mapping[str, str]:
        """All that could not be read, with the code."""
        return {**self.unread, **({self.label: self.code} if self.code else {})}


class Restorer:
    """Compares and restores for one pass."""

    def __init__(self, context: PassContext) -> None:
        self._context = context
        self._account = context.account
        self._last: Drifts | None = None

    def compare(self, *, fresh: bool) -> Drifts:
        """What is not as it was. Reading it all takes many calls: without `fresh` the last answer may do."""
        if self._last is None or fresh:
            tasks = [
                partial(_asked, _label(content, region), partial(self._compared, content, region))
                for content, region in _places(self._context.assignment)
            ]
            answers = self._context.workers.run(tasks)
            self._last = Drifts(
                found=[drift for answer in answers for drift in answer.drifts],
                unknown={label: code for answer in answers for label, code in answer.failed.items()},
            )
        return self._last

    def _compared(self, content: Content, region: Region) -> _Answer:
        expected = content.expected(self._account, region, self._context.baseline)
        now = content.read(self._account, region, expected.keys()) if expected else {}
        told, unread = _told(content, region, now)
        items = {Resource(content.type, identity, region): before for identity, before in sorted(expected.items())}
        drifts = [
            Drift(item, content, before, told[item])
            for item, before in items.items()
            if item in told and not content.alike(before, told[item])  # what is gone is told by the listing of its type
        ]
        return _Answer(_label(content, region), drifts=tuple(drifts), unread=unread)

    @property
    def restorable(self) -> list[Drift]:
        """What the last comparison found and can be put back."""
        return self._last.restorable if self._last else []

    def restore(self) -> dict[Resource, Trouble]:
        """Put back what can be; returns what went wrong. The next comparison reads anew."""
        drifts = [drift for drift in self.restorable if not self._is_taking_effect(drift)]
        if not drifts:
            return {}
        self._last = None
        answers = self._context.workers.run([partial(self._restored, drift) for drift in drifts])
        for drift, trouble in zip(drifts, answers, strict=True):
            if trouble is None and drift.content.takes:
                self._context.troubles.began(drift.item, self._context.now())
        return {drift.item: trouble for drift, trouble in zip(drifts, answers, strict=True) if trouble is not None}

    def _is_taking_effect(self, drift: Drift) -> bool:
        """Whether AWS was told so already, and may still need time until it shows it."""
        since = self._context.troubles.since.get(drift.item)
        return since is not None and self._context.now() - since < drift.content.takes

    @property
    def taking_effect(self) -> dict[Resource, timedelta]:
        """What AWS was told to put back and may take some time for, with that time."""
        found = self._last.restorable if self._last else []
        return {drift.item: drift.content.takes for drift in found if drift.content.takes}

    def _restored(self, drift: Drift) -> Trouble | None:
        item, content = drift.item, drift.content
        try:
            with self._account.guard.restoring(content.restoring, item.id):
                content.restore(self._account, drift, self._context.budget.check)
        except ClientError as error:
            message = error.response["Error"].get("Message", "")[:_MESSAGE]
            if is_denied_by_organization(error):
                return Trouble(code=ORGANIZATION_DENIES, message=message, meaning=Meaning.FATAL)
            return Trouble(code=code_of(error), message=message)
        except (BotoCoreError, MutationRefused) as error:
            return Trouble(code=type(error).__name__, message=str(error)[:_MESSAGE])
        except ObjectsRemain as error:
            return Trouble(code=error.code, message=str(error)[:_MESSAGE])
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What was read at a capture; `unwatched` is what cannot be read here, `unknown` what could not be read now."""

    contents: Mapping[Resource, Json]
    unwatched: Mapping[str, str]
    unknown: Mapping[str, str]


def read_contents(
    context: PassContext,
    *,
    off: Collection[Region] = (),
    only: Collection[Resource] | None = None,
) -> Contents:
    """Everything that is watched in regions that are not off, or only what is inside of these."""
    tasks = [
        partial(_asked, _label(content, region), partial(_read, context, content, region, only))
        for content, region in _places(context.assignment)
        if region not in off
    ]
    answers = context.workers.run(tasks)
    failed = {label: code for answer in answers for label, code in answer.failed.items()}
    return Contents(
        contents={item: inside for answer in answers for item, inside in answer.found.items()},
        unwatched={label: code for label, code in failed.items() if code in _NOT_FOR_US},
        unknown={label: code for label, code in failed.items() if code not in _NOT_FOR_US},
    )


def _read(context: PassContext, content: Content, region: Region, only: Collection[Resource] | None) -> _Answer:
    assignment = context.assignment
    ids: Collection[str] | None = None
    if only is not None:
        ids = {item.id for item in only if item.type in {content.type, content.about} and item.region == region}
    elif content.scope is Scope.GLOBAL and not assignment.sweep_globals:
        ids = {role.id for role in assignment.role_resources}
    if ids is not None and not ids:
        return _Answer(_label(content, region))
    told, unread = _told(content, region, content.read(context.account, region, ids))
    found = {item: inside for item, inside in told.items() if only is None or item.id in (ids or ())}
    return _Answer(_label(content, region), found, unread=unread)


def _told(
    content: Content, region: Region, found: Mapping[str, Json | Unread]
) -> tuple[dict[Resource, Json], dict[str, str]]:
    """What was read, by the resource, and the addresses of what could not be, with the code."""
    told: dict[Resource, Json] = {}
    unread: dict[str, str] = {}
    for identity, inside in found.items():
        item = Resource(content.type, identity, region)
        if isinstance(inside, Unread):
            unread[item.address] = inside.code
        else:
            told[item] = inside
    return told, unread


def _places(assignment: Assignment) -> Iterator[tuple[Content, Region]]:
    """Each content with each place that it is read in; of the account as a whole only roles, where it is shared."""
    for content in contents_of(assignment):
        if content.scope is Scope.REGION:
            yield from ((content, region) for region in assignment.regions)
        elif assignment.sweep_globals or isinstance(content, RolePolicies | RoleSessions):
            yield content, GLOBAL


def _label(content: Content, region: Region) -> str:
    return f"{content.type}:{content.name}@{region}"


def _asked(label: str, question: partial[_Answer]) -> _Answer:
    try:
        return question()
    except (ClientError, BotoCoreError) as error:
        return _Answer(label, code=code_of(error))
