"""Who may enter clusters of EKS that are kept: their access entries.

A token for a cluster is a presigned call that names its caller, and no policy can deny that call: a session makes new
ones until it expires. So no access entry for a role that tests are given stays on a kept cluster, not even one of the
baseline. Other entries that came after the baseline go too; entries that were changed are only told of. Source: the EKS
API reference, ListAccessEntries, DeleteAccessEntry; EKS user guide, "Grant IAM users access to Kubernetes with EKS
access entries" (the map `aws-auth` inside of a cluster is not seen from here).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue import type_of
from atmosphere.cleanup.catalogue.base import pages
from atmosphere.cleanup.contents.base import Captured, as_json
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.cleanup.state.baseline import Baseline
    from atmosphere.core.model import Json, Region

_ENTRIES, _MODE = "entries", "mode"
_ABSENT: Final = "ResourceNotFoundException"
_NO_ENTRIES: Final = "CONFIG_MAP"
"""The mode of a cluster that has none."""


class ClusterAccess(Captured):
    """The access entries of each cluster; `given` are the names of the roles that tests are given."""

    name: Final = "access"
    type: str = "AWS::EKS::Cluster"
    restorable: bool = True
    restoring: frozenset[str] = frozenset({"eks:DeleteAccessEntry"})

    def __init__(self, given: Collection[str]) -> None:
        self._given = frozenset(given)

    def expected(self, account: Account, region: Region, baseline: Baseline) -> Mapping[str, Json]:
        """See `Content`: what was captured, without the roles that tests are given."""
        captured: Mapping[str, Any] = super().expected(account, region, baseline)
        return {cluster: {**inside, _ENTRIES: self._others(inside[_ENTRIES])} for cluster, inside in captured.items()}

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json]:
        """See `Content`."""
        client = account.client("eks", region)
        asked = ids if ids is not None else [each.id for each in type_of(self.type).list(account, region)]
        return {name: inside for name in asked if (inside := _read(client, name)) is not None}

    def restores(self, drift: Drift) -> bool:
        """See `Content`."""
        return bool(_new(drift))

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        client = account.client("eks", drift.item.region)
        for principal in _new(drift):
            check()
            client.delete_access_entry(clusterName=drift.item.id, principalArn=principal)

    def _others(self, entries: Mapping[str, Json]) -> dict[str, Json]:
        """The entries for roles that tests are not given."""
        return {
            principal: entry
            for principal, entry in entries.items()
            if ":role/" not in principal or principal.rpartition("/")[2] not in self._given
        }


def _new(drift: Drift) -> list[str]:
    before: Any = drift.before
    now: Any = drift.now
    return sorted(now[_ENTRIES].keys() - before[_ENTRIES].keys())


def _read(client: Any, cluster: str) -> Json:
    """None of a cluster that is not there."""
    try:
        mode = client.describe_cluster(name=cluster)["cluster"].get("accessConfig", {}).get("authenticationMode")
        found: list[str] = []
        if mode not in (None, _NO_ENTRIES):
            listed = pages(client, "list_access_entries", clusterName=cluster)
            found = [principal for page in listed for principal in page["accessEntries"]]
        entries = {principal: _entry(client, cluster, principal) for principal in found}
    except ClientError as error:
        if code_of(error) != _ABSENT:
            raise
        return None
    inside: Json = as_json({_MODE: mode, _ENTRIES: {who: may for who, may in entries.items() if may is not None}})
    return inside


def _entry(client: Any, cluster: str, principal: str) -> dict[str, Any] | None:
    """What an entry allows, None if it is gone by now."""
    asked = {"clusterName": cluster, "principalArn": principal}
    try:
        entry = client.describe_access_entry(**asked)["accessEntry"]
        policies = {
            policy["policyArn"]: policy.get("accessScope", {})
            for page in pages(client, "list_associated_access_policies", **asked)
            for policy in page["associatedAccessPolicies"]
        }
    except ClientError as error:
        if code_of(error) != _ABSENT:
            raise
        return None
    return {"groups": sorted(entry.get("kubernetesGroups", ())), "policies": policies}
