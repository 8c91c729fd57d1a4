#!/usr/bin/env bash
# What: moto's GetResources of the Resource Groups Tagging API finds 8 of 20 things that were made with the same tag. The
#       others are left out without a word: Elastic IPs, key pairs, launch templates, VPC endpoints, streams,
#       repositories, clusters, APIs, user pools, rules, domains. A filter on such a type returns an empty list.
# Why:  a test of a cleanup by tag is green although it never saw most types, and a search for leftovers is empty.
# With: moto 5.2.5, boto3 1.43.106 (PyPI). Seen 2026-11-30.
# Docs: AWS lists all these types as supported by the API ("Services that support the Resource Groups Tagging API").
#       moto's documentation lists get_resources as implemented.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check boto3==1.43.106 \
  'moto[apigateway,apigatewayv2,cognitoidp,dynamodb,ec2,ecr,eks,events,iam]==5.2.5' \
  'moto[kinesis,sns,sqs,stepfunctions]==5.2.5'
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" >"$work/seen" <<'PY'
import json
import boto3, moto

PAIRS = [{"Key": "owner", "Value": "test"}]
MAP = {"owner": "test"}
TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"Service": ["states.amazonaws.com", "eks.amazonaws.com"]}}]}

def search(*types):
    pages = boto3.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(
        TagFilters=[{"Key": "owner", "Values": ["test"]}], ResourceTypeFilters=list(types))
    return [one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]]

def ec2(kind):
    return [{"ResourceType": kind, "Tags": PAIRS}]

with moto.mock_aws():
    client = boto3.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet, other = (
        client.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]
        ["SubnetId"] for number, zone in enumerate("ab"))
    role = boto3.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    launch = {"InstanceType": "t3.micro"}
    machine = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    attribute = {"AttributeName": "id"}
    makers = {
        "volume": lambda: client.create_volume(AvailabilityZone="us-east-1a", Size=8, TagSpecifications=ec2("volume")),
        "network interface": lambda: client.create_network_interface(
            SubnetId=subnet, TagSpecifications=ec2("network-interface")),
        "NAT gateway": lambda: client.create_nat_gateway(
            SubnetId=subnet, ConnectivityType="private", TagSpecifications=ec2("natgateway")),
        "transit gateway": lambda: client.create_transit_gateway(TagSpecifications=ec2("transit-gateway")),
        "Elastic IP": lambda: client.allocate_address(Domain="vpc", TagSpecifications=ec2("elastic-ip")),
        "key pair": lambda: client.create_key_pair(KeyName="name", TagSpecifications=ec2("key-pair")),
        "launch template": lambda: client.create_launch_template(
            LaunchTemplateName="name", LaunchTemplateData=launch, TagSpecifications=ec2("launch-template")),
        "VPC endpoint": lambda: client.create_vpc_endpoint(
            VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", TagSpecifications=ec2("vpc-endpoint")),
        "queue": lambda: boto3.client("sqs").create_queue(QueueName="name", tags=MAP),
        "topic": lambda: boto3.client("sns").create_topic(Name="name", Tags=PAIRS),
        "table": lambda: boto3.client("dynamodb").create_table(
            TableName="name", KeySchema=[attribute | {"KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[attribute | {"AttributeType": "S"}], Tags=PAIRS),
        "state machine": lambda: boto3.client("stepfunctions").create_state_machine(
            name="name", definition=machine, roleArn=role, tags=[{"key": "owner", "value": "test"}]),
        "stream": lambda: boto3.client("kinesis").create_stream(StreamName="name", ShardCount=1, Tags=MAP),
        "repository": lambda: boto3.client("ecr").create_repository(repositoryName="name", tags=PAIRS),
        "EKS cluster": lambda: boto3.client("eks").create_cluster(
            name="name", roleArn=role, resourcesVpcConfig={"subnetIds": [subnet, other]}, tags=MAP),
        "REST API": lambda: boto3.client("apigateway").create_rest_api(name="name", tags=MAP),
        "HTTP API": lambda: boto3.client("apigatewayv2").create_api(Name="name", ProtocolType="HTTP", Tags=MAP),
        "user pool": lambda: boto3.client("cognito-idp").create_user_pool(PoolName="name", UserPoolTags=MAP),
        "rule": lambda: boto3.client("events").put_rule(Name="name", ScheduleExpression="rate(1 day)", Tags=PAIRS),
        "domain": lambda: boto3.client("opensearch").create_domain(DomainName="name", TagList=PAIRS),
    }
    found, missed = [], []
    for name, make in makers.items():
        before = len(search())
        make()
        (found if len(search()) > before else missed).append(name)
    print("found: ", ", ".join(found))
    print("missed:", ", ".join(missed))
    print("search for ecr:repository:", search("ecr:repository"))
PY
echo "moto 5.2.5"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
found:  volume, network interface, NAT gateway, transit gateway, queue, topic, table, state machine
missed: Elastic IP, key pair, launch template, VPC endpoint, stream, repository, EKS cluster, REST API, HTTP API, user pool, rule, domain
search for ecr:repository: []
SEEN
