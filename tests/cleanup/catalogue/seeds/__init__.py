"""The seeds of all types, family by family as in `atmosphere.cleanup.catalogue.rows`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.cleanup.catalogue import demands
from tests.cleanup.catalogue.seeds import (
    agents,
    analytics,
    apis,
    balancing,
    building,
    clusters,
    common,
    compute,
    containers,
    database_parts,
    databases,
    delivering,
    edge,
    extensions,
    hosting,
    identity,
    jobs,
    learning,
    mail,
    messaging,
    monitoring,
    names,
    network,
    security,
    serverless,
    spread,
    storage,
    transit,
)

if TYPE_CHECKING:
    from tests.cleanup.catalogue.frame import Seed

SEEDS: Final[tuple[Seed, ...]] = (
    *agents.SEEDS,
    *analytics.SEEDS,
    *apis.SEEDS,
    *balancing.SEEDS,
    *building.SEEDS,
    *clusters.SEEDS,
    *common.SEEDS,
    *compute.SEEDS,
    *containers.SEEDS,
    *database_parts.SEEDS,
    *databases.SEEDS,
    *delivering.SEEDS,
    *edge.SEEDS,
    *extensions.SEEDS,
    *hosting.SEEDS,
    *identity.SEEDS,
    *jobs.SEEDS,
    *learning.SEEDS,
    *mail.SEEDS,
    *messaging.SEEDS,
    *monitoring.SEEDS,
    *names.SEEDS,
    *network.SEEDS,
    *security.SEEDS,
    *serverless.SEEDS,
    *spread.SEEDS,
    *storage.SEEDS,
    *transit.SEEDS,
    *demands.SEEDS,  # last: they are further ones of their types
)
