#!/usr/bin/env bash
# What: when a `credential_process` returns credentials with less than 15 minutes left, boto3 runs it again for every
#       single call, and once more for the first; the AWS SDK for JavaScript starts to do so at 5 minutes.
# Why:  near the end of a lease no credentials can live longer. Then each AWS call of a test starts a process, and each
#       process asks the service that lends the environment for new credentials, until one of them throttles.
# With: boto3 1.44.8 (PyPI), @aws-sdk/client-sts 3.1177.0 (npm). Seen 2026-11-29.
# Docs: no window found in boto3's credentials guide, nor in the JavaScript one.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check boto3==1.44.8 botocore==1.44.8
npm install --loglevel=error --no-audit --no-fund --prefix "$work" @aws-sdk/client-sts@3.1177.0 >/dev/null

cat >"$work/sts.py" <<'PY'
import http.server, sys

class Sts(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = (b"<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
                b"<GetCallerIdentityResult><Arn>a</Arn><UserId>u</UserId><Account>1</Account>"
                b"</GetCallerIdentityResult></GetCallerIdentityResponse>")
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

cat >"$work/credentials.py" <<'PY'
import datetime, json, os, sys
with open(os.path.dirname(__file__) + "/runs", "a") as runs:
    runs.write("run\n")
end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=int(sys.argv[1]))
print(json.dumps({"Version": 1, "AccessKeyId": "x", "SecretAccessKey": "y", "SessionToken": "z",
                  "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}))
PY
cat >"$work/boto.py" <<'PY'
import boto3
sts = boto3.client("sts")
for _ in range(5):
    sts.get_caller_identity()
PY
cat >"$work/sdk.mjs" <<'JS'
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
const sts = new STSClient({});
for (let i = 0; i < 5; i++) await sts.send(new GetCallerIdentityCommand({}));
JS
cd "$work"
mkdir .aws
five_calls() {
  : >runs
  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN HOME="$work" AWS_PROFILE=lease \
    AWS_ENDPOINT_URL="http://127.0.0.1:$(cat port)" NODE_NO_WARNINGS=1 "$@"
  local runs
  runs=$(grep -c run runs)
  [ "$runs" -lt 2 ] && echo "1 run" || echo "$([ "$runs" -lt 6 ] && echo several || echo "$runs") runs"
}
for minutes in 20 14 9 4; do
  command="python3 $work/credentials.py $minutes"
  printf '[profile lease]\nregion = us-east-1\ncredential_process = %s\n' "$command" >.aws/config
  echo "$minutes minutes left, 5 calls: boto3 $(five_calls v/bin/python boto.py), JS SDK $(five_calls node sdk.mjs)"
done >seen
echo "boto3 1.44.8, @aws-sdk/client-sts 3.1177.0"
cat seen
diff seen - <<'SEEN'
20 minutes left, 5 calls: boto3 1 run, JS SDK 1 run
14 minutes left, 5 calls: boto3 6 runs, JS SDK 1 run
9 minutes left, 5 calls: boto3 6 runs, JS SDK 1 run
4 minutes left, 5 calls: boto3 6 runs, JS SDK several runs
SEEN
