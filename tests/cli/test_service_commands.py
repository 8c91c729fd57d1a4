"""What callers and operators do from a shell, against a service that speaks the contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from atmosphere.cli.main import main
from tests.client.conftest import ID, Answer, entry, granted, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Service

pytestmark = pytest.mark.usefixtures("ready_file")
ALLOCATE = ["allocate", "--pool", "demo", "--requester", "me"]
STATE = {
    "account": "222222222222",
    "region": "us-east-1",
    "pool": "demo",
    "status": "dirty",
    "registration": "registered",
    "since": "2026-11-22T10:00:00Z",
    "dirtyReason": "a bucket stayed",
}


def signer(service: Service) -> str:
    return service.arrived[-1].headers["authorization"].split("Credential=")[1].split("/")[0]


def test_allocate_shows_the_environment_and_no_secret(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [granted()]

    assert main(ALLOCATE) == 0

    shown = capsys.readouterr()
    assert ID in shown.out
    assert "aws://222222222222/us-east-1" in shown.out
    assert "a secret" not in shown.out + shown.err
    assert signer(service) == "runner"


def test_what_is_asked_for_becomes_constraints(service: Service) -> None:
    service.script = [granted()]

    words = ["--in-region", "us-east-1", "--in-region", "eu-west-1", "--in-account", "222222222222", "--capability"]
    assert main([*ALLOCATE, *words, "bedrock", "--capability", 'quota={"vpcs": 20}', "--duration", "900"]) == 0

    body = service.arrived[0].body
    assert len(body.pop("releaseTokenHash")) == 64
    assert body == {
        "pool": "demo",
        "requester": "me",
        "constraints": [
            {"type": "region", "value": ["us-east-1", "eu-west-1"]},
            {"type": "account", "value": ["222222222222"]},
            {"type": "capability", "value": "bedrock"},
            {"type": "capability", "value": {"quota": {"vpcs": 20}}},
        ],
        "durationSeconds": 900,
    }


def test_json_and_export_are_the_ways_to_see_credentials(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [granted()]

    assert main([*ALLOCATE, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert main([*ALLOCATE, "--export"]) == 0
    exported = capsys.readouterr().out.splitlines()

    assert {name: value for name, value in granted().body.items() if name != "constraints"} == shown
    assert f"export ATMOSPHERE_ALLOCATION={ID}" in exported
    assert "export AWS_SECRET_ACCESS_KEY='a secret'" in exported


def test_credentials_of_an_unknown_name_exit_2(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [granted()]

    assert main(["credentials", ID, "--environment", "other"]) == 2
    assert "it has default" in capsys.readouterr().err


def test_a_refusal_is_shown_with_its_code_and_exits_1(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [refused(423, "pool-busy", after=9)]

    assert main([*ALLOCATE, "--wait", "0"]) == 1

    assert capsys.readouterr().err == "no: pool-busy (pool-busy, HTTP 423)\n"


def test_a_wait_is_shown_on_the_error_stream_only(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [
        refused(423, "pool-busy", after=0, position=3, estimatedWaitSeconds={"from": 40, "to": 130}),
        granted(),
    ]

    assert main([*ALLOCATE, "--wait", "0.5", "--json"]) == 0

    shown = capsys.readouterr()
    assert "pool-busy, position 3" in shown.err
    assert "about 40 to 130 s more" in shown.err
    assert json.loads(shown.out)["id"] == ID


def test_deallocate_sends_the_outcome(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deallocate", ID, "--outcome", "tests failed"]) == 0

    assert (service.arrived[0].method, service.arrived[0].body) == ("DELETE", {"outcome": "tests failed"})
    assert "has ended" in capsys.readouterr().out


def test_status_shows_pools_by_status(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    pool = {"pool": "demo", "counts": {"free": 12, "in-use": 34}, "waiting": 5}
    service.script = [Answer(body={"pools": [pool]})]

    assert main(["status"]) == 0
    table = capsys.readouterr().out
    assert main(["status", "--json"]) == 0

    assert table.split()[-7:] == ["demo", "12", "34", "0", "0", "0", "5"]
    assert json.loads(capsys.readouterr().out) == {"pools": [pool]}


def test_status_shows_one_allocation(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [
        Answer(
            body={
                "id": ID,
                "status": "active",
                "pool": "demo",
                "requester": "me",
                "startedAt": "2026-11-22T10:00:00Z",
                "expiresAt": "2026-11-22T13:00:00Z",
                "environments": [entry(keys=False)],
            }
        )
    ]

    assert main(["status", ID]) == 0
    text = capsys.readouterr().out
    assert main(["status", ID, "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["environments"] == [entry(keys=False)]
    assert "active" in text
    assert "aws://222222222222/us-east-1 (demo, admin)" in text


def test_status_shows_the_run_that_asked(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    run = {"repository": "example-org/example-repo", "url": "https://github.example/runs/1", "attempt": "1"}
    body = {
        "id": ID,
        "status": "active",
        "pool": "demo",
        "requester": "me",
        "startedAt": "2026-11-22T10:00:00Z",
        "expiresAt": "2026-11-22T13:00:00Z",
        "run": run,
        "environments": [],
    }
    service.script = [Answer(body=body)]

    assert main(["status", ID]) == 0
    assert "https://github.example/runs/1" in capsys.readouterr().out


def test_a_hold_that_has_not_taken_effect_is_shown(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    state = {**STATE, "status": "in-use", "hold": True, "capabilities": {"bedrock": True}}
    service.script = [Answer(body={"environments": [state]}), Answer(body=STATE), Answer(body=state)]

    assert main(["environment", "list"]) == 0
    assert "in-use, to be held" in capsys.readouterr().out
    assert main(["environment", "hold", "222222222222/us-east-1", "--reason", "to look at it"]) == 0
    shown = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["hold", "true"] in [[word.strip() for word in line] for line in shown]
    assert ["capabilities", '{"bedrock": true}'] in [[word.strip() for word in line] for line in shown]
    assert main(["environment", "show", "222222222222/us-east-1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hold"] is True


def test_operators_list_and_show_environments(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [Answer(body={"environments": [STATE]}), Answer(body={**STATE, "cleanup": {"verdict": "dirty"}})]

    assert main(["environment", "list"]) == 0
    assert "a bucket stayed" in capsys.readouterr().out
    assert signer(service) == "operator"
    assert main(["environment", "show", "aws://222222222222/us-east-1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cleanup"] == {"verdict": "dirty"}
    assert service.arrived[-1].path.endswith("/environments/222222222222/us-east-1")


@pytest.mark.parametrize("act", ["clean", "reinstate", "discard", "hold", "resume", "release"])
def test_operators_act_with_a_reason(service: Service, act: str, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [Answer(body=STATE), Answer(body={**STATE, "status": "cleaning", "changed": True})]

    assert main(["environment", act, "222222222222/us-east-1"]) == 2
    assert main(["environment", act, "222222222222/us-east-1", "--reason", "looked at it"]) == 0

    assert "did nothing" not in capsys.readouterr().err
    _, asked = service.arrived
    assert asked.path.endswith(f"/environments/222222222222/us-east-1/{act}")
    assert asked.body == {"reason": "looked at it"}


@pytest.mark.parametrize("act", ["reinstate", "resume"])
def test_an_act_without_an_effect_says_so(service: Service, act: str, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [
        Answer(body={**STATE, "status": "free"}),
        Answer(body={**STATE, "status": "free", "changed": False}),
    ]
    assert main(["environment", act, "222222222222/us-east-1", "--reason", "to be sure"]) == 0
    assert f"{act} did nothing: the environment is free already" in capsys.readouterr().err


def test_a_dry_run_of_an_act_needs_no_reason_and_says_what_would_happen(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.script = [Answer(body=STATE), Answer(body={**STATE, "status": "cleaning", "changed": True})]
    assert main(["environment", "clean", "222222222222/us-east-1", "--dry-run", "--json"]) == 0
    told = capsys.readouterr()
    assert service.arrived[-1].body == {"dryRun": True}
    assert json.loads(told.out)["changed"] is True
    assert "nothing was done (--dry-run): from dirty it would be cleaning" in told.err


def _of_pool(number: int, **changes: Any) -> dict[str, Any]:
    return {**STATE, "account": f"{number}" * 12, "pool": "demo", "status": "dirty", **changes}


def test_an_act_on_many_environments_is_done_to_those_of_the_pool_and_status_and_a_refusal_stops_no_other(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [_of_pool(2), _of_pool(3), _of_pool(4, status="free"), _of_pool(5, pool="other"), _of_pool(6)]
    service.script = [
        Answer(body={"environments": rows}),
        Answer(body={**_of_pool(2, status="cleaning"), "changed": True}),
        Answer(409, body={"message": "it is cleaning by now", "code": "conflict"}),
        Answer(body={**_of_pool(6, status="cleaning"), "changed": False}),
    ]
    words = ["environment", "clean", "--pool", "demo", "--status", "dirty", "--reason", "the fix is there", "--json"]
    assert main(words) == 1
    found = json.loads(capsys.readouterr().out)["environments"]
    assert [each["environment"][6:18] for each in found] == ["2" * 12, "3" * 12, "6" * 12]
    assert [each["changed"] for each in found] == [True, False, False]
    assert [each["error"] is None for each in found] == [True, False, True]
    assert "it is cleaning by now" in found[1]["error"]
    assert [arrived.body for arrived in service.arrived[1:]] == [{"reason": "the fix is there"}] * 3


def test_an_act_on_many_environments_is_shown_first(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [
        Answer(body={"environments": [_of_pool(2)]}),
        Answer(body={"account": "2" * 12, "region": "us-east-1", "status": None, "changed": True}),
    ]
    assert main(["environment", "discard", "--pool", "demo", "--status", "dirty", "--dry-run"]) == 0
    told = capsys.readouterr()
    assert "would be done" in told.out
    assert "gone" in told.out
    assert "nothing was done" in told.err
    assert service.arrived[-1].body == {"dryRun": True}


def test_an_act_that_matches_nothing_fails_and_says_so(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [Answer(body={"environments": [_of_pool(2)]})]
    assert main(["environment", "clean", "--pool", "empty", "--status", "dirty", "--reason", "so"]) == 1
    assert "no environment matches" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["222222222222/us-east-1", "--pool", "demo", "--status", "dirty"],
        ["--pool", "demo"],
        ["--status", "dirty"],
        ["222222222222/us-east-1", "--status", "dirty"],
        ["--pool", "demo", "--status", "filthy"],
    ],
)
def test_an_act_on_an_unclear_choice_exits_2_and_does_nothing(service: Service, words: list[str]) -> None:
    assert main(["environment", "clean", *words, "--reason", "so"]) == 2
    assert service.arrived == []


@pytest.mark.parametrize("key", ["222222222222", "222222222222/", "2/us-east-1", "us-east-1/222222222222"])
def test_a_malformed_environment_exits_2(service: Service, key: str) -> None:
    assert main(["environment", "show", key]) == 2
    assert service.arrived == []


def test_history_shows_who_had_what_and_why(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    line = {
        "account": "222222222222",
        "region": "us-east-1",
        "at": "2026-11-22T10:00:00Z",
        "id": ID,
        "kind": "allocation",
        "pool": "demo",
        "who": "iam:111111111111:role/runner",
        "requester": "build 7",
        "endedAt": "2026-11-22T11:00:00Z",
        "outcome": "success",
        "endedBy": "owner",
    }
    service.script = [Answer(body={"entries": [line], "cursor": None})]

    assert main(["history", "222222222222/us-east-1", "--since", "2026-11-01"]) == 0
    text = capsys.readouterr().out
    assert main(["history", "--requester", "build 7", "--json"]) == 0

    assert "build 7" in text
    assert "success (by owner)" in text
    assert json.loads(capsys.readouterr().out)["entries"][0]["endedBy"] == "owner"
    assert [arrived.path.partition("?")[2].split("&")[0] for arrived in service.arrived] == [
        "environment=222222222222%2Fus-east-1",
        "requester=build%207",
    ]


def _cleaning(
    number: int, requester: str, leftovers: dict[str, Any] | None, kind: str = "allocation"
) -> dict[str, Any]:
    return {
        "account": "222222222222",
        "region": "us-east-1",
        "at": "2026-11-22T10:00:00Z",
        "id": str(number),
        "kind": kind,
        "requester": requester,
        "leftovers": leftovers,
    }


def test_leftovers_are_added_up_by_requester_and_type_most_first(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket, queue = "AWS::S3::Bucket", "AWS::SQS::Queue"
    pages = [
        Answer(
            body={
                "entries": [
                    _cleaning(5, "build", {"removed": {bucket: 1}, "left": {queue: 1}, "unknown": 0}),
                    _cleaning(4, "", None, kind="hold"),
                    _cleaning(3, "build", {"removed": {bucket: 2, queue: 1}, "left": {bucket: 4}, "unknown": 1}),
                ],
                "cursor": "next",
            }
        ),
        Answer(
            body={
                "entries": [
                    _cleaning(2, "tidy", {"removed": {}, "left": {}, "unknown": 0}),
                    _cleaning(1, "nightly", None),
                ],
                "cursor": None,
            }
        ),
    ]
    service.script = [*pages, *pages]

    assert main(["leftovers", "222222222222/us-east-1", "--since", "2026-11-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "cleanings": 4,
        "uncounted": 1,
        "incomplete": 1,
        "leftovers": [
            {"requester": "build", "type": bucket, "cleanings": 2, "removed": 3, "left": 4},
            {"requester": "build", "type": queue, "cleanings": 2, "removed": 1, "left": 1},
        ],
    }
    assert "leftovers=true" in service.arrived[0].path
    assert main(["leftovers", "222222222222/us-east-1"]) == 0
    told = capsys.readouterr()
    assert told.out.index(bucket) < told.out.index(queue)
    assert "of 4 cleanings, 1 are not counted" in told.err
    assert "1 cleanings could not list everything" in told.err


def test_nothing_left_behind_is_said(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.script = [Answer(body={"entries": [], "cursor": None})]
    assert main(["leftovers", "--requester", "tidy"]) == 0
    assert "no leftovers are recorded" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["leftovers"], ["leftovers", "222222222222/us-east-1", "--requester", "me"]])
def test_leftovers_of_nobody_or_of_two_exit_2(words: list[str]) -> None:
    assert main(words) == 2


@pytest.mark.parametrize("words", [["history"], ["history", "222222222222/us-east-1", "--requester", "me"]])
def test_history_of_nothing_or_of_two_things_exits_2(words: list[str]) -> None:
    assert main(words) == 2


def test_without_a_service_the_usage_error_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ATMOSPHERE_READY_FILE")

    assert main(["status"]) == 2
    assert "--endpoint" in capsys.readouterr().err


def test_an_endpoint_is_signed_for_with_the_usual_aws_credentials(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ATMOSPHERE_READY_FILE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "222222222222")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    service.script = [Answer(body={"pools": []})]

    assert main(["status", "--endpoint", f"{service.endpoint}/"]) == 0

    assert signer(service) == "222222222222"
    assert "//pools" not in service.arrived[0].path
