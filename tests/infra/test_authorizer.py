"""The guard of the GitHub tree, and that nothing but GitHub itself can open it on AWS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.contract import FUNCTIONS, RELEASE_SCHEME, Env, FunctionName

if TYPE_CHECKING:
    from tests.infra.reading import Reading

SECRET = "A" * 43
PARTS = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl-_"


def authorizer(reading: Reading) -> dict[str, Any]:
    return reading.one("AWS::ApiGateway::Authorizer")


def test_no_answer_of_the_authorizer_is_kept(reading: Reading) -> None:
    """A kept Allow would let a token be used twice, and on another method than it was judged for."""
    assert authorizer(reading)["AuthorizerResultTtlInSeconds"] == 0


def test_it_looks_at_the_authorization_header_with_its_own_function(reading: Reading) -> None:
    found = authorizer(reading)
    assert (found["Type"], found["IdentitySource"]) == ("TOKEN", "method.request.header.Authorization")
    assert "<AuthorizeFunction.Arn>" in found["AuthorizerUri"]
    assert "AuthorizerCredentials" not in found


def test_only_the_authorizer_may_be_called_by_the_gateway_for_it(reading: Reading) -> None:
    (permission,) = [
        entry
        for entry in reading.of("AWS::Lambda::Permission").values()
        if entry["FunctionName"] == "<AuthorizeFunction.Arn>"
    ]
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert permission["SourceArn"].endswith("/authorizers/<ApiTokens>")


@pytest.mark.parametrize("header", [f"Bearer {PARTS}", "Bearer a.b.c", f"Bearer {RELEASE_SCHEME}{SECRET}"])
def test_one_token_is_let_through_to_the_function(reading: Reading, header: str) -> None:
    assert re.search(authorizer(reading)["IdentityValidationExpression"], header)


@pytest.mark.parametrize(
    "header",
    [
        *("", "Bearer", "Bearer ", "Basic x", "Basic dTpw", f"bearer {PARTS}", f"BEARER {PARTS}", f" Bearer {PARTS}"),
        *(f"Bearer  {PARTS}", f"Bearer {PARTS} ", f"Bearer {PARTS}=", f"Bearer {PARTS}==", f"Bearer {PARTS}\n\n"),
        *(f"Bearer {PARTS}, Bearer {PARTS}", f"Bearer {PARTS},Bearer {PARTS}", f"Bearer {PARTS} {PARTS}"),
        *(
            "Bearer a.b",
            "Bearer a.b.c.d.e",
            "Bearer ..",
            "Bearer a..c",
            "Bearer a.b.",
            "Bearer .b.c",
        ),
        "Bearer a.b.c\x00",
        *("Bearer a.b.c+", "Bearer a.b.c/", "Bearer \u00e4.b.c", "Bearer a.b.\u0661", f"Basic a, Bearer {PARTS}"),
        *(f"Bearer {RELEASE_SCHEME}{SECRET[:-1]}", f"Bearer {RELEASE_SCHEME}{SECRET}A", f"Bearer {RELEASE_SCHEME}"),
        *(
            f"bearer {RELEASE_SCHEME}{SECRET}",
            f"Bearer {RELEASE_SCHEME}{SECRET}=",
            f"Bearer atmosphereXrelease.{SECRET}",
        ),
        *(f"Bearer x{RELEASE_SCHEME}{SECRET}", f"Bearer {RELEASE_SCHEME[:-1]}x{SECRET}", f"{RELEASE_SCHEME}{SECRET}"),
        "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0",
    ],
)
def test_anything_else_is_refused_before_the_function(reading: Reading, header: str) -> None:
    assert not re.search(authorizer(reading)["IdentityValidationExpression"], header)


def test_the_loopback_issuer_is_empty_unless_a_local_run_says_otherwise(reading: Reading) -> None:
    """Both targets have the same template (test_assets.py), so this holds for what goes to AWS."""
    parameter = reading.template["Parameters"]["LoopbackIssuer"]
    assert (parameter["Type"], parameter["Default"]) == ("String", "")


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        *(("", True), ("http://127.0.0.1:1", True), ("http://127.0.0.1:65535", True)),
        *((value, False) for value in ("http://127.0.0.1", "http://127.0.0.1:1/", "http://127.0.0.1:1/x", " ")),
        *((value, False) for value in ("https://127.0.0.1:1", "http://127.0.0.1.example.com:1", "http://localhost:1")),
        *((value, False) for value in ("http://10.0.0.1:1", "http://127.0.0.1:1@example.com", "https://example.com")),
    ],
)
def test_a_loopback_issuer_can_be_nowhere_but_on_loopback(reading: Reading, value: str, *, taken: bool) -> None:
    pattern = reading.template["Parameters"]["LoopbackIssuer"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, value)) == taken


def test_only_the_authorizer_is_told_of_a_loopback_issuer(reading: Reading) -> None:
    told = [entry.name for entry in FUNCTIONS if Env.LOOPBACK_ISSUER in entry.variables]
    assert told == [FunctionName.AUTHORIZE]
    users = [
        entry["FunctionName"]
        for entry in reading.of("AWS::Lambda::Function").values()
        if "<LoopbackIssuer>" in entry["Environment"]["Variables"].values()
    ]
    assert users == ["atmosphere-authorize"]


def test_the_access_log_leads_from_a_request_to_the_authorizers_line(reading: Reading) -> None:
    """The function is told no request id of the gateway, so the log must join the two."""
    assert "$context.authorizer.requestId" in reading.one("AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"]
