#!/usr/bin/env bash
# What: cfn-lint and asl-validator both refuse a JSONata state whose Output is a list, and asl-validator one that is a
#       number or null, too. AWS allows each of these. An object is accepted by both.
# Why:  a valid state has to be written in another way to please a linter, for example `"{% [1, 2] %}"`.
# With: cfn-lint 1.58.0 (PyPI), asl-validator 4.0.0 (npm). Seen 2026-11-30.
# Docs: the developer guide says that Output "accepts any JSON value (object, array, string, number, boolean, null)".
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

end = {"Type": "Pass", "End": True}

def machine(first):
    return {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": first}}

machines = {
    "no Output": machine(end),
    "Output is an object": machine(end | {"Output": {"n": 1}}),
    "Output is a list": machine(end | {"Output": [1, 2]}),
    "Output is a number": machine(end | {"Output": 1}),
    "Output is null": machine(end | {"Output": None}),
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
no Output: cfn-lint accepts, asl-validator accepts
Output is an object: cfn-lint accepts, asl-validator accepts
Output is a list: cfn-lint refuses, asl-validator refuses
Output is a number: cfn-lint accepts, asl-validator refuses
Output is null: cfn-lint accepts, asl-validator refuses
SEEN
