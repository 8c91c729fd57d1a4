#!/usr/bin/env bash
# What: ministack evaluates JSONata with jsonata-python, which knows later operators than Step Functions and counts in
#       another way. `??` and `?:` work, but JSONata 2.0.6, which is the version of Step Functions, refuses them.
#       `5.5 % 2` is 1 and not 1.5; $string of 16 digits has an exponent; and true and 1 are the same for `in` and for
#       $distinct, so a list of flags and counts loses some of them.
# Why:  a state machine that is green against the emulator is refused when it is deployed, or decides otherwise there.
# With: ministack 1.5.33, jsonata-python 0.7.1, boto3 1.43.106 (PyPI), jsonata 2.0.6 (npm). Seen 2026-11-30.
# Docs: the developer guide of Step Functions, "Transforming data with JSONata", names version 2.0.6. `??` and `?:` came
#       with 2.1.0. In jsonata-python, the code of `%` is int(math.fmod(lhs, rhs)).
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check ministack==1.5.33 jsonata-python==0.7.1 boto3==1.43.106
npm install --loglevel=error --no-audit --no-fund --prefix "$work" jsonata@2.0.6 >/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
set=(env -i PATH=/usr/bin:/bin HOME="$work" AWS_ENDPOINT_URL="http://127.0.0.1:$port" AWS_DEFAULT_REGION=us-east-1
  AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test)
"${set[@]}" BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" SFTP_ENABLED=0 IOT_MTLS_ENABLED=0 \
  "$work/v/bin/ministack" >"$work/log" 2>&1 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done

cat >"$work/expressions" <<'LINES'
1 + 1
nothing ?? 2
nothing ?: 2
5.5 % 2
$string(1234567890123456)
1 in [true, false]
$distinct([true, 1, false, 0])
LINES
cat >"$work/run.js" <<'JS'
const jsonata = require("jsonata");
const [file] = process.argv.slice(2);
const lines = require("fs").readFileSync(file, "utf8").trim().split("\n");
const show = async (line) => {
  try { return JSON.stringify(await jsonata(line).evaluate({})); } catch (error) { return `refused, ${error.code}`; }
};
(async () => { for (const line of lines) console.log(await show(line)); })();
JS
cat >"$work/run.py" <<'PY'
import json, sys, time
import boto3

states = boto3.client("stepfunctions")
for number, line in enumerate(open(sys.argv[1]).read().splitlines()):
    state = {"Type": "Pass", "Output": "{% " + line + " %}", "End": True}
    machine = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": state}})
    arn = states.create_state_machine(name=f"m{number}", definition=machine, roleArn="arn:aws:iam::111111111111:role/r")
    execution = states.start_execution(stateMachineArn=arn["stateMachineArn"])["executionArn"]
    while (seen := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.05)
    print(json.dumps(json.loads(seen["output"]), separators=(",", ":")))
PY
cd "$work"
node run.js expressions >reference
"${set[@]}" v/bin/python run.py expressions >emulator
paste -d '|' expressions reference emulator | sed 's/|/ : jsonata /; s/|/ : ministack /' >seen
echo "ministack 1.5.33 with jsonata-python 0.7.1, jsonata 2.0.6"
cat seen
diff seen - <<'SEEN'
1 + 1 : jsonata 2 : ministack 2
nothing ?? 2 : jsonata refused, S0211 : ministack 2
nothing ?: 2 : jsonata refused, S0211 : ministack 2
5.5 % 2 : jsonata 1.5 : ministack 1
$string(1234567890123456) : jsonata "1234567890123460" : ministack "1.23456789012346e+15"
1 in [true, false] : jsonata false : ministack true
$distinct([true, 1, false, 0]) : jsonata [true,1,false,0] : ministack [true,false]
SEEN
