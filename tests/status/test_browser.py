"""The page in a real browser: nothing goes wrong, everyone can read it, and no text of a test does anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.status.asking import ask
from atmosphere.status.overview import overview
from atmosphere.status.page import html
from tests.status.browser import MISSING, Browser, browser, is_here
from tests.status.told import AT, HARM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from atmosphere.client.client import AtmosphereClient
    from tests.status.told import Told

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_here(), reason=MISSING)]

CONTRAST = """
const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
  .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const parse = color => color.match(/[\\d.]+/g).map(Number);
const behind = node => {
  for (let at = node; at; at = at.parentElement) {
    const color = parse(getComputedStyle(at).backgroundColor);
    if (color.length < 4 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [], graphics = [];
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || node.closest('svg')) continue;
  texts.push([walker.currentNode.textContent, ratio(parse(getComputedStyle(node).color), behind(node))]);
}
for (const rect of document.querySelectorAll('svg rect')) {
  const svg = parse(getComputedStyle(rect.closest('svg')).backgroundColor);
  graphics.push([rect.getAttribute('class'), ratio(parse(getComputedStyle(rect).fill), svg)]);
}
return {texts, graphics};
"""


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def page(told: Told, client: AtmosphereClient, tmp_path: Path) -> Path:
    """The page of that service, with a test in it that means harm."""
    told.requesters = (*told.requesters, HARM)
    file = tmp_path / "status.html"
    file.write_text(html(overview(ask(client, AT))), encoding="utf-8")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_shows_without_an_error_and_fetches_nothing(window: Browser, page: Path, scheme: str) -> None:
    window.log()
    window.look(scheme, 1180, 900)
    window.open(page)
    assert window.run("return document.title") == "Atmosphere: 3 of 9 environments free, 2 dirty"
    assert window.run("return performance.getEntriesByType('resource').length") == 0
    assert window.run("return getComputedStyle(document.querySelector('dl.counts')).display") == "grid"
    assert window.log() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_drawings_stand_out_enough(window: Browser, page: Path, scheme: str) -> None:
    """WCAG 2.2, level AA: 4.5 for text (1.4.3), 3 for what a drawing says (1.4.11)."""
    window.look(scheme, 1180, 900)
    window.open(page)
    found: dict[str, list[tuple[str, float]]] = window.run(CONTRAST)
    assert len(found["texts"]) > 100
    assert {name for name, _ in found["graphics"]} == {"free", "in-use", "cleaning", "dirty", "held", "act"}
    assert [each for each in found["texts"] if each[1] < 4.5] == []
    assert [each for each in found["graphics"] if each[1] < 3] == []


def test_the_two_schemes_differ(window: Browser, page: Path) -> None:
    window.open(page)
    seen = set()
    for scheme in ("light", "dark"):
        window.look(scheme, 1180, 900)
        seen.add(window.run("return getComputedStyle(document.body).backgroundColor"))
    assert len(seen) == 2


@pytest.mark.parametrize("width", [360, 768, 1180])
def test_only_tables_scroll_where_the_window_is_narrow(window: Browser, page: Path, width: int) -> None:
    window.look("light", width, 900)
    window.open(page)
    assert window.run("return document.documentElement.scrollWidth") <= width


def test_a_screen_reader_finds_landmarks_tables_and_a_text_for_each_drawing(window: Browser, page: Path) -> None:
    window.open(page)
    nodes = [each for each in window.cdp("Accessibility.getFullAXTree")["nodes"] if not each["ignored"]]

    def names(role: str) -> list[Any]:
        return [each.get("name", {}).get("value") for each in nodes if each["role"]["value"] == role]

    assert [len(names(role)) for role in ("banner", "main", "contentinfo")] == [1, 1, 1]
    assert "Dirty environments: 2" in names("region")
    assert "The last day of each environment" in names("table")
    assert {"environment", "pool", "now"} <= set(names("columnheader"))
    assert "222222222226/ap-southeast-2" in names("rowheader")
    drawings = names("image") + names("img")
    assert len(drawings) == 12
    assert all(drawings)


def test_what_a_test_wrote_does_nothing(window: Browser, page: Path) -> None:
    window.log()
    window.open(page)
    assert window.run("return document.querySelectorAll('script, a, [onload], [style]').length") == 0
    assert "<script>alert(1)</script>" in window.run("return document.body.innerText")
    assert window.log() == []
