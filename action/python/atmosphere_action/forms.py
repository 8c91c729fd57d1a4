"""The forms of single inputs, each a parser of text that raises `ValueError` with what would be right."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Mapping
from urllib.parse import urlsplit, urlunsplit

_TIME = re.compile(r"([0-9]{1,7})\s*([smh]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_ACCOUNT = re.compile(r"[0-9]{12}")
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LOOPBACK = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")
_PORTS = {"https": 443, "http": 80}
_ROUTES = ("allocations", "github", "pools", "environments")  # what the action adds to an endpoint itself


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    return bool(_LOOPBACK.fullmatch(host.lower()))


def text(value: str) -> str:
    """Anything."""
    return value


def flag(value: str) -> bool:
    """`true` or `false`."""
    if value.lower() not in ("true", "false"):
        raise ValueError(f"is {value!r}: write true or false")
    return value.lower() == "true"


def seconds(value: str) -> int:
    """A time: `3h`, `90m`, `45s`, or seconds."""
    found = _TIME.fullmatch(value)
    if not found:
        raise ValueError(f"is {value!r}: write seconds, or a time such as 45s, 90m or 3h")
    return int(found.group(1)) * _UNITS[found.group(2)]


def choice(*words: str) -> Callable[[str], str]:
    """One of these words."""

    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"is {value!r}: write one of {', '.join(words)}")
        return value

    return parse


def accounts(value: str) -> frozenset[str]:
    """Account ids, separated by commas or spaces."""
    ids = frozenset(re.split(r"[\s,]+", value.strip(" ,\n")))
    wrong = sorted(id_ for id_ in ids if not _ACCOUNT.fullmatch(id_))
    if wrong:
        raise ValueError(f"has {', '.join(wrong)!r}, which is not an account id: write 12 digits each, in quotes")
    return ids


def profile(value: str) -> str:
    """A profile's name that every tool reads alike."""
    if not _PROFILE.fullmatch(value):
        raise ValueError(f"is {value!r}: write letters, digits, dots, dashes and underscores, at most 100")
    return value


def policy(value: str) -> Mapping[str, Any]:
    """An IAM policy as JSON text."""
    try:
        document = json.loads(value)
    except ValueError as broken:
        raise ValueError(f"is not valid JSON ({broken}): write an IAM policy document") from broken
    if not isinstance(document, dict):
        raise ValueError("is not a JSON object: write an IAM policy document")  # noqa: TRY004 all problems are ValueErrors
    return document


def endpoint(value: str) -> str:
    """The service's address, without a slash at its end and in one spelling."""
    parts = urlsplit(value)
    host, scheme = parts.hostname or "", parts.scheme.lower()
    problem = _problem(value, scheme, host, odd=bool(parts.query or parts.fragment or "@" in parts.netloc))
    if problem:
        raise ValueError(problem)
    port = "" if parts.port in (None, _PORTS[scheme]) else f":{parts.port}"  # .port raises ValueError by itself
    bracketed = f"[{host}]" if ":" in host else host
    return urlunsplit((scheme, bracketed + port, parts.path.rstrip("/"), "", ""))


def _problem(value: str, scheme: str, host: str, *, odd: bool) -> str:
    if not value.isascii() or not value.isprintable() or " " in value or not host or scheme not in _PORTS:
        return f"is {value!r}: write the service's address, such as https://ID.execute-api.REGION.amazonaws.com/v1"
    if odd:
        return "has a user, a query or a fragment: write the address and its stage only"
    if scheme == "http" and not is_loopback(host):
        return "is http, which exposes the credentials to the network: write https"
    last = urlsplit(value).path.rstrip("/").rpartition("/")[2]
    return f"ends in /{last}, which the action adds itself: remove it" if last in _ROUTES else ""
