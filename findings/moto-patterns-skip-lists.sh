#!/usr/bin/env bash
# What: in moto an event pattern on a field of the objects in a list never matches, such as `containers.exitCode` of an
#       ECS task, or `resources.type` of CloudTrail. EventBridge flattens lists: one object that matches is enough.
#       TestEventPattern answers without `Result`, which reads as "no match" with `.get`. Most other patterns are right.
# Why:  a rule that fires on AWS is silent in the test, and a test of "does not fire" is green for the wrong reason.
#       ministack answers as the user guide says, in all of these.
# With: moto 5.2.5, ministack 1.5.33, boto3 1.43.106 (PyPI). Seen 2026-11-30.
# Docs: the EventBridge user guide has patterns on lists; the README of aws/event-ruler explains objects in lists. In
#       moto, events/models.py flattens objects only, and events/responses.py has no body for TestEventPattern.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check 'moto[events,sqs]==5.2.5' ministack==1.5.33 boto3==1.43.106
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
set=(env -i PATH=/usr/bin:/bin HOME="$work" AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=111111111111
  AWS_SECRET_ACCESS_KEY=test)
"${set[@]}" BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" SFTP_ENABLED=0 IOT_MTLS_ENABLED=0 \
  "$work/v/bin/ministack" >"$work/log" 2>&1 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done
cat >"$work/run.py" <<'PY'
import json, sys
import boto3
from moto import mock_aws

url = sys.argv[1]
TASK = {"lastStatus": "STOPPED", "attachments": [], "group": "service:shop", "stoppedReason": "",
        "containers": [{"name": "proxy", "exitCode": 0}, {"name": "app", "exitCode": 137}]}
PATTERNS = {
    "a field": {"lastStatus": ["STOPPED"]},
    "$or and prefix": {"$or": [{"group": [{"prefix": "service:"}]}, {"lastStatus": ["RUNNING"]}]},
    "a number in a list of objects": {"containers": {"exitCode": [{"numeric": [">", 0]}]}},
    "a name in a list of objects": {"containers": {"name": ["app"]}},
    "two fields of one object": {"containers": {"name": ["app"], "exitCode": [137]}},
}

def fires(place, number, pattern):
    """Whether the event reaches a queue behind a rule with this pattern."""
    events, sqs = boto3.client("events", **place), boto3.client("sqs", **place)
    queue = sqs.create_queue(QueueName=f"q{number}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=f"r{number}", EventPattern=json.dumps({"source": ["shop"], "detail": pattern}))
    events.put_targets(Rule=f"r{number}", Targets=[{"Id": "queue", "Arn": arn}])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "Task", "Detail": json.dumps(TASK)}])
    return bool(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"))

def asked(place):
    event = {"id": "1", "account": "111111111111", "source": "shop", "time": "2026-11-30T00:00:00Z",
             "region": "us-east-1", "resources": [], "detail-type": "Task", "detail": TASK}
    answer = boto3.client("events", **place).test_event_pattern(
        EventPattern=json.dumps({"source": ["shop"]}), Event=json.dumps(event))
    return answer.get("Result")

emulator = [fires({"endpoint_url": url}, number, pattern) for number, pattern in enumerate(PATTERNS.values())]
emulator.append(asked({"endpoint_url": url}))
with mock_aws():
    mock = [fires({}, number, pattern) for number, pattern in enumerate(PATTERNS.values())]
    mock.append(asked({}))
for name, one, other in zip([*PATTERNS, "TestEventPattern"], emulator, mock):
    print(f"{name}: ministack {one}, moto {other}")
PY
"${set[@]}" "$work/v/bin/python" "$work/run.py" "http://127.0.0.1:$port" >"$work/seen"
echo "moto 5.2.5, ministack 1.5.33"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
a field: ministack True, moto True
$or and prefix: ministack True, moto True
a number in a list of objects: ministack True, moto False
a name in a list of objects: ministack True, moto False
two fields of one object: ministack True, moto False
TestEventPattern: ministack True, moto None
SEEN
