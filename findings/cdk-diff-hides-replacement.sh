#!/usr/bin/env bash
# What: `cdk diff --method=template` shows a change of a create-only property inside another property as an update
#       without replacement: subnets of an MSK cluster, the embedding model of a Bedrock knowledge base, subnets of an
#       MWAA environment. The registry says that they can only be set at creation, so CloudFormation replaces the
#       resource. At the top level, as for the name of a queue, the replacement is shown.
# Why:  a review of the diff passes an update that deletes a cluster with its data. `cdk diff` compares templates, too,
#       where it may not create a change set.
# With: aws-cdk 2.1148.1 (npm), cfn-lint 1.58.0 (PyPI), which accepts both templates and has the registry's schemas.
#       Seen 2026-11-30.
# Docs: the reference of `cdk diff` says of this method that any change to properties that require replacement is
#       displayed as a replacement. createOnlyProperties: "Resource type schema" in the CloudFormation CLI's guide.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" aws-cdk@2.1148.1 >/dev/null
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check cfn-lint==1.58.0
cd "$work"
cat >templates.py <<'PY'
import json
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER as schemas

def write(file, subnet, model, name):
    subnets = ["subnet-0123456789abcdef1", subnet]
    json.dump({"Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}},
        "Cluster": {"Type": "AWS::MSK::Cluster", "Properties": {
            "ClusterName": "c", "KafkaVersion": "3.6.0", "NumberOfBrokerNodes": 2,
            "BrokerNodeGroupInfo": {"InstanceType": "kafka.m5.large", "ClientSubnets": subnets}}},
        "Base": {"Type": "AWS::Bedrock::KnowledgeBase", "Properties": {
            "Name": "b", "RoleArn": "arn:aws:iam::111111111111:role/r",
            "KnowledgeBaseConfiguration": {"Type": "VECTOR", "VectorKnowledgeBaseConfiguration": {
                "EmbeddingModelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model}"}},
            "StorageConfiguration": {"Type": "S3_VECTORS", "S3VectorsConfiguration": {
                "IndexArn": "arn:aws:s3vectors:us-east-1:111111111111:bucket/vectors/index/i"}}}},
        "Airflow": {"Type": "AWS::MWAA::Environment", "Properties": {
            "Name": "a", "DagS3Path": "dags", "ExecutionRoleArn": "arn:aws:iam::111111111111:role/r",
            "SourceBucketArn": "arn:aws:s3:::company-dags",
            "NetworkConfiguration": {"SubnetIds": subnets, "SecurityGroupIds": ["sg-0123456789abcdef0"]}}},
    }}, open(file, "w"))

write("old.json", "subnet-0123456789abcdef2", "amazon.titan-embed-text-v1", "old")
write("new.json", "subnet-0123456789abcdef3", "amazon.titan-embed-text-v2:0", "new")
json.dump({"version": "36.0.0", "artifacts": {"s": {
    "type": "aws:cloudformation:stack", "environment": "aws://111111111111/us-east-1",
    "properties": {"templateFile": "new.json"}}}}, open("manifest.json", "w"))
for kind, changed in (
    ("AWS::SQS::Queue", "QueueName"), ("AWS::MSK::Cluster", "BrokerNodeGroupInfo/ClientSubnets"),
    ("AWS::Bedrock::KnowledgeBase", "KnowledgeBaseConfiguration/VectorKnowledgeBaseConfiguration/EmbeddingModelArn"),
    ("AWS::MWAA::Environment", "NetworkConfiguration/SubnetIds"),
):
    pointers = schemas.get_resource_schema("us-east-1", kind).schema["createOnlyProperties"]
    [pointer] = [each for each in pointers if f"/properties/{changed}/".startswith(f"{each}/")]
    print(f"{kind}: {changed} changes, create-only is {pointer}")
PY
{
  "$work/v/bin/python" templates.py
  "$work/v/bin/cfn-lint" --regions us-east-1 -t old.json new.json && echo "cfn-lint accepts both templates"
  env -i PATH="$PATH" HOME="$work" AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true NODE_NO_WARNINGS=1 \
    node node_modules/aws-cdk/bin/cdk diff --app . --template old.json --method template --no-notices --no-color \
    2>&1 | grep -E '^\[~\]|requires'
} >seen
echo "aws-cdk 2.1148.1, cfn-lint 1.58.0"
cat seen
diff seen - <<'SEEN'
AWS::SQS::Queue: QueueName changes, create-only is /properties/QueueName
AWS::MSK::Cluster: BrokerNodeGroupInfo/ClientSubnets changes, create-only is /properties/BrokerNodeGroupInfo/ClientSubnets
AWS::Bedrock::KnowledgeBase: KnowledgeBaseConfiguration/VectorKnowledgeBaseConfiguration/EmbeddingModelArn changes, create-only is /properties/KnowledgeBaseConfiguration/VectorKnowledgeBaseConfiguration
AWS::MWAA::Environment: NetworkConfiguration/SubnetIds changes, create-only is /properties/NetworkConfiguration/SubnetIds
cfn-lint accepts both templates
[~] AWS::SQS::Queue Queue replace
 └─ [~] QueueName (requires replacement)
[~] AWS::MSK::Cluster Cluster
[~] AWS::Bedrock::KnowledgeBase Base
[~] AWS::MWAA::Environment Airflow
SEEN
