"""Clients that tests share, as making them is what takes the time."""

from __future__ import annotations

from functools import cache
from typing import Final

from atmosphere.cleanup.aws.sessions import Clients

KEYS: Final = dict.fromkeys(("AccessKeyId", "SecretAccessKey", "SessionToken"), "x")
"""Keys for an AWS that takes any."""


@cache
def shared(kind: str) -> Clients:
    """Clients of all sessions of a kind, the latest of which has them."""
    return Clients(kind)
