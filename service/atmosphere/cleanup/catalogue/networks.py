"""Parts of a network that are entangled with others: what refers to them is let go of before they are deleted.

That is done only to delete them ourselves; CloudFormation goes by the order that the stack tells. Source: the EC2 API
reference, DeleteSecurityGroup, DeleteNetworkAcl, DeleteDhcpOptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jmespath  # type: ignore[import-untyped]  # comes with botocore
from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import Errors, Found, Plain, Stage, pages
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

_IN_USE: Final = "DependencyViolation"
_ASSOCIATIONS: Final = "describe_security_group_vpc_associations"
_ASSOCIATED: Final = ("associating", "associated", "disassociation-failed")


def _matching(client: Any, listing: str, members: str, filters: Mapping[str, str]) -> Iterator[Any]:
    asked = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    for page in pages(client, listing, Filters=asked):
        yield from page.get(members, ())


class _Part(Plain):
    """What they have in common. `unless` is a JMESPath that is true of members that AWS made by itself."""

    service: Final = "ec2"
    stage = Stage.NETWORK
    _listing: str
    _members: str
    _id: str
    unless: str
    _remove: str

    def list(self, account: Account, region: Region) -> Iterator[Found]:
        """See `ResourceType`."""
        for each in self._all(account.client("ec2", region)):
            if not jmespath.search(self.unless, each):
                yield Found(each[self._id])

    def exists(self, account: Account, region: Region, identity: str) -> bool:
        """See `ResourceType`."""
        return self._seen(account.client("ec2", region), identity) is not None

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        client = account.client("ec2", region)
        seen = self._seen(client, identity)
        if seen is None:
            return
        try:
            self._let_go(client, seen, check)
            check()
            self._remove_it(client, seen, check)
        except ClientError as error:
            if code_of(error) not in self.errors.absent:
                raise

    def _remove_it(self, client: Any, seen: Mapping[str, Any], check: Check) -> None:  # noqa: ARG002
        getattr(client, self._remove)(**{self._id: seen[self._id]})

    def _seen(self, client: Any, identity: str) -> Any:
        return next((each for each in self._all(client) if each[self._id] == identity), None)

    def _all(self, client: Any) -> Iterator[Any]:
        return (each for page in pages(client, self._listing) for each in page[self._members])

    def _let_go(self, client: Any, seen: Mapping[str, Any], check: Check) -> None:
        """Take away what refers to it."""


class SecurityGroups(_Part):
    """`AWS::EC2::SecurityGroup`: rules of others that name it go first, so that groups may name each other.

    CloudFormation's id of one that is in the default network by omission is its name.
    """

    name: Final = "AWS::EC2::SecurityGroup"
    after = ("AWS::EC2::NetworkInterface",)
    errors = Errors(
        absent=("InvalidGroup.NotFound", "InvalidPermission.NotFound"), busy=(_IN_USE, "InvalidGroup.InUse")
    )
    _listing = "describe_security_groups"
    _members = "SecurityGroups"
    _id = "GroupId"
    unless = "GroupName == 'default'"
    _remove = "delete_security_group"
    _directions = (
        ("ip-permission.group-id", "IpPermissions", "revoke_security_group_ingress"),
        ("egress.ip-permission.group-id", "IpPermissionsEgress", "revoke_security_group_egress"),
    )

    def _seen(self, client: Any, identity: str) -> Any:
        key, name = ("group-id", "GroupId") if identity.startswith("sg-") else ("group-name", "GroupName")
        found = _matching(client, self._listing, self._members, {key: identity})
        return next((each for each in found if each[name] == identity), None)  # whoever ignores filters answers others

    def _let_go(self, client: Any, seen: Mapping[str, Any], check: Check) -> None:
        for key, direction, revoke in self._directions:
            for other in list(_matching(client, self._listing, self._members, {key: seen["GroupId"]})):
                check()
                if rules := _naming(other[direction], seen["GroupId"]):
                    getattr(client, revoke)(GroupId=other["GroupId"], IpPermissions=rules)

    def _remove_it(self, client: Any, seen: Mapping[str, Any], check: Check) -> None:
        """Refused, it leaves the further networks that it is associated with, which takes a while."""
        try:
            client.delete_security_group(GroupId=seen["GroupId"])
        except ClientError as refusal:
            if code_of(refusal) == _IN_USE:
                try:
                    self._leave_networks(client, seen["GroupId"], check)
                except ClientError as further:
                    raise refusal from further
            raise

    def _leave_networks(self, client: Any, group: str, check: Check) -> None:
        for each in list(_matching(client, _ASSOCIATIONS, "SecurityGroupVpcAssociations", {"group-id": group})):
            if each["State"] in _ASSOCIATED:
                check()
                client.disassociate_security_group_vpc(GroupId=group, VpcId=each["VpcId"])


def _naming(permissions: list[dict[str, Any]], group: str) -> list[dict[str, Any]]:
    """The parts of rules that name the group, and nothing else that the same rules allow."""
    return [
        {
            **{key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule},
            "UserIdGroupPairs": [{"GroupId": group}],
        }
        for rule in permissions
        if any(pair.get("GroupId") == group for pair in rule.get("UserIdGroupPairs", ()))
    ]


class NetworkAcls(_Part):
    """`AWS::EC2::NetworkAcl`: its subnets are given back to their network's default one."""

    name: Final = "AWS::EC2::NetworkAcl"
    after = ("AWS::EC2::Subnet",)
    errors = Errors(absent=("InvalidNetworkAclID.NotFound",), busy=(_IN_USE,))
    _listing = "describe_network_acls"
    _members = "NetworkAcls"
    _id = "NetworkAclId"
    unless = "IsDefault"
    _remove = "delete_network_acl"

    def _let_go(self, client: Any, seen: Mapping[str, Any], check: Check) -> None:
        if not seen.get("Associations"):
            return
        [default] = _matching(client, self._listing, self._members, {"vpc-id": seen["VpcId"], "default": "true"})
        for association in seen["Associations"]:
            check()
            client.replace_network_acl_association(
                AssociationId=association["NetworkAclAssociationId"], NetworkAclId=default["NetworkAclId"]
            )


class DhcpOptions(_Part):
    """`AWS::EC2::DHCPOptions`: networks that use them are given AWS's. A region's own are told by what they say."""

    name: Final = "AWS::EC2::DHCPOptions"
    after = ("AWS::EC2::VPC",)
    errors = Errors(absent=("InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsID.NotFound"), busy=(_IN_USE,))
    _listing = "describe_dhcp_options"
    _members = "DhcpOptions"
    _id = "DhcpOptionsId"
    unless = (
        "length(DhcpConfigurations) == `2`"
        " && DhcpConfigurations[?Key == 'domain-name-servers' && Values[0].Value == 'AmazonProvidedDNS']"
        " && DhcpConfigurations[?Key == 'domain-name' &&"
        " (Values[0].Value == 'ec2.internal' || ends_with(Values[0].Value, '.compute.internal'))]"
    )
    _remove = "delete_dhcp_options"

    def _let_go(self, client: Any, seen: Mapping[str, Any], check: Check) -> None:
        users = list(_matching(client, "describe_vpcs", "Vpcs", {"dhcp-options-id": seen["DhcpOptionsId"]}))
        if not users:
            return
        own = (each["DhcpOptionsId"] for each in self._all(client) if jmespath.search(self.unless, each))
        aws = next(own, "default")
        for network in users:
            check()
            client.associate_dhcp_options(DhcpOptionsId=aws, VpcId=network["VpcId"])
