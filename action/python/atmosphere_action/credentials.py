"""`credentials <lease file>`: what AWS tools run as a profile's `credential_process`; its answer is one JSON object.

Fresh credentials are asked for once for all environments of the allocation and all processes of the job.
Source: docs.aws.amazon.com, "Process credential provider".
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Mapping, TextIO

from atmosphere_action import files, grant, identity, lease
from atmosphere_action.errors import ActionError, FileTrouble, Refused
from atmosphere_action.service import Service

if TYPE_CHECKING:
    from atmosphere_action.pace import Pace

# Seconds that credentials still have when new ones are asked for. Botocore starts to ask 15 min before their end, and
# would run this command for every call if it got the same ones again.
RENEW_BEFORE = 16 * 60.0
_ASK_EVERY = 60.0  # seconds; near the deadline new credentials may not live longer than those there are
_LEAST_LEFT = 30.0  # seconds that credentials must have to be worth handing out
_LOCK_PATIENCE = 50.0  # seconds; SDKs give the command about a minute
_PATIENCE = 15.0  # seconds


def command(path: str, *, environ: Mapping[str, str], pace: Pace, out: TextIO | None = None) -> int:
    """Write the credentials of a lease file's environment to `out`; raises `ActionError`."""
    kept = lease.read_json(path)
    if kept is None:
        raise FileTrouble(f"{path} no longer exists: its allocation ended with its job")
    cached = _current(path, kept, environ, pace)
    (out or sys.stdout).write(json.dumps({"Version": 1, **_of(cached, str(kept["environment"]))}) + "\n")
    return 0


def remember(path: str, granted: grant.Grant, *, pace: Pace) -> dict[str, Any]:
    """Keep the credentials of a reply for all processes of the job; `path` is any lease file of the allocation."""
    listed = {environment.name: _told(environment.credentials) for environment in granted.environments}
    cached = {"asked": pace.date(), "environments": listed}
    lease.write_json(lease.cache_file(path), cached)
    return cached


def _told(credentials: grant.Credentials) -> dict[str, str]:
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expiration,
    }


def _of(cached: Mapping[str, Any], environment: str) -> dict[str, str]:
    found = cached["environments"].get(environment)
    if not isinstance(found, dict):
        raise FileTrouble(f"the allocation has no environment {environment!r}: allocate again")
    return found


def _current(path: str, kept: Mapping[str, Any], environ: Mapping[str, str], pace: Pace) -> dict[str, Any]:
    cached = lease.read_json(lease.cache_file(path))
    if cached is not None and not _due(cached, pace):
        return cached
    with files.locked(lease.lock_file(path), _LOCK_PATIENCE):
        cached = lease.read_json(lease.cache_file(path))  # another process may have asked meanwhile
        if cached is not None and not _due(cached, pace):
            return cached
        try:
            return remember(path, _renewed(kept, environ), pace=pace)
        except ActionError as failure:
            if cached is None or _left(cached, pace) < _LEAST_LEFT or _ended(failure):
                raise
            return cached


def _renewed(kept: Mapping[str, Any], environ: Mapping[str, str]) -> grant.Grant:
    proof = identity.again(kept, environ=environ, mask=lambda _: None)  # nobody reads our output as commands
    service = Service(str(kept["endpoint"]))
    reply = service.ask("POST", "allocations", str(kept["id"]), "credentials", proof=proof, body={}, patience=_PATIENCE)
    return grant.read(reply)


def _ended(failure: ActionError) -> bool:
    """Whether the allocation is over, so that its credentials are or will be refused."""
    return isinstance(failure, Refused) and failure.status == 404  # noqa: PLR2004 HTTP "Not Found"


def _due(cached: Mapping[str, Any], pace: Pace) -> bool:
    left = _left(cached, pace)
    asked_lately = 0 <= pace.date() - float(cached["asked"]) < _ASK_EVERY
    return left < _LEAST_LEFT or (left < RENEW_BEFORE and not asked_lately)


def _left(cached: Mapping[str, Any], pace: Pace) -> float:
    """Seconds that the credentials which end first still have."""
    return min(grant.seconds_of(entry["Expiration"]) for entry in cached["environments"].values()) - pace.date()
