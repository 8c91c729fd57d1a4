"""AWS Signature Version 4 (docs.aws.amazon.com, "Create a signed AWS API request"), for one request."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import Mapping
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "execute-api"
DEFAULT_REGION = "us-east-1"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNSIGNED = frozenset({"user-agent"})  # what may be changed on the way


@dataclass(frozen=True)
class Keys:
    """AWS credentials."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def region_of(endpoint: str) -> str:
    """The region that an API Gateway host names, else us-east-1, for which other hosts are signed."""
    parts = (urlsplit(endpoint).hostname or "").split(".")
    if len(parts) > 3 and parts[1] == "execute-api" and parts[3] == "amazonaws":  # noqa: PLR2004 ID.execute-api.REGION.…
        return parts[2]
    return DEFAULT_REGION


def signed(
    keys: Keys,
    *,
    region: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes,
    now: float | None = None,
) -> dict[str, str]:
    """The headers with those of the signature; `now` is in epoch seconds. The URL is sent exactly as it is here."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    whole = {**headers, "X-Amz-Date": stamp}
    if keys.session_token:
        whole["X-Amz-Security-Token"] = keys.session_token
    signable = _signable(whole, url)
    names = ";".join(sorted(signable))
    scope = "/".join((stamp[:8], region, _SERVICE, "aws4_request"))
    digest = hashlib.sha256(_canonical(method, url, signable, names, content).encode()).hexdigest()
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    key = ("AWS4" + keys.secret_access_key).encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, to_sign).hex()
    credential = f"{keys.access_key_id}/{scope}"
    whole["Authorization"] = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return whole


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _signable(headers: Mapping[str, str], url: str) -> dict[str, str]:
    named = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    named.setdefault("host", _host(url))
    return {name: value for name, value in named.items() if name not in _UNSIGNED}


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return host if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{parts.port}"


def _canonical(method: str, url: str, signable: Mapping[str, str], names: str, content: bytes) -> str:
    parts = urlsplit(url)
    lines = [method.upper(), _path(parts.path), _query(parts.query)]
    lines += [f"{name}:{signable[name]}" for name in sorted(signable)]
    lines += ["", names, hashlib.sha256(content).hexdigest()]
    return "\n".join(lines)


def _path(path: str) -> str:
    """Without dots and doubled slashes, and escaped once more, as every service but S3 does it."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            kept = kept[:-1]
        elif part not in ("", "."):
            kept.append(part)
    slash = "/" if kept and path.endswith("/") else ""
    return quote("/" + "/".join(kept) + slash, safe="/~")


def _query(query: str) -> str:
    """Sorted by name and then value; the parts are escaped already."""
    pairs = (part.partition("=")[::2] for part in query.split("&")) if query else ()
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
