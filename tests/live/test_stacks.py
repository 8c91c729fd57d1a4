"""What CloudFormation of a real account refuses to delete: `tests/cleanup/fakes/cloudformation.py` is written after it.

The documents claim it in docs/cleanup.md; emulators delete most of such stacks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from botocore.exceptions import ClientError

from atmosphere.faults import code_of
from tests.live.ledger import Kind
from tests.live.waiting import MINUTE, until

if TYPE_CHECKING:
    from tests.live.account import Live

pytestmark = pytest.mark.live

NOTHING: Final = {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
"""A stack needs a resource; this one costs nothing and is only an address."""


def create(live: Live, name: str, template: dict[str, Any]) -> None:
    """Create a stack under a name that is in the ledger, and wait until it is there."""
    live.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    until(lambda: status(live, name) == "CREATE_COMPLETE", f"stack {name} is complete")


def status(live: Live, name: str) -> str:
    """Of a stack that exists."""
    (stack,) = live.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return str(stack["StackStatus"])


def test_a_stack_whose_export_is_imported_is_refused(live: Live) -> None:
    """Proves the refusal that the order of stacks avoids; it names the importer (docs/cleanup.md)."""
    exporter, importer = live.name(Kind.STACK), live.name(Kind.STACK)
    create(live, exporter, {"Resources": NOTHING, "Outputs": {"Out": {"Value": "x", "Export": {"Name": exporter}}}})
    taken = {"Type": "String", "Value": {"Fn::ImportValue": exporter}}
    create(live, importer, {"Resources": {"In": {"Type": "AWS::SSM::Parameter", "Properties": taken}}})

    with pytest.raises(ClientError) as refused:
        live.client("cloudformation").delete_stack(StackName=exporter)

    assert code_of(refused.value) == "ValidationError"
    assert exporter in str(refused.value)
    assert importer in str(refused.value)


@pytest.mark.only_on_aws("the embedded AWS empties the bucket")
def test_a_stack_with_a_full_bucket_fails_to_be_deleted(live: Live) -> None:
    """Proves why cleaning empties buckets of stacks before it deletes them (docs/cleanup.md)."""
    stack, bucket = live.name(Kind.STACK), live.name(Kind.BUCKET)
    create(live, stack, {"Resources": {"Full": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}}})
    live.client("s3").put_object(Bucket=bucket, Key="object", Body=b"1")
    live.client("cloudformation").delete_stack(StackName=stack)

    until(lambda: status(live, stack) == "DELETE_FAILED", "the deletion fails", seconds=10 * MINUTE)
