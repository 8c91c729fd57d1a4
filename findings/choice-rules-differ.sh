#!/usr/bin/env bash
# What: a Choice state takes another way in emulators than on AWS. In moto, which runs machines if it is told to, a
#       timestamp with a fraction of a second or an offset is never equal, before or after another one; JavaScript's
#       toISOString() always writes a fraction. StringMatches knows `?` and `[b]` there. In ministack, a field that is
#       null is not present, true is a number, 1 is true, and a date is a timestamp.
# Why:  a machine that waits for a deadline, or looks whether a field is there, is tested on the wrong branch, and the
#       execution succeeds.
# With: moto 5.2.5, ministack 1.5.33, boto3 1.43.106 (PyPI). Seen 2026-11-30. ministack's server is on loopback.
# Docs: the Amazon States Language has RFC 3339 timestamps, `*` as the only wildcard, and IsPresent and IsNull apart.
#       Neither emulator's documentation has a list of differences.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check ministack==1.5.33 boto3==1.43.106 'moto[iam,stepfunctions]==5.2.5'
cat >"$work/choose.py" <<'PY'
import json, sys, time
from contextlib import nullcontext
import boto3

NOON = "2026-11-30T12:00:00Z"
RULES = (
    ("TimestampLessThan", "2026-11-30T12:00:01Z", NOON, "match"),
    ("TimestampLessThan", "2026-11-30T12:00:01Z", "2026-11-30T12:00:00.000Z", "match"),
    ("TimestampGreaterThan", NOON, "2026-11-30T12:00:00.500Z", "match"),
    ("TimestampLessThan", NOON, "2026-11-30T12:30:00+02:00", "match"),
    ("StringMatches", "a*", "abc", "match"),
    ("StringMatches", "a?c", "abc", "default"),
    ("StringMatches", "a[b]c", "abc", "default"),
    ("IsPresent", True, None, "match"),
    ("IsNumeric", True, True, "default"),
    ("BooleanEquals", True, 1, "default"),
    ("IsTimestamp", True, "2026-11-30", "default"),
)

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

def choose(states, role, number, rule, expected, value):
    ways = {way: {"Type": "Pass", "Result": way, "End": True} for way in ("match", "default")}
    test = {"Variable": "$.field", rule: expected, "Next": "match"}
    choice = {"Type": "Choice", "Default": "default", "Choices": [test]}
    made = states.create_state_machine(
        name=f"machine-{number}", roleArn=role,
        definition=json.dumps({"StartAt": "Choice", "States": {"Choice": choice, **ways}}))
    started = states.start_execution(stateMachineArn=made["stateMachineArn"], input=json.dumps({"field": value}))
    while (seen := states.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        time.sleep(0.05)
    return seen["output"].strip('"') if seen["status"] == "SUCCEEDED" else seen["status"]

if sys.argv[1] == "moto":
    import moto
    place = moto.mock_aws(config={"stepfunctions": {"execute_state_machine": True}})
else:
    place = nullcontext()
with place:
    states = boto3.client("stepfunctions")
    role = boto3.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    for number, (rule, expected, value, aws) in enumerate(RULES):
        seen = choose(states, role, number, rule, expected, value)
        if seen != aws:
            print(f"{sys.argv[1]}: {json.dumps(value)} {rule} {json.dumps(expected)}: {seen}, on AWS {aws}")
PY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
set=(env -i PATH="/usr/bin:/bin" HOME="$work" AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=y
  AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true)
"${set[@]}" BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" SFTP_ENABLED=0 IOT_MTLS_ENABLED=0 \
  "$work/v/bin/ministack" >"$work/log" 2>&1 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done
{
  "${set[@]}" "$work/v/bin/python" "$work/choose.py" moto 2>/dev/null
  "${set[@]}" AWS_ENDPOINT_URL="http://127.0.0.1:$port" "$work/v/bin/python" "$work/choose.py" ministack
} >"$work/seen"
echo "moto 5.2.5, ministack 1.5.33"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
moto: "2026-11-30T12:00:00.000Z" TimestampLessThan "2026-11-30T12:00:01Z": default, on AWS match
moto: "2026-11-30T12:00:00.500Z" TimestampGreaterThan "2026-11-30T12:00:00Z": default, on AWS match
moto: "2026-11-30T12:30:00+02:00" TimestampLessThan "2026-11-30T12:00:00Z": default, on AWS match
moto: "abc" StringMatches "a?c": match, on AWS default
moto: "abc" StringMatches "a[b]c": match, on AWS default
ministack: null IsPresent true: default, on AWS match
ministack: true IsNumeric true: match, on AWS default
ministack: 1 BooleanEquals true: match, on AWS default
ministack: "2026-11-30" IsTimestamp true: match, on AWS default
SEEN
