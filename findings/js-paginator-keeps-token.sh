#!/usr/bin/env bash
# What: a paginator of the AWS SDK for JavaScript writes the token of each page into the object with the parameters that
#       the caller gave. A second pass with the same object starts at the last page of the first one.
# Why:  a cleanup that lists and deletes "until nothing is left" with one `const input = {}` looks at the last page only
#       from its second round on: what was refused in the first round is never seen again, and the loop ends as clean.
#       The same object used for another region or account starts there with the first one's token. Make a new object
#       for each pass: `paginateListClusters({ client }, { ...input })`.
# With: @aws-sdk/client-ecs 3.1164.0, @smithy/core 3.41.1 (npm). Seen 2026-11-30. The server is on loopback: its token is
#       the last name of the page, as in many listings of AWS.
# Docs: nothing found in the AWS guide on pagination, in the blog entry on paginators, and in the issues of aws-sdk-js-v3
#       and smithy-typescript. In @smithy/core, createPaginator stores the token in the caller's object, and takes the
#       first one of a pass from there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
  @aws-sdk/client-ecs@3.1164.0 @smithy/core@3.41.1 >/dev/null
cat >"$work/cleanup.mjs" <<'JS'
import { createServer } from "node:http";
import { DeleteClusterCommand, ECSClient, paginateListClusters } from "@aws-sdk/client-ecs";

const PAGE = 10;
const clusters = new Set();
const busy = new Set();
function fill() {
  for (let number = 0; number < 25; number++) clusters.add(`c-${String(number).padStart(2, "0")}`);
  busy.add("c-03"); // its task ends soon after the first attempt to delete it
}

const operations = {
  ListClusters({ nextToken }) {
    const after = [...clusters].sort().filter((name) => !nextToken || name > nextToken);
    const page = after.slice(0, PAGE);
    return after.length > PAGE ? { clusterArns: page, nextToken: page.at(-1) } : { clusterArns: page };
  },
  DeleteCluster({ cluster }) {
    if (busy.delete(cluster)) return { __type: "ClusterContainsTasksException" };
    clusters.delete(cluster);
    return { cluster: { clusterName: cluster } };
  },
};
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const answer = operations[request.headers["x-amz-target"].split(".").at(-1)](JSON.parse(body));
    response.writeHead(answer.__type ? 400 : 200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify(answer));
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const client = new ECSClient({
  region: "us-east-1",
  endpoint: `http://127.0.0.1:${server.address().port}`,
  credentials: { accessKeyId: "x", secretAccessKey: "y" },
});

async function listed(input) {
  const names = [];
  for await (const page of paginateListClusters({ client }, input)) names.push(...page.clusterArns);
  return names;
}

fill();
const input = {};
console.log("first pass:          ", (await listed(input)).length, "of", clusters.size, "clusters");
console.log("the same object is:  ", JSON.stringify(input));
console.log("second pass, as is:  ", (await listed(input)).length, "of", clusters.size, "clusters");
console.log("second pass, a copy: ", (await listed({})).length, "of", clusters.size, "clusters");

async function cleanup(parameters) {
  fill();
  for (let round = 1; ; round++) {
    const found = await listed(parameters());
    if (found.length === 0) return `empty in round ${round}, left: [${[...clusters]}]`;
    for (const cluster of found) await client.send(new DeleteClusterCommand({ cluster })).catch(() => "later");
  }
}
const shared = {};
console.log("cleanup, one object: ", await cleanup(() => shared));
console.log("cleanup, new objects:", await cleanup(() => ({})));
server.close();
client.destroy();
JS
NODE_NO_WARNINGS=1 node "$work/cleanup.mjs" >"$work/seen"
echo "@aws-sdk/client-ecs 3.1164.0, @smithy/core 3.41.1"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
first pass:           25 of 25 clusters
the same object is:   {"nextToken":"c-19"}
second pass, as is:   5 of 25 clusters
second pass, a copy:  25 of 25 clusters
cleanup, one object:  empty in round 2, left: [c-03]
cleanup, new objects: empty in round 3, left: []
SEEN
