"""Types without a row: seen and deleted one by one through Cloud Control, by the ids of the ledger. Never listed.

A deletion is asynchronous: a later look tells whether it came to pass, and Cloud Control itself remembers the requests,
so that one that is under way is not repeated and why one failed is told, whichever pass made it. Source: Cloud Control
API reference (DeleteResource, ListResourceRequests).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Errors, Plain, Stage, pages
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Found
    from atmosphere.core.model import Region

_NOT_FOUND: Final = ("ResourceNotFoundException", "NotFound")
_UNDER_WAY: Final = "ConcurrentOperationException"
_UNSUPPORTED: Final = {
    "UnsupportedActionException": "Cloud Control cannot delete this type",
    "TypeNotFoundException": "Cloud Control does not know this type",
    "PrivateTypeException": "Cloud Control does not serve private types",
    "InvalidRequestException": "Cloud Control does not take the id that CloudFormation has of it",
    "ValidationException": "Cloud Control does not take the id that CloudFormation has of it",
}
_AT_WORK: Final = ("PENDING", "IN_PROGRESS")
_UNFINISHED: Final = {"Operations": ["DELETE"], "OperationStatuses": [*_AT_WORK, "FAILED"]}


class NoHandler(Exception):
    """Neither the catalogue nor Cloud Control can look at this resource or delete it."""

    code: Final = "no-handler"


class CloudControl(Plain):
    """Any type of the ledger that the catalogue does not have."""

    service: Final = "cloudcontrol"
    stage: Stage = Stage.SLOW  # nobody knows how long it takes
    errors = Errors(
        absent=_NOT_FOUND,
        under_way=(_UNDER_WAY,),
        busy=("ResourceConflict", "ResourceConflictException"),
        fatal=("NotUpdatable", "NotUpdatableException", "InvalidRequest"),
    )

    def __init__(self, name: str) -> None:
        self.name = name

    def list(self, account: Account, region: Region) -> Iterator[Found]:  # noqa: ARG002  the interface's parameters
        """Nothing: Cloud Control's listings are incomplete."""
        return iter(())

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`. Raises `NoHandler` where Cloud Control cannot look."""
        return self._ask(account.client("cloudcontrol", region).get_resource, identity) is not None

    def at_work(self, account: Account, region: Region, identity: str) -> str | None:
        """See `ResourceType`: Cloud Control has a request for its deletion that is not done."""
        request = self._request(account.client("cloudcontrol", region), identity, lambda: None)
        return request["OperationStatus"] if request and request["OperationStatus"] in _AT_WORK else None

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """Ask for it, unless that is under way.

        Raises `NoHandler` where Cloud Control cannot, and a `ClientError` that says why the request before this one
        failed: nobody was there any more to be told.
        """
        client = account.client("cloudcontrol", region)
        before = self._request(client, identity, check)
        if before is not None and before["OperationStatus"] in _AT_WORK:
            raise ClientError({"Error": {"Code": _UNDER_WAY, "Message": "it is being deleted"}}, "DeleteResource")
        self._ask(client.delete_resource, identity)
        if before is not None:
            code, message = before.get("ErrorCode", "Failed"), before.get("StatusMessage", "")
            raise ClientError({"Error": {"Code": code, "Message": message}}, "DeleteResource")

    def _ask(self, operation: Any, identity: str) -> Any:
        """The reply, None if it is not there."""
        try:
            return operation(TypeName=self.name, Identifier=identity)
        except ClientError as error:
            code = code_of(error)
            if code in _NOT_FOUND:
                return None
            if code not in _UNSUPPORTED:
                raise
            raise NoHandler(
                f"{self.name} is not in the catalogue, and {_UNSUPPORTED[code]} ({code}): delete it by hand, then let "
                "the environment be cleaned again"
            ) from error

    def _request(self, client: Any, identity: str, check: Check) -> Mapping[str, Any] | None:
        """The last deletion of it that is under way or failed; requests are remembered for seven days."""
        mine = []
        for page in pages(client, "list_resource_requests", ResourceRequestStatusFilter=_UNFINISHED):
            check()
            mine += [
                each
                for each in page["ResourceRequestStatusSummaries"]
                if (each.get("TypeName"), each.get("Identifier")) == (self.name, identity)
            ]
        return max(mine, key=lambda each: each["EventTime"], default=None)
