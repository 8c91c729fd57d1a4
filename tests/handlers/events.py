"""Events as API Gateway (REST, Lambda proxy) sends them, with everything a handler must not look at."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from atmosphere.contract import STAGE
from tests.builders import HUB

API_ACCOUNT: Final = "999999999999"
REQUEST_ID: Final = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
# What must never be seen again, wherever it came in.
SIGNATURE: Final = "canary-signature-5d672d79c15b13162d9279b0855cfba6"
SESSION_TOKEN: Final = "canary-session-token-IQoJb3JpZ2luX2VjE"
ACCESS_KEY: Final = "canary-access-key"
CANARIES: Final = (SIGNATURE, SESSION_TOKEN, ACCESS_KEY)


def an_identity(role: str = "runner", *, account: str = HUB, **changes: Any) -> dict[str, Any]:
    """`requestContext.identity` of a session of a role."""
    return {
        "accessKey": ACCESS_KEY,
        "accountId": account,
        "caller": f"AROAEXAMPLE:{role}-session",
        "cognitoIdentityId": None,
        "sourceIp": "192.0.2.1",
        "user": f"AROAEXAMPLE:{role}-session",
        "userAgent": "node",
        "userArn": f"arn:aws:sts::{account}:assumed-role/{role}/{role}-session",
        **changes,
    }


def an_event(
    route: str,
    *,
    body: object = None,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    identity: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A request of a route such as `POST /allocations`; a body that is no text is sent as JSON."""
    method, resource = route.split(" ")
    sent = {
        "content-type": "text/plain",
        "host": "api.example.com",
        "authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261122/us-east-1/execute-api, {SIGNATURE}",
        "x-amz-security-token": SESSION_TOKEN,
        **(headers or {}),
    }
    return {
        "resource": resource,
        "path": resource.format(**(path or {})),
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": path,
        "stageVariables": None,
        "requestContext": {
            "accountId": API_ACCOUNT,
            "apiId": "abcdef1234",
            "authorizer": None,
            "extendedRequestId": "ext-1",
            "httpMethod": method,
            "identity": an_identity() if identity is None else identity,
            "requestId": REQUEST_ID,
            "resourcePath": resource,
            "stage": STAGE,
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
        **changes,
    }


def in_base64(event: dict[str, Any]) -> dict[str, Any]:
    """The same event as the gateway sends it where the API has binary media types."""
    return event | {"body": base64.b64encode((event["body"] or "").encode()).decode(), "isBase64Encoded": True}
