"""The forms of names that a configuration gives and a request asks for, written once: unanchored regular expressions.

Plain ASCII classes only: Python's `re`, JSON Schema and pydantic's engine read them alike.
"""

from __future__ import annotations

from typing import Final

ACCOUNT: Final = r"[0-9]{12}"
REGION: Final = r"[a-z]{2,6}(-[a-z]+)+-[0-9]{1,2}"
POOL: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}"
"""Of a capability, a role or one environment of several: what a request can name."""
RESOURCE: Final = (
    rf"(?P<type>[A-Za-z0-9]+(?:::[A-Za-z0-9]+){{2}}):(?P<id>[^\x00-\x20].{{0,1999}})@(?P<region>global|{REGION})"
)
"""`TYPE:ID@REGION`: one thing in an account, of a baseline."""
