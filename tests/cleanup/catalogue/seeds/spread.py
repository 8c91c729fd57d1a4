"""Seeds of what is listed part by part: WAF and Application Auto Scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.cleanup.catalogue.frame import Rule, Seed
from tests.cleanup.catalogue.seeds.stock import Stock
from tests.cleanup.conftest import ACCOUNT
from tests.cleanup.fakes.shelves import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cleanup.catalogue.frame import Clients

_SHOWN: Final = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "seeded"}
_WAF: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "WebACL": ("web_acl", {"DefaultAction": {"Allow": {}}, "VisibilityConfig": _SHOWN}),
    "RuleGroup": ("rule_group", {"Capacity": 1, "VisibilityConfig": _SHOWN}),
    "IPSet": ("ip_set", {"IPAddressVersion": "IPV4", "Addresses": []}),
    "RegexPatternSet": ("regex_pattern_set", {"RegularExpressionList": [{"RegexString": "seeded"}]}),
}


def _waf(kind: str, scope: str) -> Callable[[Clients], str]:
    operation, parameters = _WAF[kind]

    def make(clients: Clients) -> str:
        name = f"seeded-{scope.lower()}"
        made = getattr(clients("wafv2"), f"create_{operation}")(Name=name, Scope=scope, **parameters)
        return f"{name}|{made['Summary']['Id']}|{scope}"

    return make


def _scalable_target(clients: Clients) -> str:
    target = {
        "ResourceId": "table/seeded-table",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
        "ServiceNamespace": "dynamodb",
    }
    clients("dynamodb").create_table(
        TableName="seeded-table",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    clients("application-autoscaling").register_scalable_target(MinCapacity=1, MaxCapacity=2, **target)
    return "|".join(target.values())


def _is_missing(clients: Clients, asked: Mapping[str, str]) -> object:
    """Which moto says in another way."""
    found = clients("application-autoscaling").describe_scalable_targets(
        ServiceNamespace=asked["ServiceNamespace"], ResourceIds=[asked["ResourceId"]]
    )
    return not found["ScalableTargets"]


_GONE: Final = Rule("DeregisterScalableTarget", "ObjectNotFoundException", _is_missing)

_POLICIES: Final = Stock(
    "logs",
    policy=Kind(
        lists={"describe_account_policies": "accountPolicies"},
        removes="delete_account_policy",
        by={"policyName": "policyName"},
        of={"policyType": "policyType"},
        like={"policyName": "seeded", "policyType": "SUBSCRIPTION_FILTER_POLICY", "accountId": ACCOUNT},
        id="{accountId}|{policyType}|{policyName}",
    ),
)

SEEDS: Final = (
    _POLICIES.seed("Logs::AccountPolicy", "policy"),
    *(
        Seed(type=f"AWS::WAFv2::{kind}", what=scope.lower(), make=_waf(kind, scope))
        for kind in _WAF
        for scope in ("REGIONAL", "CLOUDFRONT")
    ),
    Seed(type="AWS::ApplicationAutoScaling::ScalableTarget", make=_scalable_target, rules=(_GONE,)),
)
