#!/usr/bin/env bash
# What: a persistence layer of Powertools' idempotency belongs to the function that was called last. If an idempotent
#       handler calls an idempotent function with the same layer, its result is stored under the name of the inner
#       function, over the inner result. Its own record stays INPROGRESS: a retry raises
#       IdempotencyAlreadyInProgressError, runs the handler again once the timeout of the first run has passed, and the
#       inner function then returns the handler's result. Of several functions with a configuration of their own the
#       first one's is used for all: with `event_key_jmespath="team"` and then `"name"`, all names of a team are one.
# Why:  the code works at its first call, and so in tests that call it once. The retry of SQS or EventBridge, for which it
#       was written, gets an error, or the value of another call. Make one layer for each function.
# With: aws-lambda-powertools 3.37.0, boto3 1.44.8, moto 5.2.5 as DynamoDB (PyPI). Seen 2026-11-30.
# Docs: the same bug of the TypeScript library is issue 5707 there, closed in September 2026, and that the first
#       configuration wins is in its documents since issue 5409 (July). Nothing found in the issues of the Python one.
#       In persistence/base.py, `configure` sets the name, and returns if it was called before; the key is computed again at the end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check \
  aws-lambda-powertools==3.37.0 boto3==1.44.8 botocore==1.44.8 'moto[dynamodb]==5.2.5'
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  AWS_LAMBDA_FUNCTION_NAME=shop "$work/v/bin/python" -W ignore - >"$work/seen" <<'PY'
import time
import boto3
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer, IdempotencyConfig, idempotent, idempotent_function)
from moto import mock_aws

class Context:
    """Of a function with three seconds left."""
    def get_remaining_time_in_millis(self):
        return 3000

def layer():
    return DynamoDBPersistenceLayer(table_name="records")

def shop(of_handler, of_charge):
    by_order = IdempotencyConfig(event_key_jmespath="order")

    @idempotent_function(data_keyword_argument="order", persistence_store=of_charge, config=by_order)
    def charge(order):
        return {"charged": order["order"]}

    @idempotent(persistence_store=of_handler, config=by_order)
    def handler(event, context):
        print("  the handler runs: charge returns", charge(order=event))
        return {"statusCode": 200}

    def call():
        try:
            print("  the caller gets", handler({"order": 7}, Context()))
        except Exception as error:
            print("  the caller gets", type(error).__name__)
    return call

with mock_aws():
    dynamodb = boto3.client("dynamodb")

    def empty():
        if dynamodb.list_tables()["TableNames"]:
            dynamodb.delete_table(TableName="records")
        dynamodb.create_table(TableName="records", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                              AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                              BillingMode="PAY_PER_REQUEST")

    def records():
        for item in sorted(dynamodb.scan(TableName="records")["Items"], key=lambda item: item["id"]["S"]):
            name = item["id"]["S"].split("#")[0].split(".")[-1]
            print(f"  record of {name}: {item['status']['S']}", item.get("data", {}).get("S", "and no data"))

    shared = layer()
    for title, call in (("one layer", shop(shared, shared)), ("a layer each", shop(layer(), layer()))):
        empty()
        print(f"{title}, first call:")
        call()
        records()
        print(f"{title}, retry:")
        call()
        time.sleep(4)
        print(f"{title}, retry after the timeout:")
        call()

    empty()
    shared = layer()

    @idempotent_function(data_keyword_argument="user", persistence_store=shared,
                         config=IdempotencyConfig(event_key_jmespath="team"))
    def welcome_team(user):
        return user["team"]

    @idempotent_function(data_keyword_argument="user", persistence_store=shared,
                         config=IdempotencyConfig(event_key_jmespath="name"))
    def welcome(user):
        return user["name"]

    welcome_team(user={"team": "a", "name": "Ann"})
    print("two configurations:", [welcome(user={"team": "a", "name": name}) for name in ("Ann", "Bob", "Cy")])
PY
echo "aws-lambda-powertools 3.37.0, boto3 1.44.8, moto 5.2.5"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
one layer, first call:
  the handler runs: charge returns {'charged': 7}
  the caller gets {'statusCode': 200}
  record of charge: COMPLETED {"statusCode": 200}
  record of handler: INPROGRESS and no data
one layer, retry:
  the caller gets IdempotencyAlreadyInProgressError
one layer, retry after the timeout:
  the handler runs: charge returns {'statusCode': 200}
  the caller gets {'statusCode': 200}
a layer each, first call:
  the handler runs: charge returns {'charged': 7}
  the caller gets {'statusCode': 200}
  record of charge: COMPLETED {"charged": 7}
  record of handler: COMPLETED {"statusCode": 200}
a layer each, retry:
  the caller gets {'statusCode': 200}
a layer each, retry after the timeout:
  the caller gets {'statusCode': 200}
two configurations: ['Ann', 'Ann', 'Ann']
SEEN
