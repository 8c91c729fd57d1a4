#!/usr/bin/env bash
# What: `aws events list-event-buses` prints the first page and stops; `aws events list-rules` follows the token. The
#       CLI pages only where botocore has a paginator; for 869 listings that take and return a token it has none.
# Why:  a script that lists what a test left behind sees page one of event buses, web ACLs, App Runner services and so
#       on, and `--query` hides the token, so nothing shows that there is more.
# With: awscli 1.46.3 (it carries botocore 1.43.62), botocore 1.44.8 for the count (PyPI). Seen 2026-11-29.
# Docs: the CLI guide says that the CLI retrieves all items by default for "most" commands, and names none of the
#       others.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check awscli==1.46.3 botocore==1.44.8
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" - "$work/v/bin/aws" >"$work/seen" <<'PY'
import http.server, json, subprocess, sys, threading
import botocore, botocore.session

class TwoPages(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        key = "EventBuses" if self.headers["x-amz-target"].endswith("ListEventBuses") else "Rules"
        page = {key: [{"Name": "two"}]} if asked.get("NextToken") else {key: [{"Name": "one"}], "NextToken": "more"}
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TwoPages)
threading.Thread(target=server.serve_forever, daemon=True).start()
for operation, query in (("list-rules", "Rules[].Name"), ("list-event-buses", "EventBuses[].Name")):
    command = [sys.argv[1], "events", operation, "--query", query, "--output", "text"]
    url = f"http://127.0.0.1:{server.server_port}"
    shown = subprocess.run([*command, "--endpoint-url", url], check=True, capture_output=True, text=True).stdout
    print(f"awscli 1.46.3: aws events {operation}: {shown.split()} of ['one', 'two']")

TOKENS = {"NextToken", "nextToken", "Marker", "marker", "NextMarker", "nextMarker"}
TOKENS |= {"PaginationToken", "pageToken", "nextPageToken"}
session = botocore.session.get_session()
loader = session.get_component("data_loader")
missing = []
for service in session.get_available_services():
    model = session.get_service_model(service)
    try:
        paged = loader.load_service_model(service, "paginators-1")["pagination"]
    except botocore.exceptions.UnknownServiceError:
        paged = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        shapes = operation.input_shape, operation.output_shape
        tokens = all(shape and TOKENS & set(shape.members) for shape in shapes)
        if name not in paged and tokens and name.startswith(("List", "Describe", "Get", "Search")):
            missing.append(f"{service}:{name}")
print(f"botocore {botocore.__version__}: {len(missing)} listings with tokens and no paginator")
wanted = ("events:ListEventBuses", "wafv2:ListWebACLs", "apprunner:ListServices", "rds:DescribeDBShardGroups")
print("among them:", " ".join(name for name in wanted if name in missing))
PY
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
awscli 1.46.3: aws events list-rules: ['one', 'two'] of ['one', 'two']
awscli 1.46.3: aws events list-event-buses: ['one'] of ['one', 'two']
botocore 1.44.8: 869 listings with tokens and no paginator
among them: events:ListEventBuses wafv2:ListWebACLs apprunner:ListServices rds:DescribeDBShardGroups
SEEN
