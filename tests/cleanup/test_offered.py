"""A service that AWS does not have in a region leaves nothing there; one that cannot be reached may."""

from __future__ import annotations

import socket
from typing import Any, NoReturn

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from atmosphere.cleanup.aws.offered import is_not_offered
from atmosphere.cleanup.model import GLOBAL

NOWHERE = "eu-nowhere-1"
LISTS = {
    "apprunner": "list_services",
    "bedrock-agentcore-control": "list_memories",
    "iam": "list_users",
    "sqs": "list_queues",
}


def failure(monkeypatch: pytest.MonkeyPatch, service: str, region: str, errno: int) -> BotoCoreError:
    """What botocore raises where looking up its endpoint fails like this."""

    def lookup(*_: Any, **__: Any) -> NoReturn:
        raise socket.gaierror(errno, "told so")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    client: Any = boto3.client(  # type: ignore[call-overload]
        service,  # whichever
        region_name=region,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(BotoCoreError) as caught:
        getattr(client, LISTS[service])()
    return caught.value


@pytest.mark.parametrize("service", ["apprunner", "bedrock-agentcore-control"])
def test_without_a_name_and_without_a_place_in_the_list_there_is_nothing(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_not_offered(failure(monkeypatch, service, NOWHERE, socket.EAI_NONAME), service, NOWHERE)


@pytest.mark.parametrize("service", ["apprunner", "sqs"])
def test_a_region_of_the_list_is_unknown_even_without_a_name(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_not_offered(failure(monkeypatch, service, "us-east-1", socket.EAI_NONAME), service, "us-east-1")


def test_a_name_that_cannot_be_looked_up_now_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_not_offered(failure(monkeypatch, "apprunner", NOWHERE, socket.EAI_AGAIN), "apprunner", NOWHERE)


def test_a_global_service_is_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_not_offered(failure(monkeypatch, "iam", "us-east-1", socket.EAI_NONAME), "iam", GLOBAL)


def test_another_failure_says_nothing() -> None:
    assert not is_not_offered(BotoCoreError(), "apprunner", NOWHERE)
