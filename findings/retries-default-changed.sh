#!/usr/bin/env bash
# What: botocore 1.44.0 made retry mode "standard" the default: 3 attempts and not 5, and no retry at all once a client
#       has spent its quota, which 18 calls in a row that end in 503 do.
# Why:  a cleanup that uses one client for hundreds of deletions loses the retries that it relied on, in the middle of
#       the outage, after nothing but an update of boto3.
# With: botocore 1.43.126 and 1.44.8 (PyPI). Seen 2026-11-29.
# Docs: boto3's retry guide still says that legacy is the default, with 5 attempts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/count.py" <<'PY'
import http.server, threading, time
import botocore.session
from botocore.exceptions import ClientError

attempts = 0

class Unavailable(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global attempts
        attempts += 1
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(503)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Unavailable)
threading.Thread(target=server.serve_forever, daemon=True).start()
time.sleep = lambda _: None  # the pauses between attempts are not what is counted
client = botocore.session.get_session().create_client(
    "cloudformation", "us-east-1", endpoint_url=f"http://127.0.0.1:{server.server_port}",
    aws_access_key_id="x", aws_secret_access_key="y",
)
seen = []
for _ in range(20):
    before = attempts
    try:
        client.describe_stacks()
    except ClientError:
        seen.append(attempts - before)
print(f"botocore {botocore.__version__}: attempts of 20 calls: {' '.join(map(str, seen))}")
PY
for version in 1.43.126 1.44.8; do
  python3 -m venv "$work/$version"
  "$work/$version/bin/pip" install -q --disable-pip-version-check "botocore==$version"
  env -u AWS_PROFILE -u AWS_RETRY_MODE -u AWS_MAX_ATTEMPTS HOME="$work" "$work/$version/bin/python" "$work/count.py"
done >"$work/seen"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
botocore 1.43.126: attempts of 20 calls: 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5
botocore 1.44.8: attempts of 20 calls: 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 2 1 1
SEEN
