"""Nothing of a reply is believed before it has its known form."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atmosphere_action import grant, summary
from atmosphere_action.errors import Unreadable
from atmosphere_action.pace import clock_text
from tests.client.conftest import entry, granted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def reply() -> dict[str, Any]:
    body = deepcopy(granted(entry()).body)
    body["environments"][0]["credentials"] |= {"accessKeyId": "id", "secretAccessKey": "s", "sessionToken": "t"}
    return dict(body)


def test_a_reply_of_the_contract_is_read() -> None:
    found = grant.read(reply())

    (environment,) = found.environments
    assert (environment.account, environment.region, environment.pool) == ("222222222222", "us-east-1", "demo")
    assert found.expires_at == "2026-11-22T13:00:00Z"
    assert "credentials" not in environment.told()
    assert "secret_access_key" not in repr(found)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), "x\ny"),
        (("id",), "../../etc"),
        (("expiresAt",), "tomorrow"),
        (("expiresAt",), None),
        (("environments",), []),
        (("environments",), {}),
        (("environments", 0, "name"), "a b"),
        (("environments", 0, "name"), "../x"),
        (("environments", 0, "environment", "account"), "22222222222"),
        (("environments", 0, "environment", "region"), "us-east-1\nX=1"),
        (("environments", 0, "environment", "pool"), "\x1b[31m"),
        (("environments", 0, "environment", "capabilities"), ["a"]),
        (("environments", 0, "credentials", "secretAccessKey"), "a\nb"),
        (("environments", 0, "credentials", "sessionToken"), ""),
        (("environments", 0, "credentials", "accessKeyId"), 7),
        (("environments", 0, "credentials", "expiration"), "2026-11-22"),
    ],
)
def test_what_could_break_out_of_a_file_is_refused(path: tuple[Any, ...], value: object) -> None:
    body: Any = reply()
    part = body
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value

    with pytest.raises(Unreadable, match="this version of the action cannot read the reply") as failure:
        grant.read(body)

    assert failure.value.__cause__ is None  # nothing of the reply is shown by a chain of exceptions
    assert not isinstance(value, str) or value not in str(failure.value) or not value


@given(JSON)
def test_any_json_is_refused_or_read_and_its_secrets_are_found(value: Any) -> None:
    body = {"credentials": value, "environments": value, "id": value}
    list(grant.secrets_in(body))

    with pytest.raises(Unreadable):
        grant.read(body)


def test_secrets_are_found_wherever_they_are() -> None:
    odd = {"a": [{"credentials": {"x": "one", "expiration": "no", "n": 1}}], "credentials": {"y": "two"}}

    assert sorted(grant.secrets_in(odd)) == ["one", "two"]


def test_the_summary_is_a_table_that_nothing_breaks() -> None:
    body = reply()
    body["environments"].append({**body["environments"][0], "name": "second"})
    body["environments"][0]["environment"]["pool"] = "de|mo"

    text = summary.markdown(grant.read(body), waited=75, hide_accounts=False)

    assert "| aws://222222222222/us-east-1 | de\\|mo | admin |" in text
    assert "| second: aws://222222222222/us-east-1 |" in text
    assert "Waited 1 min 15 s." in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1 min"), (75, "1 min 15 s"), (3600, "1 h 0 min"), (5400, "1 h 30 min")]
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text
