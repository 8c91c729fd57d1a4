#!/usr/bin/env bash
# What: `sam delete --no-prompts` takes the bucket and the folder from the first S3 key in the stack's template, and
#       deletes everything in that folder before it deletes the stack: code of other stacks, and files that SAM never
#       uploaded. The stack need not be SAM's: here it is one layer of plain CloudFormation. If the stack does not exist
#       in the region, the command prints an error and exits with 0.
# Why:  a teardown in CI empties a folder that releases or other tests share; and with the wrong region or name it is
#       green and deletes nothing.
# With: aws-sam-cli 1.170.0, moto 5.2.5 (PyPI). Seen 2026-11-30. The server is moto's, on loopback.
# Docs: the reference of `sam delete` says that it deletes "the artifacts that were packaged and deployed"; it says
#       nothing of other files, and nothing of the exit status.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check aws-sam-cli==1.170.0 \
  'moto[awslambda,cloudformation,ecr,s3,server]==5.2.5'
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
set=(env -i PATH="$work/v/bin:/usr/bin:/bin" HOME="$work" AWS_ENDPOINT_URL="http://127.0.0.1:$port" AWS_ACCESS_KEY_ID=x
  AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0 LC_ALL=C.UTF-8)
"${set[@]}" moto_server -H 127.0.0.1 -p "$port" >"$work/log" 2>&1 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done

cat >"$work/make.py" <<'PY'
import io, json, zipfile
import boto3

code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("module.py", "")
s3 = boto3.client("s3")
s3.create_bucket(Bucket="company")
for key in ("releases/layer.zip", "releases/of-another-stack.zip", "releases/2026/report.csv", "other/file"):
    s3.put_object(Bucket="company", Key=key, Body=code.getvalue())
layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {
    "LayerName": "layer", "Content": {"S3Bucket": "company", "S3Key": "releases/layer.zip"}}}
boto3.client("cloudformation").create_stack(StackName="test", TemplateBody=json.dumps({"Resources": {"L": layer}}))
PY
cat >"$work/list.py" <<'PY'
import boto3
print("in the bucket:", *(one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket="company")["Contents"]))
PY
delete() {
  echo "sam delete --no-prompts --stack-name test --region $1"
  "${set[@]}" sam delete --no-prompts --stack-name test --region "$1" 2>&1 | sed '/^$/d; s/^[[:space:]]*/    /'
  echo "    exit ${PIPESTATUS[0]}"
}
{
  "${set[@]}" python "$work/make.py"
  "${set[@]}" python "$work/list.py"
  delete us-east-1
  "${set[@]}" python "$work/list.py"
  delete eu-west-1
} >"$work/seen"
echo "aws-sam-cli 1.170.0, moto 5.2.5"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
in the bucket: other/file releases/2026/report.csv releases/layer.zip releases/of-another-stack.zip
sam delete --no-prompts --stack-name test --region us-east-1
    - Deleting S3 object with key releases/layer.zip
    - Deleting S3 object with key releases/2026/report.csv
    - Deleting S3 object with key releases/of-another-stack.zip
    - Deleting Cloudformation stack test
    Deleted successfully
    exit 0
in the bucket: other/file
sam delete --no-prompts --stack-name test --region eu-west-1
    Error: The input stack test does not exist on Cloudformation in the region eu-west-1
    exit 0
SEEN
