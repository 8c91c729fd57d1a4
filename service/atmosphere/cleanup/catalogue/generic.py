"""Types without a row: seen and deleted one by one through Cloud Control, by the ids of the ledger. Never listed.

Source: Cloud Control API reference. A deletion is asynchronous: a later look tells whether it came to pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Errors, Plain, code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Found
    from atmosphere.core.model import Region

_ABSENT: Final = ("ResourceNotFoundException", "NotFound")
_UNSUPPORTED: Final = (
    "UnsupportedActionException",
    "TypeNotFoundException",
    "InvalidRequestException",
    "ValidationException",
)


class NoHandler(Exception):
    """Neither the catalogue nor Cloud Control can look at this resource or delete it."""

    code: Final = "no-handler"


class CloudControl(Plain):
    """Any type of the ledger that the catalogue does not have."""

    service: Final = "cloudcontrol"
    errors = Errors(absent=_ABSENT, under_way=("ConcurrentOperationException",))

    def __init__(self, name: str) -> None:
        self.name = name

    def list(self, account: Account, region: Region) -> Iterator[Found]:  # noqa: ARG002  the interface's parameters
        """Nothing: Cloud Control's listings are incomplete."""
        return iter(())

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`. Raises `NoHandler` for types that Cloud Control does not know."""
        try:
            account.client("cloudcontrol", region).get_resource(TypeName=self.name, Identifier=identity)
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return False
            if code_of(error) in _UNSUPPORTED:
                raise self._no_handler(error) from error
            raise
        return True

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:  # noqa: ARG002  the interface's parameters
        """Ask for it; a deletion that is under way is left alone."""
        try:
            account.client("cloudcontrol", region).delete_resource(TypeName=self.name, Identifier=identity)
        except ClientError as error:
            if code_of(error) in (*_ABSENT, "ConcurrentOperationException"):
                return
            if code_of(error) in _UNSUPPORTED:
                raise self._no_handler(error) from error
            raise

    def _no_handler(self, error: ClientError) -> NoHandler:
        return NoHandler(
            f"{self.name} is not in the catalogue, and Cloud Control answers {code_of(error)}: delete it by hand"
        )
