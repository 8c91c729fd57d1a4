#!/usr/bin/env bash
# What: cfn-lint checks that StartAt names a state, but not Next, and accepts a state that nothing leads to, two
#       durations in a Wait and JSONata that does not parse. asl-validator finds these, but accepts a JSONPath state in
#       a JSONata machine, which cfn-lint finds. Both accept a retrier after the one with States.ALL. Both refuse an
#       Output that is a list, and asl-validator one that is a number or null, too.
# Why:  a template that is green in cfn-lint is refused when it is deployed; a valid state has to be written in another
#       way to please a linter, for example `"{% [1, 2] %}"`. Use both, or check the transitions in a test.
# With: cfn-lint 1.58.0 (PyPI), asl-validator 4.0.0 (npm). Seen 2026-11-30.
# Docs: the developer guide says that Output "accepts any JSON value (object, array, string, number, boolean, null)",
#       and that a JSONata machine cannot have JSONPath states; the specification of the States Language, that
#       States.ALL is in the last retrier only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check cfn-lint==1.58.0
npm install --loglevel=error --no-audit --no-fund --prefix "$work" asl-validator@4.0.0 >/dev/null
cd "$work"
cat >check.mjs <<'JS'
import validate from "asl-validator";
import { readFileSync } from "node:fs";
const machines = JSON.parse(readFileSync("machines.json", "utf8"));
console.log(JSON.stringify(Object.values(machines).map((machine) => validate(machine).isValid)));
JS
cat >check.py <<'PY'
import json, subprocess

JSONATA = {"QueryLanguage": "JSONata"}
task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
end = {"Type": "Pass", "End": True}
every, other = {"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["Throttled"]}

def machine(first, /, start="A", extra={}, **more):
    return {"StartAt": start, "States": {"A": first, **more}, **extra}

machines = {
    "valid": machine(end),
    "StartAt without a state": machine(end, start="B"),
    "Next without a state": machine({"Type": "Pass", "Next": "B"}),
    "nothing leads to a state": machine(end, B=end),
    "a Wait with two durations": machine({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "End": True}),
    "JSONata that does not parse": machine(end | {"Output": "{% 1 + %}"}, extra=JSONATA),
    "a JSONPath state in a JSONata machine": machine(end | {"QueryLanguage": "JSONPath"}, extra=JSONATA),
    "States.ALL before another retrier": machine(task | {"Retry": [every, other]}),
    "valid: Output is an object": machine(end | {"Output": {"n": 1}}, extra=JSONATA),
    "valid: Output is a list": machine(end | {"Output": [1, 2]}, extra=JSONATA),
    "valid: Output is a number": machine(end | {"Output": 1}, extra=JSONATA),
    "valid: Output is null": machine(end | {"Output": None}, extra=JSONATA),
}
role = "arn:aws:iam::222222222222:role/states"
resources = {
    f"M{number}": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"RoleArn": role, "Definition": each}}
    for number, each in enumerate(machines.values())
}
json.dump({"Resources": resources}, open("template.json", "w"))
json.dump(machines, open("machines.json", "w"))
found = subprocess.run(["v/bin/cfn-lint", "--format", "json", "template.json"], capture_output=True, text=True).stdout
wrong = {each["Location"]["Path"][1] for each in json.loads(found)}
linted = [f"M{number}" not in wrong for number in range(len(machines))]
validated = json.loads(subprocess.run(["node", "check.mjs"], check=True, capture_output=True, text=True).stdout)
word = {True: "accepts", False: "refuses"}
for name, one, two in zip(machines, linted, validated):
    print(f"{name}: cfn-lint {word[one]}, asl-validator {word[two]}")
PY
v/bin/python check.py >seen
echo "cfn-lint 1.58.0, asl-validator 4.0.0"
cat seen
diff seen - <<'SEEN'
valid: cfn-lint accepts, asl-validator accepts
StartAt without a state: cfn-lint refuses, asl-validator refuses
Next without a state: cfn-lint accepts, asl-validator refuses
nothing leads to a state: cfn-lint accepts, asl-validator refuses
a Wait with two durations: cfn-lint accepts, asl-validator refuses
JSONata that does not parse: cfn-lint accepts, asl-validator refuses
a JSONPath state in a JSONata machine: cfn-lint refuses, asl-validator accepts
States.ALL before another retrier: cfn-lint accepts, asl-validator accepts
valid: Output is an object: cfn-lint accepts, asl-validator accepts
valid: Output is a list: cfn-lint refuses, asl-validator refuses
valid: Output is a number: cfn-lint accepts, asl-validator refuses
valid: Output is null: cfn-lint accepts, asl-validator refuses
SEEN
