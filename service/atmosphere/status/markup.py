"""HTML in which text stays text: what is no `Markup` is escaped, in an element as in an attribute.

Requesters, outcomes and reasons are whatever a test or a person wrote: they cannot begin an element, end an attribute,
or turn the reading direction.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from atmosphere.core.inert import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

_EMPTY: Final = frozenset({"meta", "rect", "br"})
"""Elements without an end tag here: void ones, and the shapes of SVG that hold nothing."""


class Markup(str):
    """HTML that is finished: nothing in it is escaped again. Only this module and constants make one."""

    __slots__ = ()


def text(value: object) -> Markup:
    """The value as harmless text."""
    return value if isinstance(value, Markup) else Markup(escape(visible(str(value)), quote=True))


def joined(parts: Iterable[object]) -> Markup:
    """Text and elements, one after the other."""
    return Markup("".join(map(text, parts)))


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element. An attribute that is None is left out; `class_` is `class`, `aria_label` is `aria-label`."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY and not children:
        return Markup(f"<{name}{given}/>" if name == "rect" else f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def table(caption: str, head: Iterable[object], rows: Iterable[Iterable[object]], *, class_: str = "") -> Markup:
    """A table with a caption, a header for each column, and the first cell of each row as its header.

    It stands in a region of its own that scrolls where the window is narrow, also by the keyboard.
    """
    columns = element("tr", *(element("th", name, scope="col") for name in head))
    body = [_row(list(row)) for row in rows]
    whole = element(
        "table", element("caption", caption), element("thead", columns), element("tbody", *body), class_=class_ or None
    )
    return element("div", whole, class_="scroll", role="region", aria_label=caption, tabindex=0)


def _row(cells: list[object]) -> Markup:
    head, *rest = cells
    return element("tr", element("th", head, scope="row"), *(element("td", cell) for cell in rest))
