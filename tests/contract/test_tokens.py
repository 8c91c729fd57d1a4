"""Used tokens and signatures under their suites."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from atmosphere.adapters.memory import FakeClock, MemorySignatures, MemoryUsedTokens
from atmosphere.adapters.signing_keys import SigningKeys
from atmosphere.adapters.token_signatures import JwtSignatures
from atmosphere.adapters.used_tokens import DynamoUsedTokens
from atmosphere.contract import Table
from atmosphere.core.github import GITHUB_COM, TrustedIssuer
from atmosphere.ports import Unreachable
from tests.contract.tokens_contract import AUDIENCE, JTI, UNTIL, SignaturesContract, UsedTokensContract
from tests.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.ports import TokenSignatures

    Clients = Callable[..., Any]

ISSUER: Final = TrustedIssuer(issuer=GITHUB_COM, jwks_url="https://keys.example.com/jwks")


class TestMemoryUsedTokens(UsedTokensContract):
    @pytest.fixture
    def used(self) -> MemoryUsedTokens:
        return MemoryUsedTokens()

    def test_while_it_fails_nothing_is_used(self, used: MemoryUsedTokens) -> None:
        used.failing = True
        with pytest.raises(Unreachable):
            used.burn(GITHUB_COM, JTI, until=UNTIL)
        used.failing = False
        assert used.burn(GITHUB_COM, JTI, until=UNTIL)


class _Dynamo(UsedTokensContract):
    @pytest.fixture
    def used(self, dynamodb: Any) -> DynamoUsedTokens:
        return DynamoUsedTokens(dynamodb, create_tables(dynamodb)[Table.USED_TOKENS])

    def test_only_a_hash_and_an_end_are_kept(self, dynamodb: Any, used: DynamoUsedTokens) -> None:
        used.burn(GITHUB_COM, JTI, until=UNTIL)
        items = dynamodb.scan(TableName=used._table)["Items"]
        assert [sorted(item) for item in items] == [["expires", "token", "use"]]
        assert JTI not in json.dumps(items)
        assert UNTIL.timestamp() < int(items[0]["expires"]["N"]) <= UNTIL.timestamp() + 1

    def test_without_its_table_it_is_unreachable(self, dynamodb: Any, used: DynamoUsedTokens) -> None:
        dynamodb.delete_table(TableName=used._table)
        with pytest.raises(Unreachable, match="PutItem failed with ResourceNotFoundException"):
            used.burn(GITHUB_COM, JTI, until=UNTIL)


class TestUsedTokensOnMoto(_Dynamo):
    threads = False

    @pytest.fixture
    def dynamodb(self, moto_client: Clients) -> Any:
        return moto_client("dynamodb")


@pytest.mark.emulator
class TestUsedTokensOnTheEmulator(_Dynamo):
    @pytest.fixture
    def dynamodb(self, emulator_client: Clients) -> Any:
        return emulator_client("dynamodb")


@cache
def _key(name: str) -> rsa.RSAPrivateKey:
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _claims() -> dict[str, Any]:
    return {"iss": GITHUB_COM, "aud": AUDIENCE, "jti": JTI, "exp": 0}


class TestMemorySignatures(SignaturesContract):
    @pytest.fixture
    def issuer(self) -> TrustedIssuer:
        return ISSUER

    @pytest.fixture
    def token(self) -> str:
        return "genuine"

    @pytest.fixture
    def forged(self) -> str:
        return "forged"

    @pytest.fixture
    def signatures(self, token: str) -> TokenSignatures:
        return MemorySignatures({token: _claims()})

    @pytest.fixture
    def down(self, token: str) -> TokenSignatures:
        return MemorySignatures({token: _claims()}, failing=True)


class TestJwtSignatures(SignaturesContract):
    @pytest.fixture
    def issuer(self) -> TrustedIssuer:
        return ISSUER

    @pytest.fixture
    def token(self) -> str:
        return jwt.encode(_claims(), _key("main"), algorithm="RS256", headers={"kid": "main"})

    @pytest.fixture
    def forged(self) -> str:
        return jwt.encode(_claims(), _key("attacker"), algorithm="RS256", headers={"kid": "main"})

    @pytest.fixture
    def signatures(self) -> TokenSignatures:
        entry = json.loads(RSAAlgorithm.to_jwk(_key("main").public_key())) | {"kid": "main", "use": "sig"}
        published = json.dumps({"keys": [entry]}).encode()
        return JwtSignatures(SigningKeys(clock=FakeClock(), fetch=lambda _: published))

    @pytest.fixture
    def down(self) -> TokenSignatures:
        def fetch(_: str) -> bytes:
            raise Unreachable("told to")

        return JwtSignatures(SigningKeys(clock=FakeClock(), fetch=fetch))
