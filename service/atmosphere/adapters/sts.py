"""Credentials from STS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.core.credentials import SessionCredentials
from atmosphere.faults import REFUSALS, code_of, unreachable
from atmosphere.ports import InvalidPolicy, RoleRefused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_sts import STSClient

    from atmosphere.ports import SessionRequest

_OPERATION: Final = "AssumeRole"
_POLICY_CODES: Final = frozenset({"MalformedPolicyDocument", "PackedPolicyTooLarge"})


class _Refused(Unreachable):
    """One role did not let the service in."""


class StsCredentials:
    """`ports.Credentials`: one AssumeRole for each request, several at the same time."""

    def __init__(self, client: STSClient) -> None:
        self._client = client

    def mint(self, requests: Sequence[SessionRequest]) -> Sequence[SessionCredentials]:
        """All are tried before the first failure is raised; as the port orders them."""
        answers = self._answers(requests)
        refused = frozenset(position for position, answer in enumerate(answers) if isinstance(answer, _Refused))
        failures = [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, _Refused)]
        for failure in sorted(failures, key=lambda failure: not isinstance(failure, InvalidPolicy)):
            raise failure
        if refused:
            raise RoleRefused(refused)
        return [answer for answer in answers if isinstance(answer, SessionCredentials)]

    def _answers(self, requests: Sequence[SessionRequest]) -> list[SessionCredentials | Exception]:
        if len(requests) <= 1:
            return [self._answer(request) for request in requests]
        with ThreadPoolExecutor(max_workers=len(requests)) as threads:
            return list(threads.map(self._answer, requests))

    def _answer(self, request: SessionRequest) -> SessionCredentials | Exception:
        try:
            return self._assume(request)
        except (Unreachable, InvalidPolicy) as failure:
            return failure

    def _assume(self, request: SessionRequest) -> SessionCredentials:
        try:
            issued = self._client.assume_role(**_parameters(request))["Credentials"]
        except (ClientError, BotoCoreError) as fault:
            if code_of(fault) in _POLICY_CODES:
                raise InvalidPolicy(
                    f"{_OPERATION} refused the session policy ({code_of(fault)}): correct or shorten it"
                ) from fault
            kind = _Refused if code_of(fault) in REFUSALS else Unreachable
            raise kind(str(unreachable(_OPERATION, fault))) from fault
        return SessionCredentials(
            access_key_id=issued["AccessKeyId"],
            secret_access_key=issued["SecretAccessKey"],
            session_token=issued["SessionToken"],
            expiration=issued["Expiration"],
        )


def _parameters(request: SessionRequest) -> Any:
    parameters = {
        "RoleArn": request.role_arn,
        "RoleSessionName": request.session_name,
        "DurationSeconds": int(request.lifetime.total_seconds()),
        "ExternalId": request.external_id or None,
        "Policy": request.session_policy,
    }
    return {name: value for name, value in parameters.items() if value is not None}
