"""The configurations that were deployed, and the one in force, under their suites."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.adapters.memory import MemorySnapshot, MemorySnapshots
from atmosphere.adapters.snapshots import TEXT as FIELD
from atmosphere.adapters.snapshots import DeployedSnapshot, DynamoSnapshots
from atmosphere.contract import Table
from atmosphere.core.snapshot import FORMAT, digest, packed, to_json
from atmosphere.ports import Unreachable
from tests.builders import a_snapshot
from tests.contract.outside_contract import SnapshotContract, SnapshotsContract
from tests.tables import create_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from atmosphere.ports import Snapshots, SnapshotSource

    Clients = Callable[..., Any]

TEXT: Final = to_json(a_snapshot())
OTHER_FORMAT: Final = TEXT.replace(f'"format":{FORMAT}', f'"format":{FORMAT + 1}')
BROKEN: Final[dict[str, tuple[str, bytes | None]]] = {
    "empty": (digest(""), packed("")),
    "no snapshot": (digest("{}"), packed("{}")),
    "cut short": (digest(TEXT[:-1]), packed(TEXT[:-1])),
    "another format": (digest(OTHER_FORMAT), packed(OTHER_FORMAT)),
    "cut when packed": (digest(TEXT), packed(TEXT)[:-9]),
    "no text": ("x", zlib.compress(b"\xff\xfe")),
    "not packed": ("x", b"plain"),
    "missing": ("x", None),
}


class TestMemorySnapshot(SnapshotContract):
    @pytest.fixture
    def source(self) -> SnapshotSource:
        return MemorySnapshot(a_snapshot())

    @pytest.fixture
    def broken(self) -> SnapshotSource:
        return MemorySnapshot(None)


class TestMemorySnapshots(SnapshotsContract):
    @pytest.fixture
    def snapshots(self) -> Snapshots:
        return MemorySnapshots()


class _Rows(SnapshotContract, SnapshotsContract):
    @pytest.fixture
    def table(self, client: DynamoDBClient) -> str:
        return create_tables(client)[Table.SNAPSHOTS]

    @pytest.fixture
    def snapshots(self, client: Any, table: str) -> DynamoSnapshots:
        return DynamoSnapshots(client, table)

    @pytest.fixture
    def source(self, snapshots: DynamoSnapshots) -> SnapshotSource:
        snapshots.put(digest(TEXT), TEXT)
        return DeployedSnapshot(snapshots, digest(TEXT))

    @pytest.fixture(params=[*BROKEN], ids=str)
    def broken(self, client: Any, table: str, request: pytest.FixtureRequest) -> SnapshotSource:
        name, stored = BROKEN[request.param]
        if stored is not None:
            client.put_item(TableName=table, Item={"digest": {"S": name}, FIELD: {"B": stored}})
        return DeployedSnapshot(DynamoSnapshots(client, table), name)

    def test_content_that_is_not_what_its_name_says_is_refused(self, snapshots: DynamoSnapshots) -> None:
        name = digest(TEXT + " ")
        snapshots.put(name, TEXT)
        with pytest.raises(Unreachable, match="digest"):
            DeployedSnapshot(snapshots, name).load()

    def test_a_failure_is_not_kept(self, snapshots: DynamoSnapshots) -> None:
        source = DeployedSnapshot(snapshots, digest(TEXT))
        with pytest.raises(Unreachable):
            source.load()
        snapshots.put(digest(TEXT), TEXT)
        assert source.load() == a_snapshot()

    def test_no_table_is_unreachable(self, client: Any) -> None:
        nowhere = DynamoSnapshots(client, "elsewhere")
        with pytest.raises(Unreachable, match="ResourceNotFoundException"):
            nowhere.get("x")
        with pytest.raises(Unreachable, match="ResourceNotFoundException"):
            nowhere.put("x", "text")


class TestDynamoSnapshotsOnMoto(_Rows):
    @pytest.fixture
    def client(self, moto_client: Clients) -> Any:
        return moto_client("dynamodb")


@pytest.mark.emulator
class TestDynamoSnapshotsOnTheEmulator(_Rows):
    @pytest.fixture
    def client(self, emulator_client: Clients) -> Any:
        return emulator_client("dynamodb")
