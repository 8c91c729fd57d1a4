"""What GitHub tells of itself: which run or job is over, once the signature of the body holds.

The signature covers the body and nothing else: no header says what a message is about, and a message that was recorded
can be sent again. So the kind is read from the body, the issuer is the one whose secret signed it (ADR 0029), and what
is told may be late or repeated.
Source: docs.github.com, "Validating webhook deliveries" and "Webhook events and payloads".
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from atmosphere.core.errors import TooLarge, Unauthenticated
from atmosphere.core.github import Issuer, RepositoryId, RunId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_BYTES: Final = 1024 * 1024
SIGNATURE_HEADER: Final = "x-hub-signature-256"
"""In lower case. `X-Hub-Signature`, GitHub's older one, is SHA-1 and not looked at."""
_SIGNATURE: Final = re.compile(r"sha256=([0-9a-f]{64})")
_COMPLETED: Final = "completed"
_CONCLUSION: Final = re.compile(r"[a-z_]{1,64}")
_UNKNOWN: Final = "unknown"
_MAX_ID: Final = 10**20


class Kind(StrEnum):
    """The messages that have an effect, by the name of what they are about."""

    RUN = "workflow_run"
    JOB = "workflow_job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """An attempt of a workflow run is over, or one job of it: then `job` is its id, the token's `check_run_id`.

    All ids are the issuer's: on another server they mean other runs.
    """

    issuer: Issuer
    repository_id: RepositoryId
    run_id: RunId
    run_attempt: int
    job: str | None
    conclusion: str

    @property
    def kind(self) -> Kind:
        """Whether the message was about the run or a job."""
        return Kind.RUN if self.job is None else Kind.JOB


def signature(body: bytes, headers: Sequence[str]) -> str:
    """The signature that came with a body, before anything is known of it, from the values of its header.

    Raises `TooLarge`, and `Unauthenticated` unless there is one, of the right shape.
    """
    if len(body) > MAX_BYTES:
        raise TooLarge("the body is larger than 1 MiB")
    given = _SIGNATURE.fullmatch(headers[0]) if len(headers) == 1 else None
    if given is None:
        raise Unauthenticated
    return given[1]


class SharedSecret(Unauthenticated):
    """Several issuers have the secret that signed: each of their servers could speak for the others, so none does."""


def authenticate(body: bytes, given: str, secrets: Mapping[Issuer, Sequence[bytes]]) -> Issuer:
    """The issuer one of whose secrets signed exactly these bytes; raises `Unauthenticated` unless it is exactly one."""
    signers = [issuer for issuer, own in secrets.items() if _one_signs(own, body, given)]
    if len(signers) > 1:
        raise SharedSecret
    if not signers:
        raise Unauthenticated
    return signers[0]


def _one_signs(secrets: Sequence[bytes], body: bytes, given: str) -> bool:
    matches = [hmac.compare_digest(hmac.digest(secret, body, "sha256").hex(), given) for secret in secrets]
    return any(matches)


def read(body: bytes, issuer: Issuer) -> Completed | None:
    """What an authentic body says is over; None for everything else that GitHub tells, or may come to tell.

    Some deliveries have the action `completed` and another status: the attempt that they show is not over, only those
    before it, without which it could not have begun. The status `completed` with another action ends nothing: a run
    that waits for its approval says so.
    """
    try:
        message = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("action") != _COMPLETED:
        return None
    repository_id = _id(message.get("repository"), "id")
    found = [_completed(message, kind, issuer, repository_id) for kind in Kind if isinstance(message.get(kind), dict)]
    return found[0] if len(found) == 1 else None


def _completed(message: Mapping[str, Any], kind: Kind, issuer: Issuer, repository_id: int | None) -> Completed | None:
    about = message[kind]
    id_, attempt = _id(about, "id"), _id(about, "run_attempt")
    run_id = _id(about, "run_id") if kind is Kind.JOB else id_
    if repository_id is None or id_ is None or run_id is None or attempt is None:
        return None
    over = attempt if about.get("status") == _COMPLETED else attempt - 1  # a later attempt began meanwhile: see `read`
    if over < 1 or (over < attempt and kind is Kind.JOB):
        return None
    return Completed(
        issuer=issuer,
        repository_id=RepositoryId(str(repository_id)),
        run_id=RunId(str(run_id)),
        run_attempt=over,
        job=str(id_) if kind is Kind.JOB else None,
        conclusion=_conclusion(about.get("conclusion")),
    )


def _id(about: object, name: str) -> int | None:
    value = about.get(name) if isinstance(about, dict) else None
    return value if type(value) is int and 0 < value < _MAX_ID else None


def _conclusion(value: object) -> str:
    return value if isinstance(value, str) and _CONCLUSION.fullmatch(value) else _UNKNOWN
