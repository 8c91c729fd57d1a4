"""What the gateway itself answers: our JSON for every kind of refusal that it makes without a handler.

Not ours whatever is configured: the body of a refusal by IAM or by the resource policy on some paths, a wrong stage,
and 413 on AWS. See docs/operations.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reply:
    """A fixed answer. `status` None keeps the gateway's own; `retry_after` is in seconds."""

    code: str
    message: str
    status: int | None = None
    retry_after: int | None = None

    @property
    def body(self) -> str:
        """JSON without anything of the request in it."""
        return json.dumps({"message": self.message, "code": self.code})

    @property
    def headers(self) -> dict[str, str]:
        """As the gateway wants them: literals in single quotes."""
        fixed = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        if self.retry_after is not None:
            fixed["Retry-After"] = str(self.retry_after)
        return {name: f"'{value}'" for name, value in fixed.items()}


_FORBIDDEN: Final = Reply(
    "forbidden", "this caller may not do this, or there is no such route: check its credentials and the path"
)
_INVALID: Final = Reply("invalid-request", "the request is not valid", 400)
_BUSY: Final = Reply("throttled", "too many requests: slow down and try again", 429, 2)
_UNAVAILABLE: Final = Reply("unavailable", "the service could not be reached: try again", 503, 5)
_INTERNAL: Final = Reply("internal", "the service failed to answer: try again, with the same Idempotency-Key", 500, 5)

REPLIES: Final[Mapping[str, Reply]] = {
    "ACCESS_DENIED": _FORBIDDEN,
    "EXPIRED_TOKEN": Reply("forbidden", "the signature's credentials have expired: renew them", 403),
    "INVALID_SIGNATURE": Reply(
        "forbidden", "the signature does not match: check the keys, the clock and the region", 403
    ),
    "MISSING_AUTHENTICATION_TOKEN": _FORBIDDEN,
    "WAF_FILTERED": _FORBIDDEN,
    "DEFAULT_4XX": _FORBIDDEN,
    "UNAUTHORIZED": Reply("unauthenticated", "who is asking could not be established", 401),
    "BAD_REQUEST_BODY": _INVALID,
    "BAD_REQUEST_PARAMETERS": _INVALID,
    "RESOURCE_NOT_FOUND": Reply("not-found", "there is no such route", 404),
    "REQUEST_TOO_LARGE": Reply("too-large", "the body is larger than 16 KiB", 413),
    "UNSUPPORTED_MEDIA_TYPE": Reply("unsupported-media-type", "send JSON", 415),
    "THROTTLED": _BUSY,
    "QUOTA_EXCEEDED": _BUSY,
    "INTEGRATION_FAILURE": _UNAVAILABLE,  # the function could not be started: nothing was taken
    "INTEGRATION_TIMEOUT": _INTERNAL,  # something may have been taken
    "AUTHORIZER_FAILURE": _UNAVAILABLE,
    "AUTHORIZER_CONFIGURATION_ERROR": _UNAVAILABLE,
    "API_CONFIGURATION_ERROR": _INTERNAL,
    "DEFAULT_5XX": _INTERNAL,
}
