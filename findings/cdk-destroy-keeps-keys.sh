#!/usr/bin/env bash
# What: a queue, bucket, stream or table with encryption by KMS and `removalPolicy: DESTROY` makes a key, and this has
#       `DeletionPolicy: Retain`. A queue is deleted by default, and its key stays by default. The log groups of an
#       OpenSearch domain stay in the same way. A key of your own changes it, and so does `RemovalPolicies`.
# Why:  each deployment of a test that is destroyed afterwards leaves a customer managed key. It is billed every month
#       until someone schedules its deletion, it has no alias, and nothing uses it.
# With: aws-cdk-lib 2.276.0, constructs 10.8.1 (npm). Seen 2026-11-30.
# Docs: the reference says that a key is created if none is given, not that it stays; kms.Key says that keys stay by
#       default. aws-cdk issue 3275 (2019) mentions it for the buckets of pipelines, which changed since.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" aws-cdk-lib@2.276.0 constructs@10.8.1 >/dev/null
cat >"$work/app.js" <<'JS'
const cdk = require("aws-cdk-lib");
const { aws_dynamodb: dynamodb, aws_kinesis: kinesis, aws_opensearchservice: search, aws_s3: s3, aws_sqs: sqs } = cdk;
const removalPolicy = cdk.RemovalPolicy.DESTROY;
const partitionKey = { name: "id", type: dynamodb.AttributeType.STRING };
const version = search.EngineVersion.openSearch("2.19");
const makers = {
  queueByDefault: (stack) => new sqs.Queue(stack, "T", { encryption: sqs.QueueEncryption.KMS }),
  queue: (stack) => new sqs.Queue(stack, "T", { encryption: sqs.QueueEncryption.KMS, removalPolicy }),
  bucket: (stack) =>
    new s3.Bucket(stack, "T", { encryption: s3.BucketEncryption.KMS, removalPolicy, autoDeleteObjects: true }),
  stream: (stack) => new kinesis.Stream(stack, "T", { encryption: kinesis.StreamEncryption.KMS, removalPolicy }),
  table: (stack) =>
    new dynamodb.Table(stack, "T", {
      partitionKey, encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED, removalPolicy,
    }),
  domain: (stack) => new search.Domain(stack, "T", { version, logging: { appLogEnabled: true }, removalPolicy }),
};
for (const all of [false, true]) {
  console.log(all ? "with RemovalPolicies.of(app).destroy():" : "as written:");
  for (const [name, make] of Object.entries(makers)) {
    const app = new cdk.App({ outdir: `out/${name}/${all}` });
    const stack = new cdk.Stack(app, "Test");
    make(stack);
    if (all) cdk.RemovalPolicies.of(app).destroy();
    const resources = Object.values(app.synth().getStackByName("Test").template.Resources);
    const kept = resources.filter((resource) => resource.DeletionPolicy === "Retain");
    console.log(`    ${name} keeps:`, kept.map((resource) => resource.Type).join(" ") || "nothing");
  }
}
JS
cd "$work"
HOME="$work" NODE_NO_WARNINGS=1 node app.js 2>app.log | grep -E '^(as written|with Removal|    \w+ keeps)' >seen
echo "aws-cdk-lib 2.276.0"
cat seen
diff seen - <<'SEEN'
as written:
    queueByDefault keeps: AWS::KMS::Key
    queue keeps: AWS::KMS::Key
    bucket keeps: AWS::KMS::Key
    stream keeps: AWS::KMS::Key
    table keeps: AWS::KMS::Key
    domain keeps: AWS::Logs::LogGroup
with RemovalPolicies.of(app).destroy():
    queueByDefault keeps: nothing
    queue keeps: nothing
    bucket keeps: nothing
    stream keeps: nothing
    table keeps: nothing
    domain keeps: nothing
SEEN
