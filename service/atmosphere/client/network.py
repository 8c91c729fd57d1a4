"""The way to a service: proxies and certificates as AWS tools read them from variables, and why there was no reply.

HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in either case; AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE.
Source: docs.aws.amazon.com, "Using an HTTP proxy for the AWS CLI".
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from atmosphere.client.endpoint import is_loopback
from atmosphere.client.errors import UNREACHABLE, NotConnected, ServiceError, error_for

if TYPE_CHECKING:
    from collections.abc import Mapping

UNTRUSTED: Final = "untrusted-certificate"
_CONNECT: Final = 5.0  # seconds
_READ: Final = 35.0  # seconds; the gateway gives up after 29
_BUNDLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def pool(endpoint: str, environ: Mapping[str, str] = os.environ) -> urllib3.PoolManager:
    """Connections to an endpoint; raises `NotConnected` for a bundle or a proxy that cannot be used."""
    options: dict[str, Any] = {
        "retries": False,
        "timeout": urllib3.Timeout(connect=_CONNECT, read=_READ),
        "maxsize": 4,
        "ca_certs": _bundle(environ),
    }
    proxy = _proxy(endpoint)
    if proxy is None:
        return urllib3.PoolManager(**options)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    headers = None
    if parts.username is not None:
        headers = urllib3.make_headers(proxy_basic_auth=f"{parts.username}:{parts.password or ''}")
    try:
        return urllib3.ProxyManager(_without_user(parts.geturl()), proxy_headers=headers, **options)
    except (HTTPError, ValueError) as broken:
        raise NotConnected(f"the proxy of HTTPS_PROXY or HTTP_PROXY is not usable ({broken}): correct it") from broken


def _proxy(endpoint: str) -> str | None:
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    named = getproxies_environment()
    return named.get(parts.scheme) or named.get("all")


def _without_user(url: str) -> str:
    before, _, host = url.partition("://")[2].rpartition("@")
    return f"{url.partition('://')[0]}://{host}" if before else url


def _bundle(environ: Mapping[str, str]) -> str | None:
    for name in _BUNDLES:
        path = environ.get(name)
        if path:
            if not os.path.isfile(path):  # noqa: PTH113 the text of a variable
                raise NotConnected(f"{name} is {path!r}, which is not a file: correct or unset it")
            return path
    return None


def unreachable(endpoint: str, lost: HTTPError) -> ServiceError:
    """Why there is no reply, and what to do; `sent` is False where there was no connection at all."""
    place = urlsplit(endpoint).netloc
    if isinstance(lost, SSLError):
        remedy = "set AWS_CA_BUNDLE to the certificates of its authority, or correct the address"
        return error_for(0, UNTRUSTED, f"{place} presents an untrusted certificate ({lost}): {remedy}", sent=False)
    cause = _cause(lost)
    why = next((text for kind, text in _WHY if isinstance(cause, kind)), None)
    if why is None:
        remedy = "check the address, and that the service is up"
        return error_for(0, UNREACHABLE, f"{place} did not answer ({type(lost).__name__}): {remedy}")
    through = " (through the proxy of HTTPS_PROXY or HTTP_PROXY)" if isinstance(lost, ProxyError) else ""
    remedy = "check the address and your network, and that the service is up"
    return error_for(0, UNREACHABLE, f"{place} {why}{through}: {remedy}", sent=False)


def _cause(lost: HTTPError) -> BaseException:
    """What is inside an error of a proxy, which is about the connection to the proxy."""
    return lost.original_error if isinstance(lost, ProxyError) else lost


_WHY: Final[tuple[tuple[type[HTTPError], str], ...]] = (
    (NameResolutionError, "has an unknown host name"),
    (NewConnectionError, "refuses connections"),
    (ConnectTimeoutError, "does not accept connections"),
)
