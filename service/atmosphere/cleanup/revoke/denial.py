"""The policy that denies everything to sessions from before a cut-off: its text, and what a text like it says.

It is an inline policy of a role, or a part of a permissions boundary where there is no room for that (`imposing`).
Where the account is the environment's alone it is for whatever session was issued before the cut-off, under whatever
name; elsewhere, on roles that other environments use too, for the sessions that tests of this environment are given.

Source: IAM user guide, "Revoke temporary security credentials"; global condition keys aws:userid, aws:TokenIssueTime.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from atmosphere import contract
from atmosphere.cleanup.aws.guard import REVOCATION_POLICY
from atmosphere.core.model import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atmosphere.cleanup.model import Assignment

HORIZON: Final = timedelta(minutes=1)
"""How far the clocks of two cleanups may differ beyond the clock skew before a cut-off is none that they can write."""
NOBODY: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""A cut-off before any session: the policy denies nothing yet, and keeps the room that a later one needs."""
_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"
_VERSION: Final = "2012-10-17"


def policy_name(region: Region) -> str:
    """One fixed name for each region: a later revocation overwrites an earlier one."""
    return REVOCATION_POLICY + region


def policy_document(region: Region, cut_off: datetime) -> str:
    """The policy as JSON text: denies everything to the test sessions of this region issued before the cut-off."""
    return _text([_deny(cut_off, region)])


def whole_document(cut_off: datetime) -> str:
    """The same for whatever session was issued before the cut-off."""
    return _text([_deny(cut_off)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Denials:
    """Which policies are revocations of a cleanup: those of these regions, with a cut-off of by now.

    A test can write a policy with the same name and text. With a cut-off in the past it denies nothing to the next
    tenant; one with a later cut-off, or of a region where no cleanup of this account is, is a policy like any other.
    Where the account is the environment's `alone`, a Deny for its own session names only does not end all sessions.
    """

    region: Region
    neighbours: frozenset[Region]
    clock_skew: timedelta
    alone: bool

    @classmethod
    def of(cls, assignment: Assignment) -> Denials:
        """Those of the environment itself and of the other environments of its account."""
        return cls(
            region=assignment.key.region,
            neighbours=frozenset(assignment.neighbours),
            clock_skew=assignment.settings.clock_skew,
            alone=assignment.sweep_globals,
        )

    @property
    def name(self) -> str:
        """The name of the environment's own."""
        return policy_name(self.region)

    def bound_name(self, role: str) -> str:
        """The name of the policy that is a role's boundary while there is no room for an inline one."""
        return f"{self.name}.{role}"

    def document(self, cut_off: datetime) -> str:
        """The text that ends the sessions of an allocation."""
        return whole_document(cut_off) if self.alone else policy_document(self.region, cut_off)

    def is_one(self, name: str, document: Any, now: datetime) -> bool:
        """Whether an inline policy is a revocation, the environment's own or a neighbour's."""
        region = Region(name.removeprefix(REVOCATION_POLICY))
        if region not in {self.region, *self.neighbours} or policy_name(region) != name:
            return False
        policy = _parsed(document)
        return any(policy == json.loads(_text([each])) for each in _ours(policy, region, self._latest(now)))

    def cut_off(self, document: Any, now: datetime, *, whole: bool = True) -> datetime | None:
        """The cut-off of a policy that is exactly the environment's own, None of any other: it protects nothing.

        With `whole` a Deny counts only if it ends all the sessions that it should.
        """
        policy = _parsed(document)
        found = [each for each in self._in_force(policy, now, whole=whole) if policy == json.loads(_text([each]))]
        return _latest_of(found)

    def cut_off_within(self, document: Any, now: datetime, *, whole: bool = True) -> datetime | None:
        """The latest cut-off of the environment's own among the statements of a boundary."""
        return _latest_of(self._in_force(_parsed(document), now, whole=whole))

    def added_to(self, document: Any, cut_off: datetime) -> str:
        """The text of a boundary with the Deny, instead of an earlier one of a cleanup."""
        policy = _parsed(document)
        before = [each for each in _statements(policy) if each not in (_at(each), _at(each, self.region))]
        return _text([*before, _deny(cut_off, None if self.alone else self.region)])

    def _in_force(self, policy: Any, now: datetime, *, whole: bool) -> Iterator[Any]:
        for each in _ours(policy, self.region, self._latest(now)):
            if not (whole and self.alone) or each == _at(each):
                yield each

    def _latest(self, now: datetime) -> datetime:
        return now + self.clock_skew + HORIZON


def _ours(policy: Any, region: Region, latest: datetime) -> Iterator[Any]:
    """The statements that a cleanup of a region can have written until now."""
    for each in _statements(policy):
        cut_off = _cut_off(each)
        if cut_off is not None and cut_off <= latest and each in (_deny(cut_off), _deny(cut_off, region)):
            yield each


def _parsed(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document


def _statements(policy: Any) -> list[Any]:
    found = policy.get("Statement", []) if isinstance(policy, dict) else []
    return found if isinstance(found, list) else [found]


def _text(statements: list[Any]) -> str:
    return json.dumps({"Version": _VERSION, "Statement": statements}, separators=(",", ":"))


def _deny(cut_off: datetime, region: Region | None = None) -> dict[str, Any]:
    issued: dict[str, Any] = {"DateLessThan": {"aws:TokenIssueTime": cut_off.strftime(_INSTANT)}}
    named = {"StringLike": {"aws:userid": f"*:{contract.TEST_SESSION}.{region}.*"}} if region else {}
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {**named, **issued}}


def _at(statement: Any, region: Region | None = None) -> dict[str, Any] | None:
    """What the statement would be if it were ours."""
    cut_off = _cut_off(statement)
    return None if cut_off is None else _deny(cut_off, region)


def _cut_off(statement: Any) -> datetime | None:
    try:
        text = statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
        return datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _latest_of(statements: Iterable[Any]) -> datetime | None:
    return max(filter(None, map(_cut_off, statements)), default=None)
