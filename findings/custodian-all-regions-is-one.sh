#!/usr/bin/env bash
# What: Cloud Custodian takes a type for a global one if botocore lists no region for its service. So a policy on
#       InfluxDB instances, DSQL clusters, FIS templates, Bedrock agents or S3 table buckets runs in us-east-1 only with
#       `--region all`, and in the first region only with several of them. The run says nothing and exits with 0.
# Why:  a policy that deletes leftovers leaves a database running, and billed, in every other region.
# With: c7n 0.9.53, moto 5.2.5, boto3 1.43.103, botocore 1.43.127 (PyPI). Seen 2026-11-30. No account is called: moto
#       answers in the same process.
# Docs: "Advanced Usage" says that `all` runs against all applicable regions of the policy's resource, and that one
#       that does not support the resource is skipped.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check c7n==0.9.53 boto3==1.43.103 botocore==1.43.127 \
  'moto[ec2,sqs,timestreaminfluxdb]==5.2.5'
cat >"$work/policies.yml" <<'YAML'
policies:
  - {name: queues, resource: aws.sqs, actions: [delete]}
  - {name: databases, resource: aws.timestream-influxdb, actions: [delete]}
YAML
cd "$work"
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" >"$work/seen" 2>"$work/log" <<'PY'
import sys, textwrap
import boto3, moto
from c7n.cli import main
from c7n.provider import clouds
from c7n.resources import load_available

REGIONS = ("eu-west-1", "us-east-1")

def leave(region):
    ec2, influx = boto3.client("ec2", region), boto3.client("timestream-influxdb", region)
    subnets, groups = ec2.describe_subnets()["Subnets"], ec2.describe_security_groups()["SecurityGroups"]
    boto3.client("sqs", region).create_queue(QueueName="left")
    influx.create_db_instance(
        name="left", password="x" * 8, dbInstanceType="db.influx.medium", allocatedStorage=20,
        vpcSubnetIds=[each["SubnetId"] for each in subnets], vpcSecurityGroupIds=[groups[0]["GroupId"]])

def left(region):
    queues = boto3.client("sqs", region).list_queues().get("QueueUrls", [])
    databases = boto3.client("timestream-influxdb", region).list_db_instances()["items"]
    return f"{len(queues)} queues, {len(databases)} databases"

for chosen in (["all"], ["eu-west-1", "us-east-1"], ["us-east-1", "eu-west-1"]):
    with moto.mock_aws():
        for region in REGIONS:
            leave(region)
        options = [word for region in chosen for word in ("--region", region)]
        sys.argv = ["custodian", "run", "-s", "out", "--cache-period", "0", *options, "policies.yml"]
        try:
            status = main() or 0
        except SystemExit as error:
            status = error.code
        print(f"custodian run {' '.join(options)}: exit {status}")
        for region in REGIONS:
            print(f"    left in {region}: {left(region)}")

load_available()
session = boto3.Session()
regional = [name for name, kind in clouds["aws"].resources.items()
            if (service := kind.resource_type.service) in session.get_available_services()
            and service != "support" and not kind.resource_type.global_resource
            and not session.get_available_regions(service)
            and "eu-west-1" in session.client(service, "eu-west-1").meta.endpoint_url]
print("regional types that run in one region only:")
print(textwrap.fill(" ".join(sorted(regional)), 100, initial_indent="    ", subsequent_indent="    ",
                    break_on_hyphens=False))
PY
echo "c7n 0.9.53"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
custodian run --region all: exit 0
    left in eu-west-1: 0 queues, 1 databases
    left in us-east-1: 0 queues, 0 databases
custodian run --region eu-west-1 --region us-east-1: exit 0
    left in eu-west-1: 0 queues, 0 databases
    left in us-east-1: 0 queues, 1 databases
custodian run --region us-east-1 --region eu-west-1: exit 0
    left in eu-west-1: 0 queues, 1 databases
    left in us-east-1: 0 queues, 0 databases
regional types that run in one region only:
    aiops-investigation-group bedrock-agent bedrock-knowledge-base devops-agent-space dsql-cluster
    dsql-stream fis-experiment fis-template payment-cryptography-key s3-table s3-table-bucket
    s3files-access-point s3files-file-system s3files-mount-target ses-ingress-endpoint
    timestream-influxdb timestream-influxdb-cluster
SEEN
