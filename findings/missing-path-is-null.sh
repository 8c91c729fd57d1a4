#!/usr/bin/env bash
# What: in ministack's Step Functions a JSONPath that finds nothing is null, and the execution succeeds: a parameter is
#       null, a Choice on a missing variable takes its default, a Wait for a missing number does not wait, and a Map
#       over a missing list runs once, for null. A filter, a slice and a negative index find nothing even where the
#       input has it. AWS fails such an execution with States.Runtime or States.ParameterPathFailure.
# Why:  a renamed field, or a filter that works on AWS, passes or fails the wrong way round: a green run against this
#       emulator says nothing about the paths of a state machine.
# With: ministack 1.5.33, boto3 1.43.106 (PyPI). Seen 2026-11-30.
# Docs: the developer guide lists States.ParameterPathFailure for a path that cannot be found, has the operator
#       IsPresent for variables that may be missing, and filters in its examples of InputPath.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check ministack==1.5.33 boto3==1.43.106
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
set=(env -i PATH=/usr/bin:/bin HOME="$work" AWS_ENDPOINT_URL="http://127.0.0.1:$port" AWS_DEFAULT_REGION=us-east-1
  AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test)
"${set[@]}" BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" SFTP_ENABLED=0 IOT_MTLS_ENABLED=0 \
  "$work/v/bin/ministack" >"$work/log" 2>&1 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done

cat >"$work/run.py" <<'PY'
import json, time
import boto3

states = boto3.client("stepfunctions")
ROLE = "arn:aws:iam::111111111111:role/r"
INPUT = {"jobs": [{"id": 1, "state": "done"}, {"id": 2, "state": "failed"}]}

def run(what, *, others={}, **state):
    machine = {"StartAt": "First", "States": {"First": state, **others}}
    made = states.create_state_machine(name=what.replace(" ", "-"), definition=json.dumps(machine), roleArn=ROLE)
    execution = states.start_execution(stateMachineArn=made["stateMachineArn"], input=json.dumps(INPUT))["executionArn"]
    while (seen := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.05)
    print(f"{what}: {seen['status']} {seen['output'].replace(json.dumps(INPUT), 'its input')}")

def pass_on(what, **fields):
    run(what, Type="Pass", End=True, **fields)

rule = {"Variable": "$.left", "NumericEquals": 0, "Next": "Yes"}
ways = {"Yes": {"Type": "Fail"}, "No": {"Type": "Pass", "Result": "the default", "End": True}}
each = {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": True}}}
pass_on("a missing parameter", Parameters={"left.$": "$.left"})
pass_on("a missing output path", OutputPath="$.left")
run("a choice on a missing field", Type="Choice", Choices=[rule], Default="No", others=ways)
run("a wait for a missing number", Type="Wait", SecondsPath="$.seconds", End=True)
run("a map over a missing list", Type="Map", ItemsPath="$.left", ItemProcessor=each, End=True)
pass_on("a wildcard", Parameters={"ids.$": "$.jobs[*].id"})
pass_on("a filter", Parameters={"failed.$": "$.jobs[?(@.state=='failed')].id"})
pass_on("a slice", Parameters={"first.$": "$.jobs[0:1].id"})
pass_on("a negative index", Parameters={"last.$": "$.jobs[-1].id"})
PY
"${set[@]}" "$work/v/bin/python" "$work/run.py" >"$work/seen"
echo "ministack 1.5.33"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
a missing parameter: SUCCEEDED {"left": null}
a missing output path: SUCCEEDED null
a choice on a missing field: SUCCEEDED "the default"
a wait for a missing number: SUCCEEDED its input
a map over a missing list: SUCCEEDED [null]
a wildcard: SUCCEEDED {"ids": [1, 2]}
a filter: SUCCEEDED {"failed": null}
a slice: SUCCEEDED {"first": null}
a negative index: SUCCEEDED {"last": null}
SEEN
