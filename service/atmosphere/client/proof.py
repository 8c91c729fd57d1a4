"""How a request proves who sends it: a signature, a GitHub token, or a release token. One proof for each repeat."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.client.errors import NotConnected
from atmosphere.contract import GITHUB_ROOT, RELEASE_SCHEME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.credentials import Credentials

GITHUB: Final = GITHUB_ROOT.removeprefix("/")


class Proof(Protocol):
    """Adds to a request what proves who sends it; `root` is the first segment of the tree that understands it."""

    @property
    def root(self) -> tuple[str, ...]:
        """What comes between the endpoint and a route's path."""

    def headers(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        """All headers of the request, with the proof; made anew each time."""


@dataclass(frozen=True, slots=True)
class Signed:
    """SigV4, with whatever the credentials are at that moment."""

    credentials: Credentials = field(repr=False)
    region: str
    root: tuple[str, ...] = ()

    def headers(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Signed headers; raises `NotConnected` where the credentials cannot be renewed."""
        request = AWSRequest(method=method, url=url, data=content, headers=dict(headers))
        try:
            keys = self.credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError) as broken:
            raise NotConnected(f"the AWS credentials to sign with cannot be renewed: {broken}") from broken
        SigV4Auth(keys, "execute-api", self.region).add_auth(request)
        return dict(request.headers.items())


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token of a GitHub job, asked for anew each time: the service takes each token once."""

    tokens: Callable[[], str] = field(repr=False)
    root: tuple[str, ...] = (GITHUB,)

    def headers(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        """With an Authorization header."""
        del method, url, content
        return {**headers, "Authorization": f"Bearer {self.tokens()}"}


@dataclass(frozen=True, slots=True)
class ReleaseToken:
    """A secret that can end one allocation, when whoever took it can no longer prove who it was.

    Send `hash` when allocating; keep the token for the end, where no log sees it.
    """

    secret: str = field(repr=False)
    root: tuple[str, ...] = field(default=(GITHUB,), repr=False)

    @classmethod
    def new(cls) -> ReleaseToken:
        """One that nobody can guess: 32 random bytes as 43 base64url characters."""
        return cls(secrets.token_urlsafe(32))

    @property
    def hash(self) -> str:
        """The `releaseTokenHash` of an allocate request: the sha-256 in hex of the 43 characters."""
        return sha256(self.secret.encode()).hexdigest()

    def headers(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        """With an Authorization header."""
        del method, url, content
        return {**headers, "Authorization": f"Bearer {RELEASE_SCHEME}{self.secret}"}


def proof_by(credentials: Credentials | None, tokens: Callable[[], str] | None, region: str) -> Proof:
    """The proof of whoever has exactly one of the two; raises `NotConnected`."""
    if credentials is not None and tokens is None:
        return Signed(credentials, region)
    if tokens is not None and credentials is None:
        return Bearer(tokens)
    raise NotConnected("give the client exactly one of AWS credentials and a source of GitHub tokens")
