#!/usr/bin/env bash
# What: troposphere's TemplateGenerator reads a template and drops `UpdateReplacePolicy` of every resource, and the whole
#       section `Rules`. DeletionPolicy, CreationPolicy, UpdatePolicy, DependsOn, Condition and Metadata stay. There is
#       no warning, and an object that is made in Python does keep the attribute.
# Why:  a tool that loads a template, adds a prefix or tags for a test, and writes it again takes away what protects data:
#       an update that replaces the bucket or the table deletes the old one.
# With: troposphere 4.11.1 (PyPI). Seen 2026-11-30.
# Docs: the module says that it makes a template object of an existing template, and names nothing that it leaves out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check troposphere==4.11.1
"$work/v/bin/python" >"$work/seen" <<'PY'
import json
from troposphere import s3
from troposphere.template_generator import TemplateGenerator

SAME = {"Fn::Equals": ["a", "a"]}
TEMPLATE = {
    "Conditions": {"Always": SAME},
    "Rules": {"Region": {"Assertions": [{"Assert": SAME}]}},
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
                   "Condition": "Always", "DependsOn": ["Group"], "Metadata": {"team": "a"},
                   "Properties": {"BucketName": "company-data"}},
        "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup",
                  "CreationPolicy": {"ResourceSignal": {"Count": "1", "Timeout": "PT5M"}},
                  "UpdatePolicy": {"AutoScalingRollingUpdate": {"MinInstancesInService": "1"}},
                  "Properties": {"MinSize": "1", "MaxSize": "3", "AvailabilityZones": ["us-east-1a"]}},
    },
}

def lost(before, after, place):
    for key, value in before.items():
        if key not in after:
            print(f"lost: {place}{key}")
        elif isinstance(value, dict):
            lost(value, after[key], f"{place}{key}.")

lost(TEMPLATE, json.loads(TemplateGenerator(TEMPLATE).to_json()), "")
print("an object that is made in Python:", s3.Bucket("Bucket", UpdateReplacePolicy="Retain").to_dict()["UpdateReplacePolicy"])
PY
echo "troposphere 4.11.1"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
lost: Rules
lost: Resources.Bucket.UpdateReplacePolicy
an object that is made in Python: Retain
SEEN
