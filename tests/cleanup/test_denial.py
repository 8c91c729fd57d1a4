"""Which policies a cleanup can have written, and what they say: every condition by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from atmosphere.cleanup.revoke.denial import HORIZON, Denials, policy_document, policy_name, whole_document
from atmosphere.core.model import Region

HERE: Final = Region("us-east-1")
NEXT: Final = Region("eu-west-1")
FAR: Final = Region("ap-south-1")
NOW: Final = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SKEW: Final = timedelta(seconds=5)
LAST: Final = NOW + SKEW + HORIZON
ALLOW: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ALONE: Final = Denials(region=HERE, neighbours=frozenset({NEXT}), clock_skew=SKEW, alone=True)
SHARED: Final = Denials(region=HERE, neighbours=frozenset({NEXT}), clock_skew=SKEW, alone=False)
BOTH: Final = pytest.mark.parametrize("denials", [ALONE, SHARED])


def with_more(text: str, *more: dict[str, Any]) -> str:
    """The policy with further statements."""
    policy = json.loads(text)
    return json.dumps({**policy, "Statement": [*policy["Statement"], *more]})


def changed(text: str, **changes: Any) -> str:
    """The policy whose statement says something else."""
    policy = json.loads(text)
    return json.dumps({**policy, "Statement": [{**policy["Statement"][0], **changes}]})


@BOTH
@pytest.mark.parametrize("document", [policy_document(HERE, LAST), whole_document(LAST)])
def test_what_a_cleanup_writes_is_one_of_its_own(denials: Denials, document: str) -> None:
    assert denials.is_one(policy_name(HERE), document, NOW)
    assert denials.is_one(policy_name(HERE), json.loads(document), NOW)


@BOTH
def test_so_is_a_neighbours(denials: Denials) -> None:
    assert denials.is_one(policy_name(NEXT), policy_document(NEXT, NOW), NOW)


@BOTH
@pytest.mark.parametrize(
    ("name", "document"),
    [
        (policy_name(FAR), policy_document(FAR, NOW)),
        (str(HERE), whole_document(NOW)),
        (policy_name(HERE), policy_document(NEXT, NOW)),
        (policy_name(HERE), whole_document(LAST + timedelta(seconds=1))),
        (policy_name(HERE), policy_document(HERE, LAST + timedelta(seconds=1))),
        (policy_name(HERE), with_more(whole_document(NOW), ALLOW)),
        (policy_name(HERE), with_more(policy_document(HERE, NOW), ALLOW)),
        (policy_name(HERE), with_more(whole_document(NOW), json.loads(whole_document(NOW))["Statement"][0])),
        (policy_name(HERE), whole_document(NOW).replace("2012-10-17", "2008-10-17")),
        (policy_name(HERE), changed(whole_document(NOW), Effect="Allow")),
        (policy_name(HERE), changed(whole_document(NOW), Resource="arn:aws:s3:::x")),
        (policy_name(HERE), "{}"),
        (policy_name(HERE), "[]"),
    ],
)
def test_anything_else_is_a_policy_like_any_other(denials: Denials, name: str, document: str) -> None:
    assert not denials.is_one(name, document, NOW)


@BOTH
def test_only_what_it_wrote_exactly_tells_its_cut_off(denials: Denials) -> None:
    text = denials.document(LAST)
    assert denials.cut_off(text, NOW) == LAST
    assert denials.cut_off(with_more(text, ALLOW), NOW) is None
    assert denials.cut_off(denials.document(LAST + timedelta(seconds=1)), NOW) is None
    assert denials.cut_off(policy_document(NEXT, NOW), NOW) is None
    assert denials.cut_off(changed(text, Action="s3:*"), NOW) is None


def test_a_deny_that_names_sessions_does_not_end_all_of_them() -> None:
    narrow = policy_document(HERE, NOW)
    assert ALONE.cut_off(narrow, NOW) is None
    assert ALONE.cut_off(narrow, NOW, whole=False) == NOW
    assert SHARED.cut_off(narrow, NOW) == NOW
    assert ALONE.document(NOW) == whole_document(NOW)
    assert SHARED.document(NOW) == narrow


@BOTH
def test_a_boundary_tells_the_latest_cut_off_of_its_own(denials: Denials) -> None:
    first = json.loads(denials.document(NOW - SKEW))["Statement"][0]
    late = json.loads(denials.document(LAST + timedelta(seconds=1)))["Statement"][0]
    assert denials.cut_off_within(with_more(denials.document(NOW), ALLOW, first, late), NOW) == NOW
    assert denials.cut_off_within(json.dumps({"Statement": ALLOW}), NOW) is None


def test_in_a_boundary_too_a_deny_that_names_sessions_does_not_count_where_all_should_end() -> None:
    narrow = with_more(policy_document(HERE, NOW), ALLOW)
    assert ALONE.cut_off_within(narrow, NOW) is None
    assert ALONE.cut_off_within(narrow, NOW, whole=False) == NOW
    assert SHARED.cut_off_within(narrow, NOW) == NOW


@BOTH
def test_a_boundary_gets_one_deny_instead_of_an_earlier_one(denials: Denials) -> None:
    earlier = [json.loads(text)["Statement"][0] for text in (policy_document(HERE, NOW), whole_document(NOW))]
    other = json.loads(policy_document(NEXT, NOW))["Statement"][0]
    before = {"Version": "2012-10-17", "Statement": [ALLOW, *earlier, other]}
    after = json.loads(denials.added_to(json.dumps(before), LAST))["Statement"]
    assert after == [ALLOW, other, json.loads(denials.document(LAST))["Statement"][0]]
