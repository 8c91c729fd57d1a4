#!/usr/bin/env bash
# What: the token that botocore's paginators and the AWS CLI give back after `MaxItems` (`--max-items`) counts positions
#       in a page of AWS: "the page without a token, and skip 10 of it". Items that are deleted before the next call
#       move the others up, so as many are skipped as were deleted. The last call has no token, and no error.
# Why:  a script that deletes in batches, `--max-items 10`, delete them, `--starting-token`, leaves half of what it was to
#       delete, although it read to the end. S3's own tokens name the last key, and skip nothing: for batches use
#       `--page-size`, or list from the start again until nothing is left.
# With: awscli 1.46.3, boto3 1.44.8, moto 5.2.5 as S3 and Systems Manager (PyPI). Seen 2026-11-30.
# Docs: the CLI guide says that the token is specific to the CLI, and not what it does if items go; nothing found in the
#       issues of botocore and aws-cli. The token is base64 of JSON with `boto_truncate_amount`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check \
  awscli==1.46.3 boto3==1.44.8 botocore==1.44.8 'moto[s3,ssm,server]==5.2.5'
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" - "$work/v/bin/aws" >"$work/seen" <<'PY'
import base64, json, logging, os, subprocess, sys
import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
os.environ["AWS_ENDPOINT_URL"] = "http://{}:{}".format(*server.get_host_and_port())
s3, ssm = boto3.client("s3"), boto3.client("ssm")
s3.create_bucket(Bucket="leftovers")
KEYS = [f"{number:02}" for number in range(40)]

def fill():
    for key in KEYS:
        s3.put_object(Bucket="leftovers", Key=key)
        ssm.put_parameter(Name=f"p{key}", Value="x", Type="String", Overwrite=True)

def cli(*words):
    command = [sys.argv[1], *words, "--output", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout or "{}")

def boto(client, operation, **parameters):
    def page(token):
        asked = {"MaxItems": 10, "StartingToken": token}
        return client.get_paginator(operation).paginate(PaginationConfig=asked, **parameters).build_full_result()
    return page

def page_of_cli(token):
    return cli("s3api", "list-objects-v2", "--bucket", "leftovers", "--max-items", "10",
               *(["--starting-token", token] if token else []))

def in_batches(page, key, delete):
    fill()
    token, calls = None, 0
    while calls == 0 or token:
        found = page(token)
        calls += 1
        for item in found.get(key, []):
            delete(item)
        token = found.get("NextToken")
    left = [item["Key"] for item in s3.list_objects_v2(Bucket="leftovers").get("Contents", [])]
    names = [item["Name"] for page in ssm.get_paginator("describe_parameters").paginate() for item in page["Parameters"]]
    kept = left if key == "Contents" else [name[1:] for name in names]
    return f"{calls} calls, {len(kept)} of {len(KEYS)} are left: {' '.join(kept[:1] + kept[9:11] + kept[-1:])}"

def delete_object(item):
    s3.delete_object(Bucket="leftovers", Key=item["Key"])

def delete_parameter(item):
    ssm.delete_parameter(Name=item["Name"])

fill()
print("token after ten:", base64.b64decode(page_of_cli(None)["NextToken"]).decode())
print("aws s3api list-objects-v2:", in_batches(page_of_cli, "Contents", delete_object))
by_boto = boto(s3, "list_objects_v2", Bucket="leftovers")
print("boto3 list_objects_v2:    ", in_batches(by_boto, "Contents", delete_object))
print("boto3 describe_parameters:", in_batches(boto(ssm, "describe_parameters"), "Parameters", delete_parameter))
fill()
for page in s3.get_paginator("list_objects_v2").paginate(Bucket="leftovers", PaginationConfig={"PageSize": 10}):
    for item in page["Contents"]:
        delete_object(item)
print("boto3, pages of 10:       ", s3.list_objects_v2(Bucket="leftovers")["KeyCount"], "are left")
server.stop()
PY
echo "awscli 1.46.3, boto3 1.44.8, moto 5.2.5"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
token after ten: {"ContinuationToken": null, "boto_truncate_amount": 10}
aws s3api list-objects-v2: 3 calls, 20 of 40 are left: 10 19 30 39
boto3 list_objects_v2:     3 calls, 20 of 40 are left: 10 19 30 39
boto3 describe_parameters: 3 calls, 20 of 40 are left: 10 19 30 39
boto3, pages of 10:        0 are left
SEEN
