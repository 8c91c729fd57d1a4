"""The rules of security groups. Source: the EC2 API reference, Authorize- and RevokeSecurityGroupIngress/-Egress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import pages
from atmosphere.cleanup.contents.base import Captured, as_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region

_DIRECTIONS: Final = (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress"))
_SOURCES: Final = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId"),
    ("UserIdGroupPairs", "GroupId"),
)
_OF_A_PAIR: Final = frozenset({"CidrIp", "CidrIpv6", "PrefixListId", "GroupId", "UserId", "Description"})
_FILTERED: Final = 200  # values that a filter takes


class GroupRules(Captured):
    """The rules of each group, one for each source or destination."""

    name: Final = "rules"
    type: str = "AWS::EC2::SecurityGroup"
    restorable: bool = True
    restoring: frozenset[str] = frozenset(
        f"ec2:{verb}SecurityGroup{direction.title()}"
        for verb in ("Authorize", "Revoke")
        for direction, _ in _DIRECTIONS
    )

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:
        """See `Content`."""
        client = account.client("ec2", region)
        return {group["GroupId"]: dict(_rules(group)) for group in _groups(client, ids)}

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        client = account.client("ec2", drift.item.region)
        for direction, _ in _DIRECTIONS:
            for verb, rules, others in (("revoke", drift.now, drift.before), ("authorize", drift.before, drift.now)):
                check()
                if other := list(_not_in(others, rules, direction)):
                    getattr(client, f"{verb}_security_group_{direction}")(GroupId=drift.item.id, IpPermissions=other)


def _groups(client: Any, ids: Collection[str] | None) -> Iterator[Mapping[str, Any]]:
    asked = sorted(ids) if ids is not None else []
    filters: list[dict[str, Any]] = [
        {"Filters": [{"Name": "group-id", "Values": asked[start : start + _FILTERED]}]}
        for start in range(0, len(asked), _FILTERED)
    ]
    for parameters in [{}] if ids is None else filters:
        for page in pages(client, "describe_security_groups", **parameters):
            yield from page["SecurityGroups"]


def _rules(group: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    for direction, permissions in _DIRECTIONS:
        for permission in group.get(permissions, ()):
            span = {name: permission[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in permission}
            for sources, name in _SOURCES:
                for source in permission.get(sources, ()):
                    told = {key: value for key, value in source.items() if key in _OF_A_PAIR}
                    key = f"{direction} {' '.join(map(str, span.values()))} {source[name]}"
                    yield key, as_json({**span, sources: [told]})


def _not_in(others: Any, rules: Any, direction: str) -> Iterator[Any]:
    """The rules of a direction that the others lack or have otherwise."""
    for key, rule in rules.items():
        if key.startswith(direction) and others.get(key) != rule:
            yield rule
