"""Times the authorizer's handler against the same work done bare: PyJWT's verification and a conditional PutItem.

Both run in this process against the same embedded AWS, in pairs, in changing order, with warm keys and clients; tokens
are signed beforehand, and log lines go nowhere, but are written.
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import boto3
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from atmosphere.adapters.clients import TOKENS
from atmosphere.adapters.memory import MemorySnapshot
from atmosphere.adapters.signing_keys import SigningKeys
from atmosphere.adapters.system import SystemClock
from atmosphere.adapters.token_signatures import JwtSignatures
from atmosphere.adapters.used_tokens import DynamoUsedTokens
from atmosphere.core.access import AccessRules
from atmosphere.core.github import GITHUB_COM, RepositoryId, TrustedIssuer
from atmosphere.core.github_rules import GitHubRule
from atmosphere.core.model import PoolName, RuleName
from atmosphere.core.settings import Settings
from atmosphere.core.snapshot import Snapshot
from atmosphere.handlers import authorize
from atmosphere.local.emulator import HUB_ACCOUNT, REGION, Emulator
from atmosphere.wiring import App
from bench.pairing import PAIRS, Paired, paired

BAR: Final = 1.25
AUDIENCE: Final = "https://atmosphere.example.com"
TABLE: Final = "used"
_ARN: Final = f"arn:aws:execute-api:{REGION}:{HUB_ACCOUNT}:api/v1/POST/github/allocations"


class _Bench:
    """One key, one table, one configuration; both ways to let a token in."""

    def __init__(self, endpoint: str) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._public = self._key.public_key()
        self._client = boto3.session.Session(
            aws_access_key_id=HUB_ACCOUNT,
            aws_secret_access_key="test",  # noqa: S106 -- the emulator's
            region_name=REGION,
        ).client("dynamodb", endpoint_url=endpoint, config=TOKENS)
        self._client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "token", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "token", "KeyType": "HASH"}],
        )
        self._app = self._wired()

    def _wired(self) -> App:
        entry = json.loads(RSAAlgorithm.to_jwk(self._public)) | {"kid": "one", "use": "sig"}
        published = json.dumps({"keys": [entry]}).encode()
        app = App({})
        app.token_signatures = JwtSignatures(SigningKeys(clock=SystemClock(), fetch=lambda _: published))
        app.used_tokens = DynamoUsedTokens(self._client, TABLE)
        app.snapshots = MemorySnapshot(_snapshot())
        return app

    def token(self) -> str:
        """A token as github.com makes them."""
        now = int(datetime.now(UTC).timestamp())
        times = {"iat": now, "nbf": now - 600, "exp": now + 300}
        return jwt.encode({**_CLAIMS, **times, "jti": str(uuid4())}, self._key, "RS256", headers={"kid": "one"})

    def handler(self, token: str) -> None:
        """The authorizer."""
        authorize.handle({"authorizationToken": f"Bearer {token}", "methodArn": _ARN}, self._app)

    def bare(self, token: str) -> None:
        """What cannot be left out: the signature and the one write."""
        claims: dict[str, Any] = jwt.decode(
            token, self._public, algorithms=["RS256"], audience=AUDIENCE, issuer=GITHUB_COM, leeway=30
        )
        key = sha256(f"{claims['iss']}\n{claims['jti']}".encode()).hexdigest()
        self._client.put_item(
            TableName=TABLE,
            Item={"token": {"S": key}, "expires": {"N": str(claims["exp"] + 35)}},
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": "token"},
        )


_CLAIMS: Final = {
    "iss": GITHUB_COM,
    "aud": AUDIENCE,
    "sub": "repo:example-org/example-repo:ref:refs/heads/main",
    "repository": "example-org/example-repo",
    "repository_id": "123456",
    "repository_owner_id": "654321",
    "run_id": "7000000001",
    "run_attempt": "1",
    "check_run_id": "8000000001",
    "event_name": "push",
    "ref": "refs/heads/main",
    "job_workflow_ref": "example-org/example-repo/.github/workflows/integ.yml@refs/heads/main",
    "runner_environment": "github-hosted",
    "actor": "octocat",
}


def _snapshot() -> Snapshot:
    rule = GitHubRule(
        name=RuleName("example"),
        issuer=GITHUB_COM,
        repository_id=RepositoryId("123456"),
        repository_owner_id="654321",
        repository="example-org/example-repo",
        pools=(PoolName("demo"),),
    )
    issuers = (TrustedIssuer(issuer=GITHUB_COM, jwks_url=f"{GITHUB_COM}/.well-known/jwks"),)
    settings = Settings(role_names=("AtmosphereAdmin",), audience=AUDIENCE, issuers=issuers)
    return Snapshot(environments=(), access=AccessRules(github=(rule,)), settings=settings)


def authorizing(pairs: int = PAIRS) -> Paired:
    """Start an embedded AWS, measure, stop it."""
    with tempfile.TemporaryDirectory() as scratch:
        emulator = Emulator(Path(scratch))
        emulator.start()
        try:
            bench = _Bench(emulator.endpoint)
            return paired(bench.handler, bench.bare, bench.token, pairs)
        finally:
            emulator.stop()


if __name__ == "__main__":
    print(authorizing())
