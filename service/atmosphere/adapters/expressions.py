"""Changes as members of a DynamoDB transaction: expectations become conditions, sets become update expressions.

Every name goes through `#`, so that no reserved word can hurt, and every value through `:`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from atmosphere.adapters.codecs import STORED_AS
from atmosphere.adapters.items import encode, encode_field, encode_fields, key_item, shard_of, table_of
from atmosphere.core.changes import Absent, Before, ConditionCheck, Is, Put, Update, target_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    from atmosphere.contract import Table
    from atmosphere.core.changes import Change, Expectation


class _Expression:
    """Collects the names and values that an expression refers to."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, AttributeValueTypeDef] = {}

    def name(self, attribute: str) -> str:
        self.names[f"#{attribute}"] = attribute
        return f"#{attribute}"

    def value(self, purpose: str, value: AttributeValueTypeDef) -> str:
        placeholder = f":{purpose}{len(self.values)}"
        self.values[placeholder] = value
        return placeholder

    def placeholders(self) -> dict[str, Any]:
        """The two parameters; DynamoDB refuses empty ones."""
        both: dict[str, Any] = {"ExpressionAttributeNames": self.names, "ExpressionAttributeValues": self.values}
        return {parameter: entries for parameter, entries in both.items() if entries}


def transact_item(change: Change, tables: Mapping[Table, str], *, environments: int = 0) -> TransactWriteItemTypeDef:
    """One member of `TransactItems`; a broken condition brings the row that broke it.

    `environments` is how many the configuration has.
    """
    target = target_of(change)
    shard = shard_of(target, environments)
    table, key = table_of(target), key_item(target)
    expression = _Expression()
    member: dict[str, Any] = {"TableName": tables[table], "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if condition := _condition(change, table, next(iter(key)), expression):
        member["ConditionExpression"] = condition
    if isinstance(change, Put):
        member["Item"] = encode(change.row, target, shard=shard)
    else:
        member["Key"] = key
    if isinstance(change, Update):
        member["UpdateExpression"] = _update(change, table, expression, shard)
    return cast("TransactWriteItemTypeDef", {type(change).__name__: member | expression.placeholders()})


def _condition(change: Change, table: Table, key_name: str, expression: _Expression) -> str:
    """All expectations together. Whatever changes or compares a row needs the row: none is made up from parts."""
    parts = []
    if not isinstance(change, Put | ConditionCheck) or any(isinstance(expected, Is) for expected in change.expects):
        parts.append(f"attribute_exists({expression.name(key_name)})")
    parts += _expected(change.expects, table, key_name, expression)
    return " AND ".join(parts)


def _expected(expects: Sequence[Expectation], table: Table, key_name: str, expression: _Expression) -> list[str]:
    parts = []
    for expected in expects:
        if isinstance(expected, Absent):
            parts.append(f"attribute_not_exists({expression.name(key_name)})")
            continue
        name = expression.name(STORED_AS.get(expected.field, expected.field))
        value = encode_field(table, expected.field, expected.value)
        if isinstance(expected, Before) and value is not None:  # instants are text that sorts by time
            parts.append(f"(attribute_not_exists({name}) OR {name} < {expression.value('before', value)})")
            continue
        same = f"attribute_not_exists({name})" if value is None else f"{name} = {expression.value('is', value)}"
        parts.append(same)
    return parts


def _update(change: Update, table: Table, expression: _Expression, shard: str) -> str:
    sets, removes = [], []
    for attribute, value in encode_fields(table, change.sets, shard=shard).items():
        name = expression.name(attribute)
        if value is None:
            removes.append(name)
        else:
            sets.append(f"{name} = {expression.value('to', value)}")
    clauses = {"SET": sets, "REMOVE": removes}
    return " ".join(f"{verb} {', '.join(terms)}" for verb, terms in clauses.items() if terms)
