#!/usr/bin/env bash
# What: the CDK CLI keeps the account of every access key id in accounts_partitions.json, and believes it for ever: with
#       a file from a year ago it starts the app with that account, without asking STS. HOME does not choose the file
#       (the password database does), only CDK_HOME.
# Why:  an emulator, or a lender of accounts in tests, that gives one key id to another account gets stacks for the
#       first one, also from a process with a fresh HOME.
# With: aws-cdk 2.1148.1 (npm). Seen 2026-11-29.
# Docs: the CDK guide does not name this file.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" aws-cdk@2.1148.1 >/dev/null

cat >"$work/sts.py" <<'PY'
"""An STS that names another account each time, and writes down that it was asked."""
import http.server, sys

class Sts(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_POST(self):
        Sts.asked += 1
        self.rfile.read(int(self.headers["content-length"]))
        body = (f"<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
                f"<GetCallerIdentityResult><Arn>arn:aws:iam::{Sts.asked:012}:user/u</Arn><UserId>u</UserId>"
                f"<Account>{Sts.asked:012}</Account>"
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

cat >"$work/app.js" <<'JS'
console.error("CDK:", process.env.CDK_DEFAULT_ACCOUNT);
const manifest = JSON.stringify({ version: "36.0.0", artifacts: {} });
require("fs").writeFileSync(`${process.env.CDK_OUTDIR}/manifest.json`, manifest);
JS
account() {
  cd "$work"
  env -u AWS_PROFILE -u AWS_SESSION_TOKEN CDK_HOME="$1" HOME="$2" AWS_ACCESS_KEY_ID=KEY AWS_SECRET_ACCESS_KEY=x \
    AWS_REGION=eu-west-1 AWS_ENDPOINT_URL="http://127.0.0.1:$(cat port)" NODE_NO_WARNINGS=1 \
    node_modules/.bin/cdk ls --app 'node app.js' 2>&1 | sed -n 's/^CDK: //p' | tail -n 1
  rm -rf cdk.out
}
mkdir "$work/home" "$work/other"
{
  echo "first:                   $(account "$work/one" "$work/home")"
  echo "again, a year later:     $(touch -d '1 year ago' "$work"/one/cache/*.json; account "$work/one" "$work/home")"
  echo "again, with other HOME:  $(account "$work/one" "$work/other")"
  echo "with another CDK_HOME:   $(account "$work/two" "$work/home")"
  echo "files below either HOME: $(find "$work/home" "$work/other" -name '*partitions*' | wc -l)"
} >"$work/seen"
echo "aws-cdk 2.1148.1"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
first:                   000000000001
again, a year later:     000000000001
again, with other HOME:  000000000001
with another CDK_HOME:   000000000002
files below either HOME: 0
SEEN
