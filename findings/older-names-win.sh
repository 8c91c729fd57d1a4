#!/usr/bin/env bash
# What: boto3 and the AWS CLI 1 read two older variables before their successors: AWS_DEFAULT_PROFILE before
#       AWS_PROFILE, and AWS_SECURITY_TOKEN before AWS_SESSION_TOKEN. The AWS SDK for JavaScript and the CDK CLI know
#       neither.
# Why:  a script that sets AWS_PROFILE, or exports three fresh keys, works in one account with one tool and in another
#       account, or not at all, with the next, because the shell had an older name set.
# With: boto3 1.44.8, awscli 1.46.3 (PyPI), @aws-sdk/client-sts 3.1177.0, aws-cdk 2.1148.1 (npm). Seen 2026-11-29.
# Docs: botocore's source has both lists, with a remark that other SDKs standardized on AWS_SESSION_TOKEN; no guide found
#       that says which name comes first.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check awscli==1.46.3 boto3==1.44.8 botocore==1.44.8
npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
  @aws-sdk/client-sts@3.1177.0 aws-cdk@2.1148.1 >/dev/null

cat >"$work/sts.py" <<'PY'
"""An STS that writes down the access key and the session token of each request."""
import http.server, re, sys

class Sts(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        key = re.search("Credential=([^/]+)/", self.headers["authorization"])[1]
        token = self.headers.get("x-amz-security-token", "no token")
        open(sys.argv[2], "a").write(f"{key}, {token}" + "\n")
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
[profile old]
region = eu-west-1
aws_access_key_id = KEYOFOLD
aws_secret_access_key = y
[profile new]
region = eu-west-1
aws_access_key_id = KEYOFNEW
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
    -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN -u AWS_SECURITY_TOKEN HOME="$work" CDK_HOME="$work/.cdk" NODE_NO_WARNINGS=1
    AWS_ENDPOINT_URL="http://127.0.0.1:$(cat port)" AWS_EC2_METADATA_DISABLED=true "$@")
  echo "boto3:   $(asked "${set[@]}" v/bin/python boto.py)"
  echo "AWS CLI: $(asked "${set[@]}" v/bin/aws sts get-caller-identity)"
  echo "JS SDK:  $(asked "${set[@]}" node sdk.mjs)"
  echo "CDK CLI: $(asked "${set[@]}" node_modules/.bin/cdk ls --app 'node app.js')"
  rm -rf .cdk cdk.out
}
{
  echo "AWS_DEFAULT_PROFILE=old AWS_PROFILE=new"
  each_tool AWS_DEFAULT_PROFILE=old AWS_PROFILE=new
  echo "AWS_SECURITY_TOKEN=old AWS_SESSION_TOKEN=new"
  each_tool AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1 AWS_ACCESS_KEY_ID=KEY AWS_SECRET_ACCESS_KEY=x \
    AWS_SECURITY_TOKEN=old AWS_SESSION_TOKEN=new
} >"$work/seen"
echo "boto3 1.44.8, awscli 1.46.3, @aws-sdk/client-sts 3.1177.0, aws-cdk 2.1148.1"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
AWS_DEFAULT_PROFILE=old AWS_PROFILE=new
boto3:   KEYOFOLD, no token
AWS CLI: KEYOFOLD, no token
JS SDK:  KEYOFNEW, no token
CDK CLI: KEYOFNEW, no token
AWS_SECURITY_TOKEN=old AWS_SESSION_TOKEN=new
boto3:   KEY, old
AWS CLI: KEY, old
JS SDK:  KEY, new
CDK CLI: KEY, new
SEEN
