"""All rows, family by family. A new type is a new row in its family's module; `row` says what the columns mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue.rows import common

if TYPE_CHECKING:
    from atmosphere.cleanup.catalogue.row import Row

ROWS: Final[tuple[Row, ...]] = (*common.ROWS,)
