"""Text that a test chose, shown to people: as itself, and never as markup, a link, a mention or a control sequence.

A test names resources, and AWS quotes these names in its errors. Reports go to Markdown pages, chats and terminals.
In Markdown such a text is a code span: there neither links nor images, tags, mentions or references work, and table
cells end only at a bar. Chats read `<…>` even within code. So the few characters that matter within a code span are
replaced by ones that look alike; the JSON of a report has the exact text.
Mail has no code spans, and mail programs make links of whatever looks like an address: there the characters that every
address needs are replaced.

Source: GitHub Flavored Markdown 0.31 (code spans, tables); Slack's "Formatting text for app surfaces"; Unicode 15,
general categories.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_ACTIVE: Final = str.maketrans({"`": "\u02cb", "<": "\u2039", ">": "\u203a", "|": "\u00a6"})
"""What ends a code span, begins a tag or a chat's own link, or ends a cell, and what is shown instead."""
_LINKS: Final = str.maketrans({".": "\u2024", "@": "\uff20", "/": "\u2215"})
"""What every address of a page, a mailbox or a host has one of, and what is shown instead."""
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control, format (bidirectional overrides, zero width), surrogate, private, unassigned, line and paragraph ends."""


def visible(text: str) -> str:
    """One line in which every character shows: what has no form of its own is written as its code, as Python does."""
    return "".join(_seen(character) for character in text)


def code(text: str) -> str:
    """The text as a Markdown code span that stays one wherever it is shown; empty if there is no text."""
    shown = visible(text).translate(_ACTIVE).strip()
    return f"`{shown}`" if shown else ""


def unlinked(text: str) -> str:
    """The text without what makes a link or a mention of it, in programs that know no code spans."""
    return text.translate(_LINKS)


def is_plain(text: str) -> bool:
    """Whether it is printable ASCII that a code span shows unchanged, so that it can be copied from a report."""
    return text.isascii() and text.isprintable() and text.translate(_ACTIVE) == text


def _seen(character: str) -> str:
    if character in "\n\r\t":
        return " "
    if unicodedata.category(character) not in _HIDDEN:
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 -- as Python and JSON write it
