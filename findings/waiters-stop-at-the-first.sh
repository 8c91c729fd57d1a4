#!/usr/bin/env bash
# What: waiters that take a list can end with its first resource. ECS `services_inactive` succeeds as soon as one of the
#       services is inactive. EC2 `volume_deleted` takes InvalidVolume.NotFound for success, and EC2 gives this error for
#       the whole list once one volume is gone. boto3, the AWS CLI (exit status 0) and the JavaScript SDK agree.
# Why:  `aws ec2 wait volume-deleted --volume-ids A B` says that A and B are gone while B is still in use, and the next
#       step, to delete the cluster, the key or the account, runs into it or reports clean. Wait for one resource at a
#       time, or list again after the waiter.
# With: boto3 and botocore 1.44.8, awscli 1.46.3, moto 5.2.5 as ECS and EC2 (PyPI), @aws-sdk/client-ecs 3.1164.0 and
#       @aws-sdk/client-ec2 3.1169.0 (npm). Seen 2026-11-30. `services_inactive` needs no emulator to be seen: its model
#       has `pathAny` for INACTIVE. So do the waiters of load balancers, NAT gateways and peerings have NotFound.
# Docs: the pages of the waiters name the call, the delay and the attempts, not what counts as success; nothing found in
#       the issues of botocore, aws-cli and aws-sdk-js-v3.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check \
  awscli==1.46.3 boto3==1.44.8 botocore==1.44.8 'moto[ec2,ecs,server]==5.2.5'
npm install --loglevel=error --no-audit --no-fund --prefix "$work" \
  @aws-sdk/client-ecs@3.1164.0 @aws-sdk/client-ec2@3.1169.0 >/dev/null
cat >"$work/wait.mjs" <<'JS'
import { ECSClient, waitUntilServicesInactive } from "@aws-sdk/client-ecs";
import { EC2Client, waitUntilVolumeDeleted } from "@aws-sdk/client-ec2";
const [kind, ...names] = process.argv.slice(2);
const at = (client) => ({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 });
const result =
  kind === "services"
    ? await waitUntilServicesInactive(at(new ECSClient({})), { cluster: "c", services: names })
    : await waitUntilVolumeDeleted(at(new EC2Client({})), { VolumeIds: names });
console.log(result.state);
JS
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  AWS_REGION=us-east-1 NODE_NO_WARNINGS=1 "$work/v/bin/python" - "$work" >"$work/seen" <<'PY'
import logging, os, subprocess, sys
import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
os.environ["AWS_ENDPOINT_URL"] = "http://{}:{}".format(*server.get_host_and_port())
work = sys.argv[1]

def run(*command):
    ended = subprocess.run(command, capture_output=True, text=True)
    return ended.stdout.strip() or f"exit status {ended.returncode}"

def three(client, waiter, asked, command, kind, names):
    client.get_waiter(waiter).wait(**asked, WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    print(f"{waiter}: boto3 returns, AWS CLI {run(work + '/v/bin/aws', *command)},",
          f"JavaScript SDK {run('node', work + '/wait.mjs', kind, *names)}")

ecs = boto3.client("ecs")
ecs.create_cluster(clusterName="c")
ecs.register_task_definition(family="f", containerDefinitions=[{"name": "n", "image": "i", "memory": 10}])
for name in ("a", "b"):
    ecs.create_service(cluster="c", serviceName=name, taskDefinition="f", desiredCount=0)
ecs.delete_service(cluster="c", service="a", force=True)
three(ecs, "services_inactive", {"cluster": "c", "services": ["a", "b"]},
      ("ecs", "wait", "services-inactive", "--cluster", "c", "--services", "a", "b"), "services", ["a", "b"])
described = ecs.describe_services(cluster="c", services=["a", "b"])["services"]
print("then:", ", ".join(f"{service['serviceName']} is {service['status']}" for service in described))

ec2 = boto3.client("ec2")
volumes = [ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"] for _ in range(2)]
ec2.delete_volume(VolumeId=volumes[0])
three(ec2, "volume_deleted", {"VolumeIds": volumes},
      ("ec2", "wait", "volume-deleted", "--volume-ids", *volumes), "volumes", volumes)
print("then: the second volume is", ec2.describe_volumes(VolumeIds=volumes[1:])["Volumes"][0]["State"])
server.stop()
PY
echo "botocore 1.44.8, awscli 1.46.3, @aws-sdk/client-ecs 3.1164.0, @aws-sdk/client-ec2 3.1169.0"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
services_inactive: boto3 returns, AWS CLI exit status 0, JavaScript SDK SUCCESS
then: a is INACTIVE, b is ACTIVE
volume_deleted: boto3 returns, AWS CLI exit status 0, JavaScript SDK SUCCESS
then: the second volume is available
SEEN
