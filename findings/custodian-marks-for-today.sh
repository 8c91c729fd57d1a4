#!/usr/bin/env bash
# What: Custodian's `mark-for-op` without `days` and `hours` marks for the same day, and a policy with `marked-for-op`
#       deletes the thing minutes later. The documentation promises four days.
# Why:  who marks leftovers, and counts on the days in which their owners can object, loses them in the next run.
# With: c7n 0.9.53, moto 5.2.5, boto3 1.43.103, botocore 1.43.127 (PyPI). Seen 2026-11-30. No account is called: moto
#       answers in the same process.
# Docs: "If neither 'days' nor 'hours' is specified, Cloud Custodian will default to marking the resource for action 4
#       days in the future." cloud-custodian issue 6106 (2020) is open.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check c7n==0.9.53 boto3==1.43.103 botocore==1.43.127 \
  'moto[ec2]==5.2.5'
cat >"$work/policies.yml" <<'YAML'
policies:
  - {name: mark, resource: aws.ebs, actions: [{type: mark-for-op, tag: cleanup, op: delete}]}
  - name: act
    resource: aws.ebs
    filters: [{type: marked-for-op, tag: cleanup, op: delete}]
    actions: [delete]
YAML
cd "$work"
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" >"$work/seen" 2>"$work/log" <<'PY'
import sys
from datetime import datetime, timezone
import boto3, moto
from c7n.cli import main

def custodian(policy):
    sys.argv = ["custodian", "run", "-s", "out", "--cache-period", "0", "--region", "us-east-1", "-p", policy,
                "policies.yml"]
    main()

with moto.mock_aws():
    ec2 = boto3.client("ec2")
    ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)
    today = datetime.now(timezone.utc).date()
    custodian("mark")
    text = ec2.describe_volumes()["Volumes"][0]["Tags"][0]["Value"]
    day = datetime.strptime(text.partition("@")[2], "%Y/%m/%d").date()
    print(f"mark: {text.partition('@')[0]}, {(day - today).days} days from today")
    custodian("act")
    print("act:", len(ec2.describe_volumes()["Volumes"]), "volumes left")
PY
echo "c7n 0.9.53"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
mark: Resource does not meet policy: delete, 0 days from today
act: 0 volumes left
SEEN
