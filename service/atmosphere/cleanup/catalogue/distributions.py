"""Distributions of CloudFront that others hold: a policy of continuous deployment, or tenants.

A distribution whose traffic goes to a staging one, or that is the staging one, cannot be disabled while their policy is
on; the policy goes once the primary distribution is gone, and the staging distribution after it. A distribution with
tenants goes after them. All of that is asked for only where CloudFront refuses. Source: the CloudFront API reference
(UpdateContinuousDeploymentPolicy, DeleteContinuousDeploymentPolicy, DeleteDistributionTenant) and its developer guide
on continuous deployment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.base import pages
from atmosphere.cleanup.catalogue.row import Row
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.core.model import Region

HELD: Final = ("ResourceInUse", "StagingDistributionInUse", "IllegalUpdate", "InvalidArgument")
"""What CloudFront may answer where one of these holds a distribution."""
_CONFIG: Final = "ContinuousDeploymentPolicyConfig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distributions(Row):
    """A row that lets go of what holds a distribution once its deletion was refused for it."""

    def delete(self, account: Account, region: Region, identity: str, check: Check) -> None:
        """See `ResourceType`."""
        try:
            Row.delete(self, account, region, identity, check)
        except ClientError as refusal:
            if code_of(refusal) not in HELD:
                raise
            client = self._client(account, region)
            try:
                seen = client.get_distribution(Id=identity)["Distribution"]
                _end_policies(client, seen, check)
                _end_tenants(client, seen, check)
            except ClientError as further:
                raise refusal from further  # in the next round it may succeed
            raise


def _end_policies(client: Any, seen: Mapping[str, Any], check: Check) -> None:
    """Switch its policy off; delete the one that leads to a staging distribution once it is off."""
    staging = seen["DistributionConfig"].get("Staging")
    for identity in _leading_to(client, seen) if staging else _own(seen):
        check()
        reply = client.get_continuous_deployment_policy(Id=identity)
        config, named = reply["ContinuousDeploymentPolicy"][_CONFIG], {"Id": identity, "IfMatch": reply["ETag"]}
        if config["Enabled"]:
            client.update_continuous_deployment_policy(**named, **{_CONFIG: {**config, "Enabled": False}})
        elif staging:
            client.delete_continuous_deployment_policy(**named)


def _own(seen: Mapping[str, Any]) -> list[str]:
    """The policy of a primary distribution."""
    policy = seen["DistributionConfig"].get("ContinuousDeploymentPolicyId")
    return [policy] if policy else []


def _leading_to(client: Any, seen: Mapping[str, Any]) -> list[str]:
    """The policies that send traffic to a staging distribution."""
    found = []
    for page in pages(client, "list_continuous_deployment_policies"):
        for each in page["ContinuousDeploymentPolicyList"].get("Items", ()):
            policy = each["ContinuousDeploymentPolicy"]
            if seen["DomainName"] in policy[_CONFIG]["StagingDistributionDnsNames"].get("Items", ()):
                found.append(policy["Id"])
    return found


def _end_tenants(client: Any, seen: Mapping[str, Any], check: Check) -> None:
    """Disable its tenants, and delete those that are disabled."""
    if seen["DistributionConfig"].get("ConnectionMode") != "tenant-only":
        return
    for page in pages(client, "list_distribution_tenants", AssociationFilter={"DistributionId": seen["Id"]}):
        for each in page["DistributionTenantList"]:
            check()
            named = {"Id": each["Id"], "IfMatch": each["ETag"]}
            if each["Enabled"]:
                client.update_distribution_tenant(**named, Enabled=False)
            else:
                client.delete_distribution_tenant(**named)
