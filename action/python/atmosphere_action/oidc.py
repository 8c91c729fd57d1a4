"""Tokens of the job, from the runner (docs.github.com, "OpenID Connect reference"). Each is for one request."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping
from urllib.parse import urlencode

from atmosphere_action import wire
from atmosphere_action.errors import NoIdentity, TokenTrouble, Unanswered

_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 a variable's name
_PATIENCE = 10.0  # seconds
_OK = 200


@dataclass(frozen=True)
class Tokens:
    """Asks the runner for a token of one audience, anew at each call; `mask` sees each before anybody else."""

    url: str
    request_token: str = field(repr=False)
    audience: str
    mask: Callable[[str], None]

    def __call__(self) -> str:
        """A token; raises `TokenTrouble`."""
        separator = "&" if "?" in self.url else "?"
        url = f"{self.url}{separator}{urlencode({'audience': self.audience})}"
        headers = {"Authorization": f"Bearer {self.request_token}", "Accept": "application/json"}
        try:
            reply = wire.send("GET", url, headers=headers, patience=_PATIENCE)
        except Unanswered as lost:
            raise TokenTrouble(f"the runner's token service did not answer: {lost}") from lost
        token = _token(reply.content) if reply.status == _OK else None
        if token is None:
            raise TokenTrouble(f"the runner's token service returned no token (HTTP {reply.status}): run the job again")
        self.mask(token)
        return token


def _token(content: bytes) -> str | None:
    try:
        value: Any = json.loads(content)
    except ValueError:  # no token then, which the caller tells
        return None
    token = value.get("value") if isinstance(value, dict) else None
    return token if isinstance(token, str) and token and token.isascii() and token.isprintable() else None


def available(environ: Mapping[str, str]) -> bool:
    """Whether the job may ask for tokens at all."""
    return bool(environ.get(_URL) and environ.get(_TOKEN))


def tokens(audience: str, environ: Mapping[str, str], mask: Callable[[str], None]) -> Tokens:
    """What the job's environment says; raises `NoIdentity` with the cure."""
    if not available(environ):
        raise NoIdentity(why_none(environ))
    return Tokens(url=environ[_URL], request_token=environ[_TOKEN], audience=audience, mask=mask)


def why_none(environ: Mapping[str, str]) -> str:
    """Why this job may not ask for tokens, and what to do."""
    if from_fork(environ):
        return (
            "a run for a pull request from a fork gets no GitHub token, regardless of its permissions: "
            "run this job in the merge queue or manually (docs/access.md), or skip it for forks"
        )
    return (
        "the job has no permission to request GitHub tokens: set `permissions: id-token: write` "
        "(and `contents: read` if it checks out code), in the job or at the top of the workflow"
    )


def from_fork(environ: Mapping[str, str]) -> bool:
    """Whether the event is a pull request whose branch is in a fork."""
    if not environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        return False
    part = _event(environ.get("GITHUB_EVENT_PATH", ""))
    for name in ("pull_request", "head", "repo", "fork"):
        part = part.get(name) if isinstance(part, dict) else None
    return part is True


def _event(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            return json.load(file)
    except (OSError, ValueError):  # it only makes an explanation better
        return None
