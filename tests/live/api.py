"""Requests to the deployed API: signed by botocore, as every AWS client in Python signs, and sent as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from tests.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import Credentials

_SERVICE: Final = "execute-api"
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Api:
    """The API as one caller has it; without keys, unsigned."""

    endpoint: str
    region: str
    keys: Credentials | None = field(default=None, repr=False)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        service: str = _SERVICE,
        region: str | None = None,
    ) -> Reply:
        """Send one request."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json", **(headers or {})}
        request = AWSRequest(method=method, url=self.endpoint + path, data=content, headers=sent)
        if self.keys is not None:
            SigV4Auth(self.keys, service, region or self.region).add_auth(request)
        http = URLLib3Session(proxies=get_environ_proxies(self.endpoint), timeout=_SECONDS)
        try:
            reply = http.send(request.prepare())
            return Reply(reply.status_code, {name.lower(): text for name, text in reply.headers.items()}, reply.text)
        finally:
            http.close()
