"""What callers may ask, as tables of what they may not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.core.errors import InvalidRequest
from atmosphere.core.model import AccountId
from atmosphere.core.request import (
    AllocateRequest,
    allocate_request,
    allocation_id,
    idempotency_key,
    outcome_request,
    reason_request,
)
from atmosphere.core.selection import Capability, InAccounts, InRegions

_UUID: Final = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
_POLICY: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}]}


def _asked(**changes: Any) -> AllocateRequest:
    return allocate_request({"pool": "canary", "requester": "me", **changes})


def _constrained(kind: Any, value: Any) -> AllocateRequest:
    return _asked(constraints=[{"type": kind, "value": value}])


@pytest.mark.parametrize(
    "pool",
    [None, "", 5, True, [], {}, "x" * 65, "../x", "__proto__", " a", "a b", "a\n", "a/b", "-a", ".a", "ä", "a\x00"],
)
def test_a_pool_that_is_no_name_is_refused(pool: Any) -> None:
    with pytest.raises(InvalidRequest, match="'pool'"):
        _asked(pool=pool)


_UNPRINTABLE: Final = [
    "a\nb", "a\r", "\t", "\x00", "\x1b[31m", "\x7f", "\x85", "a\u2028b", "\u2029",
    "\u202e", "\u202a", "\u2066x", "\u200f", "\u061c", "\ud800", "a\udfff",
]  # fmt: skip


@pytest.mark.parametrize("text", [None, "", 5, True, [], {"a": 1}, *_UNPRINTABLE])
def test_text_for_people_that_could_forge_a_line_is_refused(text: Any) -> None:
    with pytest.raises(InvalidRequest, match="'requester'"):
        _asked(requester=text)
    with pytest.raises(InvalidRequest, match="'outcome'"):
        outcome_request({"outcome": text})
    with pytest.raises(InvalidRequest, match="'reason'"):
        reason_request({"reason": text})


@pytest.mark.parametrize(("unit", "count"), [("x", 1024), ("é", 512), ("😀", 256)])
def test_a_requester_is_measured_in_bytes(unit: str, count: int) -> None:
    assert _asked(requester=unit * count).requester == unit * count
    with pytest.raises(InvalidRequest, match="longer than 1024 bytes"):
        _asked(requester=unit * count + "x")


def test_an_outcome_has_a_hundred_bytes_and_may_be_the_word_timeout() -> None:
    assert outcome_request({"outcome": "x" * 100}) == "x" * 100
    assert outcome_request({"outcome": "timeout"}) == "timeout"
    with pytest.raises(InvalidRequest, match="longer than 100 bytes"):
        outcome_request({"outcome": "x" * 101})


@pytest.mark.parametrize("body", [{}, {"outcome": "ok", "more": 1}, {"Outcome": "ok"}])
def test_a_release_takes_its_outcome_and_nothing_else(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        outcome_request(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"constraints": None},
        {"constraints": {}},
        {"constraints": "region"},
        {"constraints": ["region"]},
        {"constraints": [{}]},
        {"constraints": [{"type": "region"}]},
        {"constraints": [{"type": "region", "value": ["eu-west-1"], "more": 1}]},
        {"constraints": [{"type": "capability", "value": "docker"}] * 21},
        {"environments": []},
        {"environments": None},
        {"environments": {}},
        {"environments": [{}]},
        {"environments": [{"name": ""}]},
        {"environments": [{"name": "a b"}]},
        {"environments": [{"name": "x" * 33}]},
        {"environments": ["a"]},
        {"environments": [{"name": "a"}, {"name": "a"}]},
        {"environments": [{"name": f"e{number}"} for number in range(11)]},
        {"environments": [{"name": "a", "pool": "other"}]},
        {"environments": [{"name": "a"}], "constraints": []},
        {"environments": [{"name": "a"}], "role": "admin"},
        {"environments": [{"name": "a"}], "accounts": "same"},
        {"environments": [{"name": "a"}], "accounts": True},
        {"environments": [{"name": "a", "role": None}]},
        {"accounts": "distinct"},
        {"durationSeconds": 899},
        {"durationSeconds": 10801},
        {"durationSeconds": -1},
        {"durationSeconds": 10**400},
        {"durationSeconds": 900.5},
        {"durationSeconds": "900"},
        {"durationSeconds": True},
        {"role": ""},
        {"role": "a/b"},
        {"role": 1},
        {"role": None},
        {"sessionPolicy": "no json"},
        {"sessionPolicy": "[" * 9000},
        {"sessionPolicy": '{"Statement": NaN}'},
        {"sessionPolicy": '{"Statement": 1e999}'},
        {"sessionPolicy": '{"Statement": [], "Statement": []}'},
        {"sessionPolicy": "\ud800"},
        {"sessionPolicy": "[]"},
        {"sessionPolicy": {"Version": "2012-10-17"}},
        {"sessionPolicy": {"Statement": None}},
        {"sessionPolicy": {"Statement": []}},
        {"sessionPolicy": {"Statement": ["Allow"]}},
        {"sessionPolicy": 5},
        {"sessionPolicy": {"Statement": "x" * 2048}},
        {"releaseTokenHash": "x" * 64},
        {"releaseTokenHash": "A" * 64},
        {"releaseTokenHash": "a" * 63},
        {"releaseTokenHash": 5},
        {"dryRun": 1},
        {"dryRun": "true"},
        {"dryRun": None},
        {"Pool": "canary"},
        {"timeoutMinutes": 5},
        {"__proto__": {}},
    ],
)
def test_a_shape_that_is_not_the_contracts_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        _asked(**changes)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("region", "eu-west-1"),
        ("region", []),
        ("region", ["eu-west-1"] * 101),
        ("region", ["eu-west-1", 5]),
        ("region", ["eu-west"]),
        ("region", ["EU-WEST-1"]),
        ("region", ["eu-west-1\n"]),
        ("region", ["eu-west-\u0661"]),
        ("account", "222222222222"),
        ("account", []),
        ("account", [222222222222]),
        ("account", ["22222222222"]),
        ("account", ["\u0662" * 12]),
        ("capability", ""),
        ("capability", "a b"),
        ("capability", 5),
        ("capability", []),
        ("capability", {}),
        ("capability", {"a": 1, "b": 2}),
        ("Region", ["eu-west-1"]),
        ("colour", ["red"]),
        ("", ["red"]),
        (5, ["red"]),
        (None, ["red"]),
        (["region"], ["eu-west-1"]),
    ],
)
def test_a_constraint_that_is_not_known_is_refused_and_never_ignored(kind: Any, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"constraints\[0\]"):
        _constrained(kind, value)


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-7", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"])
def test_every_region_that_aws_has_can_be_asked_for(region: str) -> None:
    assert _constrained("region", [region]).environments[0].constraints == (InRegions(frozenset({region})),)  # type: ignore[arg-type]


def test_constraints_become_values() -> None:
    assert _constrained("account", ["222222222222"]).environments[0].constraints == (
        InAccounts(frozenset({AccountId("222222222222")})),
    )
    assert _constrained("capability", "docker").environments[0].constraints == (Capability("docker"),)
    assert _constrained("capability", {"vpcs": {"min": 2}}).environments[0].constraints == (
        Capability("vpcs", {"min": 2}),
    )


@pytest.mark.parametrize("changes", [{}, {"constraints": []}])
def test_the_published_clients_may_send_no_constraints_or_none_at_all(changes: dict[str, Any]) -> None:
    (wanted,) = _asked(**changes).environments
    assert (wanted.name, wanted.role, wanted.constraints) == ("default", "admin", ())


def test_several_environments_keep_their_order_names_and_roles() -> None:
    request = _asked(environments=[{"name": "b"}, {"name": "a", "role": "reader"}], accounts="any")
    assert [(wanted.name, wanted.role) for wanted in request.environments] == [("b", "admin"), ("a", "reader")]
    assert not request.distinct_accounts
    assert _asked(environments=[{"name": "a"}]).distinct_accounts


@pytest.mark.parametrize("seconds", [900, 900.0, 10800])
def test_a_duration_is_taken_at_its_bounds(seconds: float) -> None:
    assert _asked(durationSeconds=seconds).duration == timedelta(seconds=seconds)


def test_a_session_policy_is_kept_in_one_spelling() -> None:
    assert _asked(sessionPolicy=_POLICY).session_policy == '{"Statement":[{"Effect":"Deny"}],"Version":"2012-10-17"}'
    assert _asked(sessionPolicy='{ "Version": "2012-10-17", "Statement": [{"Effect": "Deny"}] }').session_policy == (
        _asked(sessionPolicy=_POLICY).session_policy
    )


def test_equal_requests_have_one_hash_and_others_have_others() -> None:
    ways = [
        _asked(),
        _asked(constraints=[]),
        _asked(requester="you"),
        _asked(pool="other"),
        _asked(durationSeconds=900),
        _asked(sessionPolicy=_POLICY),
        _asked(releaseTokenHash="a" * 64),
        _constrained("capability", {"a": 1}),
        _constrained("capability", {"a": True}),
    ]
    assert len({request.asked_hash for request in ways}) == len(ways)
    backwards = allocate_request({"requester": "me", "pool": "canary"})
    assert backwards.asked_hash == _asked(dryRun=True).asked_hash == _asked().asked_hash


@pytest.mark.parametrize(
    "header", ["", " ", "x", _UUID[:-1], _UUID + "0", _UUID.replace("-", ""), "{" + _UUID + "}", "a b", "x" * 129, "🔑"]
)
def test_an_idempotency_key_that_is_no_uuid_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        idempotency_key(header)


def test_an_idempotency_key_becomes_an_id_in_lower_case() -> None:
    assert idempotency_key(None) is None
    assert idempotency_key(_UUID.upper()) == _UUID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..%2f",
        "../" + _UUID,
        _UUID.upper(),
        _UUID + "\n",
        " " + _UUID,
        _UUID + "%0a",
        "x" * 2048,
        _UUID[:-1] + "\u0661",
    ],
)
def test_a_path_that_is_no_id_is_none(text: str) -> None:
    assert allocation_id(text) is None


def test_a_path_that_is_an_id_is_one() -> None:
    assert allocation_id(_UUID) == _UUID


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    [
        "constraints",
        "environments",
        "accounts",
        "durationSeconds",
        "role",
        "sessionPolicy",
        "releaseTokenHash",
        "dryRun",
        "pool",
    ]
)


@given(changes=st.dictionaries(_FIELDS, _ANY, max_size=3))
def test_whatever_a_field_holds_the_answer_is_a_request_or_a_refusal(changes: dict[str, Any]) -> None:
    try:
        assert _asked(**changes).environments
    except InvalidRequest:
        return
