#!/usr/bin/env bash
# What: `RemovalPolicies.of(app).destroy()` gives every resource `DeletionPolicy: Delete`, the resource that manages
#       the log groups of a database with `cloudwatchLogsRetention` too; but that one's provider deletes the group only
#       if its property `RemovalPolicy` is "destroy", which no option of the database sets. So the stack goes and the
#       log group stays, as it does without the call.
# Why:  a test suite that asks for everything to be deleted still leaves the log groups of its databases. The provider
#       also makes a log group of its own at the first deployment, and never deletes it.
# With: aws-cdk-lib 2.276.0, constructs 10.8.1, @aws-sdk/client-cloudwatch-logs 3.1169.0 (npm). Seen 2026-11-29.
# Docs: the reference says that RemovalPolicies manages the policies of all resources in a scope; it has no exception.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" aws-cdk-lib@2.276.0 constructs@10.8.1 \
  @aws-sdk/client-cloudwatch-logs@3.1169.0 >/dev/null
cat >"$work/app.js" <<'JS'
const cdk = require("aws-cdk-lib");
const { aws_ec2: ec2, aws_logs: logs, aws_rds: rds } = cdk;
const app = new cdk.App({ outdir: "cdk.out" });
const stack = new cdk.Stack(app, "Test");
new rds.DatabaseInstance(stack, "Database", {
  engine: rds.DatabaseInstanceEngine.POSTGRES,
  vpc: new ec2.Vpc(stack, "Vpc"),
  cloudwatchLogsExports: ["postgresql"],
  cloudwatchLogsRetention: logs.RetentionDays.ONE_DAY,
});
cdk.RemovalPolicies.of(app).destroy();
const resources = Object.values(app.synth().getStackByName("Test").template.Resources);
const kept = resources.filter((resource) => resource.DeletionPolicy !== "Delete").map((resource) => resource.Type);
console.log("resources without DeletionPolicy Delete:", kept.length);
const managed = resources.find((resource) => resource.Type === "Custom::LogRetention");
console.log("properties of Custom::LogRetention:", Object.keys(managed.Properties).sort().join(" "));

// The provider as the CDK ships it, asked to delete; its answer to CloudFormation goes nowhere.
require("https").request = (_, done) => ({ on() {}, write() {}, end: () => done() });
const aws = require("@aws-sdk/client-cloudwatch-logs");
const handlers = "./node_modules/aws-cdk-lib/custom-resource-handlers/dist";
const { handler } = require(`${handlers}/aws-logs/log-retention-handler/index.js`);
let calls = [];
aws.CloudWatchLogsClient.prototype.send = async (command) => calls.push(command.constructor.name);
const print = console.log;
async function provider(RequestType, extra) {
  calls = [];
  console.log = () => {};
  const ResourceProperties = { LogGroupName: "/aws/rds/instance/x/postgresql", RetentionInDays: "1", ...extra };
  const event = { RequestType, ResponseURL: "https://example.com/", ResourceProperties };
  await handler(event, { functionName: "provider" });
  console.log = print;
  console.log(`provider, ${RequestType} ${JSON.stringify(extra)}:`, calls.join(" ") || "no call");
}
(async () => {
  await provider("Create", {});
  await provider("Delete", {});
  await provider("Delete", { RemovalPolicy: "destroy" });
})();
JS
cd "$work"
HOME="$work" AWS_REGION=us-east-1 NODE_NO_WARNINGS=1 node app.js 2>app.log >seen
echo "aws-cdk-lib 2.276.0"
cat seen
diff seen - <<'SEEN'
resources without DeletionPolicy Delete: 0
properties of Custom::LogRetention: LogGroupName RetentionInDays ServiceToken
provider, Create {}: CreateLogGroupCommand PutRetentionPolicyCommand CreateLogGroupCommand PutRetentionPolicyCommand
provider, Delete {}: no call
provider, Delete {"RemovalPolicy":"destroy"}: DeleteLogGroupCommand
SEEN
