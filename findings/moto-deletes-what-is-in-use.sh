#!/usr/bin/env bash
# What: moto deletes at once what AWS refuses to delete: a stack with termination protection, an instance with
#       termination protection, a network with security groups in it, a subnet and a group in use, a managed policy in
#       use, a user with keys, a cluster with services. A stack whose bucket is not empty becomes DELETE_COMPLETE, and
#       the bucket stays.
# Why:  cleanup code that is green on moto has never met the order, the detaching and the refusals that it exists for.
# With: moto 5.2.5, boto3 1.44.8 (PyPI). Seen 2026-11-29.
# Docs: the API references name the refusals (DependencyViolation, DeleteConflict, OperationNotPermitted, ...); moto's
#       documentation lists these operations as implemented.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check 'moto[cloudformation,ec2,ecs,iam,s3]==5.2.5' \
  boto3==1.44.8 botocore==1.44.8
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" >"$work/seen" <<'PY'
import json
import boto3, moto
from botocore.exceptions import ClientError

ec2, iam, s3, ecs, cloudformation = map(boto3.client, ("ec2", "iam", "s3", "ecs", "cloudformation"))
ANYONE = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})

def network():
    return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

def subnet(vpc):
    return ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]

def group(vpc, name="g"):
    return ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]

def vpc_with_subnet():
    vpc = network()
    subnet(vpc)
    ec2.delete_vpc(VpcId=vpc)

def vpc_with_security_group():
    vpc = network()
    group(vpc)
    ec2.delete_vpc(VpcId=vpc)

def subnet_with_interface():
    place = subnet(network())
    ec2.create_network_interface(SubnetId=place)
    ec2.delete_subnet(SubnetId=place)

def security_group_of_interface():
    vpc = network()
    used = group(vpc)
    ec2.create_network_interface(SubnetId=subnet(vpc), Groups=[used])
    ec2.delete_security_group(GroupId=used)

def protected_instance():
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, DisableApiTermination=True)
    ec2.terminate_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])

def policy_of_role():
    arn = iam.create_policy(PolicyName="p", PolicyDocument=ALLOW)["Policy"]["Arn"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=ANYONE)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)

def role_with_policy():
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=ANYONE)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=ALLOW)
    iam.delete_role(RoleName="r")

def user_with_access_key():
    iam.create_user(UserName="u")
    iam.create_access_key(UserName="u")
    iam.delete_user(UserName="u")

def cluster_with_service():
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "n", "image": "i", "memory": 8}])
    ecs.create_service(cluster="c", serviceName="s", taskDefinition="f", desiredCount=1)
    ecs.delete_cluster(cluster="c")

def bucket_with_object():
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k")
    s3.delete_bucket(Bucket="bucket")

def stack(**protection):
    resources = {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "bucket"}}}
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": resources}), **protection)

def protected_stack():
    stack(EnableTerminationProtection=True)
    cloudformation.delete_stack(StackName="s")

def stack_with_filled_bucket():
    stack()
    s3.put_object(Bucket="bucket", Key="k")
    cloudformation.delete_stack(StackName="s")
    print("   ", cloudformation.list_stacks()["StackSummaries"][0]["StackStatus"],
          "buckets:", [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])

for delete in (vpc_with_subnet, vpc_with_security_group, subnet_with_interface, security_group_of_interface,
               protected_instance, role_with_policy, policy_of_role, user_with_access_key, cluster_with_service,
               bucket_with_object, protected_stack, stack_with_filled_bucket):
    with moto.mock_aws():
        try:
            delete()
            print(f"deleted   {delete.__name__}")
        except ClientError as error:
            print(f"refused   {delete.__name__}: {error.response['Error']['Code']}")
PY
echo "moto 5.2.5"
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
refused   vpc_with_subnet: DependencyViolation
deleted   vpc_with_security_group
deleted   subnet_with_interface
deleted   security_group_of_interface
deleted   protected_instance
refused   role_with_policy: DeleteConflict
deleted   policy_of_role
deleted   user_with_access_key
deleted   cluster_with_service
refused   bucket_with_object: BucketNotEmpty
deleted   protected_stack
    DELETE_COMPLETE buckets: ['bucket']
deleted   stack_with_filled_bucket
SEEN
