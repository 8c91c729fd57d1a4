"""Inputs become one value, or all their problems at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere_action import forms, inputs, shorthand
from atmosphere_action.errors import BadInputs

NEEDED = {"endpoint": "https://abc.execute-api.eu-west-1.amazonaws.com/v1", "pool": "demo"}


def read(**given: str) -> inputs.Inputs:
    named = {**NEEDED, **{name.replace("_", "-"): value for name, value in given.items()}}
    return inputs.read({f"INPUT_{name.upper()}": value for name, value in named.items()})


def test_what_is_not_given_has_its_default() -> None:
    found = read()

    assert found.request == {"pool": "demo", "requester": "unknown repository run unknown.1 job unknown"}
    assert (found.auth, found.audience, found.wait_seconds) == ("auto", NEEDED["endpoint"], 1800)
    assert (found.several, found.export, found.aws_profile) == (False, True, None)
    assert (found.output_credentials, found.mask_account, found.allowed_accounts) == (False, False, frozenset())


def test_everything_that_is_given_reaches_the_request() -> None:
    found = read(
        requester="me",
        constraints="region=us-east-1",
        duration="90m",
        role="reader",
        session_policy='{"Statement": []}',
        audience="https://atmosphere.example.com",
        wait_timeout="45s",
    )

    assert found.request == {
        "pool": "demo",
        "requester": "me",
        "constraints": [{"type": "region", "value": ["us-east-1"]}],
        "durationSeconds": 5400,
        "role": "reader",
        "sessionPolicy": {"Statement": []},
    }
    assert (found.audience, found.wait_seconds) == ("https://atmosphere.example.com", 45)


@pytest.mark.parametrize(
    ("given", "export", "profile"),
    [
        ({}, True, None),
        ({"aws_profile": "mine"}, False, "mine"),
        ({"aws_profile": "mine", "output_env_credentials": "true"}, True, "mine"),
        ({"output_env_credentials": "false"}, False, None),
        ({"environments": "one"}, True, None),
        ({"environments": "one\ntwo"}, False, "atmosphere-one"),
        ({"environments": "one\ntwo", "aws_profile": "mine"}, False, "mine-one"),
    ],
)
def test_credentials_go_into_variables_or_profiles(given: dict[str, str], export: object, profile: str | None) -> None:
    found = read(**given)

    assert (found.export, found.profile_of("one")) == (export, profile)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"pool": ""}, "`pool` is missing"),
        ({"auth": "key"}, "auto, oidc, iam"),
        ({"output_credentials": "yes"}, "write true or false"),
        ({"duration": "1.5h"}, "45s, 90m or 3h"),
        ({"accounts": "any"}, "`accounts` is valid only with `environments`"),
        ({"environments": "a", "constraints": "region=us-east-1"}, "`constraints` cannot be combined"),
        ({"environments": "a", "role": "reader"}, "`role` cannot be combined"),
        ({"environments": "a\nb", "output_env_credentials": "true"}, "one environment only"),
        ({"session_policy": "[]"}, "is not a JSON object"),
        ({"session_policy": "{"}, "not valid JSON"),
        ({"aws_profile": "a]b"}, "`aws-profile` is 'a]b'"),
        ({"allowed_account_ids": "123, 222222222222"}, "'123', which is not an account id"),
        ({"fail_on_release_error": "1"}, "`fail-on-release-error` is '1'"),
        ({"endpoint": "http://example.com/v1"}, "is http, which exposes"),
        ({"endpoint": "https://me:pw@example.com"}, "a user, a query or a fragment"),
        ({"endpoint": "example.com"}, "write the service's address"),
        ({"endpoint": "https://example.com:99999999"}, "`endpoint`"),
        ({"endpoint": "https://[::1"}, "`endpoint`"),
        ({"endpoint": "https://exämple.com"}, "write the service's address"),
    ],
)
def test_a_problem_says_what_is_wrong_and_what_is_right(given: dict[str, str], told: str) -> None:
    with pytest.raises(BadInputs, match=r".*") as found:
        read(**given)

    assert len(found.value.problems) == 1
    assert told in found.value.problems[0]


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://Example.COM/v1/", "https://example.com/v1"),
        ("https://example.com:443", "https://example.com"),
        ("http://127.0.0.1:4566/a//", "http://127.0.0.1:4566/a"),
        ("http://[::1]:80/v1", "http://[::1]/v1"),
        ("http://localhost:1", "http://localhost:1"),
    ],
)
def test_an_endpoint_has_one_spelling(given: str, normal: str) -> None:
    assert forms.endpoint(given) == normal


@pytest.mark.parametrize("host", ["127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "0.0.0.0"])  # noqa: S104
def test_only_loopback_is_loopback(host: str) -> None:
    assert not forms.is_loopback(host)


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("90", 90), ("45s", 45), ("90m", 5400), ("3h", 10800)])
def test_times(text: str, seconds: int) -> None:
    assert forms.seconds(text) == seconds


def test_the_default_requester_is_one_printable_line_of_what_the_service_takes() -> None:
    odd = {"GITHUB_REPOSITORY": "o/r", "GITHUB_WORKFLOW": "a\nb\u202ec" + "é" * 2000, "GITHUB_JOB": "j"}

    line = inputs.default_requester(odd)

    assert line.startswith("o/r a b?cé")
    assert line.isprintable()
    assert len(line.encode()) <= 1024


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("", []),
        ("region=us-east-1, eu-west-1", [{"type": "region", "value": ["us-east-1", "eu-west-1"]}]),
        ("\n account=111111111111 \n", [{"type": "account", "value": ["111111111111"]}]),
        ("capability=hosted_zone", [{"type": "capability", "value": "hosted_zone"}]),
        ("capability=tier:gold", [{"type": "capability", "value": {"tier": "gold"}}]),
        ('capability=quota:{"vpcs": 20}', [{"type": "capability", "value": {"quota": {"vpcs": 20}}}]),
        ("capability=bedrock:true", [{"type": "capability", "value": {"bedrock": True}}]),
        ('[{"type": "region", "value": ["us-east-1"]}]', [{"type": "region", "value": ["us-east-1"]}]),
    ],
)
def test_constraints_in_short(text: str, parsed: list[Any]) -> None:
    assert shorthand.constraints(text) == parsed


def test_environments_in_short() -> None:
    assert shorthand.environments("producer region=us-east-1 capability=a role=reader\nconsumer\n") == [
        {
            "name": "producer",
            "constraints": [{"type": "region", "value": ["us-east-1"]}, {"type": "capability", "value": "a"}],
            "role": "reader",
        },
        {"name": "consumer"},
    ]


@pytest.mark.parametrize(
    "text", ["region", "region=", "color=red", "capability=:x", "capability=x:", "[{]", '["region"]', "[1]"]
)
def test_what_is_no_constraint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        shorthand.constraints(text)


@pytest.mark.parametrize("text", ["region=us-east-1", "a role=", "a role=b role=c", "a b", "[1]", "[{}"])
def test_what_is_no_environment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        shorthand.environments(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    parsers = [spec.parse for spec in inputs.INPUTS.values()]
    for parse in parsers:
        try:
            parse(text)
        except ValueError as refusal:
            assert str(refusal)  # noqa: PT017 a refusal is as good as a value
