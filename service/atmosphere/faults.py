"""What AWS answers when it cannot: turned into `Unreachable` here, so that no botocore value passes inwards.

Only the operation and AWS's own error code are kept: messages may carry what must not be logged.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSALS: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "AuthorizationErrorException",
    }
)
"""Codes of AWS that say "you may not", and nothing else."""
ORGANIZATION_DENIES: Final = "organization-denies"
"""Our code for a refusal that only the organization's own account can take away."""
_BY_ORGANIZATION: Final = re.compile(
    r"with an explicit deny in an? (?:service|resource) control policy"
    r"|because no (?:service|resource) control policy allows"
)
"""How AWS says it. Source: IAM user guide, "Troubleshoot access denied error messages"."""
_POLICY: Final = re.compile(r"arn:[\w-]+:organizations::\d{12}:policy/[\w/-]+")
THROTTLED: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "RequestThrottled",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        "LimitExceededException",
    }
)
"""Codes by which services say "slow down". Source: botocore's standard retry mode."""


def code_of(fault: ClientError | BotoCoreError) -> str:
    """AWS's error code, or the kind of connection failure."""
    if isinstance(fault, ClientError):
        return str(fault.response.get("Error", {}).get("Code", "Unknown"))
    return type(fault).__name__


def is_denied_by_organization(fault: ClientError | BotoCoreError) -> bool:
    """Whether a policy of the organization refuses the call: nothing in the account can change that."""
    if not isinstance(fault, ClientError) or code_of(fault) not in REFUSALS:
        return False
    return _BY_ORGANIZATION.search(fault.response["Error"].get("Message", "")) is not None


def policy_of_organization(fault: ClientError) -> str | None:
    """The ARN of the organization's policy that a refusal names, None if it names none."""
    named = _POLICY.search(fault.response["Error"].get("Message", ""))
    return named[0] if named else None


def unreachable(operation: str, fault: ClientError | BotoCoreError) -> Unreachable:
    """The fault as the operations know it."""
    return Unreachable(f"{operation} failed with {code_of(fault)}: repeat it; if it stays, look at the service's role")


@contextmanager
def reaching(operation: str) -> Iterator[None]:
    """Whatever AWS or the way to it does wrong inside becomes `Unreachable`."""
    try:
        yield
    except (ClientError, BotoCoreError) as fault:
        raise unreachable(operation, fault) from fault
