#!/usr/bin/env bash
# What: with `execute_state_machine`, moto refuses a JSONata machine that has a field of JSONPath, as AWS does, and from
#       then on every valid JSONPath machine of the process too, also in a new `mock_aws`. The error has no code, where
#       AWS answers InvalidDefinition. Without that setting moto accepts any definition.
# Why:  one test that checks a refusal makes later tests of the same process fail, in an order that changes with the
#       selection and with pytest-xdist, and the message names a field of theirs that is fine.
# With: moto 5.2.5, boto3 1.44.8 (PyPI). Seen 2026-11-30.
# Docs: moto's page on Step Functions describes the setting. In parser/asl/parse/preprocessor.py the stack of query
#       languages is an attribute of the class, and an error leaves its entry there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check 'moto[stepfunctions]==5.2.5' boto3==1.44.8
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" - >"$work/seen" <<'PY'
import json, logging
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

logging.disable(logging.CRITICAL)
RUN = {"stepfunctions": {"execute_state_machine": True}}
valid = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"n": 1}, "End": True}}}
mixed = valid | {"QueryLanguage": "JSONata"}

def create(what, machine):
    role = "arn:aws:iam::123456789012:role/r"
    try:
        boto3.client("stepfunctions").create_state_machine(name="m", definition=json.dumps(machine), roleArn=role)
        print(f"{what}: created")
    except ClientError as error:
        text = error.response["Error"]["Message"].split("['")[1].split("']")[0]
        print(f"{what}: refused, code {error.response['Error']['Code']!r}: {text}")

with mock_aws():
    create("by default, JSONPath in a JSONata machine", mixed)
with mock_aws(config=RUN):
    create("a JSONPath machine", valid)
with mock_aws(config=RUN):
    create("JSONPath in a JSONata machine", mixed)
with mock_aws(config=RUN):
    create("the JSONPath machine, in a new mock", valid)
PY
echo "moto 5.2.5"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
by default, JSONPath in a JSONata machine: created
a JSONPath machine: created
JSONPath in a JSONata machine: refused, code '': Unsupported declaration in QueryLanguage=JSONPath block: "Parameters":{"n":1}
the JSONPath machine, in a new mock: refused, code '': Unsupported declaration in QueryLanguage=JSONPath block: "Parameters":{"n":1}
SEEN
