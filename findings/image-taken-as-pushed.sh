#!/usr/bin/env bash
# What: against ministack, `cdk deploy` of a stack with a container image succeeds on a machine without Docker, and the
#       repository stays empty. ministack answers DescribeImages of an unknown tag with an empty list. The CDK CLI takes
#       every answer but ImageNotFoundException as "the image is there", and then neither builds nor pushes it.
# Why:  a green deployment against this emulator says nothing about the image: nobody has tried to build it.
# With: ministack 1.5.33, boto3 1.43.106 (PyPI), aws-cdk 2.1148.1 (npm). Seen 2026-11-29.
# Docs: the API reference of Amazon ECR, DescribeImages, lists ImageNotFoundException for an image that does not exist.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check ministack==1.5.33 boto3==1.43.106
npm install --loglevel=error --no-audit --no-fund --prefix "$work" aws-cdk@2.1148.1 >/dev/null

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir "$work/bin" "$work/tmp" "$work/app" "$work/app/image"
ln -s "$(command -v node)" "$work/bin/node" # a PATH with node and without docker
set=(env -i PATH="$work/bin:/usr/bin:/bin" HOME="$work" TMPDIR="$work/tmp" AWS_ENDPOINT_URL="http://127.0.0.1:$port"
  AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
  AWS_EC2_METADATA_DISABLED=true NODE_NO_WARNINGS=1 CDK_DOCKER=no-such-program)
"${set[@]}" BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" SFTP_ENABLED=0 IOT_MTLS_ENABLED=0 \
  "$work/v/bin/ministack" >"$work/log" 2>&1 &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done

# An assembly as the CDK writes it: a stack, and an image.
cd "$work/app"
printf 'FROM scratch\nCOPY Dockerfile /\n' >image/Dockerfile
cat >manifest.json <<'JSON'
{"version": "36.0.0", "artifacts": {
  "s.assets": {"type": "cdk:asset-manifest", "properties": {"file": "s.assets.json"}},
  "s": {"type": "aws:cloudformation:stack", "environment": "aws://111111111111/us-east-1",
        "properties": {"templateFile": "s.template.json"}, "dependencies": ["s.assets"]}}}
JSON
cat >s.assets.json <<'JSON'
{"version": "36.0.0", "files": {}, "dockerImages": {"i": {"source": {"directory": "image"},
  "destinations": {"d": {"repositoryName": "images", "imageTag": "first", "region": "us-east-1"}}}}}
JSON
echo '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}' >s.template.json

cat >"$work/ask.py" <<'PY'
import boto3
ecr = boto3.client("ecr")
ecr.create_repository(repositoryName="images")
found = ecr.describe_images(repositoryName="images", imageIds=[{"imageTag": "first"}])
print("DescribeImages of an unknown tag:", found["imageDetails"])
PY
cat >"$work/after.py" <<'PY'
import boto3
print("in the repository:", boto3.client("ecr").list_images(repositoryName="images")["imageIds"])
PY
{
  "${set[@]}" "$work/v/bin/python" "$work/ask.py"
  "${set[@]}" node "$work/node_modules/aws-cdk/bin/cdk" deploy --app . --require-approval never --no-notices \
    >"$work/deployed" 2>&1 && status=0 || status=$?
  echo "cdk deploy without a container tool: exit $status"
  "${set[@]}" "$work/v/bin/python" "$work/after.py"
} >"$work/seen"
echo "ministack 1.5.33, boto3 1.43.106, aws-cdk 2.1148.1"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
DescribeImages of an unknown tag: []
cdk deploy without a container tool: exit 0
in the repository: []
SEEN
