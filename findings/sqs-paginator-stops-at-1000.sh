#!/usr/bin/env bash
# What: botocore's paginator of SQS ListQueues ends after 1000 queues, without an error, unless it is given a PageSize.
#       SQS returns a token only to a request with MaxResults, which the paginator sends only with a PageSize.
#       Cognito's ListUserPools needs a PageSize too, and there the call is refused, so it is noticed.
# Why:  a tool that lists, counts or deletes "all" queues leaves the others out, and nothing shows that there are more.
# With: boto3 1.44.5, botocore 1.44.5, moto 5.2.5 (PyPI). Seen 2026-11-29. No account is called: moto follows the rule of
#       the API reference, and the first check is of what botocore itself sends.
# Docs: the API reference of ListQueues has the rule; nothing of the paginator shows it. boto3 issue 3406 (2022).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
  boto3==1.44.5 botocore==1.44.5 'moto[cognitoidp,sqs]==5.2.5'

"$work/venv/bin/python" - <<'PROGRAM'
import boto3
import botocore
import moto
from botocore.exceptions import ParamValidationError

QUEUES = 1005


def client(service):
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")


print(f"botocore {botocore.__version__}, moto {moto.__version__}")
with moto.mock_aws():
    sqs = client("sqs")
    for number in range(QUEUES):
        sqs.create_queue(QueueName=f"queue-{number}")

    sent = []
    sqs.meta.events.register("provide-client-params.sqs.ListQueues", lambda params, **_: sent.append(dict(params)))
    paginator = sqs.get_paginator("list_queues")
    whole = [url for page in paginator.paginate() for url in page["QueueUrls"]]
    print(f"list_queues, paginate():                 {len(whole)} of {QUEUES} queues; requests: {sent}")
    assert sent == [{}], "the paginator sends MaxResults by itself now, or more than one request"
    assert len(whole) == 1000, "not only the first 1000 queues are listed now"

    sized = [
        url for page in paginator.paginate(PaginationConfig={"PageSize": 1000}) for url in page["QueueUrls"]
    ]
    print(f"list_queues, paginate(PageSize=1000):    {len(sized)} of {QUEUES} queues; requests: {len(sent) - 1}")
    assert len(sized) == QUEUES

    try:
        list(client("cognito-idp").get_paginator("list_user_pools").paginate())
    except ParamValidationError as error:
        print(f"list_user_pools, paginate():             {' '.join(str(error).split())}")
    else:
        raise SystemExit("the paginator of list_user_pools needs no PageSize now")
PROGRAM
