"""What the client raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

UNREACHABLE: Final = "unreachable"
NO_TOKEN: Final = "no-token"  # noqa: S105 a code
UNREADABLE: Final = "unreadable-reply"
UNKNOWN_ALLOCATION: Final = "unknown-allocation"
BUSY: Final = 423  # HTTP "Locked": try again later


class ServiceError(Exception):
    """The service refused, failed or could not be reached.

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
        lost = self.status == 0 or self.status >= 500 or self.code == UNREADABLE  # noqa: PLR2004 HTTP's server errors
        return self.unclear or (self.sent and lost)

    def with_remedy(self, remedy: str) -> ServiceError:
        """The same failure, whose message also says what to do."""
        told = ServiceError(
            self.status,
            self.code,
            f"{self.message}: {remedy}",
            retry_after=self.retry_after,
            details=self.details,
            sent=self.sent,
        )
        told.unclear = self.unclear
        return told


class NotConnected(ValueError):
    """There is no endpoint or there are no credentials; the text says how to give them.

    `unclear` is set where an earlier attempt of the same request may have taken effect.
    """

    unclear = False

    @property
    def unknown_outcome(self) -> bool:
        """Whether the request may have taken effect although it failed."""
        return self.unclear
