"""Firehose's delivery streams: their listing is paged in a way of its own.

Source: Amazon Data Firehose API reference, ListDeliveryStreams and DeleteDeliveryStream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.at_work import doing
from atmosphere.cleanup.catalogue.base import Errors, Found, Plain
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

_ABSENT: Final = "ResourceNotFoundException"
_PAGE: Final = 100  # ten, unless asked for more


class DeliveryStreams(Plain):
    """`AWS::KinesisFirehose::DeliveryStream`. No fingerprint: a listing shows names only."""

    name: Final = "AWS::KinesisFirehose::DeliveryStream"
    service: Final = "firehose"
    errors = Errors(absent=(_ABSENT,), busy=("ResourceInUseException",))

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """See `ResourceType`."""
        client = account.client("firehose", region)
        after: dict[str, str] = {}
        more = True
        while more:
            page = client.list_delivery_streams(Limit=_PAGE, **after)
            names = page["DeliveryStreamNames"]
            yield from (Found(name) for name in names)
            more = page["HasMoreDeliveryStreams"] and bool(names)
            after = {"ExclusiveStartDeliveryStreamName": names[-1]} if names else {}

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        return _status(account.client("firehose", region), identity) is not None

    def at_work(self, account: Account, region: Region, identity: str) -> str | None:
        """See `ResourceType`."""
        return doing({"Status": _status(account.client("firehose", region), identity)})

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`. Forced: a key that is gone already must not stand in the way."""
        client = account.client("firehose", region)
        if _status(client, identity) in (None, "DELETING"):
            return
        check()
        try:
            client.delete_delivery_stream(DeliveryStreamName=identity, AllowForceDelete=True)
        except ClientError as error:
            if code_of(error) != _ABSENT:
                raise


def _status(client: Any, name: str) -> str | None:
    try:
        status: str = client.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"][
            "DeliveryStreamStatus"
        ]
    except ClientError as error:
        if code_of(error) == _ABSENT:
            return None
        raise
    return status
