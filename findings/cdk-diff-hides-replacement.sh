#!/usr/bin/env bash
# What: `cdk diff --method=template` shows a change of a create-only property inside another property as an update
#       without replacement, in most types: subnets or encryption of an MSK cluster, the embedding model of a Bedrock
#       knowledge base, the subnets of an MWAA environment. CloudFormation replaces the resource. Of 268 create-only
#       properties that are not at the top level, 213 are shown so.
# Why:  a review of the diff, or integ-runner's check for destructive changes, passes an update that deletes a cluster
#       with its data. `cdk diff` compares templates, too, where it may not create a change set.
# With: aws-cdk 2.1148.1, @aws-cdk/cloudformation-diff 2.187.5 (npm), cfn-lint 1.58.0 (PyPI), which has the registry's
#       schemas. Seen 2026-11-30.
# Docs: the reference of `cdk diff` says of this method that any change to properties that require replacement is
#       displayed as a replacement. createOnlyProperties: "Resource type schema" in the CloudFormation CLI's guide.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" aws-cdk@2.1148.1 \
  @aws-cdk/cloudformation-diff@2.187.5 >/dev/null
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check cfn-lint==1.58.0
cd "$work"
cat >templates.py <<'PY'
import json

def write(file, subnet, model, name):
    network = ["subnet-1", subnet]
    json.dump({"Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}},
        "Cluster": {"Type": "AWS::MSK::Cluster", "Properties": {
            "ClusterName": "c", "KafkaVersion": "3.6.0", "NumberOfBrokerNodes": 2,
            "BrokerNodeGroupInfo": {"InstanceType": "kafka.m5.large", "ClientSubnets": network}}},
        "Base": {"Type": "AWS::Bedrock::KnowledgeBase", "Properties": {
            "Name": "b", "RoleArn": "arn:aws:iam::111111111111:role/r", "KnowledgeBaseConfiguration": {
                "Type": "VECTOR", "VectorKnowledgeBaseConfiguration": {"EmbeddingModelArn": model}}}},
        "Airflow": {"Type": "AWS::MWAA::Environment", "Properties": {
            "Name": "a", "NetworkConfiguration": {"SubnetIds": network, "SecurityGroupIds": ["sg-1"]}}},
    }}, open(file, "w"))

write("old.json", "subnet-2", "arn:old", "old")
write("new.json", "subnet-3", "arn:new", "new")
json.dump({"version": "36.0.0", "artifacts": {"s": {
    "type": "aws:cloudformation:stack", "environment": "aws://111111111111/us-east-1",
    "properties": {"templateFile": "new.json"}}}}, open("manifest.json", "w"))

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER as schemas
properties = []
for kind in sorted(schemas.get_resource_types("us-east-1")):
    if kind.startswith("AWS::"):
        schema = schemas.get_resource_schema("us-east-1", kind).schema
        create_only = set(schema.get("createOnlyProperties", [])) - set(schema.get("readOnlyProperties", []))
        properties += [(kind, pointer) for pointer in sorted(create_only)]
json.dump(properties, open("create-only.json", "w"))
PY
cat >count.js <<'JS'
const { fullDiff } = require("@aws-cdk/cloudformation-diff");
const counts = { top: {}, nested: {} };
for (const [Type, pointer] of require("./create-only.json")) {
  const path = pointer.split("/").slice(2);
  const template = (value) => {
    for (const key of [...path].reverse()) value = key === "*" ? [value] : { [key]: value };
    return { Resources: { R: { Type, Properties: value } } };
  };
  let impact;
  try {
    impact = fullDiff(template("old"), template("new")).resources.changes.R.changeImpact;
  } catch {
    continue; // a policy that is no object
  }
  if (impact === "NO_CHANGE") continue; // a type that this version does not know
  const level = counts[path.length > 1 ? "nested" : "top"];
  level[impact] = (level[impact] ?? 0) + 1;
}
for (const [level, impacts] of Object.entries(counts)) console.log(`create-only properties, ${level}:`, impacts);
JS
"$work/v/bin/python" templates.py
{
  env -i PATH="$PATH" HOME="$work" AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true NODE_NO_WARNINGS=1 \
    node node_modules/aws-cdk/bin/cdk diff --app . --template old.json --method template --no-notices --no-color \
    2>&1 | grep -E '^\[~\]|requires'
  node count.js
} >seen
echo "aws-cdk 2.1148.1, @aws-cdk/cloudformation-diff 2.187.5, cfn-lint 1.58.0"
cat seen
diff seen - <<'SEEN'
[~] AWS::SQS::Queue Queue replace
 └─ [~] QueueName (requires replacement)
[~] AWS::MSK::Cluster Cluster
[~] AWS::Bedrock::KnowledgeBase Base
[~] AWS::MWAA::Environment Airflow
create-only properties, top: { WILL_REPLACE: 4079, WILL_UPDATE: 4 }
create-only properties, nested: { WILL_UPDATE: 213, WILL_REPLACE: 55 }
SEEN
