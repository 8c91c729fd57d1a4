"""Who gets past the gateway of a real account, and what it replies to the others.

The documents claim it in docs/access.md and docs/operations.md; no emulator evaluates the resource policy on routes
with an authorizer, callers of other accounts, or the scope of a signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.credentials import Credentials

from atmosphere.client.github import token_request
from tests.live.account import keys_of, policy
from tests.live.api import Api
from tests.live.waiting import MINUTE, until

if TYPE_CHECKING:
    from tests.live.account import Live

pytestmark = pytest.mark.live

TREES: Final = {"/pools": (403, "forbidden"), "/github/pools/any": (401, "unauthenticated")}
"""What an unsigned request gets in each tree."""
NO_TOKEN: Final = "Bearer e30.e30.e30"
OVER_TEN_MB: Final = b" " * (10 * 1024 * 1024 + 1)


def test_a_caller_of_a_listed_account_is_answered(live: Live) -> None:
    """Proves that the resource policy, IAM and the handler agree on an allowed caller (docs/access.md)."""
    reply = live.api.ask("GET", "/pools")

    assert reply.status == 200, reply.text
    assert reply.headers["cache-control"] == "no-store"


def test_a_caller_of_another_account_is_refused(live: Live) -> None:
    """Proves that the resource policy keeps out accounts that are not listed (docs/access.md)."""
    if not live.asked.stranger:
        pytest.skip("no profile of another account: set ATMOSPHERE_LIVE_STRANGER_PROFILE")
    stranger = keys_of(boto3.Session(profile_name=live.asked.stranger))

    for path in ("/pools", "/configuration"):
        assert Api(live.endpoint, live.region, stranger).ask("GET", path).status == 403


def test_an_unsigned_request_is_refused_in_both_trees(live: Live) -> None:
    """Proves the status and the code of each tree for a caller without credentials (docs/api/openapi.yaml)."""
    assert {path: live.unsigned.ask("GET", path).answer for path in TREES} == TREES


def test_a_token_that_is_none_is_refused_by_the_authorizer_and_not_by_the_policy(live: Live) -> None:
    """Proves the order on routes with an authorizer: 401 of the authorizer, no 403 of the policy (docs/access.md)."""
    reply = live.unsigned.ask("GET", "/github/pools/any", headers={"authorization": NO_TOKEN})

    assert reply.answer == (401, "unauthenticated")
    assert NO_TOKEN not in reply.text


def test_the_policy_lets_a_real_token_through_to_the_authorizer(live: Live) -> None:
    """Proves that an anonymous principal passes the resource policy with a token, and once (docs/access.md).

    A job has tokens where its workflow may write `id-token`; a rule of the service has to allow that workflow.
    """
    if not live.asked.audience:
        pytest.skip("no audience: run the suite in a workflow job, and set ATMOSPHERE_LIVE_AUDIENCE")
    headers = {"authorization": f"Bearer {token_request(live.asked.audience)()}"}

    replies = [live.unsigned.ask("GET", f"/github/pools/{live.pool}", headers=headers) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 401], replies[0].text


def test_a_role_without_the_permission_is_refused(live: Live) -> None:
    """Proves that being in a listed account is not enough; this reply is not ours (docs/operations.md)."""
    role = live.role(allowed=policy("sts:GetCallerIdentity"))
    reply = Api(live.endpoint, live.region, live.assumed(role.arn)).ask("GET", "/pools")

    assert reply.status == 403
    assert isinstance(reply.body, dict)


@pytest.mark.only_on_aws("the embedded AWS accepts a signature for another service or region")
def test_a_signature_for_another_service_or_region_is_refused(live: Live) -> None:
    """Proves that the scope of a signature counts (docs/local.md)."""
    elsewhere = "eu-west-1" if live.region != "eu-west-1" else "us-east-1"

    assert live.api.ask("GET", "/pools", service="s3").status == 403
    assert live.api.ask("GET", "/pools", region=elsewhere).status == 403


def test_a_wrong_key_is_refused_with_our_reason(live: Live) -> None:
    """Proves that the gateway's own refusal of a signature is the configured one (docs/operations.md)."""
    keys = live.keys
    wrong = Credentials(keys.access_key, keys.secret_key[::-1], keys.token)
    reply = Api(live.endpoint, live.region, wrong).ask("GET", "/pools")

    assert reply.answer == (403, "forbidden")
    assert "signature" in reply.body["message"]


@pytest.mark.only_on_aws("the embedded AWS has no limit of a body")
def test_a_body_over_the_gateways_limit_is_refused(live: Live) -> None:
    """Proves that a body of more than 10 MB ends at the gateway with 413 as JSON (docs/operations.md)."""
    reply = live.api.ask("POST", "/allocations", OVER_TEN_MB)

    assert reply.status == 413
    assert isinstance(reply.body, dict)


def test_the_custom_domain_answers_as_the_default_endpoint(live: Live) -> None:
    """Proves certificate, DNS record and mapping of the domain (docs/deployment.md)."""
    domain = live.asked.domain or live.outputs.get("DomainEndpoint", "")
    if not domain:
        pytest.skip("no domain: set ATMOSPHERE_LIVE_DOMAIN, or a stack whose deployment has one")
    assert urlsplit(domain).scheme == "https"
    there = Api(domain, live.region, live.keys)

    until(lambda: there.ask("GET", "/pools").status == 200, f"{domain} answers", seconds=MINUTE)
    assert Api(domain, live.region).ask("GET", "/pools").answer == TREES["/pools"]
