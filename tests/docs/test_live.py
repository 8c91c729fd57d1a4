"""docs/live.md is the one list of what only AWS shows: it names every live test, and every point of the other pages."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from tests.docs.test_documents import text
from tests.live.budget import ALSO, cost_of
from tests.live.ledger import Kind
from tests.live.optin import VARIABLES
from tests.live_parts.suite import written

PAGE: Final = text("docs/live.md")
TABLES: Final = {
    "docs/local.md": "## What the embedded AWS does not check",
    "tests/README.md": "## Where a backend accepts what AWS refuses",
}
"""Pages with a table of what AWS does in the first column, and its heading."""


def section(document: str, heading: str) -> str:
    return document.partition(heading)[2].partition("\n## ")[0]


def rows(part: str) -> dict[str, str]:
    """The first two columns of its table."""
    cells = [re.split(r"(?<!\\)\|", line)[1:3] for line in part.splitlines() if line.startswith("| ")]
    return {first.strip(): second.strip() for first, second in cells[1:] if not set(first) <= set(" -")}


LISTED: Final = rows(section(PAGE, "## What only AWS shows"))


def test_the_list_has_every_point_of_the_pages_about_backends() -> None:
    for page, heading in TABLES.items():
        points = rows(section(text(page), heading))
        assert len(points) > 5
        assert [point for point in points if point not in LISTED] == [], f"{page}: add them to docs/live.md"


def test_every_live_test_is_in_the_list_and_every_test_of_the_list_exists() -> None:
    named = {name for cell in LISTED.values() for name in re.findall(r"`(test_\w+)`", cell)}
    assert named == {test.name for test in written()}


def test_a_point_without_a_test_has_a_reason() -> None:
    without = {point: cell for point, cell in LISTED.items() if "`test_" not in cell}
    assert [point for point, cell in without.items() if not re.search(r"none[:,] \w|^the same", cell)] == []


def test_the_variables_are_explained_as_the_command_explains_them() -> None:
    found = rows(section(PAGE, "## Before you start"))
    assert {name.strip("`"): meaning for name, meaning in found.items()} == VARIABLES


def test_the_prices_and_the_cost_of_a_run_are_those_of_the_suite() -> None:
    found = rows(section(PAGE, "## Cost"))
    assert found.keys() == {price.unit for price in ALSO.values()}
    for price in ALSO.values():
        hourly = re.fullmatch(r"([\d.]+) / 730", found[price.unit])
        assert price.usd == (Decimal(hourly[1]) / 730 if hourly else Decimal(found[price.unit])), price.unit
        assert f"https://aws.amazon.com/{price.page}" in PAGE
    whole = sum((cost_of(test.name) * test.cases for test in written()), Decimal(0))
    assert f"A whole run is estimated at {whole:.2f} USD." in PAGE


def test_the_page_names_all_that_is_created() -> None:
    plural = {Kind.POLICY: "policies", Kind.ALLOCATION: "allocation"}
    assert [kind for kind in Kind if plural.get(kind, f"{kind}s") not in PAGE] == []
