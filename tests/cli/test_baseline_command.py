"""`atmosphere baseline` against a service that speaks the contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cli.main import main
from tests.client.conftest import Answer

if TYPE_CHECKING:
    from tests.client.conftest import Service

pytestmark = pytest.mark.usefixtures("ready_file")
KEY = "222222222222/us-east-1"
ITEM = "AWS::S3::Bucket:data@us-east-1"
ABOUT: dict[str, Any] = {
    "account": "222222222222",
    "region": "us-east-1",
    "version": 3,
    "changedAt": "2026-11-22T10:00:00+00:00",
    "changedBy": "iam:111111111111:role/operator",
    "reason": "drop: old",
    "capturedAt": "2026-11-01T10:00:00+00:00",
    "regions": ["us-east-1"],
    "types": ["AWS::S3::Bucket"],
    "unwatched": {"ses/active-rule-set": "AccessDenied"},
}


def an_item(item: str, **changes: Any) -> dict[str, Any]:
    return {"item": item, "fingerprint": None, "adopting": False, "contents": None} | changes


def test_show_fetches_every_page(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    pages = [
        Answer(body=ABOUT | {"items": [an_item(ITEM, contents={"empty": True})], "cursor": "3.1"}),
        Answer(body=ABOUT | {"items": [an_item("AWS::IAM::Role:A@global", adopting=True)], "cursor": None}),
    ]
    service.script = list(pages)
    assert main(["baseline", "show", KEY]) == 0
    text = capsys.readouterr().out
    assert ITEM in text
    assert "read by the next cleanup" in text
    assert "ses/active-rule-set (AccessDenied)" in text
    assert service.arrived[-1].path.endswith("/baseline?cursor=3.1")
    service.script = list(pages)
    assert main(["baseline", "show", KEY, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [entry["item"] for entry in shown["items"]] == [ITEM, "AWS::IAM::Role:A@global"]


@pytest.mark.parametrize("act", ["drop", "adopt"])
def test_things_are_dropped_and_adopted_with_a_reason(
    service: Service, act: str, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [Answer(body=ABOUT | {"unknown": ["AWS::S3::Bucket:typo@us-east-1"]})]
    assert main(["baseline", act, KEY, ITEM]) == 2
    assert main(["baseline", act, KEY, "--reason", "x"]) == 2
    capsys.readouterr()
    assert main(["baseline", act, KEY, ITEM, "AWS::S3::Bucket:typo@us-east-1", "--reason", "x", "--json"]) == 0
    (asked,) = service.arrived
    assert (asked.method, asked.body["act"], len(asked.body["items"])) == ("POST", act, 2)
    shown = capsys.readouterr()
    assert json.loads(shown.out)["version"] == 3
    assert "typo@us-east-1 was not in the baseline" in shown.err


def test_recapture_is_an_act_on_the_environment(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [Answer(body={"account": "222222222222", "region": "us-east-1", "status": "cleaning"})]
    assert main(["baseline", "recapture", KEY, "--reason", "new table"]) == 0
    assert service.arrived[0].path.endswith(f"/environments/{KEY}/recapture")
    assert "cleaning" in capsys.readouterr().out
