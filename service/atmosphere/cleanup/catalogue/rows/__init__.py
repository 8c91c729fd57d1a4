"""All rows, family by family. A new type is a new row in its family's module; `row` says what the columns mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue.rows import (
    agents,
    analytics,
    apis,
    balancing,
    building,
    catalogs,
    clusters,
    common,
    compute,
    containers,
    database_parts,
    databases,
    delivering,
    edge,
    extensions,
    files,
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
    storage,
    transit,
)

if TYPE_CHECKING:
    from atmosphere.cleanup.catalogue.row import Row

ROWS: Final[tuple[Row, ...]] = (
    *agents.ROWS,
    *analytics.ROWS,
    *apis.ROWS,
    *balancing.ROWS,
    *building.ROWS,
    *catalogs.ROWS,
    *clusters.ROWS,
    *common.ROWS,
    *compute.ROWS,
    *containers.ROWS,
    *database_parts.ROWS,
    *databases.ROWS,
    *delivering.ROWS,
    *edge.ROWS,
    *extensions.ROWS,
    *files.ROWS,
    *hosting.ROWS,
    *identity.ROWS,
    *jobs.ROWS,
    *learning.ROWS,
    *mail.ROWS,
    *messaging.ROWS,
    *monitoring.ROWS,
    *names.ROWS,
    *network.ROWS,
    *security.ROWS,
    *serverless.ROWS,
    *storage.ROWS,
    *transit.ROWS,
)
