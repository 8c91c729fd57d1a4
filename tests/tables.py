"""The tables as the template makes them, from the same list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atmosphere.contract import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from atmosphere.contract import TableKeys


def create_tables(client: DynamoDBClient, prefix: str = "test") -> Mapping[Table, str]:
    """Create every table of the contract; returns their names."""
    names = {table: f"{prefix}-{table}" for table in TABLES}
    for table, keys in TABLES.items():
        client.create_table(
            TableName=names[table],
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in _key_names(keys)],
            KeySchema=_schema(keys.partition, keys.sort),
            **({"GlobalSecondaryIndexes": _indexes(keys)} if keys.indexes else {}),
        )
    return names


def _indexes(keys: TableKeys) -> Any:
    return [
        {
            "IndexName": index.name,
            "KeySchema": _schema(index.partition, index.sort),
            "Projection": {"ProjectionType": "ALL" if index.projects_all else "KEYS_ONLY"},
        }
        for index in keys.indexes
    ]


def _key_names(keys: TableKeys) -> list[str]:
    indexed = [name for index in keys.indexes for name in (index.partition, index.sort)]
    return sorted({keys.partition, *indexed} | ({keys.sort} if keys.sort else set()))


def _schema(partition: str, sort: str | None) -> Any:
    schema = [{"AttributeName": partition, "KeyType": "HASH"}]
    return [*schema, {"AttributeName": sort, "KeyType": "RANGE"}] if sort else schema
