"""Internet gateways: detached before they are deleted. The default network's is told by its network, not by itself.

Source: the EC2 API reference, DeleteInternetGateway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue.base import Errors, Found, Stage, pages
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.core.model import Region

_ALL: Final = "describe_internet_gateways"


class _Gateways(Row):
    """A row whose listing leaves out what is attached to the default network."""

    __slots__ = ()

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """See `ResourceType`."""
        client = account.client("ec2", region)
        networks = {
            network["VpcId"]
            for page in pages(client, "describe_vpcs")
            for network in page["Vpcs"]
            if network.get("IsDefault")
        }
        for page in pages(client, _ALL):
            for gateway in page["InternetGateways"]:
                if networks.isdisjoint(attachment["VpcId"] for attachment in gateway.get("Attachments", ())):
                    yield Found(gateway["InternetGatewayId"])


INTERNET_GATEWAYS: Final = _Gateways(
    name="AWS::EC2::InternetGateway",
    service="ec2",
    listing=Listing(_ALL, "InternetGatewayId"),
    see=Call(_ALL, "InternetGatewayIds"),
    shows="InternetGateways",
    strip=(
        Step(
            call=Call("detach_internet_gateway", ("InternetGatewayId", "VpcId")),
            each=Listing(_ALL, "VpcId", members="InternetGateways[].Attachments[]", of="InternetGatewayIds"),
        ),
    ),
    remove=Call("delete_internet_gateway"),
    errors=Errors(absent=("InvalidInternetGatewayID.NotFound", "Gateway.NotAttached"), busy=("DependencyViolation",)),
    stage=Stage.NETWORK,
    # what has a public address keeps its network's gateway attached
    after=("AWS::EC2::EIP", "AWS::EC2::NatGateway"),
)
