"""The types of resources that cleaning knows. A further type is a row in `rows`, or a class beside `buckets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue.buckets import Buckets
from atmosphere.cleanup.catalogue.generic import CloudControl
from atmosphere.cleanup.catalogue.roles import Roles
from atmosphere.cleanup.catalogue.rows import ROWS

if TYPE_CHECKING:
    from atmosphere.cleanup.catalogue.base import ResourceType

CATALOGUE: Final[tuple[ResourceType, ...]] = (Buckets(), *ROWS, Roles())
_BY_NAME: Final = {entry.name: entry for entry in CATALOGUE}

_INTANGIBLE: Final = ("Custom::", "AWS::CDK::Metadata", "AWS::CloudFormation::")
"""Types that exist in their stack only: with the stack they are gone."""


def type_of(name: str) -> ResourceType:
    """The handler of a type: its own, or Cloud Control by id."""
    return _BY_NAME.get(name) or CloudControl(name)


def is_tangible(name: str) -> bool:
    """Whether something of this type can outlive its stack."""
    return not name.startswith(_INTANGIBLE)
