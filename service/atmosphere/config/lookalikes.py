"""What a text editor, a chat or a merge leaves in a file, and that looks like something else: found before parsing.

YAML's own errors about these name a character or a position, and not what happened.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple


class Lookalike(NamedTuple):
    """The first thing of a kind in a text: its line, what it is, and what to do."""

    line: int
    what: str
    remedy: str


_MARKER: Final = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: .*)?$", re.MULTILINE)
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HIDDEN: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_TAB_INDENT: Final = re.compile(r"^[ ]*\t", re.MULTILINE)
# A line that is a comment as a whole may hold any space that its author's keyboard makes.
_ODD_SPACE: Final = re.compile("^(?![ ]*#).*?([\u0085\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])", re.MULTILINE)

_CURLY: Final = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2033"
"""Quotes that word processors and chats write, none of which YAML reads as quotes."""


def first(text: str) -> Lookalike | None:
    """The first thing that makes reading the text pointless; None if there is none."""
    if found := _MARKER.search(text):
        remedy = "resolve the conflict: keep the right lines, and remove the lines with <<<<<<<, ======= and >>>>>>>"
        return Lookalike(_line(text, found.start()), f"a merge conflict marker ({found[0][:40]})", remedy)
    if found := _UNPRINTABLE.search(text):
        return _character(text, found.start(), "a control character", "remove it")
    if found := _HIDDEN.search(text):
        return _character(text, found.start(), "an invisible character", "remove it: a reviewer cannot see it")
    if found := _TAB_INDENT.search(text):
        return _character(text, found.end() - 1, "a tab at the start of a line", "indent with spaces")
    if found := _ODD_SPACE.search(text):
        remedy = "replace it with a plain space; text that was copied from a web page or a chat often has these"
        return _character(text, found.start(1), "a space that YAML does not know as one", remedy)
    return None


def _character(text: str, at: int, what: str, remedy: str) -> Lookalike:
    name = unicodedata.name(text[at], "").lower()
    shown = f"{what} (U+{ord(text[at]):04X}{', ' + name if name else ''})"
    return Lookalike(_line(text, at), shown, remedy)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def without_curly_quotes(text: str) -> str | None:
    """What is inside curly quotes that were meant as quotes; None if the text does not begin or end with one."""
    bare = text.strip(_CURLY)
    return bare if bare != text else None
