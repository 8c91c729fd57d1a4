#!/usr/bin/env bash
# What: boto3 takes `true` and `True` for true in AWS's own switches, and nothing else; the JavaScript SDK takes `true`
#       only, and ignores the rest without a word. For AWS_EC2_METADATA_DISABLED it is the other way round: there
#       everything but `false` is true for the JavaScript SDK, even `False`, and `1` is not true for boto3.
# Why:  with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=True one half of a test calls AWS and the other half the emulator; with
#       AWS_USE_FIPS_ENDPOINT=True, as Python writes it, one SDK leaves the FIPS endpoints; and with
#       AWS_EC2_METADATA_DISABLED=1 a runner's own role is used by boto3, where the JavaScript SDK has no credentials.
#       Write `true` and `false`, in lower case.
# With: boto3 1.44.8 (PyPI), @aws-sdk/client-ecs 3.1164.0 and @smithy/core 3.41.1 (npm). Seen 2026-11-30. No request
#       leaves the machine: the instance's metadata is a server on loopback, and the endpoints are only resolved.
# Docs: the reference guide of the SDKs lists true and false for each switch, and not what becomes of other spellings;
#       nothing found in the issues. In @smithy/core, booleanSelector throws for them, and the chain of providers takes
#       this for "not set".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check boto3==1.44.8 botocore==1.44.8
npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
  @aws-sdk/client-ecs@3.1164.0 @smithy/core@3.41.1 >/dev/null
cat >"$work/ask.py" <<'PY'
import boto3
print(boto3.client("ecs").meta.endpoint_url, end=" ")
print("with a key" if boto3.Session().get_credentials() else "without a key")
PY
cat >"$work/ask.mjs" <<'JS'
import { ECSClient, ListClustersCommand } from "@aws-sdk/client-ecs";
let url;
const requestHandler = {
  async handle({ protocol, hostname, port }) {
    url = `${protocol}//${hostname}${port ? `:${port}` : ""}`;
    throw new Error("asked");
  },
};
const key = await new ECSClient({}).config.credentials().then(() => "with a key", () => "without a key");
const credentials = { accessKeyId: "x", secretAccessKey: "y" };
await new ECSClient({ requestHandler, credentials, maxAttempts: 1 }).send(new ListClustersCommand({})).catch(() => {});
console.log(url, key);
JS
env -i PATH="$PATH" HOME="$work" AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 NODE_NO_WARNINGS=1 \
  "$work/v/bin/python" - "$work" >"$work/seen" <<'PY'
import datetime, http.server, json, os, subprocess, sys, threading

class Metadata(http.server.BaseHTTPRequestHandler):
    def answer(self):
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
        keys = {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "x", "SecretAccessKey": "y", "Token": "z",
                "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        body = ("token" if self.path.endswith("/api/token") else "runner" if self.path.endswith("credentials/")
                else json.dumps(keys)).encode()
        self.send_response(200)
        self.send_header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = answer

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
threading.Thread(target=server.serve_forever, daemon=True).start()
work = sys.argv[1]
instance = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
emulator = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}

def ask(*command, **variables):
    run = subprocess.run(command, env={**os.environ, **variables}, check=True, capture_output=True, text=True)
    return run.stdout.split(maxsplit=1)

def both(variable, part, base, values):
    for value in values:
        seen = (ask(work + "/v/bin/python", work + "/ask.py", **base, **{variable: value})[part].strip(),
                ask("node", work + "/ask.mjs", **base, **{variable: value})[part].strip())
        print(f"{variable}={value}: boto3 {seen[0]}, JavaScript {seen[1]}{'' if seen[0] == seen[1] else '   <--'}")

off = {"AWS_EC2_METADATA_DISABLED": "true"}
both("AWS_USE_FIPS_ENDPOINT", 0, off, ("true", "True", "1"))
both("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", 0, off | emulator, ("true", "True", "1"))
both("AWS_EC2_METADATA_DISABLED", 1, instance, ("true", "True", "1", "false", "False"))
PY
echo "boto3 1.44.8, @aws-sdk/client-ecs 3.1164.0"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
AWS_USE_FIPS_ENDPOINT=true: boto3 https://ecs-fips.us-east-1.amazonaws.com, JavaScript https://ecs-fips.us-east-1.amazonaws.com
AWS_USE_FIPS_ENDPOINT=True: boto3 https://ecs-fips.us-east-1.amazonaws.com, JavaScript https://ecs.us-east-1.amazonaws.com   <--
AWS_USE_FIPS_ENDPOINT=1: boto3 https://ecs.us-east-1.amazonaws.com, JavaScript https://ecs.us-east-1.amazonaws.com
AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true: boto3 https://ecs.us-east-1.amazonaws.com, JavaScript https://ecs.us-east-1.amazonaws.com
AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=True: boto3 https://ecs.us-east-1.amazonaws.com, JavaScript http://127.0.0.1:4566   <--
AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=1: boto3 http://127.0.0.1:4566, JavaScript http://127.0.0.1:4566
AWS_EC2_METADATA_DISABLED=true: boto3 without a key, JavaScript without a key
AWS_EC2_METADATA_DISABLED=True: boto3 without a key, JavaScript without a key
AWS_EC2_METADATA_DISABLED=1: boto3 with a key, JavaScript without a key   <--
AWS_EC2_METADATA_DISABLED=false: boto3 with a key, JavaScript with a key
AWS_EC2_METADATA_DISABLED=False: boto3 with a key, JavaScript without a key   <--
SEEN
