"""The published npm client, unchanged, through the whole service on this machine."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys.api import Api, drive

if TYPE_CHECKING:
    from atmosphere.local.service import LocalService

pytestmark = pytest.mark.emulator

POOL = "release"  # one environment: whoever comes second finds it full
ACQUIRE = {"do": "acquire", "pool": POOL, "requester": "npm journey"}
RELEASE = {"do": "release", "outcome": "success"}
THREE_SECONDS = 0.05  # minutes; the client asks at 0, 1 and 3 s then


@pytest.fixture(scope="module")
def service(local_service: LocalService) -> dict[str, Any]:
    return local_service.description


@pytest.fixture(scope="module")
def story(service: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """One client's day: it takes the only environment, finds the pool full, lets go twice, and waits for its turn."""
    runner = service["callers"]["runner"]
    Api(service["endpoint"], runner).until_free(POOL)
    steps = {
        "acquire": ACQUIRE,
        "identify": {"do": "identify", "endpoint": service["awsEndpoint"]},
        "acquire when full": ACQUIRE | {"timeoutMinutes": THREE_SECONDS},
        "release": RELEASE,
        "second release": RELEASE,
        "acquire when cleaning": ACQUIRE | {"timeoutMinutes": 2},
        "last release": RELEASE,
    }
    return dict(zip(steps, drive(service["endpoint"], runner, list(steps.values())), strict=True))


def test_acquire_gives_an_environment_of_the_pool(story: dict[str, dict[str, Any]]) -> None:
    acquired = story["acquire"]
    assert acquired["ok"], acquired
    assert str(uuid.UUID(acquired["id"])) == acquired["id"]
    assert (acquired["environment"]["account"], acquired["environment"]["region"]) == ("444444444444", "us-east-1")
    assert acquired["keys"] == ["accessKeyId", "expiration", "secretAccessKey", "sessionToken"]


def test_its_keys_work_in_the_environments_account(story: dict[str, dict[str, Any]]) -> None:
    assert story["identify"] == {"ok": True, "status": 200, "account": "444444444444", "retries": 0}


def test_a_full_pool_is_asked_again_until_the_clients_time_limit(story: dict[str, dict[str, Any]]) -> None:
    full = story["acquire when full"]
    assert not full["ok"]
    assert full["retries"] == 2
    assert full["error"] == f"Failed to acquire environment within {THREE_SECONDS} minutes"


@pytest.mark.parametrize("step", ["release", "second release"])
def test_release_succeeds_once_and_again(story: dict[str, dict[str, Any]], step: str) -> None:
    assert story[step] == {"ok": True, "reply": {}, "retries": 0}


def test_who_waits_gets_the_environment_when_it_is_clean(story: dict[str, dict[str, Any]]) -> None:
    again = story["acquire when cleaning"]
    assert again["ok"], again
    assert again["retries"] >= 1
    assert again["environment"] == story["acquire"]["environment"]
    assert again["id"] != story["acquire"]["id"]
    assert story["last release"]["ok"]


def test_a_role_that_is_not_listed_is_refused(service: dict[str, Any]) -> None:
    steps = [ACQUIRE, RELEASE | {"id": str(uuid.uuid4())}]
    for refused in drive(service["endpoint"], service["callers"]["stranger"], steps):
        assert (refused["ok"], refused["statusCode"], refused["retries"]) == (False, 403, 0)
        assert "Unknown error" not in refused["error"]


def test_a_wrong_signature_is_refused_with_a_reason(service: dict[str, Any]) -> None:
    runner = service["callers"]["runner"]
    altered = runner | {"secretAccessKey": runner["secretAccessKey"][::-1]}
    for refused in drive(service["endpoint"], altered, [ACQUIRE, RELEASE | {"id": str(uuid.uuid4())}]):
        assert (refused["ok"], refused["statusCode"], refused["retries"]) == (False, 403, 0)
        assert "signature" in refused["error"]


def test_release_of_an_unknown_id_is_refused_at_once(service: dict[str, Any]) -> None:
    (refused,) = drive(
        service["endpoint"], service["callers"]["runner"], [RELEASE | {"id": "00000000-0000-4000-8000-000000000000"}]
    )
    assert (refused["ok"], refused["statusCode"], refused["retries"]) == (False, 404, 0)
