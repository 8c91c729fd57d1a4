"""Every delivery that GitHub's examples have, of github.com and of five releases of the server, at the webhook's door.

They are read from the installed npm package `@octokit/webhooks-examples` (tests/journeys/npm/package.json).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import pytest

from atmosphere.core.github import RepositoryId
from atmosphere.core.model import AllocationId
from atmosphere.core.webhook import Kind
from tests.handlers.door import Door, a_door, hub_signature, workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = Path(__file__).parents[2] / ".cache/npm/node_modules/@octokit/webhooks-examples"
pytestmark = pytest.mark.skipif(
    not PACKAGE.exists(), reason="@octokit/webhooks-examples is not installed: run `make setup`"
)
RELEASES: Final = ("api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35")
# What is over: twice a job, twice a run. The other run with the action `completed` is the first attempt and `queued`.
ENDING: Final = {("workflow_job", 289782451): 2, ("workflow_run", 289782451): 2}


@dataclass(frozen=True)
class Published:
    event: str
    message: dict[str, Any]

    @property
    def about(self) -> dict[str, Any] | None:
        """The run or job that it names."""
        return next((self.message[kind] for kind in Kind if isinstance(self.message.get(kind), dict)), None)


def published(release: str) -> Iterator[Published]:
    for kind in json.loads((PACKAGE / release / "index.json").read_text()):
        yield from (Published(kind["name"], message) for message in kind["examples"])


def as_json(message: str) -> dict[str, Any]:
    return {"body": message}


def as_form(message: str) -> dict[str, Any]:
    return {"body": urlencode({"payload": message})}


def in_base64(message: str) -> dict[str, Any]:
    return {"body": base64.b64encode(urlencode({"payload": message}).encode()).decode(), "isBase64Encoded": True}


def deliver(door: Door, delivery: Published, form: Any) -> int:
    """The status of the reply."""
    event = form(json.dumps(delivery.message, ensure_ascii=False))
    body = event.pop("body")
    signed = base64.b64decode(body).decode() if event else body
    headers = {"X-Hub-Signature-256": hub_signature(signed), "X-GitHub-Event": delivery.event}
    return door.deliver(body, headers=headers, **event).status


@pytest.mark.parametrize("form", [as_json, as_form, in_base64])
@pytest.mark.parametrize("release", RELEASES)
def test_every_delivery_is_acknowledged(release: str, form: Any) -> None:
    door = a_door()
    found = list(published(release))
    assert len(found) >= 49
    assert {deliver(door, delivery, form) for delivery in found} == {200}


def holds(door: Door, delivery: Published) -> str:
    """The run that the delivery is about holds an environment, asked for by the job that it names, if it names one."""
    about, repository = delivery.about or {}, RepositoryId(str(delivery.message["repository"]["id"]))
    rules = door.world.snapshot.access
    ours = replace(rules, github=tuple(replace(rule, repository_id=repository) for rule in rules.github))
    door.world.snapshot = replace(door.world.snapshot, access=ours)
    run = {
        "repository_id": repository,
        "run_id": str(about.get("run_id") or about["id"]),
        "run_attempt": str(about.get("run_attempt") or 1),
        "check_run_id": str(about["id"]) if "run_id" in about else "1",
    }
    return door.allocated(workflow(**run))


@pytest.mark.parametrize("form", [as_json, as_form, in_base64])
@pytest.mark.parametrize("release", RELEASES)
def test_what_is_over_is_given_back_and_nothing_that_is_not(release: str, form: Any) -> None:
    ended: dict[tuple[str, int], int] = {}
    concerned = [delivery for delivery in published(release) if delivery.about]
    assert concerned
    for delivery in concerned:
        door = a_door(1)
        id_ = holds(door, delivery)
        assert deliver(door, delivery, form) == 200
        if door.world.recorded(AllocationId(id_)).ended_by:
            place = (delivery.event, (delivery.about or {})["id"])
            ended[place] = ended.get(place, 0) + 1
    assert ended == (ENDING if release == "api.github.com" else {})
