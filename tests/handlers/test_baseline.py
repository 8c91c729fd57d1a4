"""…/baseline on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from atmosphere.cleanup.baseline.amendments import Amendments
from atmosphere.cleanup.model import Resource
from atmosphere.cleanup.state.baseline import Baseline, BaselineRepository, Revision
from atmosphere.cleanup.state.store import MemoryTexts
from tests.builders import a_key
from tests.handlers.conftest import Api
from tests.handlers.events import an_identity
from tests.operations.world import a_world

OPERATOR: Final = an_identity("operator")
PATH: Final = {"account": a_key(1).account, "region": a_key(1).region}
ROUTE: Final = "/environments/{account}/{region}/baseline"
ITEM: Final = f"AWS::S3::Bucket:data@{a_key(1).region}"
DROP: Final = {"act": "drop", "items": [ITEM], "reason": "old"}


@pytest.fixture
def api() -> Api:
    api = Api(a_world())
    store = MemoryTexts()
    found = Baseline(items={Resource.parse(ITEM): "f"}, types=("AWS::S3::Bucket",), regions=(a_key(1).region,))
    BaselineRepository(store, a_key(1)).capture(
        found, Revision(at=datetime(2026, 1, 1, tzinfo=UTC), by="cleanup", why="capture")
    )
    api.app.baselines = Amendments(store)
    return api


def test_a_baseline_is_shown(api: Api) -> None:
    answer = api.ask(f"GET {ROUTE}", path=PATH, identity=OPERATOR)
    assert answer.status == 200, answer.raw
    assert (answer.body["account"], answer.body["version"], answer.body["cursor"]) == (PATH["account"], 1, None)
    assert answer.body["items"] == [{"item": ITEM, "fingerprint": "f", "adopting": False, "contents": None}]


def test_a_drop_replies_with_the_version_that_it_made(api: Api) -> None:
    answer = api.ask(f"POST {ROUTE}", path=PATH, body=DROP, identity=OPERATOR)
    assert (answer.status, answer.body["version"], answer.body["unknown"]) == (200, 2, [])
    assert "items" not in answer.body
    assert api.ask(f"GET {ROUTE}", path=PATH, identity=OPERATOR).body["items"] == []


def test_a_baseline_is_for_operators(api: Api) -> None:
    assert api.ask(f"GET {ROUTE}", path=PATH).status == 403
    assert api.ask(f"POST {ROUTE}", path=PATH, body=DROP).status == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"act": "keep"},
        {"act": None},
        {"items": []},
        {"items": "AWS::S3::Bucket:a@eu-west-1"},
        {"items": ["data"]},
        {"items": [1]},
        {"items": [ITEM] * 201},
        {"items": ["AWS::S3::Bucket:a\nb@eu-west-1"]},
        {"reason": ""},
        {"force": True},
    ],
)
def test_an_act_of_the_wrong_shape_is_refused_and_has_no_effect(api: Api, changes: dict[str, Any]) -> None:
    answer = api.ask(f"POST {ROUTE}", path=PATH, body=DROP | changes, identity=OPERATOR)
    assert (answer.status, answer.code) == (400, "invalid-request")
    assert api.ask(f"GET {ROUTE}", path=PATH, identity=OPERATOR).body["version"] == 1


@pytest.mark.parametrize("query", [{"page": "2"}, {"cursor": "7.0"}])
def test_a_question_that_makes_no_sense_is_refused(api: Api, query: dict[str, str]) -> None:
    assert api.ask(f"GET {ROUTE}", path=PATH, query=query, identity=OPERATOR).status == 400
