"""What GitHub signs with, under one suite; and how long Secrets Manager's answer is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError

from atmosphere.adapters.memory import FakeClock, MemorySecrets
from atmosphere.adapters.webhook_secrets import KEPT, OVERLAP, RETRY, ManagedSecrets
from atmosphere.contract import issuer_digest
from atmosphere.core.github import GITHUB_COM, Issuer
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.ports import WebhookSecrets

ELSEWHERE: Final = Issuer("https://github.acme.test/_services/token")
DIGEST: Final = issuer_digest(GITHUB_COM)
FIRST, SECOND, THIRD = b"first-secret", b"second-secret", b"third-secret"


class _Contract:
    """Subclasses give `secrets` that are `FIRST`, `change` it to another one, and `down`: one that cannot be had."""

    def test_the_secret_is_the_one_in_force(self, secrets: WebhookSecrets) -> None:
        assert secrets.of(GITHUB_COM) == secrets.of(GITHUB_COM) == (FIRST,)

    def test_after_a_change_both_are_accepted_the_new_one_first(
        self, secrets: WebhookSecrets, change: Callable[[bytes], None]
    ) -> None:
        change(SECOND)
        assert secrets.of(GITHUB_COM) == (SECOND, FIRST)
        change(THIRD)
        assert secrets.of(GITHUB_COM) == (THIRD, SECOND)

    def test_an_issuer_without_one_has_none(self, secrets: WebhookSecrets) -> None:
        assert secrets.of(ELSEWHERE) == ()

    def test_one_that_cannot_be_had_is_not_taken_for_none(self, down: WebhookSecrets) -> None:
        for _ in range(2):
            with pytest.raises(Unreachable):
                down.of(GITHUB_COM)


class TestMemory(_Contract):
    @pytest.fixture
    def secrets(self) -> MemorySecrets:
        return MemorySecrets({GITHUB_COM: (FIRST,)})

    @pytest.fixture
    def change(self, secrets: MemorySecrets) -> Callable[[bytes], None]:
        def put(value: bytes) -> None:
            secrets.secrets[GITHUB_COM] = (value, secrets.secrets[GITHUB_COM][0])

        return put

    @pytest.fixture
    def down(self) -> MemorySecrets:
        return MemorySecrets(down={GITHUB_COM})


class _Managed(_Contract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(datetime.now(UTC))

    @pytest.fixture
    def arn(self, client: Any) -> str:
        made = client.create_secret(Name="webhook", SecretString=FIRST.decode())
        return made["ARN"]  # type: ignore[no-any-return]

    @pytest.fixture
    def secrets(self, client: Any, arn: str, clock: FakeClock) -> ManagedSecrets:
        return ManagedSecrets(client, {DIGEST: arn}, clock=clock)

    @pytest.fixture
    def change(self, client: Any, arn: str, clock: FakeClock) -> Callable[[bytes], None]:
        def put(value: bytes) -> None:
            client.put_secret_value(SecretId=arn, SecretString=value.decode())
            clock.advance(KEPT)

        return put

    @pytest.fixture
    def down(self, clock: FakeClock) -> ManagedSecrets:
        aws = Scripted()
        aws.failing = "InternalServiceError"
        return ManagedSecrets(aws, {DIGEST: "arn"}, clock=clock)

    def test_one_that_is_not_there_is_none(self, client: Any, arn: str, clock: FakeClock) -> None:
        assert ManagedSecrets(client, {DIGEST: f"{arn}x"}, clock=clock).of(GITHUB_COM) == ()

    def test_each_issuer_has_its_own(self, client: Any, arn: str, clock: FakeClock) -> None:
        other = client.create_secret(Name="webhook-of-another", SecretString=SECOND.decode())["ARN"]
        secrets = ManagedSecrets(client, {DIGEST: arn, issuer_digest(ELSEWHERE): other}, clock=clock)
        assert [secrets.of(issuer) for issuer in (GITHUB_COM, ELSEWHERE)] == [(FIRST,), (SECOND,)]
        client.delete_secret(SecretId=other, ForceDeleteWithoutRecovery=True)

    def test_the_one_before_a_change_is_over_after_a_day(
        self, secrets: ManagedSecrets, change: Callable[[bytes], None], clock: FakeClock
    ) -> None:
        change(SECOND)
        clock.advance(OVERLAP)
        assert secrets.of(GITHUB_COM) == (SECOND,)


class TestOnMoto(_Managed):
    @pytest.fixture
    def client(self, moto_client: Callable[[str], Any]) -> Any:
        return moto_client("secretsmanager")


@pytest.mark.emulator
class TestOnTheEmulator(_Managed):
    @pytest.fixture
    def client(self, emulator_client: Callable[[str], Any]) -> Any:
        client = emulator_client("secretsmanager")
        if any(found["Name"] == "webhook" for found in client.list_secrets()["SecretList"]):
            client.delete_secret(SecretId="webhook", ForceDeleteWithoutRecovery=True)
        return client


OLD: Final = datetime(2020, 1, 1, tzinfo=UTC)


class Scripted:
    """Secrets Manager that counts what it is asked, and answers as it is told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failing = ""
        self.throttled = ""  # this label only
        self.versions: dict[str, dict[str, Any]] = {"AWSCURRENT": {"SecretString": "first-secret", "CreatedDate": OLD}}

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> Mapping[str, Any]:  # noqa: N803 -- AWS's names
        self.asked.append(VersionStage)
        failing = "ThrottlingException" if VersionStage == self.throttled else self.failing
        if failing or VersionStage not in self.versions:
            code = failing or "ResourceNotFoundException"
            raise ClientError({"Error": {"Code": code, "Message": "first-secret"}}, "GetSecretValue")
        return self.versions[VersionStage]


@pytest.fixture
def aws() -> Scripted:
    return Scripted()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def secrets(aws: Scripted, clock: FakeClock) -> ManagedSecrets:
    return ManagedSecrets(aws, {DIGEST: "arn"}, clock=clock)


def test_it_is_read_once_in_five_minutes(aws: Scripted, secrets: ManagedSecrets, clock: FakeClock) -> None:
    for _ in range(100):
        secrets.of(GITHUB_COM)
    assert aws.asked == ["AWSCURRENT"]
    clock.advance(KEPT)
    secrets.of(GITHUB_COM)
    assert aws.asked == ["AWSCURRENT"] * 2


def test_what_is_known_serves_while_it_cannot_be_read(aws: Scripted, secrets: ManagedSecrets, clock: FakeClock) -> None:
    secrets.of(GITHUB_COM)
    aws.failing = "InternalServiceError"
    clock.advance(timedelta(days=2))
    assert [secrets.of(GITHUB_COM) for _ in range(10)] == [(FIRST,)] * 10
    assert len(aws.asked) == 2, "not at every message"
    aws.failing = ""
    aws.versions["AWSCURRENT"] = {"SecretString": "second-secret", "CreatedDate": OLD}
    clock.advance(RETRY)
    assert secrets.of(GITHUB_COM) == (SECOND,)


@pytest.mark.parametrize("gone", ["deleted", "removed", "emptied"])
def test_a_secret_that_is_gone_is_not_accepted_any_more(
    aws: Scripted, secrets: ManagedSecrets, clock: FakeClock, gone: str
) -> None:
    secrets.of(GITHUB_COM)
    kept = aws.versions.pop("AWSCURRENT")
    aws.failing = "InvalidRequestException" if gone == "deleted" else ""
    if gone == "emptied":
        aws.versions["AWSCURRENT"] = kept | {"SecretString": ""}
    clock.advance(KEPT)
    assert [secrets.of(GITHUB_COM) for _ in range(2)] == [(), ()]
    aws.failing, aws.versions["AWSCURRENT"] = "", kept
    assert secrets.of(GITHUB_COM) == (FIRST,), "asked anew while none is known"


def test_a_missing_permission_is_not_taken_for_no_earlier_secret(aws: Scripted, secrets: ManagedSecrets) -> None:
    aws.failing = "AccessDeniedException"
    with pytest.raises(Unreachable, match="GetSecretValue failed with AccessDeniedException") as told:
        secrets.of(GITHUB_COM)
    assert "first-secret" not in str(told.value)
    aws.failing = ""
    assert secrets.of(GITHUB_COM) == (FIRST,), "asked anew while none is known"


def test_an_earlier_secret_that_could_not_be_read_is_not_taken_for_none(
    aws: Scripted, secrets: ManagedSecrets, clock: FakeClock
) -> None:
    aws.versions["AWSPREVIOUS"] = aws.versions["AWSCURRENT"]
    aws.versions["AWSCURRENT"] = {"SecretString": "second-secret", "CreatedDate": clock.now()}
    aws.throttled = "AWSPREVIOUS"
    with pytest.raises(Unreachable, match="ThrottlingException"):
        secrets.of(GITHUB_COM)
    aws.throttled = ""
    assert secrets.of(GITHUB_COM) == (SECOND, FIRST)


@pytest.mark.parametrize("empty", [{"SecretString": ""}, {"SecretBinary": b"x"}])
def test_an_empty_secret_is_none(aws: Scripted, secrets: ManagedSecrets, clock: FakeClock, empty: Any) -> None:
    aws.versions["AWSCURRENT"] = empty | {"CreatedDate": OLD}
    assert secrets.of(GITHUB_COM) == ()
    aws.versions["AWSCURRENT"] = {"SecretString": "first-secret", "CreatedDate": clock.now()}
    aws.versions["AWSPREVIOUS"] = empty | {"CreatedDate": OLD}
    assert secrets.of(GITHUB_COM) == (FIRST,)
