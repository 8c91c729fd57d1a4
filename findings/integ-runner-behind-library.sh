#!/usr/bin/env bash
# What: the newest integ-runner cannot run a test of the newest aws-cdk-lib. It carries a CDK CLI that reads cloud
#       assemblies up to schema 53; aws-cdk-lib writes a newer one since 2.258.0. Its peer range allows every 2.x, and the
#       message names a CLI version, which is no package of the test's own.
# Why:  a fresh `npm install` of both, or a weekly update, breaks every integration test before it deploys anything, and
#       an update of `aws-cdk` does not help.
# With: @aws-cdk/integ-runner 2.197.10, aws-cdk-lib 2.276.0, 2.258.0 and 2.257.0 (npm). Seen 2026-11-29.
# Docs: the README of integ-runner names no version of aws-cdk-lib.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# The simplest test; integ-runner reads its assembly, and then wants a construct that this one leaves out.
cat >integ.one.js <<'JS'
const { App, Stack } = require("aws-cdk-lib");
const { Topic } = require("aws-cdk-lib/aws-sns");
const app = new App();
new Topic(new Stack(app, "One"), "Topic");
app.synth();
JS
with_library() {
  rm -rf node_modules package*.json ./*.snapshot
  npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
    @aws-cdk/integ-runner@2.197.10 "aws-cdk-lib@$1" constructs@10.5.0 >/dev/null
  env -u AWS_PROFILE HOME="$work" CDK_HOME="$work/.cdk" AWS_REGION=us-east-1 node_modules/.bin/integ-runner \
    --language javascript --directory . --dry-run --update-on-failed --parallel-regions us-east-1 2>&1 || true
}
for version in 2.257.0 2.258.0 2.276.0; do
  echo "aws-cdk-lib $version: $(with_library "$version" |
    sed -nE 's/.*(Maximum schema version supported is 53\.x\.x, but found [0-9]+).*/\1/p; s/.*is a new test. Please use.*/read/p' | head -n 1)"
done >seen
echo "@aws-cdk/integ-runner 2.197.10"
cat seen
diff seen - <<'SEEN'
aws-cdk-lib 2.257.0: read
aws-cdk-lib 2.258.0: Maximum schema version supported is 53.x.x, but found 54
aws-cdk-lib 2.276.0: Maximum schema version supported is 53.x.x, but found 55
SEEN
