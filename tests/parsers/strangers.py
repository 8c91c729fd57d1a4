"""What strangers send: JSON that nobody means, texts that are nearly right, and what parsers are known to fall for."""

from __future__ import annotations

import json
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

NASTY: Final = (
    "",
    "\x00",
    "null",
    "-0",
    "1e999",
    "9" * 400,
    "\ud800",
    "\u202e",
    "../../etc",
    "%2e%2e%2f",
    "__class__",
    "{0.__class__}",
    "${jndi:ldap://x}",
    "'; DROP TABLE",
    "a" * 5000,
    "٣",
    "İ",
    "\n- &a [*a]",
)
_TEXTS: Final = st.one_of(st.sampled_from(NASTY), st.text(max_size=30))
_LEAVES: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**60), 10**60), st.floats(allow_nan=False), _TEXTS
)


def values(*names: str) -> st.SearchStrategy[Any]:
    """Any JSON value, whose objects often have these names."""
    keys = st.one_of(st.sampled_from(names or ("a",)), _TEXTS)
    return st.recursive(
        _LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4))
    )


def objects(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """An object that has some of these names, with anything in them."""
    return st.dictionaries(st.one_of(st.sampled_from(names), _TEXTS), values(*names), max_size=8)


def spoiled(text: str) -> st.SearchStrategy[str]:
    """A text that was right, with a few pieces cut out, repeated or replaced."""
    at, piece = st.integers(0, len(text)), st.one_of(_TEXTS, st.sampled_from(text.split() or ["x"]))

    def spoil(changes: list[tuple[int, int, str]]) -> str:
        made = text
        for begin, length, put in changes:
            made = made[:begin] + put + made[begin + length :]
        return made

    return st.lists(st.tuples(at, st.integers(0, 40), piece), max_size=4).map(spoil)


def bodies(*names: str) -> st.SearchStrategy[bytes]:
    """Bytes of a body: mostly JSON, sometimes none."""
    sent = objects(*names).map(lambda value: json.dumps(value).encode())
    broken = st.tuples(sent, st.integers(0, 60)).map(lambda pair: pair[0][: pair[1]])
    return st.one_of(sent, sent, broken, st.binary(max_size=200))


def cost(parse: Callable[[], object]) -> tuple[int, int]:
    """How many Python calls a parser makes, and how many bytes it has at once; what it raises is its answer."""
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    tracemalloc.start()
    sys.setprofile(count)
    try:
        parse()
    except Exception:  # noqa: BLE001, S110 -- a refusal costs as well
        pass
    finally:
        sys.setprofile(before)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return calls, peak
