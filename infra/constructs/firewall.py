"""An optional web ACL before the API: the deployment's own by ARN, or one with a limit for each address.

The managed groups see the request as it travels. Rules about bodies only count: bodies are JSON that the handlers
check themselves, and a requester's text or a session policy may look like an attack. So does the rule about requests
without a user agent. Source: AWS WAF developer guide, "Baseline rule groups".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_wafv2 as wafv2

from atmosphere.contract import NAME

if TYPE_CHECKING:
    from aws_cdk import aws_apigateway as apigateway
    from constructs import Construct

    from infra.options import Firewall

GROUPS: Final = {
    "AWSManagedRulesCommonRuleSet": (
        "NoUserAgent_HEADER",
        "SizeRestrictions_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "CrossSiteScripting_BODY",
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        "JavaDeserializationRCE_BODY",
        "Log4JRCE_BODY",
    ),
    "AWSManagedRulesAmazonIpReputationList": (),
}
"""The managed groups, each with its rules that only count."""


def add_firewall(scope: Construct, firewall: Firewall, api: apigateway.RestApi) -> None:
    """Put the ACL before the stage, whatever name it is reached by."""
    wafv2.CfnWebACLAssociation(
        scope,
        "FirewallAssociation",
        resource_arn=api.deployment_stage.stage_arn,
        web_acl_arn=firewall.acl_arn or _acl(scope, firewall.rate).attr_arn,
    )


def _acl(scope: Construct, rate: int) -> wafv2.CfnWebACL:
    rules = [_limit(rate), *(_group(place, name) for place, name in enumerate(GROUPS, start=1))]
    return wafv2.CfnWebACL(
        scope,
        "Firewall",
        name=NAME,
        scope="REGIONAL",
        default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
        rules=rules,
        visibility_config=_visible("Firewall"),
    )


def _limit(rate: int) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name="RateOfOneAddress",
        priority=0,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(aggregate_key_type="IP", limit=rate)
        ),
        visibility_config=_visible("RateOfOneAddress"),
    )


def _group(priority: int, name: str) -> wafv2.CfnWebACL.RuleProperty:
    counted = [
        wafv2.CfnWebACL.RuleActionOverrideProperty(
            name=rule, action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={})
        )
        for rule in GROUPS[name]
    ]
    managed = wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS", name=name, rule_action_overrides=counted or None
    )
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(managed_rule_group_statement=managed),
        visibility_config=_visible(name),
    )


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """Metrics by rule. No sampled requests: their headers would hold tokens."""
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=f"{NAME}-{name}", sampled_requests_enabled=False
    )
