"""Tokens of a GitHub job: the callable that asks the runner for one (docs.github.com, "OpenID Connect reference")."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import urllib3

from atmosphere.client.errors import NO_TOKEN, NotConnected, error_for

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
_TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 a variable's name
_PATIENCE: Final = 10.0  # seconds
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """Asks the job's runner for a token of one audience; each call is a new token. Raises `ServiceError`."""

    url: str
    request_token: str = field(repr=False)
    audience: str

    def __call__(self) -> str:
        """The token."""
        separator = "&" if "?" in self.url else "?"
        url = f"{self.url}{separator}{urlencode({'audience': self.audience})}" if self.audience else self.url
        headers = {"Authorization": f"Bearer {self.request_token}", "Accept": "application/json"}
        try:
            reply = urllib3.request("GET", url, headers=headers, timeout=_PATIENCE, retries=False, redirect=False)
        except urllib3.exceptions.HTTPError as lost:
            message = f"the runner's token service did not answer ({type(lost).__name__})"
            raise error_for(0, NO_TOKEN, message) from lost
        token = _value(reply.data) if reply.status == _OK else None
        if token is None:
            raise error_for(0, NO_TOKEN, f"the runner's token service returned no token (HTTP {reply.status})")
        return token


def _value(content: bytes) -> str | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    token = value.get("value") if isinstance(value, dict) else None
    return token if isinstance(token, str) and token and token.isascii() and token.isprintable() else None


def token_request(audience: str, environ: Mapping[str, str] = os.environ) -> TokenRequest:
    """What the job's environment says; raises `NotConnected` where the job may not have tokens."""
    if not environ.get(_URL) or not environ.get(_TOKEN):
        raise NotConnected(
            "this job has no permission to request GitHub tokens: set `permissions: id-token: write`; "
            "runs for pull requests from forks never may"
        )
    return TokenRequest(url=environ[_URL], request_token=environ[_TOKEN], audience=audience)
