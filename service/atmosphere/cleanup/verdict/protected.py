"""What cleaning must leave alone: the baseline, what the configuration keeps, and what is nobody's leftover."""

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

BUILT_IN: Final = (
    f"{STACK}:StackSet-*",  # an organisation's; deleting them fails or makes its administrators repair them
    "AWS::IAM::Role:AWSServiceRole*",
    "AWS::IAM::Role:AWSReservedSSO_*",
    "AWS::IAM::Role:OrganizationAccountAccessRole",
    "AWS::IAM::Role:stacksets-exec-*",
    "AWS::IAM::Role:*controltower*",
    "AWS::IAM::Role:*ControlTower*",
)
_EVERYWHERE: Final = "s3"
_SERVICES: Final = {STACK: "cloudformation", **SERVICES, **{entry.name: entry.service for entry in CATALOGUE}}


class Protection:
    """Says of a resource whether it stays, and why."""

    def __init__(self, registration: Registration, baseline: Baseline) -> None:
        roles = (f"AWS::IAM::Role:{role.rpartition('/')[2]}" for role in registration.roles.values())
        self._patterns = (*BUILT_IN, *roles, *registration.keep)
        self._baseline = {*baseline.items, *baseline.contents}

    def reason(self, item: Resource) -> str | None:
        """Why it stays, None if it does not."""
        if item in self._baseline:
            return "part of the baseline"
        name = str(item)
        return next((f"kept by {pattern}" for pattern in self._patterns if fnmatchcase(name, pattern)), None)

    def protected(self) -> Protected:
        """The same as things that the guard refuses in calls that change something."""
        return Protected(self._protected(), naming_of)

    def _protected(self) -> Iterator[Thing]:
        for item in self._baseline:
            yield Thing(item.type, item.id, _SERVICES.get(item.type, ""), _place(item))
        for pattern in self._patterns:
            for type_, service in _SERVICES.items():
                if pattern.startswith(f"{type_}:"):
                    yield Thing(type_, pattern.removeprefix(f"{type_}:"), service, pattern=True)


def _place(item: Resource) -> str:
    """Where it is protected: a bucket's name is the same thing wherever it is called from."""
    everywhere = item.region == GLOBAL or _SERVICES.get(item.type) == _EVERYWHERE
    return "" if everywhere else item.region
