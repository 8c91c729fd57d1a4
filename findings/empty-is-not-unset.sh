#!/usr/bin/env bash
# What: an empty AWS_ACCESS_KEY_ID counts as unset in boto3, the AWS CLI, the AWS SDK for JavaScript and the CDK CLI. An
#       empty AWS_REGION and AWS_DEFAULT_REGION do not: boto3 and the AWS CLI sign for a region without a name and never
#       read the profile's, and the JavaScript SDK fails. An empty AWS_PROFILE is a profile without a name to boto3 and
#       the AWS CLI, and unset to the other two.
# Why:  a step of GitHub Actions can set a variable for later steps, also to nothing, but cannot unset one. An action
#       that blanks what it exported leaves a job in which the next AWS call fails.
# With: boto3 1.44.8, awscli 1.46.3 (PyPI), @aws-sdk/client-sts 3.1177.0, aws-cdk 2.1148.1 (npm). Seen 2026-11-29.
# Docs: the SDK and tools reference lists the variables, and says nothing of empty ones.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check awscli==1.46.3 boto3==1.44.8 botocore==1.44.8
npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
  @aws-sdk/client-sts@3.1177.0 aws-cdk@2.1148.1 >/dev/null

cat >"$work/sts.py" <<'PY'
"""An STS that writes down the access key and the region of each signature."""
import http.server, re, sys

class Sts(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        key, region = re.search("Credential=([^/]+)/[0-9]+/([^/]*)/", self.headers["authorization"]).groups()
        open(sys.argv[2], "a").write(f"{key}, {region or 'a region without a name'}" + "\n")
        body = (f"<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
                f"<GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/u</Arn><UserId>u</UserId>"
                f"<Account>111111111111</Account>"
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
python3 "$work/sts.py" "$work/port" "$work/asked" &
server=$!
until [ -s "$work/port" ]; do sleep 0.1; done

mkdir "$work/.aws"
cat >"$work/.aws/config" <<'INI'
[default]
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
# The app is the CDK CLI's child: it writes an assembly without stacks.
cat >"$work/app.js" <<'JS'
const manifest = JSON.stringify({ version: "36.0.0", artifacts: {} });
require("fs").writeFileSync(`${process.env.CDK_OUTDIR}/manifest.json`, manifest);
JS

asked() { # what STS was asked with, else why it was not
  : >asked
  local said
  said=$("$@" 2>&1 || true)
  if [ -s asked ]; then tail -n 1 asked; else grep -E '^Error|could not be found' <<<"$said" | tail -n 1; fi
}
each_tool() {
  cd "$work"
  local set=(env -u AWS_PROFILE -u AWS_DEFAULT_PROFILE -u AWS_REGION -u AWS_DEFAULT_REGION -u AWS_ACCESS_KEY_ID
    -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN HOME="$work" CDK_HOME="$work/.cdk" NODE_NO_WARNINGS=1
    AWS_ENDPOINT_URL="http://127.0.0.1:$(cat port)" AWS_EC2_METADATA_DISABLED=true "$@")
  echo "boto3:   $(asked "${set[@]}" v/bin/python boto.py)"
  echo "AWS CLI: $(asked "${set[@]}" v/bin/aws sts get-caller-identity)"
  echo "JS SDK:  $(asked "${set[@]}" node sdk.mjs)"
  echo "CDK CLI: $(asked "${set[@]}" node_modules/.bin/cdk ls --app 'node app.js')"
  rm -rf .cdk cdk.out
}
{
  echo "empty keys"
  each_tool AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= AWS_SESSION_TOKEN=
  echo "empty regions"
  each_tool AWS_REGION= AWS_DEFAULT_REGION=
  echo "empty profile"
  each_tool AWS_PROFILE=
} >"$work/seen"
echo "boto3 1.44.8, awscli 1.46.3, @aws-sdk/client-sts 3.1177.0, aws-cdk 2.1148.1"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
empty keys
boto3:   KEYOFPROFILE, eu-west-1
AWS CLI: KEYOFPROFILE, eu-west-1
JS SDK:  KEYOFPROFILE, eu-west-1
CDK CLI: KEYOFPROFILE, eu-west-1
empty regions
boto3:   KEYOFPROFILE, a region without a name
AWS CLI: KEYOFPROFILE, a region without a name
JS SDK:  Error: Region not accepted: region="" is not a valid hostname component.
CDK CLI: KEYOFPROFILE, eu-west-1
empty profile
boto3:   botocore.exceptions.ProfileNotFound: The config profile () could not be found
AWS CLI: The config profile () could not be found
JS SDK:  KEYOFPROFILE, eu-west-1
CDK CLI: KEYOFPROFILE, eu-west-1
SEEN
