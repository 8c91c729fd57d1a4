#!/usr/bin/env bash
# What: `aws resource-groups list-group-resources` drops `QueryErrors` from the answer: for a group of a stack that is
#       gone, or whose role Resource Groups cannot assume, it prints an empty list and exits with 0. `--no-paginate`
#       prints the reason. Where the paged result is a map and not a list, as in `aws apigateway get-usage`, the CLI
#       prints the map of the first page only. boto3's `build_full_result` does the same; single pages are whole.
# Why:  "could not look" reads as "nothing there", so a script that lists what a test left behind by its group goes on.
# With: awscli 1.46.3 (PyPI; it carries botocore 1.43.62). Seen 2026-11-30.
# Docs: the CLI reference lists QueryErrors in the output of the command; the API reference has the codes, such as
#       CLOUDFORMATION_STACK_UNASSUMABLE_ROLE. Nothing found on merged pages: in botocore, `paginate.py` keeps what
#       paginators-1.json names, appends lists, and adds numbers and texts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check awscli==1.46.3
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" - "$work/v/bin/aws" >"$work/seen" <<'PY'
import http.server, json, subprocess, sys, threading

GROUP = {"Resources": [], "QueryErrors": [{"ErrorCode": "CLOUDFORMATION_STACK_UNASSUMABLE_ROLE", "Message": "..."}]}
USAGE = {"values": {"key-1": [[1, 99]]}, "position": "more"}, {"values": {"key-2": [[2, 98]]}}

class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.reply(GROUP)

    def do_GET(self):
        asked.append(self.path)
        self.reply(USAGE["position=more" in self.path])

    def reply(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

asked = []
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
listing = ["resource-groups", "list-group-resources", "--group", "g"]
usage = ["apigateway", "get-usage", "--usage-plan-id", "p", "--start-date", "2026-11-01", "--end-date", "2026-11-02"]
for words in (listing, [*listing, "--no-paginate"], usage):
    done = subprocess.run([sys.argv[1], *words, "--endpoint-url", url], check=True, capture_output=True, text=True)
    answer = json.loads(done.stdout)
    codes = [each["ErrorCode"] for each in answer.get("QueryErrors", [])]
    if words is usage:
        print(f"aws {' '.join(words[:2])}: {len(asked)} pages read, printed: {' '.join(answer['items'])}")
    else:
        print(f"aws {' '.join(words)}: {len(answer['Resources'])} resources, errors: {codes}")
PY
echo "awscli 1.46.3"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
aws resource-groups list-group-resources --group g: 0 resources, errors: []
aws resource-groups list-group-resources --group g --no-paginate: 0 resources, errors: ['CLOUDFORMATION_STACK_UNASSUMABLE_ROLE']
aws apigateway get-usage: 2 pages read, printed: key-1
SEEN
