"""Publishing answers CloudFormation whatever happens, and puts in force only what was announced."""

from __future__ import annotations

from typing import Any, Final

import pytest

from atmosphere.adapters.memory import MemoryObjects, MemorySnapshots
from atmosphere.core.snapshot import digest, to_json
from atmosphere.handlers import publish
from atmosphere.wiring import App
from tests.builders import a_key, a_registration
from tests.operations.world import World, a_configuration

TEXT: Final = to_json(a_configuration(a_registration(a_key(1))))
DIGEST: Final = digest(TEXT)


class InMemory(App):
    """An App with the snapshots and the assets in memory."""

    def __init__(self, world: World) -> None:
        super().__init__({})
        self.store, self.cleaner, self.clock, self.ids = world.store, world.cleaner, world.clock, world.ids
        self.deployed, self.assets = MemorySnapshots(), MemoryObjects()

    def objects(self, bucket: str) -> Any:
        assert bucket == "assets"
        return self.assets


@pytest.fixture
def app() -> InMemory:
    made = InMemory(World(a_configuration(a_registration(a_key(9)))))
    made.assets.put("asset", TEXT.encode())
    return made


def answer(app: App, request: str = "Create", announced: str = DIGEST, **old: str) -> dict[str, Any]:
    properties = {"Digest": announced, "AssetBucket": "assets", "AssetKey": "asset", "Rows": "rows"}
    ids = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Publication"}
    event = {"RequestType": request, "ResourceProperties": properties, "OldResourceProperties": old, **ids}
    return publish.handle(event, app, log="the log group publish-log")


def test_what_was_announced_is_stored_and_in_force(app: InMemory) -> None:
    told = answer(app)
    assert (told["Status"], told["Data"]) == ("SUCCESS", {"Snapshot": DIGEST})
    assert app.deployed.get(DIGEST) == TEXT
    assert app.store.environment(a_key(1)) is not None


def test_a_rollback_does_not_need_the_asset(app: InMemory) -> None:
    answer(app)
    app.assets.failing = True
    assert answer(app, "Update")["Status"] == "SUCCESS"


def test_something_else_than_was_announced_changes_nothing(app: InMemory) -> None:
    told = answer(app, announced="0" * 64)
    assert told["Status"] == "FAILED"
    assert told["Reason"] == "WrongDigest: see the log group publish-log"
    assert app.store.environment(a_key(1)) is None


def test_deleting_the_stack_puts_nothing_in_force(app: InMemory) -> None:
    assert answer(app, "Delete")["Status"] == "SUCCESS"
    assert app.store.environment(a_key(1)) is None


def test_a_table_of_environments_is_not_replaced_by_an_empty_one(app: InMemory) -> None:
    told = answer(app, "Update", Rows="rows-before")
    assert told["Status"] == "FAILED"
    assert told["Reason"].startswith("rows-before would be replaced by an empty table")
    assert "`adopt`" in told["Reason"]
    assert app.store.environment(a_key(1)) is None
    assert app.deployed.get(DIGEST) is None


def test_an_empty_table_that_stays_may_be_filled_and_one_with_rows_may_come(app: InMemory) -> None:
    assert answer(app, "Update", Rows="rows")["Status"] == "SUCCESS"
    assert answer(app, "Update", Rows="rows-before")["Status"] == "SUCCESS"  # restored: it has rows


def test_an_update_from_before_the_table_was_announced_is_applied(app: InMemory) -> None:
    assert answer(app, "Update")["Status"] == "SUCCESS"
