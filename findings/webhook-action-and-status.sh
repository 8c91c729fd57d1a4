#!/usr/bin/env bash
# What: in GitHub's own example deliveries `action` and `status` of runs and jobs disagree: a `workflow_run` with
#       action `completed` has status `queued` and no conclusion, one with action `requested` is already `completed`,
#       and a `workflow_job` with action `queued` is `waiting`.
# Why:  a receiver that gives an environment back when a run is over keeps it if it goes by `status`, and gives it back
#       early if it takes any delivery with status `completed` for the end.
# With: @octokit/webhooks-examples 7.6.1 (npm). Seen 2026-11-29.
# Docs: the page of webhook events lists actions; nothing found on a `status` that differs from them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" @octokit/webhooks-examples@7.6.1 >/dev/null
cd "$work"
node >seen <<'JS'
const examples = require("@octokit/webhooks-examples");
for (const { name, examples: deliveries } of examples.default ?? examples) {
  if (name !== "workflow_job" && name !== "workflow_run") continue;
  const expected = (action) => (action === "requested" ? "queued" : action);
  const odd = deliveries.filter((delivery) => expected(delivery.action) !== delivery[name].status);
  console.log(`${name}: ${odd.length} of ${deliveries.length} deliveries`);
  for (const delivery of odd) {
    const { status, conclusion } = delivery[name];
    console.log(`  action ${delivery.action}, status ${status}, conclusion ${conclusion}`);
  }
}
JS
echo "@octokit/webhooks-examples 7.6.1"
cat seen
diff seen - <<'SEEN'
workflow_job: 1 of 8 deliveries
  action queued, status waiting, conclusion null
workflow_run: 2 of 5 deliveries
  action completed, status queued, conclusion null
  action requested, status completed, conclusion action_required
SEEN
