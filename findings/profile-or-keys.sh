#!/usr/bin/env bash
# What: with keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and a profile in AWS_PROFILE, boto3, the AWS CLI and
#       the CDK CLI use the keys and the AWS SDK for JavaScript uses the profile. boto3 and the AWS CLI join the keys
#       of the one with the region of the other, even against AWS_REGION. If the profile does not exist, only the CDK
#       CLI works.
# Why:  a job that exports an environment's keys under a runner with a default AWS_PROFILE deploys into one account and
#       tests another one.
# With: boto3 1.44.8, awscli 1.46.3 (PyPI), @aws-sdk/client-sts 3.1177.0, aws-cdk 2.1148.1 (npm). Seen 2026-11-29.
# Docs: the SDK and tools reference says that a variable overrides a profile's value, for every SDK. The JavaScript SDK
#       prints a warning at run time.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check awscli==1.46.3 boto3==1.44.8 botocore==1.44.8
npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
  @aws-sdk/client-sts@3.1177.0 aws-cdk@2.1148.1 >/dev/null

cat >"$work/sts.py" <<'PY'
"""An STS that knows two access keys, of two accounts."""
import http.server, re, sys

ACCOUNTS = {"KEYOFVARIABLES": "account of the keys", "KEYOFPROFILE": "account of the profile"}

class Sts(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        key, region = re.search("Credential=([^/]+)/[0-9]+/([^/]+)/", self.headers["authorization"]).groups()
        body = (f"<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
                f"<GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn><UserId>u</UserId>"
                f"<Account>{ACCOUNTS[key]}, {region}</Account>"
                f"</GetCallerIdentityResult></GetCallerIdentityResponse>").encode()
        self.send_response(200)
        self.send_header("content-type", "text/xml")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sts)
open(sys.argv[1], "w").write(str(server.server_port) + "\n")
server.serve_forever()
PY
python3 "$work/sts.py" "$work/port" &
server=$!
until [ -s "$work/port" ]; do sleep 0.1; done

mkdir "$work/.aws"
cat >"$work/.aws/config" <<'INI'
[profile kept]
region = eu-west-1
aws_access_key_id = KEYOFPROFILE
aws_secret_access_key = y
INI
cat >"$work/boto.py" <<'PY'
import boto3
print(boto3.client("sts").get_caller_identity()["Account"])
PY
cat >"$work/sdk.mjs" <<'JS'
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Account);
JS
# The app is the CDK CLI's child: it prints what the CLI found, and writes an assembly without stacks.
cat >"$work/app.js" <<'JS'
console.error("CDK:", `${process.env.CDK_DEFAULT_ACCOUNT}, ${process.env.CDK_DEFAULT_REGION}`);
const manifest = JSON.stringify({ version: "36.0.0", artifacts: {} });
require("fs").writeFileSync(`${process.env.CDK_OUTDIR}/manifest.json`, manifest);
JS

last() { tail -n 1 || true; }
each_tool() {
  cd "$work"
  local set=(env -u AWS_DEFAULT_PROFILE HOME="$work" AWS_ENDPOINT_URL="http://127.0.0.1:$(cat port)" NODE_NO_WARNINGS=1
    AWS_EC2_METADATA_DISABLED=true AWS_ACCESS_KEY_ID=KEYOFVARIABLES AWS_SECRET_ACCESS_KEY=x AWS_REGION=us-west-2 "$@")
  echo "boto3:   $("${set[@]}" v/bin/python boto.py 2>&1 | last)"
  echo "AWS CLI: $("${set[@]}" v/bin/aws sts get-caller-identity --query Account --output text 2>&1 | last)"
  echo "JS SDK:  $("${set[@]}" node sdk.mjs 2>&1 | grep -E '^account|Error: Could' | last)"
  echo "CDK CLI: $("${set[@]}" node_modules/.bin/cdk ls --app 'node app.js' 2>&1 | sed -n 's/^CDK: //p' | last)"
  rm -rf .cdk cdk.out
}
{
  echo "AWS_PROFILE=kept"
  each_tool AWS_PROFILE=kept
  echo "AWS_PROFILE=missing"
  each_tool AWS_PROFILE=missing AWS_DEFAULT_REGION=us-west-2
} >"$work/seen"
echo "boto3 1.44.8, awscli 1.46.3, @aws-sdk/client-sts 3.1177.0, aws-cdk 2.1148.1"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
AWS_PROFILE=kept
boto3:   account of the keys, eu-west-1
AWS CLI: account of the keys, eu-west-1
JS SDK:  account of the profile, us-west-2
CDK CLI: account of the keys, us-west-2
AWS_PROFILE=missing
boto3:   botocore.exceptions.ProfileNotFound: The config profile (missing) could not be found
AWS CLI: The config profile (missing) could not be found
JS SDK:  CredentialsProviderError: Could not load credentials from any providers
CDK CLI: account of the keys, us-west-2
SEEN
