"""The inline policy that denies everything to the sessions of a test: its text, and what a text like it says.

Source: IAM user guide, "Revoke temporary security credentials"; global condition keys aws:userid, aws:TokenIssueTime.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from atmosphere import contract
from atmosphere.cleanup.guard import REVOCATION_POLICY

if TYPE_CHECKING:
    from atmosphere.core.model import Region

_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


def policy_name(region: Region) -> str:
    """One fixed name for each region: a later revocation overwrites an earlier one."""
    return REVOCATION_POLICY + region


def policy_document(region: Region, cut_off: datetime) -> str:
    """The policy as JSON text: denies everything to the test sessions of this region issued before the cut-off."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {
                        "StringLike": {"aws:userid": _sessions(region)},
                        "DateLessThan": {"aws:TokenIssueTime": cut_off.strftime(_INSTANT)},
                    },
                }
            ],
        },
        separators=(",", ":"),
    )


def _sessions(region: Region) -> str:
    return f"*:{contract.TEST_SESSION}.{region}.*"


def cut_off_in(document: Any, region: Region) -> datetime | None:
    """The cut-off of a policy that is exactly ours, None of any other: somebody changed it, so it protects nothing."""
    policy = json.loads(document) if isinstance(document, str) else document
    try:
        text = policy["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
        cut_off = datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return cut_off if policy == json.loads(policy_document(region, cut_off)) else None
