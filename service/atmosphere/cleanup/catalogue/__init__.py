"""The types of resources that cleaning knows. A further type is a row in `rows`, or a class beside `buckets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue.buckets import Buckets
from atmosphere.cleanup.catalogue.delivery import DeliveryStreams
from atmosphere.cleanup.catalogue.functions import Functions
from atmosphere.cleanup.catalogue.gateways import INTERNET_GATEWAYS
from atmosphere.cleanup.catalogue.generic import CloudControl
from atmosphere.cleanup.catalogue.networks import DhcpOptions, NetworkAcls, SecurityGroups
from atmosphere.cleanup.catalogue.roles import Roles
from atmosphere.cleanup.catalogue.rows import ROWS
from atmosphere.cleanup.catalogue.spread import SPREADS
from atmosphere.cleanup.catalogue.tables import Tables
from atmosphere.cleanup.catalogue.tasks import Tasks
from atmosphere.cleanup.catalogue.zones import HostedZones

if TYPE_CHECKING:
    from atmosphere.cleanup.catalogue.base import ResourceType

CATALOGUE: Final[tuple[ResourceType, ...]] = (
    Buckets(),
    Functions(),
    Tables(),
    DeliveryStreams(),
    Tasks(),
    SecurityGroups(),
    NetworkAcls(),
    INTERNET_GATEWAYS,
    DhcpOptions(),
    HostedZones(),
    *SPREADS,
    *ROWS,
    Roles(),
)
_BY_NAME: Final = {entry.name: entry for entry in CATALOGUE}


def type_of(name: str) -> ResourceType:
    """The handler of a type: its own, or Cloud Control by id."""
    return _BY_NAME.get(name) or CloudControl(name)
