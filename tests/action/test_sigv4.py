"""Our signature is botocore's, for whatever request."""

from __future__ import annotations

from calendar import timegm
from time import strptime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from atmosphere_action import sigv4
from atmosphere_action.proof import Signed
from atmosphere_action.service import Service
from atmosphere_action.sigv4 import Keys, region_of
from tests.client.conftest import Answer

if TYPE_CHECKING:
    from tests.client.conftest import Service as Loopback

ODD = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
ESCAPED = ODD.map(lambda text: quote(text, safe="~"))
RAW = st.text("abcXYZ019-_.~!$&'()*+,;=:@%", max_size=8)
SEGMENTS = st.lists(ESCAPED | RAW | st.sampled_from(["", ".", "..", "allocations"]), max_size=5)
QUERY = st.lists(st.tuples(ESCAPED, ESCAPED | st.just("")), max_size=4)
HOSTS = st.sampled_from(["abc.execute-api.eu-west-1.amazonaws.com", "127.0.0.1:4566", "x.example:443", "[::1]:8080"])
HEADER_NAMES = st.sampled_from(["Content-Type", "Accept", "X-Custom", "Idempotency-Key", "User-Agent", "x-amz-meta-a"])
HEADER_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
WORD = st.text("abcXYZ019/+=", min_size=1, max_size=20)


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "post"]),
    scheme=st.sampled_from(["http", "https"]),
    host=HOSTS,
    segments=SEGMENTS,
    query=QUERY,
    headers=st.dictionaries(HEADER_NAMES, HEADER_VALUES),
    content=st.binary(max_size=64),
    keys=st.builds(Keys, WORD, WORD, st.none() | WORD),
    region=st.sampled_from(["us-east-1", "eu-west-1"]),
)
def test_it_is_the_signature_of_botocore(
    *,
    method: str,
    scheme: str,
    host: str,
    segments: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    content: bytes,
    keys: Keys,
    region: str,
) -> None:
    url = f"{scheme}://{host}" + "".join(f"/{segment}" for segment in segments)
    url += "?" + "&".join(f"{name}={value}" for name, value in query) if query else ""

    theirs = _botocore(keys, region, AWSRequest(method=method, url=url, headers=headers, data=content))

    at = _seconds(theirs["X-Amz-Date"])
    ours = sigv4.signed(keys, region=region, method=method, url=url, headers=headers, content=content, now=at)
    assert ours["Authorization"] == theirs["Authorization"]
    assert ours["X-Amz-Date"] == theirs["X-Amz-Date"]
    assert ours.get("X-Amz-Security-Token") == theirs.get("X-Amz-Security-Token")


def _botocore(keys: Keys, region: str, request: AWSRequest) -> dict[str, str]:
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    SigV4Auth(credentials, "execute-api", region).add_auth(request)
    return dict(request.headers.items())


def _seconds(stamp: str) -> int:
    return timegm(strptime(stamp, "%Y%m%dT%H%M%SZ"))


def test_what_arrives_is_what_was_signed(service: Loopback) -> None:
    service.script = [Answer()]
    keys = Keys("an-id", "a-secret", "a-token")
    proof = Signed(lambda: keys, "us-east-1")

    Service(service.endpoint).ask("DELETE", "allocations", "a b/\u00fc", proof=proof, body={"outcome": "success"})

    (arrived,) = service.arrived
    host = urlsplit(service.endpoint).netloc
    assert arrived.headers["host"] == host
    again = sigv4.signed(
        keys,
        region="us-east-1",
        method=arrived.method,
        url=f"http://{host}{arrived.path}",
        headers={name: arrived.headers[name] for name in ("content-type", "accept")},
        content=b'{"outcome": "success"}',
        now=_seconds(arrived.headers["x-amz-date"]),
    )
    assert arrived.headers["authorization"] == again["Authorization"]


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("https://abc.execute-api.eu-west-1.amazonaws.com/v1", "eu-west-1"),
        ("https://abc.execute-api.cn-north-1.amazonaws.com.cn/v1", "cn-north-1"),
        ("https://atmosphere.example.com", "us-east-1"),
        ("http://127.0.0.1:4566/_aws/execute-api/abc/v1", "us-east-1"),
    ],
)
def test_the_region_is_the_hosts(endpoint: str, region: str) -> None:
    assert region_of(endpoint) == region
