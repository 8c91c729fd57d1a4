"""What is attached to networks: their gateways and their DHCP options, put back as they were.

A test that attaches something of its own to a network of the baseline has to take away what was there. Source: the EC2
API reference, Attach- and DetachInternetGateway, Attach- and DetachVpnGateway, AssociateDhcpOptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import pages
from atmosphere.cleanup.contents.base import Captured

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region

_DHCP: Final = "dhcp options"
_GONE: Final = ("detaching", "detached")


@dataclass(frozen=True, slots=True)
class _Gateway:
    """A kind of gateway; a network has one of each at most."""

    name: str
    members: str
    attachments: str
    id: str
    operation: str

    def attached(self, client: Any) -> Iterator[tuple[str, str]]:
        """Each that is attached, with the network that it is attached to."""
        for page in pages(client, f"describe_{self.operation}s"):
            for gateway in page[self.members]:
                for attachment in gateway.get(self.attachments, ()):
                    if attachment.get("State") not in _GONE:
                        yield gateway[self.id], attachment["VpcId"]

    @property
    def calls(self) -> frozenset[str]:
        """The operations that attach and detach it, as the guard names them."""
        what = self.operation.title().replace("_", "")
        return frozenset({f"ec2:Attach{what}", f"ec2:Detach{what}"})

    def put_back(self, account: Account, region: Region, network: str, before: Json, check: Check) -> None:
        """Detach what is in the way, here and where the right one is now, and attach that."""
        client = account.client("ec2", region)
        for gateway, at in list(self.attached(client)):
            if (at == network) != (gateway == before):
                check()
                with account.guard.restoring(self.calls, gateway), account.guard.restoring(self.calls, at):
                    getattr(client, f"detach_{self.operation}")(**{self.id: gateway, "VpcId": at})
        if isinstance(before, str) and (before, network) not in set(self.attached(client)):
            check()
            with account.guard.restoring(self.calls, before):
                getattr(client, f"attach_{self.operation}")(**{self.id: before, "VpcId": network})


_GATEWAYS: Final = (
    _Gateway("internet gateway", "InternetGateways", "Attachments", "InternetGatewayId", "internet_gateway"),
    _Gateway("vpn gateway", "VpnGateways", "VpcAttachments", "VpnGatewayId", "vpn_gateway"),
)
_ASSOCIATE: Final = frozenset({"ec2:AssociateDhcpOptions"})


class Attachments(Captured):
    """What is attached to each network, the default one included."""

    name: Final = "attachments"
    type: str = "AWS::EC2::VPC"
    restorable: bool = True
    restoring: frozenset[str] = _ASSOCIATE.union(*(gateway.calls for gateway in _GATEWAYS))

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:
        """See `Content`."""
        client = account.client("ec2", region)
        attached = {
            gateway.name: {network: identity for identity, network in gateway.attached(client)} for gateway in _GATEWAYS
        }
        return {
            network["VpcId"]: {
                _DHCP: network["DhcpOptionsId"],
                **{name: by_network.get(network["VpcId"]) for name, by_network in attached.items()},
            }
            for page in pages(client, "describe_vpcs")
            for network in page["Vpcs"]
            if ids is None or network["VpcId"] in ids
        }

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        before: Any = drift.before
        now: Any = drift.now
        region, network = drift.item.region, drift.item.id
        if before[_DHCP] != now[_DHCP]:
            with account.guard.restoring(_ASSOCIATE, before[_DHCP]):
                account.client("ec2", region).associate_dhcp_options(DhcpOptionsId=before[_DHCP], VpcId=network)
        for gateway in _GATEWAYS:
            if before[gateway.name] != now[gateway.name]:
                gateway.put_back(account, region, network, before[gateway.name], check)
