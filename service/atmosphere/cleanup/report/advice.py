"""What to do about single things that could not be read, because a policy on them refuses the admin role.

Source: the KMS developer guide on key policies (not even the root user gets past one; AWS Support restores it), the S3
and SQS guides (the root user can always delete the policy of a bucket or a queue), the Backup developer guide on vault
access policies, the Lambda, ECR and Secrets Manager references for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.model import Resource
from atmosphere.faults import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT: Final = "its policy refuses the admin role: delete that policy as the account's root user (or by sts:AssumeRoot)"
_ADVICE: Final = {
    "AWS::KMS::Key": "its key policy refuses the admin role: change it as somebody whom it lets in; if it lets in "
    "nobody, ask AWS Support to restore access to the key",
    "AWS::Backup::RecoveryPoint": "the access policy of this vault refuses the admin role: put another one as somebody "
    "whom it does not refuse, or as the account's root user",
    "AWS::S3::Bucket": _ROOT,
    "AWS::SQS::Queue": _ROOT,
}
_OTHER: Final = "a policy refuses the admin role: let the role in, or delete it by hand"


def advice(unknown: Mapping[str, str]) -> dict[str, str]:
    """What to do, by the label, of those that are single things and were refused."""
    told: dict[str, str] = {}
    for label, code in unknown.items():
        try:
            item = Resource.parse(label)
        except ValueError:
            continue
        if code in REFUSALS:
            told[label] = f"{_ADVICE.get(item.type, _OTHER)}; then let the environment be cleaned again"
    return told
