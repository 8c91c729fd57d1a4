"""Lambda functions: taken out of their VPC before anybody deletes them, or their network interfaces stay for long.

Lambda gives the interfaces of a deleted function back after 20 to 45 minutes, and until then their subnets and security
groups cannot be deleted; of a function that leaves its VPC it gives them back in minutes. Replicas of a Lambda@Edge
function go hours after the last distribution let go of it; nobody can hasten that. Source: Lambda API reference
(UpdateFunctionConfiguration, DeleteFunction), Lambda and CloudFront developer guides; aws-cloudformation/
cloudformation-coverage-roadmap issue 2061 (a function with IPv6 leaves its VPC only if it gives that up, too).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Errors, Found, Plain, pages
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

FUNCTION: Final = "AWS::Lambda::Function"
ABSENT: Final = ("ResourceNotFoundException",)
_OUTSIDE: Final = {"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": False}
_FAILED: Final = "Failed"  # a state in which a function can be deleted, and not be changed
_UNCHANGEABLE: Final = "InvalidParameterValueException"  # what else keeps one from being changed: its role is gone


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
            seen = client.get_function_configuration(FunctionName=identity)
            check()
            if seen.get("VpcConfig", {}).get("VpcId") and seen.get("State") != _FAILED:
                client.update_function_configuration(FunctionName=identity, VpcConfig=_OUTSIDE)
        except ClientError as error:
            if code_of(error) not in ABSENT:
                raise

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`. One that cannot be changed is deleted where it is: only its interfaces last longer."""
        try:
            self.prepare(account, region, identity, check)
        except ClientError as error:
            if code_of(error) != _UNCHANGEABLE:
                raise
        try:
            account.client("lambda", region).delete_function(FunctionName=identity)
        except ClientError as error:
            if code_of(error) not in ABSENT:
                raise
