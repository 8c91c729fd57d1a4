"""Sign-in sessions: whoever signed in with `aws login` renews keys by a refresh token, also after a cut-off.

A Deny by issue time does not reach keys that are renewed after the cut-off. So sessions are revoked just before the
cut-off: of every identity where the account is the environment's alone, else of the roles that were used, since the
allocation began. A session that a test opens between that and the Deny shows in a second listing (`phase`); then
everything is repeated with a later cut-off.

Where Sign-In refuses or is not there, the report says so and nothing else changes: a Deny of `signin:*`, which keeps
tests from signing in, refuses the cleaner too. What may pass by itself is repeated.

Source: the Sign-In API reference, ListSessions (times are seconds since 1970), BatchRevokeSessions (five a call).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from atmosphere.cleanup.catalogue.base import pages
from atmosphere.cleanup.revoke.iam import unreachable
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atmosphere.cleanup.context import PassContext
    from atmosphere.cleanup.model import Assignment
    from atmosphere.core.model import Region

_MOST: Final = 5
_TOO_MANY: Final = 429
_SERVERS_FAULT: Final = 500


class SignIns:
    """Ends sign-in sessions, for one pass.

    `unasked` says for which regions that cannot be done, with the code. `failures` are the codes of sessions that were
    not revoked the last time.
    """

    def __init__(self) -> None:
        self.unasked: dict[str, str] = {}
        self.failures: set[str] = set()
        self._revoked: set[str] = set()

    def end(self, context: PassContext) -> int:
        """Revoke all that are active; how many there were, but for those that AWS said it had revoked before.

        Raises `OutOfTime`, `Unreachable`.
        """
        self.failures = set()
        return sum(self._end_in(context, region) for region in context.assignment.regions)

    def _end_in(self, context: PassContext, region: Region) -> int:
        label = f"sign-in sessions@{region}"
        try:
            found = sum(self._end_of(context, region, asked) for asked in _asked(context.assignment))
        except (ClientError, EndpointConnectionError) as error:
            if isinstance(error, ClientError) and _may_pass(error):
                raise unreachable(error) from error
            self.unasked[label] = f"not asked for ({code_of(error)})"
            return 0
        except BotoCoreError as error:
            raise unreachable(error) from error
        self.unasked.pop(label, None)
        return found

    def _end_of(self, context: PassContext, region: Region, asked: dict[str, Any]) -> int:
        client = context.account.client("signin", region)
        now = context.now().timestamp()
        sessions = [
            each["sessionArn"]
            for page in pages(client, "list_sessions", status="ACTIVE", **asked)
            for each in page["items"]
            if each["expiresAt"] > now and each["sessionArn"] not in self._revoked
        ]
        for start in range(0, len(sessions), _MOST):
            context.budget.check()
            some = sessions[start : start + _MOST]
            reply = client.batch_revoke_sessions(principalArn=asked["principalArn"], sessionArns=some)
            self._revoked |= {each["sessionArn"] for each in reply["revokedSessions"]}
            self.failures |= {each["code"] for each in reply["errors"]}
        return len(sessions)


def _asked(assignment: Assignment) -> Iterator[dict[str, Any]]:
    """Whose sessions. Sign-In names a role without its path."""
    account = f"arn:{assignment.registration.admin_role.split(':')[1]}:iam::{assignment.key.account}"
    if assignment.sweep_globals:
        yield {"principalArn": f"{account}:*"}
        return
    since = {"issuedAfter": int(assignment.started.timestamp())} if assignment.started else {}
    for name in sorted({role.rpartition("/")[2] for role, _ in assignment.roles_used}):
        yield {"principalArn": f"{account}:role/{name}", **since}


def _may_pass(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVERS_FAULT)
    return status == _TOO_MANY or status >= _SERVERS_FAULT
