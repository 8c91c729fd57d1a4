"""The authorizer with real keys and signatures, in memory otherwise; tokens of every kind of wrong."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from jwt.algorithms import RSAAlgorithm

from atmosphere.adapters.memory import FakeClock, MemorySnapshot, MemoryUsedTokens
from atmosphere.adapters.signing_keys import SigningKeys, fetch_keys
from atmosphere.adapters.token_signatures import JwtSignatures
from atmosphere.contract import NAME
from atmosphere.core.access import AccessRules
from atmosphere.core.github import GITHUB_COM, Issuer, RepositoryId, TrustedIssuer
from atmosphere.core.github_rules import GitHubRule
from atmosphere.core.model import RuleName
from atmosphere.handlers import authorize
from atmosphere.wiring import App
from tests.builders import POOL, a_snapshot, an_iam_rule, settings
from tests.identity.keyserver import key_set

if TYPE_CHECKING:
    from atmosphere.core.settings import Settings
    from tests.identity.keyserver import KeyServer

AUDIENCE: Final = "https://atmosphere.example.com"
ENTERPRISE: Final = Issuer(f"{GITHUB_COM}/octo-enterprise")
PLAIN_HTTP: Final = Issuer("http://issuer.example.com")
KID: Final = "key-1"
KEYS: Final = "https://keys.example.com"
JWKS: Final = {GITHUB_COM: "/github/jwks", ENTERPRISE: "/enterprise/jwks", PLAIN_HTTP: "/plain/jwks"}
WORKFLOW: Final = "example-org/example-repo/.github/workflows/integ.yml@refs/heads/main"
ARN: Final = "arn:aws:execute-api:us-east-1:111111111111:abc123/v1/POST/github/allocations"
ABSENT: Final = object()


def key_pair(name: str = "main", bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key of this name, made when first asked for."""
    return _made(name, bits)


@cache
def _made(name: str, bits: int) -> rsa.RSAPrivateKey:
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def published(key: rsa.RSAPrivateKey, kid: str = KID, **changes: Any) -> dict[str, Any]:
    """A key as issuers publish it; a change to `ABSENT` leaves a member out."""
    entry = json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig", "alg": "RS256"}
    return {name: value for name, value in (entry | changes).items() if value is not ABSENT and name != "key_ops"}


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(part: str) -> bytes:
    """The bytes of a part."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def signed(header: bytes, claims: bytes, key: rsa.RSAPrivateKey, algorithm: str = "RS256") -> str:
    """A token of any bytes with a signature that holds."""
    text = f"{b64(header)}.{b64(claims)}"
    scheme, digest = _ALGORITHMS[algorithm]
    return f"{text}.{b64(key.sign(text.encode(), scheme, digest))}"


_ALGORITHMS: Final[dict[str, tuple[Any, Any]]] = {
    "RS256": (padding.PKCS1v15(), hashes.SHA256()),
    "RS512": (padding.PKCS1v15(), hashes.SHA512()),
    "PS256": (padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH), hashes.SHA256()),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway would answer, and what the log says of it."""

    status: int
    reason: str = ""


class _Lines(logging.Handler):
    """Collects log records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def a_rule(**changes: Any) -> GitHubRule:
    """The main branch of example-org/example-repo, pushes and the like, for the pool `canary`."""
    defaults: dict[str, Any] = {
        "name": RuleName("example"),
        "issuer": GITHUB_COM,
        "repository_id": RepositoryId("123456"),
        "repository_owner_id": "654321",
        "repository": "example-org/example-repo",
        "pools": (POOL,),
    }
    return GitHubRule(**(defaults | changes))


@dataclass
class World:
    """One deployment: its rules and settings, its clock, its issuer."""

    server: KeyServer
    clock: FakeClock = field(default_factory=FakeClock)
    used: MemoryUsedTokens = field(default_factory=MemoryUsedTokens)
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.server.reset()
        self.lines = _Lines()
        self.minted = 0
        self.publish(published(key_pair()))
        self.server.published[JWKS[ENTERPRISE]] = key_set(published(key_pair("enterprise"), "enterprise-1"))
        self.server.published[JWKS[PLAIN_HTTP]] = key_set(published(key_pair()))
        self.app = App(self.environ)
        self.app.clock = self.clock
        self.app.used_tokens = self.used
        self.app.token_signatures = JwtSignatures(SigningKeys(clock=self.clock, fetch=self._fetch))
        self.configure(a_rule())

    def _fetch(self, url: str) -> bytes:
        """The https URLs of the settings, on loopback."""
        return fetch_keys(url if url.startswith(self.server.url) else self.server.url + urlsplit(url).path)

    def publish(self, *entries: dict[str, Any]) -> None:
        """What github.com's issuer publishes from now on."""
        self.server.published[JWKS[GITHUB_COM]] = key_set(*entries)

    def configure(self, *rules: GitHubRule, **changes: Any) -> None:
        """Other rules, or other settings."""
        access = AccessRules(iam=(an_iam_rule(),), github=rules)
        self.app.snapshots = MemorySnapshot(a_snapshot(access=access, settings=self._settings(**changes)))

    def _settings(self, **changes: Any) -> Settings:
        trusted = (GITHUB_COM, ENTERPRISE)
        issuers = tuple(
            TrustedIssuer(issuer=name, jwks_url=f"https://keys.example.com{JWKS[name]}") for name in trusted
        )
        return settings(**({"audience": AUDIENCE, "issuers": issuers} | changes))

    @property
    def now(self) -> int:
        """Epoch seconds on this deployment's clock."""
        return int(self.clock.now().timestamp())

    def wait(self, **parts: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**parts))

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a run of the example's rule says; a change to `ABSENT` leaves a claim out."""
        self.minted += 1
        defaults = {
            "iss": GITHUB_COM,
            "aud": AUDIENCE,
            "sub": "repo:example-org/example-repo:ref:refs/heads/main",
            "jti": f"00000000-0000-4000-8000-{self.minted:012}",
            "iat": self.now - 5,
            "nbf": self.now - 605,
            "exp": self.now + 295,
            "repository": "example-org/example-repo",
            "repository_id": "123456",
            "repository_owner": "example-org",
            "repository_owner_id": "654321",
            "repository_visibility": "private",
            "run_id": "7000000001",
            "run_number": "17",
            "run_attempt": "1",
            "check_run_id": "8000000001",
            "event_name": "push",
            "ref": "refs/heads/main",
            "ref_type": "branch",
            "sha": "0123456789abcdef0123456789abcdef01234567",
            "workflow": "integ",
            "workflow_ref": WORKFLOW,
            "job_workflow_ref": WORKFLOW,
            "runner_environment": "github-hosted",
            "actor": "octocat",
            "actor_id": "583231",
        }
        return {name: value for name, value in (defaults | changes).items() if value is not ABSENT}

    def token(
        self,
        *,
        header: dict[str, Any] | None = None,
        key: rsa.RSAPrivateKey | None = None,
        algorithm: str = "RS256",
        **changes: Any,
    ) -> str:
        """A token with changed claims and header, and a signature that holds under `key`."""
        full = {"alg": algorithm, "typ": "JWT", "kid": KID, "x5t": "thumb"} | (header or {})
        kept = {name: value for name, value in full.items() if value is not ABSENT}
        claims = json.dumps(self.claims(**changes)).encode()
        return signed(json.dumps(kept).encode(), claims, key or key_pair(), algorithm)

    def policy(self, token: str, arn: str = ARN) -> dict[str, Any]:
        """What the authorizer answers."""
        event = {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": arn}
        return authorize.handle(event, self.app)

    def ask(self, token: str, arn: str = ARN) -> Answer:
        """The answer to a bearer token."""
        return self.send({"authorizationToken": f"Bearer {token}", "methodArn": arn})

    def send(self, event: dict[str, Any]) -> Answer:
        """The answer to any event, as the gateway would make it of what the authorizer does."""
        with self.logged() as lines:
            status = self._status({"type": "TOKEN", "methodArn": ARN} | event)
        reasons = [str(record.__dict__["reason"]) for record in lines if "reason" in record.__dict__]
        return Answer(status, reasons[-1] if reasons else "")

    def _status(self, event: dict[str, Any]) -> int:
        try:
            policy = authorize.handle(event, self.app)
        except Exception as raised:  # noqa: BLE001 -- as Lambda does
            return 401 if str(raised) == "Unauthorized" and type(raised) is Exception else 503
        return 200 if policy["policyDocument"]["Statement"][0]["Effect"] == "Allow" else 403

    def logged(self) -> _Logged:
        """Collects the lines that are logged within the block."""
        return _Logged()


class _Logged:
    def __enter__(self) -> list[logging.LogRecord]:
        self._lines = _Lines()
        logging.getLogger(NAME).addHandler(self._lines)
        return self._lines.records

    def __exit__(self, *_: object) -> None:
        logging.getLogger(NAME).removeHandler(self._lines)
