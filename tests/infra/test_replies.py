"""What the gateway answers by itself is JSON with a message and a stable code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from atmosphere.core.errors import Code
from infra.replies import REPLIES

if TYPE_CHECKING:
    from tests.infra.reading import Reading

OF_THE_GATEWAY_ONLY = {"throttled", "not-found", "unsupported-media-type", "internal"}
EXPECTED = {
    "MISSING_AUTHENTICATION_TOKEN": ("forbidden", None),
    "ACCESS_DENIED": ("forbidden", None),
    "INVALID_SIGNATURE": ("forbidden", "403"),
    "EXPIRED_TOKEN": ("forbidden", "403"),
    "DEFAULT_4XX": ("forbidden", None),
    "UNAUTHORIZED": ("unauthenticated", "401"),
    "BAD_REQUEST_BODY": ("invalid-request", "400"),
    "RESOURCE_NOT_FOUND": ("not-found", "404"),
    "REQUEST_TOO_LARGE": ("too-large", "413"),
    "UNSUPPORTED_MEDIA_TYPE": ("unsupported-media-type", "415"),
    "THROTTLED": ("throttled", "429"),
    "INTEGRATION_FAILURE": ("unavailable", "503"),
    "INTEGRATION_TIMEOUT": ("internal", "500"),
    "AUTHORIZER_FAILURE": ("unavailable", "503"),
    "AUTHORIZER_CONFIGURATION_ERROR": ("unavailable", "503"),
    "DEFAULT_5XX": ("internal", "500"),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_refusal_of_the_gateway_has_its_code(reading: Reading, kind: str) -> None:
    found = {entry["ResponseType"]: entry for entry in reading.of("AWS::ApiGateway::GatewayResponse").values()}[kind]
    body = json.loads(found["ResponseTemplates"]["application/json"])
    assert (body["code"], found.get("StatusCode")) == EXPECTED[kind]


def test_every_reply_is_fixed_json_that_nobody_keeps(reading: Reading) -> None:
    replies = reading.of("AWS::ApiGateway::GatewayResponse").values()
    assert len(replies) == len(REPLIES)
    for entry in replies:
        (body,) = entry["ResponseTemplates"].values()
        assert set(json.loads(body)) == {"message", "code"}
        assert "$" not in body, "nothing of the request is echoed"
        assert entry["ResponseParameters"]["gatewayresponse.header.Cache-Control"] == "'no-store'"


def test_codes_are_those_of_the_service_or_the_gateways_own() -> None:
    assert {reply.code for reply in REPLIES.values()} <= {code.value for code in Code} | OF_THE_GATEWAY_ONLY


@pytest.mark.parametrize(
    "kind",
    [
        *("THROTTLED", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"),
        *("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"),
    ],
)
def test_try_again_says_when(reading: Reading, kind: str) -> None:
    found = {entry["ResponseType"]: entry for entry in reading.of("AWS::ApiGateway::GatewayResponse").values()}[kind]
    assert "gatewayresponse.header.Retry-After" in found["ResponseParameters"]


def test_a_changed_reply_makes_a_new_deployment_of_the_api(reading: Reading) -> None:
    """API Gateway shows a change only after a deployment; CDK makes one when the replies are part of its name."""
    (deployment,) = reading.raw("AWS::ApiGateway::Deployment").values()
    replies = set(reading.raw("AWS::ApiGateway::GatewayResponse"))
    assert replies <= set(deployment["DependsOn"])
