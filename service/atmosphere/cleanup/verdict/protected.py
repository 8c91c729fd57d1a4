"""What stays whatever a scan finds: the baseline, the registration's own roles, and what `keep` names.

A name is never enough where something may be entered: what `keep` names of stacks, and of identities that are not part
of the baseline, is decided in `staying`, by who may enter it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.aws.protected import Protected, Thing
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.naming import naming_of
from atmosphere.cleanup.contents import SERVICES
from atmosphere.cleanup.model import GLOBAL, STACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.model import Resource
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.core.model import Registration

BASELINE: Final = "part of the baseline"
_EVERYWHERE: Final = "s3"
_SERVICES: Final = {STACK: "cloudformation", **SERVICES, **{entry.name: entry.service for entry in CATALOGUE}}
_IDENTITIES: Final = "AWS::IAM::"
ENTERED: Final = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::SAMLProvider", "AWS::IAM::OIDCProvider")
"""Identities by which somebody gets in."""
_WILDCARDS: Final = frozenset("*?[")


class Protection:
    """Says of a resource whether it stays, and why."""

    def __init__(self, registration: Registration, baseline: Baseline) -> None:
        roles = {*registration.roles.values(), registration.cleaner_role}
        self._roles = {role.rpartition("/")[2] for role in roles}
        self._patterns = registration.keep
        self._baseline = {*baseline.items, *baseline.contents}

    def reason(self, item: Resource) -> str | None:
        """Why it stays, None if it does not, or if that depends on who may enter it."""
        if item in self._baseline:
            return BASELINE
        if item.type == "AWS::IAM::Role" and item.id in self._roles:
            return "a role of the registration"
        return None if item.type in (STACK, *ENTERED) else self.keep(item)

    def keep(self, item: Resource) -> str | None:
        """What of the configuration names it; None if nothing does. A wildcard names no identity."""
        name = str(item)
        patterns = (pattern for pattern in self._patterns if fnmatchcase(name, pattern) and _may_name(pattern, item))
        return next((f"kept by {pattern}" for pattern in patterns), None)

    def names_exactly(self, item: Resource) -> bool:
        """Whether the configuration names it without a wildcard, so that only operators can have meant it."""
        return str(item) in self._patterns

    def protected(self) -> Protected:
        """The same as things that the guard refuses in calls that change something."""
        return Protected(self._protected(), naming_of)

    def _protected(self) -> Iterator[Thing]:
        for item in self._baseline:
            yield Thing(item.type, item.id, _SERVICES.get(item.type, ""), _place(item))
        yield from (Thing("AWS::IAM::Role", role, "iam") for role in self._roles)
        for pattern in self._patterns:
            for type_, service in _SERVICES.items():
                if pattern.startswith(f"{type_}:") and not _is_open(pattern, type_):
                    yield Thing(type_, pattern.removeprefix(f"{type_}:"), service, pattern=True)


def _may_name(pattern: str, item: Resource) -> bool:
    return item.type == STACK or not _is_open(pattern, item.type)


def _is_open(pattern: str, type_: str) -> bool:
    """Whether a test could choose a name that the pattern names, of something that is entered or owns what is."""
    return (type_ == STACK or type_.startswith(_IDENTITIES)) and not _WILDCARDS.isdisjoint(pattern)


def _place(item: Resource) -> str:
    """Where it is protected: a bucket's name is the same thing wherever it is called from."""
    everywhere = item.region == GLOBAL or _SERVICES.get(item.type) == _EVERYWHERE
    return "" if everywhere else item.region
