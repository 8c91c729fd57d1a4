"""Credentials from STS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.core.model import SessionCredentials
from atmosphere.faults import code_of, unreachable
from atmosphere.ports import InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_sts import STSClient

    from atmosphere.ports import SessionRequest

_OPERATION: Final = "AssumeRole"
_POLICY_CODES: Final = frozenset({"MalformedPolicyDocument", "PackedPolicyTooLarge"})


class StsCredentials:
    """`ports.Credentials`: one AssumeRole for each request, several at the same time."""

    def __init__(self, client: STSClient) -> None:
        self._client = client

    def mint(self, requests: Sequence[SessionRequest]) -> Sequence[SessionCredentials]:
        """All are tried before the first failure is raised, a refused policy before anything else."""
        if len(requests) == 1:
            return [self._assume(requests[0])]
        if not requests:
            return []
        with ThreadPoolExecutor(max_workers=len(requests)) as threads:
            sessions = [threads.submit(self._assume, request) for request in requests]
        failures = [failure for session in sessions if (failure := session.exception())]
        for failure in sorted(failures, key=lambda failure: not isinstance(failure, InvalidPolicy)):
            raise failure
        return [session.result() for session in sessions]

    def _assume(self, request: SessionRequest) -> SessionCredentials:
        try:
            issued = self._client.assume_role(**_parameters(request))["Credentials"]
        except (ClientError, BotoCoreError) as fault:
            if code_of(fault) in _POLICY_CODES:
                raise InvalidPolicy(
                    f"{_OPERATION} refused the session policy ({code_of(fault)}): correct or shorten it"
                ) from fault
            raise unreachable(_OPERATION, fault) from fault
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
