#!/usr/bin/env bash
# What: what `paginate()` of boto3 returns can be iterated again, and begins then with the last page: the object keeps the
#       token of the last request. `search()` and `build_full_result()` after a loop do the same.
# Why:  `pages = paginator.paginate(...)`, a loop that counts or logs, and a loop that deletes: the second one sees the
#       last page only, and ends without an error. With fewer items than fit a page, as in most tests, both loops see
#       all. Call `paginate()` for each pass, or make a list of the pages.
# With: boto3 and botocore 1.44.8, moto 5.2.5 as S3 and Systems Manager (PyPI). Seen 2026-11-30.
# Docs: the guide on paginators shows one loop for each `paginate()`. The text of PageIterator says that it is an iterable
#       and no iterator, which is what `list` is too; nothing found in the issues of boto3 and botocore. In paginate.py,
#       `__iter__` puts the tokens into the parameters that the object keeps.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --disable-pip-version-check boto3==1.44.8 botocore==1.44.8 'moto[s3,ssm]==5.2.5'
env -u AWS_PROFILE HOME="$work" AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 \
  "$work/v/bin/python" >"$work/seen" <<'PY'
import boto3, botocore
from moto import mock_aws

print("botocore", botocore.__version__)
with mock_aws():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="leftovers")

    def fill(count):
        for number in range(count):
            s3.put_object(Bucket="leftovers", Key=f"{number:04}")

    def pages(**config):
        return s3.get_paginator("list_objects_v2").paginate(Bucket="leftovers", PaginationConfig=config)

    fill(999)
    few = pages()
    print("999 objects, first and second loop: ", [sum(page["KeyCount"] for page in few) for _ in range(2)])
    fill(2500)
    many = pages()
    print("2500 objects, first and second loop:", [sum(page["KeyCount"] for page in many) for _ in range(2)])
    print("then search():                      ", len(list(many.search("Contents[].Key"))))
    print("then build_full_result():           ", len(many.build_full_result()["Contents"]))

    found = pages()
    print("to delete:                          ", sum(page["KeyCount"] for page in found))
    for page in found:
        s3.delete_objects(Bucket="leftovers", Delete={"Objects": [{"Key": each["Key"]} for each in page["Contents"]]})
    print("left after the loop that deletes:   ", sum(page["KeyCount"] for page in pages()))

    ssm = boto3.client("ssm")
    for number in range(25):
        ssm.put_parameter(Name=f"p{number}", Value="x", Type="String")
    tens = ssm.get_paginator("describe_parameters").paginate(PaginationConfig={"PageSize": 10})
    print("25 parameters in pages of 10:       ", [sum(len(page["Parameters"]) for page in tens) for _ in range(2)])
PY
cat "$work/seen"
diff "$work/seen" - <<'SEEN'
botocore 1.44.8
999 objects, first and second loop:  [999, 999]
2500 objects, first and second loop: [2500, 500]
then search():                       500
then build_full_result():            500
to delete:                           2500
left after the loop that deletes:    2000
25 parameters in pages of 10:        [25, 5]
SEEN
