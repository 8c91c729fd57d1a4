#!/usr/bin/env bash
# What: `Tags.of(app).add(...)` does not tag the function and the role that the CDK adds for `autoDeleteObjects: true`
#       and for a cross-account zone delegation, though both types take tags and tags of other functions and roles are
#       set.
# Why:  a search or a bill by tag misses them, and a policy that demands the tag at creation makes the deployment fail
#       at a resource that is not in the test's code.
# With: aws-cdk-lib 2.276.0, constructs 10.8.1 (npm). Seen 2026-11-29.
# Docs: the reference says that tags go to all taggable children of the scope.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" aws-cdk-lib@2.276.0 constructs@10.8.1 >/dev/null
cat >"$work/app.js" <<'JS'
const cdk = require("aws-cdk-lib");
const { aws_iam: iam, aws_lambda: lambda, aws_route53: route53, aws_s3: s3 } = cdk;
const app = new cdk.App({ outdir: "cdk.out" });
const stack = new cdk.Stack(app, "Test");
new s3.Bucket(stack, "Bucket", { autoDeleteObjects: true, removalPolicy: cdk.RemovalPolicy.DESTROY });
new route53.CrossAccountZoneDelegationRecord(stack, "Delegation", {
  delegatedZone: new route53.PublicHostedZone(stack, "Zone", { zoneName: "test.example.com" }),
  parentHostedZoneName: "example.com",
  delegationRole: iam.Role.fromRoleArn(stack, "Parent", "arn:aws:iam::111122223333:role/parent"),
});
const code = lambda.Code.fromInline("exports.handler = async () => {}");
new lambda.Function(stack, "Own", { code, handler: "index.handler", runtime: lambda.Runtime.NODEJS_22_X });
cdk.Tags.of(app).add("owner", "me");
for (const [id, resource] of Object.entries(app.synth().getStackByName("Test").template.Resources)) {
  if (!["AWS::S3::Bucket", "AWS::IAM::Role", "AWS::Lambda::Function"].includes(resource.Type)) continue;
  const tagged = JSON.stringify(resource.Properties.Tags ?? []).includes("owner");
  console.log(tagged ? "tagged  " : "untagged", resource.Type, id.replace(/[0-9A-F]{8}$/, ""));
}
JS
cd "$work"
HOME="$work" node app.js 2>/dev/null >seen
echo "aws-cdk-lib 2.276.0"
cat seen
diff seen - <<'SEEN'
tagged   AWS::S3::Bucket Bucket
untagged AWS::IAM::Role CustomS3AutoDeleteObjectsCustomResourceProviderRole
untagged AWS::Lambda::Function CustomS3AutoDeleteObjectsCustomResourceProviderHandler
untagged AWS::IAM::Role CustomCrossAccountZoneDelegationCustomResourceProviderRole
untagged AWS::Lambda::Function CustomCrossAccountZoneDelegationCustomResourceProviderHandler
tagged   AWS::IAM::Role OwnServiceRole
tagged   AWS::Lambda::Function Own
SEEN
