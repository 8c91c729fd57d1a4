#!/usr/bin/env bash
# What: Custodian's provider for Cloud Control (`awscc.*`) drops every resource that GetResource refuses, for whatever
#       reason, in the 676 of 1615 listable types that it reads one by one, as buckets, tables, functions and queues. It
#       asks for a deletion and never for its status, though a deletion fails later. Both runs exit with 0.
# Why:  a policy that deletes what is left over neither sees what is throttled or denied, nor what could not be deleted.
# With: c7n 0.9.53, c7n-awscc 0.1.38, boto3 1.43.103, botocore 1.43.127 (PyPI). Seen 2026-11-30. Cloud Control is a
#       server on loopback that answers as its API reference says: it lists three buckets, and denies one.
# Docs: the API reference of Cloud Control says that the result of DeleteResource is in GetResourceRequestStatus. The
#       provider's page does not mention either.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check c7n==0.9.53 c7n-awscc==0.1.38 boto3==1.43.103 \
  botocore==1.43.127
echo 'policies: [{name: buckets, resource: awscc.s3_bucket, actions: [delete]}]' >"$work/policies.yml"
cd "$work"
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" >"$work/seen" 2>"$work/log" <<'PY'
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from c7n.cli import main

calls, buckets = [], ["first", "denied", "full"]

class CloudControl(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "X-Amz-Target" not in self.headers:  # who am I?
            return self.answer(403, {})
        asked = json.loads(body)
        name = self.headers["X-Amz-Target"].partition(".")[2]
        identifier = asked.get("Identifier", asked.get("RequestToken"))
        calls.append(f"{name} {identifier or ''}".strip())
        status, reply = 200, {"TypeName": asked.get("TypeName")}
        if name == "ListResources":
            reply["ResourceDescriptions"] = [
                {"Identifier": one, "Properties": json.dumps({"BucketName": one})} for one in buckets]
        elif name == "GetResource" and identifier == "denied":
            status, reply = 400, {"__type": "AccessDeniedException", "Message": "denied by the policy of the bucket"}
        elif name == "GetResource":
            reply["ResourceDescription"] = {
                "Identifier": identifier, "Properties": json.dumps({"BucketName": identifier})}
        elif name == "DeleteResource":
            if identifier != "full":  # of this one the deletion fails: the bucket is not empty
                buckets.remove(identifier)
            reply = {"ProgressEvent": {"RequestToken": identifier, "OperationStatus": "IN_PROGRESS"}}
        self.answer(status, reply)

    def answer(self, status, reply):
        body = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), CloudControl)
Thread(target=server.serve_forever, daemon=True).start()
os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_port}"
sys.argv = ["custodian", "run", "-s", "out", "--cache-period", "0", "--region", "us-east-1", "policies.yml"]
out, sys.stdout = sys.stdout, sys.stderr
try:
    status = main() or 0
except SystemExit as error:
    status = error.code
sys.stdout = out
print(*calls, sep="\n")
print(f"exit {status}, left: {' '.join(buckets)}")

from pathlib import Path
import c7n_awscc
schemas = [json.loads(file.read_text()) for file in Path(c7n_awscc.__path__[0], "data").glob("a*.json")]
handlers = [one["handlers"] for one in schemas if "list" in one.get("handlers", {})]
needs = [[set(one.get(name, {}).get("permissions", [])) for name in ("read", "list")] for one in handlers]
print(f"{sum(len(read - listed) > 1 for read, listed in needs)} of {len(needs)} types are read one by one")
PY
echo "c7n 0.9.53, c7n-awscc 0.1.38"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
ListResources
GetResource first
GetResource denied
GetResource full
DeleteResource first
DeleteResource full
exit 0, left: denied full
676 of 1615 types are read one by one
SEEN
