"""What identities may do, as IAM tells it of the whole account in a few pages: also by managed policies and groups.

A managed policy of the account's own can be rewritten without touching whoever it is attached to, so its text counts.
AWS changes its own policies itself; of these the name is enough. Source: the IAM API reference,
GetAccountAuthorizationDetails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cleanup.catalogue.base import pages
from atmosphere.cleanup.contents.base import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_AWS: Final = ":iam::aws:"


@dataclass(frozen=True, slots=True)
class Details:
    """Every identity of one kind; the groups and the texts of policies by their names."""

    identities: Sequence[Mapping[str, Any]]
    groups: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, Any]

    def rights(self, detail: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """What one identity, or a group, may do."""
        boundary = (detail.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        attached = sorted(policy["PolicyArn"] for policy in detail.get("AttachedManagedPolicies", ()))
        return {
            "boundary": boundary,
            "attached": attached,
            "inline": {
                policy["PolicyName"]: as_json(policy["PolicyDocument"])
                for policy in detail.get(f"{kind}PolicyList", ())
            },
            "texts": {arn: self.texts[arn] for arn in (*attached, boundary) if arn in self.texts},
        }


def details(client: Any, kind: str) -> Details:
    """All that IAM knows of the identities of a kind (`Role`, `User`)."""
    told = list(pages(client, "get_account_authorization_details", Filter=[kind, "Group", "LocalManagedPolicy"]))
    return Details(
        identities=[each for page in told for each in page.get(f"{kind}DetailList", ())],
        groups={each["GroupName"]: each for page in told for each in page.get("GroupDetailList", ())},
        texts={
            policy["Arn"]: as_json(version["Document"])
            for page in told
            for policy in page.get("Policies", ())
            for version in policy.get("PolicyVersionList", ())
            if version["VersionId"] == policy["DefaultVersionId"] and _AWS not in policy["Arn"]
        },
    )
