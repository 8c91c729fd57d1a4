#!/usr/bin/env bash
# What: the client of AWS Sign-In ignores `endpoint_url` and AWS_ENDPOINT_URL for its control plane (ListSessions, resource
#       policies): requests go to signin.REGION.api.aws, although `client.meta.endpoint_url` shows what was given.
#       Other services of the same session use it.
# Why:  code that is run against an emulator, or through a private endpoint, sends signed requests to AWS instead.
# With: boto3 1.44.8, botocore 1.44.8 (PyPI). Seen 2026-11-29. Nothing is sent: each request is stopped before.
# Docs: the SDK guide, "Service-specific endpoints", has AWS_ENDPOINT_URL for all services and names no exception.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check boto3==1.44.8 botocore==1.44.8

AWS_ENDPOINT_URL=http://127.0.0.1:9 "$work/venv/bin/python" - <<'PROGRAM'
import boto3
import botocore

GIVEN = "http://127.0.0.1:9"


class Stopped(Exception):
    pass


def asked(service, operation, **options):
    """Where the request would go, and where the client says that it goes."""
    client = boto3.client(
        service, region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-", **options
    )
    seen = []

    def stop(request, **_):
        seen.append(request.url)
        raise Stopped

    client.meta.events.register("before-send", stop)
    try:
        getattr(client, operation)()
    except Stopped:
        pass
    return seen[0], client.meta.endpoint_url


print(f"botocore {botocore.__version__}, AWS_ENDPOINT_URL={GIVEN}")
for service, operation, options in (
    ("sqs", "list_queues", {}),
    ("signin", "list_sessions", {}),
    ("signin", "get_resource_policy", {}),
    ("signin", "list_sessions", {"endpoint_url": GIVEN}),
):
    url, told = asked(service, operation, **options)
    print(f"{service}.{operation}({options or ''}): sent to {url}, meta.endpoint_url {told}")
    assert told == GIVEN
    if service == "signin":
        assert url.startswith("https://signin.us-east-1.api.aws/"), "the endpoint that was given is used now"
    else:
        assert url.startswith(GIVEN)
PROGRAM
