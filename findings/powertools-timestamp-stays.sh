#!/usr/bin/env bash
# What: `metrics.set_timestamp` of Powertools holds for all later invocations in the same environment: flushing clears
#       metrics, dimensions and metadata, and not the time. And of two sets of dimensions with the same name,
#       `add_dimensions(region="eu-west-1")` and `add_dimensions(region="all")`, only the last value is published, twice.
# Why:  a function that replays an event of yesterday once publishes yesterday's time for every event after it: alarms on
#       the last minutes see nothing, and yesterday's numbers grow. In a test with one call nothing is wrong. Use
#       `single_metric` for another time, or set the time in every invocation; use one name for each level of a total.
# With: aws-lambda-powertools 3.37.0 (PyPI). Seen 2026-11-30.
# Docs: the metrics page says that set_timestamp changes the timestamp "of all the metrics you create", and nothing of
#       invocations; nothing found in the issues. In cloudwatch_emf/cloudwatch.py, `clear_metrics` leaves `timestamp`.
#       All sets of dimensions share one JSON object, as CloudWatch's embedded format demands.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check aws-lambda-powertools==3.37.0
"$work/v/bin/python" -W ignore - >"$work/seen" <<'PY'
import contextlib, io, json, time
from aws_lambda_powertools import Metrics

metrics = Metrics(namespace="Orders", service="shop")
started = time.time()

@metrics.log_metrics
def handler(event, context):
    if "hours_ago" in event:
        metrics.set_timestamp(int((started - event["hours_ago"] * 3600) * 1000))
    for region in event.get("regions", ()):
        metrics.add_dimensions(region=region)
    metrics.add_metric(name="Orders", unit="Count", value=1)

def invoke(event):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        handler(event, None)
    return json.loads(out.getvalue())

def age(blob):
    return f"{round((started - blob['_aws']['Timestamp'] / 1000) / 3600)} hours ago"

print("an order:                    ", age(invoke({})))
print("an order of yesterday:       ", age(invoke({"hours_ago": 24})))
print("an order:                    ", age(invoke({})))
metrics.clear_metrics()
print("after clear_metrics():       ", age(invoke({})))
blob = invoke({"regions": ["eu-west-1", "all"]})
sets = [{name: blob[name] for name in names} for names in blob["_aws"]["CloudWatchMetrics"][0]["Dimensions"]]
print("dimensions eu-west-1 and all:", sets)
PY
echo "aws-lambda-powertools 3.37.0"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
an order:                     0 hours ago
an order of yesterday:        24 hours ago
an order:                     24 hours ago
after clear_metrics():        24 hours ago
dimensions eu-west-1 and all: [{'service': 'shop'}, {'region': 'all'}, {'region': 'all'}]
SEEN
