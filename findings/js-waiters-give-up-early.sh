#!/usr/bin/env bash
# What: a waiter of the AWS SDK for JavaScript ends before `maxWaitTime`, without a last look. Its pauses double, up to
#       120 seconds by default, 600 for ECS, 1800 for RDS. Once they are at this bound, the pause is always the whole
#       bound, and if that would end after `maxWaitTime`, the waiter throws TimeoutError at once: for an RDS instance
#       and half an hour, in half of all runs within 20 minutes, and in some after 7.
# Why:  a cleanup or a deployment fails with a timeout that it has not reached, and what finishes in the time that was
#       left is not seen. What is ready is also noticed late, by up to half an hour. Give `minDelay` and `maxDelay`,
#       as `{ maxWaitTime: 1800, minDelay: 15, maxDelay: 15 }`; boto3 and the AWS CLI ask in fixed intervals.
# With: @aws-sdk/client-ecs 3.1164.0, @aws-sdk/client-rds 3.1169.0, @aws-sdk/client-cloudformation 3.1169.0 and
#       @smithy/core 3.41.1 (npm). Seen 2026-11-30. The waiters are the published ones; the clock is turned instead of
#       waited for, random numbers come from a fixed series, and the client answers at once.
# Docs: the type says of maxWaitTime that it is the time one is willing to wait. Issue 5602 of aws-sdk-js-v3 (2023) is
#       about the growing pauses; nothing found on the early end. In Smithy's specification every pause is cut so that
#       there is a last look before the end; `exponentialBackoffWithJitter` returns before that once it is at the bound.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" @aws-sdk/client-ecs@3.1164.0 \
  @aws-sdk/client-rds@3.1169.0 @aws-sdk/client-cloudformation@3.1169.0 @smithy/core@3.41.1 >/dev/null
cat >"$work/wait.mjs" <<'JS'
import { waitUntilStackDeleteComplete } from "@aws-sdk/client-cloudformation";
import { waitUntilServicesInactive } from "@aws-sdk/client-ecs";
import { waitUntilDBInstanceDeleted } from "@aws-sdk/client-rds";

let now = 0;
const later = globalThis.setTimeout;
Date.now = () => now;
globalThis.setTimeout = (call, milliseconds, ...rest) =>
  later(() => {
    now += milliseconds;
    call(...rest);
  }, 0);
let seed = 1;
Math.random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;

async function ends(waiter, answer, options) {
  const after = [];
  for (let run = 0; run < 100; run++) {
    now = 0;
    const client = { config: {}, send: async () => answer(now / 1000) };
    const wait = waiter({ client, ...options }, {});
    await wait.catch((error) => {
      if (error.name !== "TimeoutError") throw error;
    });
    after.push(now / 1000);
  }
  after.sort((one, other) => one - other);
  return [0, 50, 99].map((index) => Math.round(after[index]));
}
const services = (status) => ({ services: [{ status }], failures: [] });
const instances = (...found) => ({ DBInstances: found.map((DBInstanceStatus) => ({ DBInstanceStatus })) });
const stacks = (StackStatus) => ({ Stacks: [{ StackStatus }] });

console.log("gives up after, of 100 runs the first, the median and the last, in seconds:");
for (const maxWaitTime of [300, 900, 1800]) {
  const seen = [
    await ends(waitUntilStackDeleteComplete, () => stacks("DELETE_IN_PROGRESS"), { maxWaitTime }),
    await ends(waitUntilServicesInactive, () => services("DRAINING"), { maxWaitTime }),
    await ends(waitUntilDBInstanceDeleted, () => instances("deleting"), { maxWaitTime }),
  ];
  console.log(`  maxWaitTime ${maxWaitTime}: stack ${seen[0]}; ECS service ${seen[1]}; RDS instance ${seen[2]}`);
}
const fixed = { maxWaitTime: 1800, minDelay: 15, maxDelay: 15 };
console.log("  with delays of 15: RDS instance", `${await ends(waitUntilDBInstanceDeleted, () => instances("deleting"), fixed)}`);
const gone = (time) => (time < 600 ? instances("deleting") : instances());
console.log("an RDS instance that is gone after 600 seconds is noticed after:");
for (const options of [{ maxWaitTime: 7200 }, { ...fixed, maxWaitTime: 7200 }])
  console.log(`  ${JSON.stringify(options)}: ${await ends(waitUntilDBInstanceDeleted, gone, options)}`);
JS
NODE_NO_WARNINGS=1 node "$work/wait.mjs" >"$work/seen"
echo "@aws-sdk/client-ecs 3.1164.0, @aws-sdk/client-rds 3.1169.0, @aws-sdk/client-cloudformation 3.1169.0"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
gives up after, of 100 runs the first, the median and the last, in seconds:
  maxWaitTime 300: stack 180,264,300; ECS service 228,300,300; RDS instance 300,300,300
  maxWaitTime 900: stack 780,854,896; ECS service 306,581,893; RDS instance 378,900,900
  maxWaitTime 1800: stack 1680,1723,1797; ECS service 1206,1549,1788; RDS instance 409,1145,1715
  with delays of 15: RDS instance 1800,1800,1800
an RDS instance that is gone after 600 seconds is noticed after:
  {"maxWaitTime":7200}: 601,853,2382
  {"maxWaitTime":7200,"minDelay":15,"maxDelay":15}: 600,600,600
SEEN
