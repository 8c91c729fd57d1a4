"""What can go wrong, each with a stable name (`title` heads the annotation) and a text: what, why, what to do."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

INTERNAL = 500  # the first HTTP status that says the service failed, not the request
BUSY = 423  # HTTP "Locked": try again later
TOO_MANY = 429
# Statuses that promise that nothing was taken (docs/api/openapi.yaml). 5xx and 422 do not.
_NOTHING_TAKEN = frozenset({400, 401, 403, 404, 405, 409, 413, 415, BUSY, TOO_MANY})


class ActionError(Exception):
    """An expected failure; its text is shown to the user as it is, so it never holds a secret."""

    title = "Atmosphere"


class BadInputs(ActionError):
    """Inputs of the action that cannot be what was meant: all problems at once."""

    title = "Invalid inputs"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class NoIdentity(ActionError):
    """The job has nothing to prove with who it is."""

    title = "The job cannot authenticate"


class TokenTrouble(ActionError):
    """The runner gave no GitHub token, this time."""

    title = "No GitHub token"


class KeysTrouble(ActionError):
    """There are no AWS credentials to sign with, this time."""

    title = "No AWS credentials to sign with"


class Unanswered(ActionError):
    """No reply arrived. `sent` is False if the request was certainly not sent; `lasting` if repeating is no use."""

    title = "The service cannot be reached"

    def __init__(self, text: str, *, sent: bool, lasting: bool = False) -> None:
        super().__init__(text)
        self.sent = sent
        self.lasting = lasting


class Unreadable(ActionError):
    """A reply that is not this API's."""

    title = "Not a reply from Atmosphere"

    def __init__(self, text: str, *, status: int) -> None:
        super().__init__(text)
        self.status = status


class Refused(ActionError):
    """A reply other than 200, with its stable `code`; `retry_after` is in seconds, if told."""

    title = "Atmosphere refused"

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
        request_id: str = "",
    ) -> None:
        reference = f", request {request_id}" if request_id else ""
        super().__init__(f"{message} ({code}, HTTP {status}{reference})")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.details = dict(details or {})


class Explained(ActionError):
    """A failure with its cure; `title` says which."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__(text)
        self.title = title


class WaitedTooLong(ActionError):
    """Nothing became free within `wait-timeout`."""

    title = "No environment in time"


class AccountNotAllowed(ActionError):
    """The allocated account is not one of `allowed-account-ids`."""

    title = "Account not allowed"


class FileTrouble(ActionError):
    """A file that the action has to read or write cannot be."""

    title = "A file cannot be used"


class ProfileTrouble(ActionError):
    """The profile cannot be written."""

    title = "Profile not written"


class NotReleased(ActionError):
    """The allocation could not be given back within the time there is."""

    title = "Environment not released yet"


def nothing_taken(failure: ActionError) -> bool:
    """Whether it is certain that the allocate request that ended so took nothing and never will."""
    if isinstance(failure, Refused):
        return failure.status in _NOTHING_TAKEN
    if isinstance(failure, Unanswered):
        return not failure.sent
    return isinstance(failure, (TokenTrouble, KeysTrouble))


def may_pass(failure: ActionError) -> bool:
    """Whether the same request may succeed later: a lost connection, too many requests, a failure of the service."""
    if isinstance(failure, Unanswered):
        return not failure.lasting
    if isinstance(failure, (Refused, Unreadable)):
        return failure.status == TOO_MANY or failure.status >= INTERNAL
    return isinstance(failure, (TokenTrouble, KeysTrouble))
