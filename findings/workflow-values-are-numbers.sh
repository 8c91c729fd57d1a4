#!/usr/bin/env bash
# What: GitHub's published workflow parser turns unquoted `with:` values into numbers and back into text before an
#       action gets them: the commit `123e4567` arrives as `Infinity`, `1234e56` as `1.234e+59`, `0123456` as `123456`,
#       the account `012345670123` as `12345670123`, the id `900719925474099312` as `900719925474099300`. `22:30`
#       stays.
# Why:  about one abbreviated commit in fifty is digits around one `e`; a stack name or an image tag given as it is
#       breaks that one time. An account id loses its zero before the action can check that it has 12 digits.
# With: @actions/workflow-parser 0.3.61, esbuild 0.25.0 to load it (npm). Seen 2026-11-29.
# Docs: nothing found in the workflow syntax page on numbers among inputs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
  @actions/workflow-parser@0.3.61 esbuild@0.25.0 >/dev/null
cd "$work"
cat >parse.mjs <<'JS'
import { parseWorkflow, NoOperationTraceWriter } from "@actions/workflow-parser";
const values = "abc1234 1234567 123e4567 1234e56 0123456 012345670123 900719925474099312 22:30 on".split(" ");
const inputs = values.map((value, index) => `          v${index}: ${value}`).join("\n");
const content = `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
        with:
${inputs}
`;
const { context, value } = parseWorkflow({ name: "w.yaml", content }, new NoOperationTraceWriter());
console.log("errors:", context.errors.getErrors().length);
const pairs = (mapping) => [...Array(mapping.count).keys()].map((index) => mapping.get(index));
const at = (mapping, key) => pairs(mapping).find((pair) => pair.key.toString() === key).value;
const steps = at(at(at(value, "jobs"), "test"), "steps");
values.forEach((written, index) => console.log(written, "->", at(at(steps.get(0), "with"), `v${index}`).toString()));
JS
node_modules/.bin/esbuild parse.mjs --bundle --platform=node --format=cjs --outfile=parse.cjs --log-level=error
node parse.cjs >seen
echo "@actions/workflow-parser 0.3.61"
cat seen
diff seen - <<'SEEN'
errors: 0
abc1234 -> abc1234
1234567 -> 1234567
123e4567 -> Infinity
1234e56 -> 1.234e+59
0123456 -> 123456
012345670123 -> 12345670123
900719925474099312 -> 900719925474099300
22:30 -> 22:30
on -> on
SEEN
