"""Lambda functions: taken out of their VPC before anybody deletes them, or their network interfaces stay for long.

Lambda gives the interfaces of a deleted function back after 20 to 45 minutes, and until then their subnets and security
groups cannot be deleted; of a function that leaves its VPC it gives them back in minutes. Replicas of a Lambda@Edge
function go hours after the last distribution let go of it; nobody can hasten that. Source: Lambda API reference
(UpdateFunctionConfiguration, DeleteFunction), Lambda and CloudFront developer guides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Errors, Found, Plain, code_of, pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

FUNCTION: Final = "AWS::Lambda::Function"
ABSENT: Final = ("ResourceNotFoundException",)


class Functions(Plain):
    """`AWS::Lambda::Function`."""

    name: Final = FUNCTION
    service: Final = "lambda"
    errors = Errors(absent=ABSENT)

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """See `ResourceType`. A function has nothing that never changes."""
        for page in pages(account.client("lambda", region), "list_functions"):
            for function in page["Functions"]:
                yield Found(function["FunctionName"])

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        try:
            account.client("lambda", region).get_function_configuration(FunctionName=identity)
        except ClientError as error:
            if code_of(error) in ABSENT:
                return False
            raise
        return True

    def prepare(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Take it out of its VPC."""
        client = account.client("lambda", region)
        try:
            network = client.get_function_configuration(FunctionName=identity).get("VpcConfig", {})
            check()
            if network.get("VpcId"):
                client.update_function_configuration(
                    FunctionName=identity, VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}
                )
        except ClientError as error:
            if code_of(error) not in ABSENT:
                raise

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        self.prepare(account, region, identity, check)
        try:
            account.client("lambda", region).delete_function(FunctionName=identity)
        except ClientError as error:
            if code_of(error) not in ABSENT:
                raise
