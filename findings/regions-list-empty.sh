#!/usr/bin/env bash
# What: `Session.get_available_regions(service)` is empty for 145 of 445 services in botocore; only 17 of them are
#       global, the other 128 get a regional endpoint from a client. For EC2 the list lacks two regions that the
#       partition has.
# Why:  a cleanup that loops over the regions of a service does nothing there and reports success: DSQL, FIS, Image
#       Builder, S3 Tables, S3 Vectors and Bedrock agents are never visited.
# With: boto3 and botocore 1.44.8 (PyPI). Seen 2026-11-29.
# Docs: the method's text says that the list is not comprehensive; it does not say that it can be empty for a regional
#       service.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check boto3==1.44.8 botocore==1.44.8
env -u AWS_PROFILE HOME="$work" "$work/v/bin/python" >"$work/seen" <<'PY'
import boto3, botocore

session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="y")
services = session.get_available_services()
empty = [service for service in services if not session.get_available_regions(service)]
urls = [session.client(service, region_name="eu-west-1").meta.endpoint_url for service in empty]
print(f"botocore {botocore.__version__}: {len(empty)} of {len(services)} services have no region,",
      f"{sum('eu-west-1' in url for url in urls)} of those have regional endpoints")
for service in ("dsql", "fis", "imagebuilder", "s3tables", "s3vectors", "bedrock-agent"):
    client = session.client(service, region_name="eu-west-1")
    print(f"{service}: regions {session.get_available_regions(service)}, yet {client.meta.endpoint_url}")
partition = session._session.get_component("data_loader").load_data("partitions")["partitions"][0]
real = {region for region in partition["regions"] if region != "aws-global"}
print(f"ec2: {len(session.get_available_regions('ec2'))} of {len(real)} regions,",
      "missing", sorted(real - set(session.get_available_regions("ec2"))))
PY
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
botocore 1.44.8: 145 of 445 services have no region, 128 of those have regional endpoints
dsql: regions [], yet https://dsql.eu-west-1.amazonaws.com
fis: regions [], yet https://fis.eu-west-1.amazonaws.com
imagebuilder: regions [], yet https://imagebuilder.eu-west-1.amazonaws.com
s3tables: regions [], yet https://s3tables.eu-west-1.amazonaws.com
s3vectors: regions [], yet https://s3vectors.eu-west-1.amazonaws.com
bedrock-agent: regions [], yet https://bedrock-agent.eu-west-1.amazonaws.com
ec2: 34 of 36 regions, missing ['me-west-1', 'sa-west-1']
SEEN
