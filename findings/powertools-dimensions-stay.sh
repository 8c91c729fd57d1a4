#!/usr/bin/env bash
# What: `@metrics.log_metrics` of Powertools drops the dimensions and the metadata of an invocation only if that
#       invocation also has a metric. Without one it warns that there is nothing to publish and keeps them: they are on
#       the first metrics of the next invocation in the same environment. 29 of them, each under its own name, and
#       `add_dimension` raises SchemaValidationError in an invocation that adds a single one.
# Why:  a handler that sets the dimension "tenant" first and returns early, or fails, before its metric counts for the
#       wrong tenant later, and only in warm environments; unit tests with one call each do not see it. Add dimensions
#       next to the metric, or use `single_metric`.
# With: aws-lambda-powertools 3.37.0 (PyPI). Seen 2026-11-30.
# Docs: the metrics page says that the decorator validates, serializes and flushes all metrics at the end; nothing found
#       on dimensions without metrics. In cloudwatch_emf/cloudwatch.py, `clear_metrics` follows only the printing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check aws-lambda-powertools==3.37.0
"$work/v/bin/python" -W ignore - >"$work/seen" <<'PY'
import contextlib, io, json
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import SchemaValidationError

metrics = Metrics(namespace="Orders", service="shop")

@metrics.log_metrics
def handler(event, context):
    metrics.add_dimension(name=event.get("by", "tenant"), value=event["tenant"])
    metrics.add_metadata(key="order", value=event["order"])
    if event["items"]:
        metrics.add_metric(name="Items", unit="Count", value=event["items"])

@metrics.log_metrics
def nightly(event, context):
    metrics.add_metric(name="Nightly", unit="Count", value=1)

def invoke(function, event):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        function(event, None)
    for text in out.getvalue().splitlines():
        blob = json.loads(text)
        named = {name: blob[name] for name in blob["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]}
        return f"dimensions {named}, order {blob.get('order')}"
    return "nothing published"

print("an order of a:       ", invoke(handler, {"tenant": "a", "order": 1, "items": 3}))
print("the nightly run:     ", invoke(nightly, {}))
print("an empty order of b: ", invoke(handler, {"tenant": "b", "order": 2, "items": 0}))
print("the nightly run:     ", invoke(nightly, {}))
for number in range(29):
    invoke(handler, {"by": f"name-{number}", "tenant": "c", "order": 3, "items": 0})
try:
    invoke(handler, {"tenant": "a", "order": 4, "items": 3})
except SchemaValidationError as error:
    print("after 29 of these:   ", error)
PY
echo "aws-lambda-powertools 3.37.0"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
an order of a:        dimensions {'tenant': 'a', 'service': 'shop'}, order 1
the nightly run:      dimensions {'service': 'shop'}, order None
an empty order of b:  nothing published
the nightly run:      dimensions {'tenant': 'b', 'service': 'shop'}, order 2
after 29 of these:    Maximum number of dimensions exceeded (29): Unable to add dimension tenant.
SEEN
