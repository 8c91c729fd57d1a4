"""The service's address: checked once, before anything is sent to it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from atmosphere.client.errors import NotConnected

_LOOPBACK: Final = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")
_ROUTES: Final = ("allocations", "github", "pools", "environments")  # what the client adds to an endpoint itself
_EXAMPLE: Final = "https://ID.execute-api.REGION.amazonaws.com/v1"


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    return bool(_LOOPBACK.fullmatch(host.lower()))


def checked(endpoint: str) -> str:
    """The endpoint without a slash at its end; raises `NotConnected` for what cannot be one."""
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname or "", parts.port
    except ValueError as broken:
        raise NotConnected(
            f"the endpoint {endpoint!r} is not an address ({broken}): write it as {_EXAMPLE}"
        ) from broken
    if problem := _problem(endpoint, parts.scheme, host, parts.path.rstrip("/")):
        raise NotConnected(f"the endpoint {endpoint!r} {problem}")
    return endpoint.rstrip("/")


def _problem(endpoint: str, scheme: str, host: str, path: str) -> str:
    if scheme not in ("http", "https") or not host or not endpoint.isprintable() or " " in endpoint:
        return f"is not an address: write it with its scheme and its stage, as {_EXAMPLE}"
    if "@" in endpoint or "?" in endpoint or "#" in endpoint:
        return "has a user, a query or a fragment: write the address and its stage only"
    if scheme == "http" and not is_loopback(host):
        return "is http, which exposes the credentials to the network: write https"
    last = path.rpartition("/")[2]
    if last in _ROUTES:
        return f"ends in /{last}, which clients add themselves: remove it"
    return ""
