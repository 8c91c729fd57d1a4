"""The snapshot survives its JSON exactly, and nothing else is taken for one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere.core.access import AccessRules, IamRule, Operator
from atmosphere.core.github import TrustedIssuer
from atmosphere.core.github_rules import GitHubRule
from atmosphere.core.model import ADMIN, Registration
from atmosphere.core.organization import Organization
from atmosphere.core.settings import ROWS, Form, Settings
from atmosphere.core.snapshot import FORMAT, Snapshot, UnreadableSnapshot, digest, from_json, to_json
from tests.builders import a_key, a_registration, a_snapshot

_TEXT = st.text(min_size=1, max_size=8)
_TEXTS = st.lists(_TEXT, max_size=3).map(tuple)
_ACCOUNTS = st.from_regex(r"[0-9]{12}", fullmatch=True)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
_DURATIONS = st.integers(0, 10**6).map(lambda tenths: timedelta(seconds=tenths / 10))


@st.composite
def _registrations(draw: st.DrawFn) -> Registration:
    roles = draw(st.dictionaries(_TEXT, _TEXT, max_size=2))
    return Registration(
        key=a_key(draw(st.integers(1, 999)), draw(_TEXT)),
        pool=draw(_TEXT),  # type: ignore[arg-type]
        roles=roles | {ADMIN: draw(_TEXT)},  # type: ignore[arg-type]
        capabilities=draw(st.dictionaries(_TEXT, _VALUES, max_size=3)),
        regions=draw(_TEXTS),  # type: ignore[arg-type]
        keep=draw(_TEXTS),
        external_id=draw(st.text(max_size=8)),
        cleaner=draw(st.none() | _TEXT),  # type: ignore[arg-type]
        cleanup_limit=draw(st.none() | st.integers(300, 21600).map(lambda seconds: timedelta(seconds=seconds))),
        organization=Organization(
            management_account=draw(st.none() | _ACCOUNTS), stack_sets=draw(_TEXTS), roles=draw(_TEXTS)
        ),
    )


_RULES: st.SearchStrategy[Any] = st.builds(
    IamRule, name=_TEXT, account=_ACCOUNTS, pools=_TEXTS, roles=_TEXTS, max_active=st.none() | st.integers(1, 99)
)
_GITHUB_RULES: st.SearchStrategy[Any] = st.builds(
    GitHubRule,
    name=_TEXT,
    issuer=_TEXT,
    repository_id=_TEXT,
    repository_owner_id=_TEXT,
    repository=_TEXT,
    pools=_TEXTS,
    events=_TEXTS,
    refs=_TEXTS,
    workflows=_TEXTS,
    environment=st.none() | _TEXT,
    runner=st.none() | _TEXT,
    max_active=st.none() | st.integers(1, 99),
)
_ISSUERS: st.SearchStrategy[Any] = st.builds(TrustedIssuer, issuer=_TEXT, jwks_url=_TEXT)
_OPERATORS: st.SearchStrategy[Any] = st.builds(Operator, account=_ACCOUNTS, role=_TEXT)
_FORMS: dict[Form, st.SearchStrategy[Any]] = {
    Form.SECONDS: _DURATIONS,
    Form.COUNT: st.integers(0, 10**6),
    Form.ROLE_NAMES: _TEXTS,
    Form.ACCOUNTS: st.lists(_ACCOUNTS, max_size=2).map(tuple),
    Form.RESOURCE_TYPES: _TEXTS,
    Form.AUDIENCE: st.text(max_size=8),
    Form.ISSUERS: st.lists(_ISSUERS, max_size=2).map(tuple),
}
_SETTINGS: st.SearchStrategy[Any] = st.builds(Settings, **{row.field: _FORMS[row.form] for row in ROWS})
_SNAPSHOTS = st.builds(
    Snapshot,
    environments=st.lists(_registrations(), max_size=4).map(tuple),
    access=st.builds(
        AccessRules,
        iam=st.lists(_RULES, max_size=2).map(tuple),
        github=st.lists(_GITHUB_RULES, max_size=2).map(tuple),
        operators=st.lists(_OPERATORS, max_size=2).map(tuple),
    ),
    settings=_SETTINGS,
)


@given(snapshot=_SNAPSHOTS)
def test_the_round_trip_is_exact(snapshot: Snapshot) -> None:
    text = to_json(snapshot)
    assert from_json(text) == snapshot
    assert to_json(from_json(text)) == text


def test_equal_snapshots_have_one_name_and_others_have_others() -> None:
    first = a_snapshot(a_registration(capabilities={"a": 1, "b": 2}))
    same = a_snapshot(a_registration(capabilities={"b": 2, "a": 1}))
    other = a_snapshot(a_registration(capabilities={"a": True, "b": 2}))
    names = [digest(to_json(snapshot)) for snapshot in (first, same, other)]
    assert names[0] == names[1] != names[2]


def _without(path: tuple[str | int, ...]) -> str:
    value: Any = json.loads(to_json(a_snapshot()))
    part = value
    for step in path[:-1]:
        part = part[step]
    del part[path[-1]]
    return json.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '"x"',
        "{",
        '{"format": 1}',
        to_json(a_snapshot()).replace(f'"format":{FORMAT}', f'"format":{FORMAT + 1}'),
        to_json(a_snapshot()).replace(f'"format":{FORMAT}', '"format":null'),
        to_json(a_snapshot())[:-1],
        _without(("access",)),
        _without(("access", "iam")),
        _without(("settings",)),
        _without(("settings", "session_seconds")),
        _without(("environments", 0, "roles")),
        _without(("environments", 0, "account")),
    ],
)
def test_what_is_no_snapshot_is_unreadable_and_never_an_empty_one(text: str) -> None:
    """P8: a configuration that cannot be read refuses everybody."""
    with pytest.raises(UnreadableSnapshot):
        from_json(text)


def test_a_snapshot_answers_by_pool_and_key() -> None:
    one, two = a_registration(a_key(1)), a_registration(a_key(2), pool="other")
    snapshot = a_snapshot(one, two)
    assert snapshot.pools == ("canary", "other")
    assert snapshot.pool(one.pool) == (one,)
    assert snapshot.registration(two.key) == two
    assert snapshot.registration(a_key(3)) is None
