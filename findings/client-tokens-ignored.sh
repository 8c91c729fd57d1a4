#!/usr/bin/env bash
# What: a request that is repeated with the same client token makes a second thing in emulators: instances, volumes and
#       NAT gateways in moto and ministack, certificates in ministack, zones in moto; and moto writes a DynamoDB
#       transaction twice. Step Functions and EFS are the other way round in ministack: it refuses an execution that AWS
#       would return, and returns a file system where AWS refuses.
# Why:  code that repeats a create after a timeout relies on these tokens, or it leaks what the lost reply had made. A
#       test of it on an emulator counts twice, or is green for the wrong reason.
# With: moto 5.2.5, ministack 1.5.33, boto3 1.43.106 (PyPI). Seen 2026-11-30. ministack's server is on loopback.
# Docs: the API references say what a repeated token does (the column "AWS"). moto's documentation lists the
#       operations as implemented.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check ministack==1.5.33 boto3==1.43.106 \
  'moto[acm,dynamodb,ec2,efs,iam,route53,stepfunctions]==5.2.5'
cat >"$work/repeat.py" <<'PY'
import json, sys
from contextlib import nullcontext
import boto3
from botocore.exceptions import ClientError

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

def instance(token):
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, ClientToken=token)
    return made["Instances"][0]["InstanceId"]

def volume(token):
    return ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, ClientToken=token)["VolumeId"]

def gateway(token):
    made = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private", ClientToken=token)
    return made["NatGateway"]["NatGatewayId"]

def certificate(token):
    return acm.request_certificate(DomainName="test.example.com", IdempotencyToken=token)["CertificateArn"]

def file_system(token):
    return efs.create_file_system(CreationToken=token)["FileSystemId"]

def zone(token):
    return route53.create_hosted_zone(Name="tokens.test", CallerReference=token)["HostedZone"]["Id"]

def execution(token):
    return states.start_execution(stateMachineArn=machine, name=token, input="{}")["executionArn"]

def transaction(token):
    change = {"TableName": "table", "Key": {"id": {"S": "counter"}}, "UpdateExpression": "ADD n :one",
              "ExpressionAttributeValues": {":one": {"N": "1"}}}
    dynamodb.transact_write_items(ClientRequestToken=token, TransactItems=[{"Update": change}])
    return dynamodb.get_item(TableName="table", Key={"id": {"S": "counter"}})["Item"]["n"]["N"]

with nullcontext() if sys.argv[1] == "ministack" else __import__("moto").mock_aws():
    acm, dynamodb, ec2, efs, route53, states = map(
        boto3.client, ("acm", "dynamodb", "ec2", "efs", "route53", "stepfunctions"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    role = boto3.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    machine = states.create_state_machine(name="wait", definition=json.dumps(wait), roleArn=role)["stateMachineArn"]
    dynamodb.create_table(
        TableName="table", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    for make, aws in ((instance, "the first"), (volume, "the first"), (gateway, "the first"),
                      (certificate, "the first"), (execution, "the first"), (transaction, "the first"),
                      (file_system, "FileSystemAlreadyExists"), (zone, "HostedZoneAlreadyExists")):
        first = make("token")
        try:
            seen = "the first" if make("token") == first else "a second one"
        except ClientError as error:
            seen = error.response["Error"]["Code"]
        print(f"{make.__name__:12} AWS: {aws:24} {sys.argv[1]}: {seen}{'' if seen == aws else '   <'}")
PY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
set=(env -i PATH="/usr/bin:/bin" HOME="$work" AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=y
  AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true)
"${set[@]}" BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" SFTP_ENABLED=0 IOT_MTLS_ENABLED=0 \
  "$work/v/bin/ministack" >"$work/log" 2>&1 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done
{
  "${set[@]}" "$work/v/bin/python" "$work/repeat.py" moto
  "${set[@]}" AWS_ENDPOINT_URL="http://127.0.0.1:$port" "$work/v/bin/python" "$work/repeat.py" ministack
} >"$work/seen"
echo "moto 5.2.5, ministack 1.5.33"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
instance     AWS: the first                moto: a second one   <
volume       AWS: the first                moto: a second one   <
gateway      AWS: the first                moto: a second one   <
certificate  AWS: the first                moto: the first
execution    AWS: the first                moto: the first
transaction  AWS: the first                moto: a second one   <
file_system  AWS: FileSystemAlreadyExists  moto: FileSystemAlreadyExists
zone         AWS: HostedZoneAlreadyExists  moto: a second one   <
instance     AWS: the first                ministack: a second one   <
volume       AWS: the first                ministack: a second one   <
gateway      AWS: the first                ministack: a second one   <
certificate  AWS: the first                ministack: a second one   <
execution    AWS: the first                ministack: ExecutionAlreadyExists   <
transaction  AWS: the first                ministack: the first
file_system  AWS: FileSystemAlreadyExists  ministack: the first   <
zone         AWS: HostedZoneAlreadyExists  ministack: the first   <
SEEN
