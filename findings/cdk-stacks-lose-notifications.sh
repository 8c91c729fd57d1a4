#!/usr/bin/env bash
# What: two stacks add notifications to one bucket that neither owns. The CDK's provider knows its own by their ids,
#       which begin with the id of the stack. An update of the first stack writes those of the second with empty ids,
#       so they get other ones; then the deletion of the second stack leaves them on the bucket and reports success.
# Why:  a bucket that many tests share keeps the notifications of stacks that are gone, and their destinations are gone.
# With: aws-cdk-lib 2.276.0, constructs 10.8.1 (npm), moto 5.2.5, boto3 1.43.106 (PyPI). Seen 2026-11-30. The provider's
#       code is run as the CDK ships it. S3 is moto's: it chooses an id where none is given, as the API reference says.
# Docs: the README of aws-s3-notifications does not mention it. aws-cdk issue 28120 (2023, open) says that two stacks
#       interfere, without a cause; pull request 29939 made a deletion remove what the stack added and nothing else.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" aws-cdk-lib@2.276.0 constructs@10.8.1 >/dev/null
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check 'moto[s3,sns]==5.2.5' boto3==1.43.106
handlers="$work/node_modules/aws-cdk-lib/custom-resource-handlers/dist"
env -u AWS_PROFILE HOME="$work" PYTHONPATH="$handlers/aws-s3/notifications-resource-handler" AWS_ACCESS_KEY_ID=x \
  AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 "$work/v/bin/python" - 2>"$work/log" >"$work/seen" <<'PY'
import json
from types import SimpleNamespace
import boto3, moto

moto.mock_aws().start()
import index  # the provider, which makes its client when it is imported

s3, sns = boto3.client("s3"), boto3.client("sns")
s3.create_bucket(Bucket="shared")
index.submit_response = lambda event, context, status, error: print(f"{status} {error}".strip())

def note(params, **_):
    for written in params["NotificationConfiguration"].get("TopicConfigurations", []):
        if not written["Id"]:
            print(f"[writes {written['TopicArn'].rpartition(':')[2]} without an id]", end=" ")

index.s3.meta.events.register("provide-client-params.s3.PutBucketNotificationConfiguration", note)

STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack"
SAY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish", "Resource": "*"}]}

def topic(name):
    return sns.create_topic(Name=name, Attributes={"Policy": json.dumps(SAY)})["TopicArn"]

def notifications(*names):
    return {"TopicConfigurations": [
        {"Events": ["s3:ObjectCreated:*"], "TopicArn": topic(name),
         "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": f"{name}/"}]}}} for name in names]}

def provider(request, stack, new, old=None):
    print(f"{request} of stack {stack}:", end=" ")
    properties = {"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:provider", "BucketName": "shared",
                  "Managed": "false", "SkipDestinationValidation": "false"}
    event = {"RequestType": request, "RequestId": f"{request}-{stack}", "ResponseURL": "http://127.0.0.1/",
             "ResourceType": "Custom::S3BucketNotifications", "LogicalResourceId": "Notifications",
             "StackId": f"{STACK}/{stack}/00000000-0000-4000-8000-000000000000",
             "ResourceProperties": {**properties, "NotificationConfiguration": new}}
    if request != "Create":
        event["PhysicalResourceId"] = "Notifications"
    if old:
        event["OldResourceProperties"] = {**properties, "NotificationConfiguration": old}
    index.handler(event, SimpleNamespace(log_stream_name="log"))
    for kept in s3.get_bucket_notification_configuration(Bucket="shared").get("TopicConfigurations", []):
        owner = f"stack {kept['Id'].split('/')[1]}" if kept["Id"].startswith(STACK) else "a random one"
        print(f"    to {kept['TopicArn'].rpartition(':')[2]:7} id: {owner}")

provider("Create", "A", notifications("first"))
provider("Create", "B", notifications("second"))
provider("Update", "A", notifications("first", "third"), notifications("first"))
provider("Delete", "B", notifications("second"))
provider("Delete", "A", notifications("first", "third"))
PY
echo "aws-cdk-lib 2.276.0, moto 5.2.5"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
Create of stack A: SUCCESS
    to first   id: stack A
Create of stack B: SUCCESS
    to first   id: stack A
    to second  id: stack B
Update of stack A: [writes second without an id] SUCCESS
    to second  id: a random one
    to first   id: stack A
    to third   id: stack A
Delete of stack B: SUCCESS
    to second  id: a random one
    to first   id: stack A
    to third   id: stack A
Delete of stack A: SUCCESS
    to second  id: a random one
SEEN
