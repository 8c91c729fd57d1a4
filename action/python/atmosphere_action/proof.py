"""How a request proves who sends it: a GitHub token, a signature, or the release token. One proof for each repeat."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Callable, Mapping, Protocol

from atmosphere_action import sigv4

_GITHUB = "github"
_RELEASE_SCHEME = "atmosphere-release."


class Proof(Protocol):
    """Adds to a request what proves who sends it; `root` is the tree of the API that understands it."""

    @property
    def root(self) -> tuple[str, ...]:
        """What comes between the endpoint and a route's path."""

    def headers(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        """All headers of the request, with the proof; made anew each time. Raises `ActionError`."""


@dataclass(frozen=True)
class Bearer:
    """A GitHub token, asked for anew each time: the service takes each token once."""

    tokens: Callable[[], str] = field(repr=False)
    root: tuple[str, ...] = (_GITHUB,)

    def headers(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        """With an Authorization header."""
        del method, url, content
        return {**headers, "Authorization": f"Bearer {self.tokens()}"}


@dataclass(frozen=True)
class Signed:
    """SigV4 with whatever the keys are at that moment."""

    keys: Callable[[], sigv4.Keys] = field(repr=False)
    region: str
    root: tuple[str, ...] = ()

    def headers(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        """Signed headers."""
        return sigv4.signed(self.keys(), region=self.region, method=method, url=url, headers=headers, content=content)


@dataclass(frozen=True)
class ReleaseToken:
    """The secret that can end this step's allocation and do nothing else."""

    secret: str = field(repr=False)
    root: tuple[str, ...] = field(default=(_GITHUB,), repr=False)

    @property
    def hash(self) -> str:
        """The `releaseTokenHash` of the allocate request."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def headers(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        """With an Authorization header."""
        del method, url, content
        return {**headers, "Authorization": f"Bearer {_RELEASE_SCHEME}{self.secret}"}
