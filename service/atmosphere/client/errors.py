"""What the client raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

UNREACHABLE: Final = "unreachable"
NO_TOKEN: Final = "no-token"  # noqa: S105 a code
UNREADABLE: Final = "unreadable-reply"
UNKNOWN_ALLOCATION: Final = "unknown-allocation"
ALREADY_ENDED: Final = "already-ended"
BUSY: Final = 423  # HTTP "Locked": try again later
_TOO_MANY: Final = 429
_CLIENT_ERROR, _SERVER_ERROR = 400, 500  # where HTTP's classes of refusals and of failures begin


class ServiceError(Exception):
    """The service refused, failed or could not be reached: always one of the kinds below.

    `status` is the HTTP status, 0 when there was no reply. `code` is the stable code of docs/api, or `unreachable`,
    `no-token` where the runner gave no GitHub token, `unreadable-reply` for what was not this API's JSON.
    `retry_after` is in seconds, where the service said so. `sent` is False if the request certainly never left;
    `unclear` is set where an earlier attempt of the same request may have taken effect.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(f"{message} ({code}{f', HTTP {status}' if status else ''})")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.details = dict(details or {})
        self.sent = sent
        self.unclear = False

    @property
    def unknown_outcome(self) -> bool:
        """Whether the request may have taken effect although it failed."""
        lost = self.status == 0 or self.status >= _SERVER_ERROR or self.code == UNREADABLE
        return self.unclear or (self.sent and lost)

    def with_remedy(self, remedy: str) -> ServiceError:
        """The same failure, whose message also says what to do."""
        told = type(self)(
            self.status,
            self.code,
            f"{self.message}: {remedy}",
            retry_after=self.retry_after,
            details=self.details,
            sent=self.sent,
        )
        told.unclear = self.unclear
        return told


class Busy(ServiceError):
    """Nothing is free for this caller yet (423). `details` has `position` and `waiting`; try again later."""


class Refused(ServiceError):
    """The request is wrong or not allowed (other 4xx); the same request is refused again."""


class Ended(Refused):
    """The allocation has ended (409 `already-ended`); `outcome` is how, where the service says it."""

    @property
    def outcome(self) -> str | None:
        """For example `timeout`, `lost` (no heartbeat came) or what its owner said."""
        found = self.details.get("outcome")
        return found if isinstance(found, str) else None


class UnknownAllocation(Refused):
    """There is no such allocation, or it is another owner's (404)."""


class Unavailable(ServiceError):
    """There was no usable reply (5xx, 429, no connection, not this API's JSON), also after the repeats."""


_BY_CODE: Final[Mapping[str, type[ServiceError]]] = {
    ALREADY_ENDED: Ended,
    UNKNOWN_ALLOCATION: UnknownAllocation,
    UNREADABLE: Unavailable,
}


def error_for(
    status: int,
    code: str,
    message: str,
    *,
    retry_after: float | None = None,
    details: Mapping[str, Any] | None = None,
    sent: bool = True,
) -> ServiceError:
    """The error of the kind that status and code say."""
    kind = _BY_CODE.get(code) or _by_status(status)
    return kind(status, code, message, retry_after=retry_after, details=details, sent=sent)


def _by_status(status: int) -> type[ServiceError]:
    if status == BUSY:
        return Busy
    refused = _CLIENT_ERROR <= status < _SERVER_ERROR and status != _TOO_MANY
    return Refused if refused else Unavailable


class NotConnected(ValueError):
    """There is no endpoint or there are no credentials; the text says how to give them.

    `unclear` is set where an earlier attempt of the same request may have taken effect.
    """

    unclear = False

    @property
    def unknown_outcome(self) -> bool:
        """Whether the request may have taken effect although it failed."""
        return self.unclear
