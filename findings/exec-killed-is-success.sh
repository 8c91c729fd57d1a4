#!/usr/bin/env bash
# What: if a command is killed, `exec` and `getExecOutput` of @actions/exec with `ignoreReturnCode` return null for its
#       exit code, although the type says number. Null is not above 0, and Node.js exits with 0 for it.
# Why:  an action that runs the tests, gives the environment back, and then ends with the exit code of the tests is green
#       when the tests were killed, as by the kernel for lack of memory, or by a timeout. Treat everything that is not 0
#       as a failure: `code !== 0`, and `process.exitCode = code ?? 1`.
# With: @actions/exec 3.0.0, @actions/core 3.0.1 (npm). Seen 2026-11-30.
# Docs: the README says that the promise is of the exit code. Issue 2313 of actions/toolkit (2026, open) is about the
#       message `failed with exit code null`; that the value makes a job green is not in it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --loglevel=error --no-audit --no-fund --prefix "$work" @actions/exec@3.0.0 @actions/core@3.0.1 >/dev/null
cat >"$work/action.mjs" <<'JS'
import { setFailed } from "@actions/core";
import { exec, getExecOutput } from "@actions/exec";
const [way, tests] = process.argv.slice(2);
const options = { silent: true, ignoreReturnCode: true };
const ways = {
  "process.exitCode = code": (code) => (process.exitCode = code),
  "process.exit(code)": (code) => process.exit(code),
  "if (code > 0) setFailed()": (code) => code > 0 && setFailed("tests failed"),
  "if (code !== 0) setFailed()": (code) => code !== 0 && setFailed("tests failed"),
};
if (way === "show") {
  console.log("exec:", await exec("bash", ["-c", tests], options));
  console.log("getExecOutput:", (await getExecOutput("bash", ["-c", tests], options)).exitCode);
} else {
  ways[way](await exec("bash", ["-c", tests], options));
}
JS
cd "$work"
killed='echo 2 passed; kill -KILL $$'
{
  node action.mjs show "$killed"
  for way in "process.exitCode = code" "process.exit(code)" "if (code > 0) setFailed()" "if (code !== 0) setFailed()"; do
    for tests in "exit 1" "$killed"; do
      status=0
      node action.mjs "$way" "$tests" >/dev/null || status=$?
      echo "$way, tests: ${tests##*; }: the step ends with $status"
    done
  done
} >seen
echo "@actions/exec 3.0.0, @actions/core 3.0.1"
cat seen
diff seen - <<'SEEN'
exec: null
getExecOutput: null
process.exitCode = code, tests: exit 1: the step ends with 1
process.exitCode = code, tests: kill -KILL $$: the step ends with 0
process.exit(code), tests: exit 1: the step ends with 1
process.exit(code), tests: kill -KILL $$: the step ends with 0
if (code > 0) setFailed(), tests: exit 1: the step ends with 1
if (code > 0) setFailed(), tests: kill -KILL $$: the step ends with 0
if (code !== 0) setFailed(), tests: exit 1: the step ends with 1
if (code !== 0) setFailed(), tests: kill -KILL $$: the step ends with 1
SEEN
