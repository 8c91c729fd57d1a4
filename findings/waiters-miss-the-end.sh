#!/usr/bin/env bash
# What: some waiters cannot see that what they wait for has happened. AppConfig `environment_ready_for_deployment` waits
#       for ReadyForDeployment, and the API says READY_FOR_DEPLOYMENT; it does not see ROLLED_BACK either. ECS
#       `tasks_stopped` and EC2 `instance_terminated` do not count an answer without any task or instance, as it comes
#       once they are forgotten, or for a filter that nothing matches. RDS `tenant_database_deleted` of boto3 wants the
#       name of the error's shape, and AWS sends its code; SageMaker `image_deleted` of the JavaScript SDK wants
#       ResourceNotFoundException, and the error is ResourceNotFound.
# Why:  a deployment that waits for AppConfig runs for 8.3 hours and then fails, and a cleanup that waits for a filter
#       fails after 10 minutes exactly where there is nothing to clean. Ask first whether there is anything, and give
#       WaiterConfig where you wait. For AppConfig wait for the deployment: `deployment_complete`.
# With: boto3 and botocore 1.44.8 (PyPI), @aws-sdk/client-appconfig 3.1124.0, @aws-sdk/client-ecs 3.1164.0,
#       @aws-sdk/client-ec2 3.1169.0, @aws-sdk/client-rds 3.1169.0, @aws-sdk/client-sagemaker 3.1142.0 (npm). Seen
#       2026-11-30. The answers come from a server on loopback, in the form of the API references.
# Docs: the pages of the waiters name the call, the delay and the attempts. Empty answers are issue 5095 of
#       aws-sdk-java-v2 (2024, open); SageMaker's `image_deleted` is issue 3782 of botocore (2026), which has mended it.
#       Nothing found on AppConfig and RDS in the issues of botocore, aws-cli and aws-sdk-js-v3.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check boto3==1.44.8 botocore==1.44.8
npm install --loglevel=error --no-audit --no-fund --prefix "$work" @aws-sdk/client-appconfig@3.1124.0 \
  @aws-sdk/client-ecs@3.1164.0 @aws-sdk/client-ec2@3.1169.0 @aws-sdk/client-rds@3.1169.0 \
  @aws-sdk/client-sagemaker@3.1142.0 >/dev/null
cat >"$work/wait.mjs" <<'JS'
const [service, Client, waiter, asked] = process.argv.slice(2);
const sdk = await import(`@aws-sdk/client-${service}`);
const options = { client: new sdk[Client]({}), maxWaitTime: 3, minDelay: 1, maxDelay: 1 };
await sdk[waiter](options, JSON.parse(asked)).then(
  () => console.log("success"),
  (error) => console.log(error.name),
);
JS
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  AWS_REGION=us-east-1 NODE_NO_WARNINGS=1 "$work/v/bin/python" - "$work" >"$work/seen" <<'PY'
import http.server, json, os, subprocess, sys, threading
import boto3, botocore, botocore.session
from botocore.exceptions import WaiterError

ENVIRONMENT = {"ApplicationId": "app", "Id": "env", "Name": "production", "State": "READY_FOR_DEPLOYMENT"}
MISSING = {"tasks": [], "failures": [{"arn": "t", "reason": "MISSING"}]}
NONE = "<DescribeInstancesResponse><requestId>r</requestId><reservationSet/></DescribeInstancesResponse>"
NO_DATABASE = ("<ErrorResponse><Error><Type>Sender</Type><Code>DBInstanceNotFound</Code><Message>gone</Message>"
               "</Error><RequestId>r</RequestId></ErrorResponse>")

class Aws(http.server.BaseHTTPRequestHandler):
    def answer(self, kind, body, status=200):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        self.answer("application/json", json.dumps(ENVIRONMENT))

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["content-length"])).decode()
        if "DescribeTenantDatabases" in asked:
            self.answer("text/xml", NO_DATABASE, 404)
        elif "DescribeInstances" in asked:
            self.answer("text/xml", NONE)
        elif "ImageName" in asked:
            self.answer("application/x-amz-json-1.1", json.dumps({"__type": "ResourceNotFound"}), 400)
        else:
            self.answer("application/x-amz-json-1.1", json.dumps(MISSING))

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Aws)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_port}"

def wait(service, name, js, **asked):
    waiter = boto3.client(service).get_waiter(name)
    try:
        waiter.wait(**asked, WaiterConfig={"Delay": 0, "MaxAttempts": 3})
        seen = "success"
    except WaiterError as error:
        seen = str(error).split("failed: ")[1].split(":")[0]
    if seen == "Max attempts exceeded":
        seen += f", by default after {waiter.config.delay * waiter.config.max_attempts / 60:.0f} minutes"
    command = ["node", sys.argv[1] + "/wait.mjs", service, *js, json.dumps(asked)]
    print(f"{service} {name}: boto3: {seen}; JavaScript SDK:",
          subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())

wait("appconfig", "environment_ready_for_deployment",
     ("AppConfigClient", "waitUntilEnvironmentReadyForDeployment"), ApplicationId="app", EnvironmentId="env")
wait("ecs", "tasks_stopped", ("ECSClient", "waitUntilTasksStopped"), cluster="c", tasks=["t"])
wait("ec2", "instance_terminated", ("EC2Client", "waitUntilInstanceTerminated"),
     Filters=[{"Name": "tag:test", "Values": ["1"]}])
wait("rds", "tenant_database_deleted", ("RDSClient", "waitUntilTenantDatabaseDeleted"), DBInstanceIdentifier="d")
wait("sagemaker", "image_deleted", ("SageMakerClient", "waitUntilImageDeleted"), ImageName="image")
states = botocore.session.get_session().get_service_model("appconfig").shape_for("EnvironmentState").enum
print("the model of AppConfig has the states", ", ".join(states))
PY
echo "botocore 1.44.8, @aws-sdk/client-appconfig 3.1124.0"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
appconfig environment_ready_for_deployment: boto3: Max attempts exceeded, by default after 500 minutes; JavaScript SDK: TimeoutError
ecs tasks_stopped: boto3: Max attempts exceeded, by default after 10 minutes; JavaScript SDK: TimeoutError
ec2 instance_terminated: boto3: Max attempts exceeded, by default after 10 minutes; JavaScript SDK: TimeoutError
rds tenant_database_deleted: boto3: An error occurred (DBInstanceNotFound); JavaScript SDK: success
sagemaker image_deleted: boto3: success; JavaScript SDK: TimeoutError
the model of AppConfig has the states READY_FOR_DEPLOYMENT, DEPLOYING, ROLLING_BACK, ROLLED_BACK, REVERTED
SEEN
