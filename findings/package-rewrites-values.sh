#!/usr/bin/env bash
# What: `aws cloudformation package` writes other values than it read, from a template with nothing to package: `22:30`
#       becomes 1350, `012345670123` becomes 1402433619, `on` becomes true, `1_000` becomes 1000. `02:30` and
#       `012345678901` stay, as the first has a leading zero and the second an 8. cfn-lint reads the same values
#       without a warning; js-yaml, which Node tools use, reads a time as text and drops the zero of both account ids.
# Why:  maintenance windows and trusted account ids work for some values and not for others, only in pipelines that
#       package first, and no tool says so. Quote every such value.
# With: awscli 1.46.3, cfn-lint 1.58.0 (PyPI), js-yaml 5.5.0 (npm). Seen 2026-11-29.
# Docs: the CLI reference says that the command returns a copy of the template with references to local artifacts
#       replaced.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in awscli==1.46.3 cfn-lint==1.58.0; do
  python3 -m venv "$work/${package%==*}"
  "$work/${package%==*}/bin/pip" install -q --disable-pip-version-check "$package"
done
npm install --loglevel=error --no-audit --no-fund --prefix "$work" js-yaml@5.5.0 >/dev/null
cd "$work"
values=(22:30 02:30 012345670123 012345678901 on 1_000)
{
  echo "Resources:"
  for index in "${!values[@]}"; do
    printf '  P%s:\n    Type: AWS::SSM::Parameter\n    Properties:\n      Type: String\n' "$index"
    printf '      Value: %s\n' "${values[index]}"
  done
} >template.yaml
packaged() {
  env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
    awscli/bin/aws cloudformation package --template-file template.yaml --s3-bucket unused | sed -n 's/^ *Value: //p'
}
linted() {
  cfn-lint/bin/python - <<'PY'
from cfnlint.decode import cfn_yaml
for resource in cfn_yaml.load("template.yaml")["Resources"].values():
    print(repr(resource["Properties"]["Value"]))
PY
}
node_reads() {
  node -e '
    const template = require("js-yaml").load(require("fs").readFileSync("template.yaml", "utf8"));
    for (const { Properties } of Object.values(template.Resources)) console.log(JSON.stringify(Properties.Value));'
}
{
  echo "template|package|cfn-lint|js-yaml"
  paste -d '|' <(printf '%s\n' "${values[@]}") <(packaged) <(linted) <(node_reads)
  echo "cfn-lint: $(cfn-lint/bin/cfn-lint -r us-east-1 -- template.yaml | grep -c . || true) lines of findings"
} >seen
echo "awscli 1.46.3, cfn-lint 1.58.0, js-yaml 5.5.0"
cat seen
diff seen - <<'SEEN'
template|package|cfn-lint|js-yaml
22:30|1350|1350|"22:30"
02:30|02:30|'02:30'|"02:30"
012345670123|1402433619|1402433619|12345670123
012345678901|012345678901|'012345678901'|12345678901
on|true|True|"on"
1_000|1000|1000|"1_000"
cfn-lint: 0 lines of findings
SEEN
