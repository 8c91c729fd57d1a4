"""Types that one listing shows in parts only: it is asked once for each value that one of its parameters takes.

Source: the API references of WAF (`Scope`: those for CloudFront are known in us-east-1 only), of Application Auto
Scaling (`ServiceNamespace`) and of CloudWatch Logs (`policyType`). The ids are what the CloudFormation reference gives
as `Ref`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue.apart import apart
from atmosphere.cleanup.catalogue.base import Errors
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Found, Unread
    from atmosphere.core.model import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread(Row):
    """A row whose listing takes each of `values` of a region as parameter `key`; `ids` are made of it and the id.

    `unknown` are codes that say that this region does not have that value, so that there can be nothing under it.
    """

    key: str
    values: Callable[[Region], tuple[str, ...]]
    ids: str
    unknown: tuple[str, ...] = ()

    def list(self, account: Account, region: Region) -> Iterator[Found | Unread]:
        """See `ResourceType`."""
        client = self._client(account, region)

        def under(value: str) -> Iterator[Found | Unread]:
            found = self.listing.members_of(client, "", {self.key: value})
            named = (replace(each, id=self.ids.format(value=value, id=each.id)) for each in found)
            yield from self._ours(account, region, named)

        yield from apart(self.values(region), under, self.unknown)


def _scopes(region: Region) -> tuple[str, ...]:
    return ("REGIONAL", "CLOUDFRONT") if region == "us-east-1" else ("REGIONAL",)


def _waf(
    kind: str,
    operation: str,
    members: str,
    after: tuple[str, ...],
    *,
    reserved: str | None = None,
    rare: tuple[Step, ...] = (),
) -> Spread:
    """Deleted under its lock token, once nothing uses it. Of Firewall Manager's only web ACLs say that they are."""
    return Spread(
        name=f"AWS::WAFv2::{kind}",
        service="wafv2",
        listing=Listing(
            f"list_{operation}s",
            "join('|', [Name, Id])",
            "Id",
            late="starts_with(Name, 'FMManaged') && 'unknown'",
            members=members,
        ),
        reserved=reserved,
        see=Call(f"get_{operation}", _NAMED),
        parts=r"([^|]+)\|([^|]+)\|([^|]+)",
        rare=rare,
        remove=Call(f"delete_{operation}", _NAMED, seen={"LockToken": "LockToken"}),
        errors=Errors(
            absent=("WAFNonexistentItemException",),
            busy=("WAFAssociatedItemException", "WAFOptimisticLockException"),
        ),
        after=after,
        key="Scope",
        values=_scopes,
        ids="{id}|{value}",
    )


_NAMED: Final = ("Name", "Id", "Scope")
_GROUPS: Final = ("AWS::WAFv2::WebACL", "AWS::WAFv2::RuleGroup")
_GUARDED: Final = (
    "AWS::CloudFront::Distribution",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ApiGateway::RestApi",
    "AWS::AppSync::GraphQLApi",
    "AWS::Cognito::UserPool",
)
_REGIONAL: Final = (
    "APPLICATION_LOAD_BALANCER",
    "API_GATEWAY",
    "APPSYNC",
    "COGNITO_USER_POOL",
    "APP_RUNNER_SERVICE",
    "VERIFIED_ACCESS_INSTANCE",
    "AMPLIFY",
    "AGENTCORE_GATEWAY",
)
# also what is kept; distributions say themselves which one they have, and are changed by nobody
_OFF_WHAT_IT_GUARDS: Final = Step(
    call=Call("disassociate_web_acl", ("", "", "", "ResourceArn")),
    when="!contains(WebACL.ARN, ':global/')",
    each=Listing(
        "list_resources_for_web_acl",
        members="ResourceArns",
        seen={"WebACLArn": "WebACL.ARN"},
        variants=tuple({"ResourceType": kind} for kind in _REGIONAL),
    ),
)
_SCALING: Final = ("ResourceId", "ScalableDimension", "ServiceNamespace")
_NAMESPACES: Final = (
    "ecs",
    "elasticmapreduce",
    "ec2",
    "appstream",
    "dynamodb",
    "rds",
    "sagemaker",
    "custom-resource",
    "comprehend",
    "lambda",
    "cassandra",
    "kafka",
    "elasticache",
    "neptune",
    "workspaces",
)

_POLICIES: Final = (
    "DATA_PROTECTION_POLICY",
    "SUBSCRIPTION_FILTER_POLICY",
    "FIELD_INDEX_POLICY",
    "TRANSFORMER_POLICY",
    "METRIC_EXTRACTION_POLICY",
    "RETENTION_POLICY",
)

SPREADS: Final = (
    # they hold for every log group of the account, also for the next test's
    Spread(
        name="AWS::Logs::AccountPolicy",
        service="logs",
        listing=Listing(
            "describe_account_policies",
            "join('|', [accountId, policyType, policyName])",
            members="accountPolicies",
        ),
        parts=r"[^|]*\|([^|]+)\|(.+)",
        remove=Call("delete_account_policy", ("policyType", "policyName")),
        errors=Errors(absent=("ResourceNotFoundException",), busy=("OperationAbortedException",)),
        key="policyType",
        values=lambda _: _POLICIES,
        unknown=("InvalidParameterException", "ValidationException"),
        ids="{id}",
    ),
    _waf(
        "WebACL",
        "web_acl",
        "WebACLs",
        _GUARDED,
        reserved="WebACL.ManagedByFirewallManager",
        rare=(_OFF_WHAT_IT_GUARDS,),
    ),
    _waf("RuleGroup", "rule_group", "RuleGroups", _GROUPS[:1]),
    _waf("IPSet", "ip_set", "IPSets", _GROUPS),
    _waf("RegexPatternSet", "regex_pattern_set", "RegexPatternSets", _GROUPS),
    # its policies and scheduled actions go along
    Spread(
        name="AWS::ApplicationAutoScaling::ScalableTarget",
        service="application-autoscaling",
        listing=Listing("describe_scalable_targets", "join('|', [ResourceId, ScalableDimension])", "CreationTime"),
        parts=r"([^|]+)\|([^|]+)\|([^|]+)",
        remove=Call("deregister_scalable_target", _SCALING),
        errors=Errors(absent=("ObjectNotFoundException",), busy=("ConcurrentUpdateException",)),
        key="ServiceNamespace",
        values=lambda _: _NAMESPACES,
        unknown=("ValidationException",),
        ids="{id}|{value}",
    ),
)
