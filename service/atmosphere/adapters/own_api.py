"""The service's own API, asked over its public endpoint: unsigned, or signed with one of two roles' credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session

from atmosphere.contract import CANARY_SESSION
from atmosphere.faults import unreachable
from atmosphere.ports import Signer, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sts import STSClient

    from atmosphere.ports import Ask

_TIMEOUT: Final = 30  # seconds to connect, and as many for the answer: the gateway gives up after 29
_SESSION_SECONDS: Final = 900  # the shortest that STS offers


class SignedApi:
    """`ports.OwnApi` at `endpoint`; `stranger` is the ARN of the role of that signer, empty if there is none."""

    def __init__(self, endpoint: str, *, stranger: str, sts: STSClient, own: Credentials | None) -> None:
        self._endpoint = endpoint
        self._stranger = stranger
        self._sts = sts
        self._own = own
        self._http = URLLib3Session(timeout=_TIMEOUT)

    def status(self, ask: Ask) -> int:
        """One request, without a repeat: what fails once is worth knowing."""
        request = AWSRequest(
            method=ask.method,
            url=f"{self._endpoint}{ask.path}",
            data=json.dumps(dict(ask.body)).encode() if ask.body else b"",
            headers=_headers(ask),
        )
        if ask.signer is not Signer.NOBODY:
            SigV4Auth(self._keys(ask.signer), "execute-api", self._sts.meta.region_name).add_auth(request)
        try:
            return int(self._http.send(request.prepare()).status_code)
        except BotoCoreError as fault:
            raise unreachable(f"{ask.method} {ask.path}", fault) from fault

    def _keys(self, signer: Signer) -> Credentials:
        if signer is Signer.STRANGER:
            return self._assumed()
        if self._own is None:
            raise Unreachable("the function has no credentials of its own")
        return self._own

    def _assumed(self) -> Credentials:
        parameters: Any = {
            "RoleArn": self._stranger,
            "RoleSessionName": CANARY_SESSION,
            "DurationSeconds": _SESSION_SECONDS,
        }
        try:
            issued = self._sts.assume_role(**parameters)["Credentials"]
        except (ClientError, BotoCoreError) as fault:
            raise unreachable("AssumeRole", fault) from fault
        return Credentials(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])


def _headers(ask: Ask) -> Mapping[str, str]:
    fixed = {"Content-Type": "application/json"}
    return fixed | {"Idempotency-Key": ask.key} if ask.key else fixed
