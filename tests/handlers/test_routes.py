"""Each route on the wire: its reply, its refusals, its odd requests."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.adapters.memory import MemoryReports
from atmosphere.contract import progress_key
from atmosphere.core.model import ActKind, AllocationId, EndedBy, Status
from tests.builders import HUB, a_key
from tests.handlers.conftest import Api
from tests.handlers.events import an_event, an_identity
from tests.operations.world import a_world, many

if TYPE_CHECKING:
    from tests.handlers.conftest import Answer

ASK: Final = {"pool": "canary", "requester": "run 1"}
UNKNOWN: Final = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
OPERATOR: Final = an_identity("operator")
NEIGHBOUR: Final = an_identity("neighbour")
ENVIRONMENT: Final = {"account": a_key(1).account, "region": a_key(1).region}

HOLD: Final = ENVIRONMENT | {"act": "hold"}


def _allocate(api: Api, **changes: Any) -> Answer:
    answer = api.ask("POST /allocations", body=ASK | changes)
    assert answer.status == 200, answer.raw
    return answer


# --- allocate ---


def test_an_allocate_replies_as_the_published_client_reads_it(api: Api) -> None:
    body = _allocate(api).body
    assert set(body) == {"id", "environment", "credentials", "constraints", "expiresAt", "environments"}
    assert set(body["environment"]) == {"account", "region", "pool", "adminRoleArn", "capabilities"}
    assert set(body["credentials"]) == {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}
    (only,) = body["environments"]
    assert (only["name"], only["role"]) == ("default", "admin")
    assert (only["environment"], only["credentials"]) == (body["environment"], body["credentials"])
    assert body["expiresAt"] == (api.world.clock.now() + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert body["constraints"] == []


def test_constraints_come_back_as_they_were_sent(api: Api) -> None:
    sent = [{"type": "region", "value": ["eu-west-1"]}, {"type": "account", "value": [a_key(1).account]}]
    assert _allocate(api, constraints=sent).body["constraints"] == sent


def test_several_come_back_by_name_with_keys_of_their_own(api: Api) -> None:
    body = _allocate(api, environments=many(3)).body
    assert [entry["name"] for entry in body["environments"]] == ["e0", "e1", "e2"]
    assert len({entry["credentials"]["accessKeyId"] for entry in body["environments"]}) == 3
    assert body["environment"] == body["environments"][0]["environment"]


def test_a_full_pool_says_when_to_come_again() -> None:
    api = Api(a_world(1))
    _allocate(api)
    answer = api.ask("POST /allocations", body=ASK)
    assert (answer.status, answer.code) == (423, "pool-busy")
    assert 1 <= int(answer.headers["Retry-After"]) <= 3
    assert (answer.body["position"], answer.body["waiting"]) == (1, 1)
    another = api.ask("POST /allocations", body=ASK | {"requester": "somebody else"})
    assert (another.body["position"], another.body["waiting"]) == (2, 2)
    assert api.ask("GET /pools/{pool}", path={"pool": "canary"}).body["waiting"] == 2


def test_sessions_of_one_role_with_other_access_keys_have_places_of_their_own() -> None:
    api = Api(a_world(1))
    _allocate(api)
    identities = [an_identity("runner") | {"accessKey": key} for key in ("one", "other", "one")]
    answers = [api.ask("POST /allocations", body=ASK, identity=identity) for identity in identities]
    assert [answer.body["position"] for answer in answers] == [1, 2, 1]


@pytest.mark.parametrize("key", ["x" * 129, "a b", "", "1", UNKNOWN + "-"])
def test_a_key_that_is_no_uuid_is_refused(api: Api, key: str) -> None:
    answer = api.ask("POST /allocations", body=ASK, headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "invalid-request")
    assert api.world.status(a_key(1)) is Status.FREE


def test_a_key_repeated_reused_and_anothers(api: Api) -> None:
    headers = {"Idempotency-Key": UNKNOWN}
    first, again = (api.ask("POST /allocations", body=ASK, headers=headers) for _ in range(2))
    assert (first.body["id"], first.body["environment"]) == (again.body["id"], again.body["environment"])
    assert first.body["credentials"] != again.body["credentials"]
    reused = api.ask("POST /allocations", body=ASK | {"requester": "x"}, headers=headers)
    assert (reused.status, reused.code) == (422, "key-reused")
    foreign = api.ask("POST /allocations", body=ASK, headers=headers, identity=NEIGHBOUR)
    assert (foreign.status, foreign.code) == (409, "conflict")
    api.ask("DELETE /allocations/{id}", path={"id": UNKNOWN}, body={"outcome": "x"})
    ended = api.ask("POST /allocations", body=ASK, headers=headers)
    assert (ended.status, ended.code) == (409, "already-ended")


def test_a_dry_run_replies_without_credentials(api: Api) -> None:
    assert _allocate(api, dryRun=True).body == {"wouldAllocate": True, "position": 1}


@pytest.mark.parametrize(
    "changes", [{"pool": "../x"}, {"requester": "a\nb"}, {"constraints": [{"type": "x", "value": 1}]}, {"more": 1}]
)
def test_a_wrong_request_is_told_what_is_wrong(api: Api, changes: dict[str, Any]) -> None:
    answer = api.ask("POST /allocations", body=ASK | changes)
    assert (answer.status, answer.code) == (400, "invalid-request")


def test_what_can_never_be_met_is_400_and_not_423(api: Api) -> None:
    answer = api.ask("POST /allocations", body=ASK | {"role": "nobody"})
    assert (answer.status, answer.code) == (400, "unsatisfiable")
    assert "Retry-After" not in answer.headers


# --- one allocation ---

_ROUTES_OF_ONE: Final = [
    ("GET /allocations/{id}", None),
    ("DELETE /allocations/{id}", {"outcome": "x"}),
    ("POST /allocations/{id}/credentials", None),
    ("POST /allocations/{id}/heartbeat", None),
]


@pytest.mark.parametrize(("route", "body"), _ROUTES_OF_ONE)
def test_unknown_foreign_and_impossible_ids_are_404_byte_for_byte_alike(api: Api, route: str, body: Any) -> None:
    foreign = _allocate(api).body["id"]
    odd = ["..%2f", "x" * 2048, foreign.upper(), foreign + "\n", "", "\u0660" * 36]
    answers = [api.ask(route, path={"id": id_}, body=body, identity=NEIGHBOUR) for id_ in (foreign, UNKNOWN, *odd)]
    assert {(answer.status, answer.raw) for answer in answers} == {(404, answers[0].raw)}
    assert answers[0].code == "unknown-allocation"
    assert api.world.recorded(AllocationId(foreign)).status == "active"


def test_one_allocation_is_shown_to_its_owner_and_to_operators(api: Api) -> None:
    id_ = _allocate(api).body["id"]
    for identity in (None, OPERATOR):
        answer = api.ask("GET /allocations/{id}", path={"id": id_}, identity=identity)
        assert (answer.status, answer.body["status"], answer.body["requester"]) == (200, "active", "run 1")
        assert "credentials" not in answer.raw


def test_a_release_is_empty_and_so_is_the_second(api: Api) -> None:
    id_ = _allocate(api).body["id"]
    for _ in range(2):
        answer = api.ask("DELETE /allocations/{id}", path={"id": id_}, body={"outcome": "success"})
        assert (answer.status, answer.raw) == (200, "{}")
    assert len(api.world.cleanups.started) == 1


@pytest.mark.parametrize(
    "body", [None, "", "{}", {"outcome": ""}, {"outcome": "x" * 101}, {"outcome": "a\nb"}, {"outcome": 1}, "[]"]
)
def test_a_release_without_a_proper_outcome_is_refused_and_has_no_effect(api: Api, body: Any) -> None:
    id_ = _allocate(api).body["id"]
    answer = api.ask("DELETE /allocations/{id}", path={"id": id_}, body=body)
    assert (answer.status, answer.code) == (400, "invalid-request")
    assert api.world.recorded(AllocationId(id_)).status == "active"


def test_the_outcome_timeout_does_not_forge_who_ended_it(api: Api) -> None:
    id_ = _allocate(api).body["id"]
    api.ask("DELETE /allocations/{id}", path={"id": id_}, body={"outcome": "timeout"})
    assert api.world.recorded(AllocationId(id_)).ended_by is EndedBy.OWNER


def test_an_operator_releases_any(api: Api) -> None:
    id_ = _allocate(api).body["id"]
    assert api.ask("DELETE /allocations/{id}", path={"id": id_}, body={"outcome": "x"}, identity=OPERATOR).status == 200
    shown = api.ask("GET /allocations/{id}", path={"id": id_}).body
    assert (shown["status"], shown["endedBy"], shown["outcome"]) == ("ended", "operator", "x")


@pytest.mark.parametrize("body", [None, "", "{}", " {} "])
def test_a_refresh_takes_no_body_or_an_empty_one(api: Api, body: Any) -> None:
    first = _allocate(api, environments=many(2)).body
    answer = api.ask("POST /allocations/{id}/credentials", path={"id": first["id"]}, body=body)
    assert answer.status == 200
    assert set(answer.body) == {"id", "expiresAt", "environments"}
    assert [entry["environment"] for entry in answer.body["environments"]] == [
        entry["environment"] for entry in first["environments"]
    ]


@pytest.mark.parametrize("body", [None, "", "{}", " {} "])
def test_a_heartbeat_says_when_the_next_one_is_due(api: Api, body: Any) -> None:
    first = _allocate(api, heartbeatSeconds=60).body
    assert first["heartbeatSeconds"] == 60
    api.world.clock.advance(timedelta(seconds=30))
    answer = api.ask("POST /allocations/{id}/heartbeat", path={"id": first["id"]}, body=body)
    assert (answer.status, answer.body) == (
        200,
        {
            "id": first["id"],
            "expiresAt": first["expiresAt"],
            "nextHeartbeatBy": "2026-01-01T00:01:30Z",
            "heartbeatSeconds": 60,
        },
    )
    assert api.ask("GET /allocations/{id}", path={"id": first["id"]}).body["heartbeatSeconds"] == 60


@pytest.mark.parametrize("body", ['{"outcome": "x"}', "null", "x", "[]"])
def test_a_heartbeat_with_another_body_is_refused(api: Api, body: str) -> None:
    id_ = _allocate(api, heartbeatSeconds=60).body["id"]
    answer = api.ask("POST /allocations/{id}/heartbeat", path={"id": id_}, body=body)
    assert (answer.status, answer.code) == (400, "invalid-request")


def test_a_heartbeat_of_one_that_did_not_ask_is_400(api: Api) -> None:
    body = _allocate(api).body
    answer = api.ask("POST /allocations/{id}/heartbeat", path={"id": body["id"]})
    assert (answer.status, answer.code) == (400, "invalid-request")
    assert "heartbeatSeconds" not in body


@pytest.mark.parametrize("route", ["POST /allocations/{id}/heartbeat", "POST /allocations/{id}/credentials"])
def test_after_the_end_the_outcome_is_named(api: Api, route: str) -> None:
    id_ = _allocate(api, heartbeatSeconds=60).body["id"]
    api.world.clock.advance(timedelta(seconds=60))
    api.world.reconciler.run()
    answer = api.ask(route, path={"id": id_})
    assert (answer.status, answer.code, answer.body["outcome"]) == (409, "already-ended", "lost")
    assert "'lost'" in answer.body["message"]
    assert api.ask("GET /allocations/{id}", path={"id": id_}).body["endedBy"] == "lost"


@pytest.mark.parametrize("seconds", [59, 3601, 0, -60, 60.5, "60", True, [60]])
def test_heartbeats_that_are_too_many_or_too_few_are_refused(api: Api, seconds: Any) -> None:
    answer = api.ask("POST /allocations", body=ASK | {"heartbeatSeconds": seconds})
    assert (answer.status, answer.code) == (400, "invalid-request")


@pytest.mark.parametrize(("seconds", "status"), [(2, 400), (3, 200)])
def test_the_settings_say_how_short_a_heartbeat_may_be(seconds: int, status: int) -> None:
    api = Api(a_world(1, min_heartbeat=timedelta(seconds=3)))
    assert api.ask("POST /allocations", body=ASK | {"heartbeatSeconds": seconds}).status == status


@pytest.mark.parametrize("body", ['{"role": "admin"}', "null", "x"])
def test_a_refresh_with_another_body_is_refused(api: Api, body: str) -> None:
    id_ = _allocate(api).body["id"]
    answer = api.ask("POST /allocations/{id}/credentials", path={"id": id_}, body=body)
    assert (answer.status, answer.code) == (400, "invalid-request")


def test_a_refresh_after_the_end_is_409(api: Api) -> None:
    id_ = _allocate(api).body["id"]
    api.ask("DELETE /allocations/{id}", path={"id": id_}, body={"outcome": "x"})
    answer = api.ask("POST /allocations/{id}/credentials", path={"id": id_})
    assert (answer.status, answer.code) == (409, "already-ended")


# --- reading ---


def test_pools_are_counted(api: Api) -> None:
    _allocate(api)
    counts = {"free": 2, "in-use": 1, "cleaning": 0, "dirty": 0, "held": 0}
    assert api.ask("GET /pools/{pool}", path={"pool": "canary"}).body == {
        "pool": "canary",
        "counts": counts,
        "waiting": 0,
    }
    assert api.ask("GET /pools").body == {"pools": [{"pool": "canary", "counts": counts, "waiting": 0}]}


@pytest.mark.parametrize(
    ("route", "parts"),
    [
        ("GET /environments", {}),
        ("GET /environments/{account}/{region}", {"path": ENVIRONMENT}),
        ("GET /allocations", {"query": {"requester": "run 1"}}),
        ("POST /environments/{account}/{region}/{act}", {"path": HOLD, "body": {"reason": "x"}}),
    ],
)
def test_what_is_for_operators_is_forbidden_to_others(api: Api, route: str, parts: dict[str, Any]) -> None:
    assert api.ask(route, **parts).status == 403
    assert api.ask(route, identity=OPERATOR, **parts).status == 200


def test_one_environment_is_shown_with_its_last_report(api: Api) -> None:
    api.world.deallocate(api.world.allocate().id)
    (order,) = api.world.cleanups.started
    api.world.cleaning(order).give_up(reason="leftovers", report="reports/1.json")
    reports = MemoryReports()
    reports.reports["reports/1.json"] = {"blockers": ["a bucket"]}
    api.app.reports = reports
    path = {"account": order.key.account, "region": order.key.region}
    body = api.ask("GET /environments/{account}/{region}", path=path, identity=OPERATOR).body
    assert (body["status"], body["dirtyReason"], body["cleanup"]) == ("dirty", "leftovers", {"blockers": ["a bucket"]})


def test_a_dirty_environment_that_waits_for_a_date_shows_it_and_no_other_does(api: Api) -> None:
    api.world.deallocate(api.world.allocate().id)
    (order,) = api.world.cleanups.started
    path = {"account": order.key.account, "region": order.key.region}

    def shown() -> Any:
        return api.ask("GET /environments/{account}/{region}", path=path, identity=OPERATOR).body["retryAt"]

    assert shown() is None  # though the reconciler looks at it
    at = api.world.clock.now() + timedelta(hours=24)
    api.world.cleaning(order).give_up(reason="refused-until", report=None, retry_at=at)
    assert shown() == at.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("path", [{"account": "999999999999", "region": "x"}, {"account": "", "region": ""}, {}])
def test_an_environment_that_is_not_registered_is_404(api: Api, path: dict[str, str]) -> None:
    event = an_event("GET /environments/{account}/{region}", path=path or ENVIRONMENT, identity=OPERATOR)
    answer = api.send(event | {"pathParameters": path})
    assert (answer.status, answer.code) == (404, "unknown-environment")


@pytest.mark.parametrize("caller", [OPERATOR, NEIGHBOUR], ids=["operator", "neighbour"])
@pytest.mark.parametrize(
    "route",
    [
        "GET /environments/{account}/{region}",
        "GET /environments/{account}/{region}/baseline",
        "POST /environments/{account}/{region}/baseline",
        "POST /environments/{account}/{region}/{act}",
    ],
)
def test_a_place_that_is_too_long_for_a_table_is_as_unknown_as_any(
    api: Api, route: str, caller: dict[str, Any]
) -> None:
    for account in ("2" * 3000, "999999999999"):
        path = {"account": account, "region": "us-east-1", "act": "hold"}
        body = {"reason": "r", "act": "drop", "items": ["AWS::S3::Bucket:a@us-east-1"]}
        sent = {"reason": "r"} if route.endswith("{act}") else body if route.startswith("POST") else None
        answer = api.ask(route, path=path, body=sent, identity=caller)
        unknown = (404, "unknown-environment")
        assert (answer.status, answer.code) == (unknown if caller is OPERATOR else (403, "forbidden"))


def test_history_by_environment_and_by_requester(api: Api) -> None:
    api.world.allocate(requester="run 1")
    (held,) = [row for row in api.world.rows.environments() if row.status is Status.IN_USE]
    for query in ({"requester": "run 1"}, {"environment": held.key.path}):
        body = api.ask("GET /allocations", query=query, identity=OPERATOR).body
        assert [entry["requester"] for entry in body["entries"]] == ["run 1"]
        assert body["cursor"] is None


def test_history_tells_on_request_what_was_left_behind(api: Api) -> None:
    reports = MemoryReports()
    api.app.reports = reports
    api.world.deallocate(api.world.allocate(requester="counted").id)
    (order,) = api.world.cleanups.started
    counts: dict[str, Any] = {"removed": {"AWS::S3::Bucket": 2}, "left": {"AWS::SQS::Queue": 1}, "unknown": 0}
    account, region = order.key.account, order.key.region
    reports.reports[progress_key(account, region, order.allocation)] = {**counts, "phase": "clear"}
    api.world.deallocate(api.world.allocate(requester="not begun").id)

    def told(**query: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = api.ask("GET /allocations", query=query, identity=OPERATOR).body["entries"]
        return entries

    assert [entry["leftovers"] for entry in told(requester="counted", leftovers="true")] == [counts]
    assert [entry["leftovers"] for entry in told(requester="not begun", leftovers="true")] == [None]
    reports.failing = True  # it is not even looked at
    assert [entry["leftovers"] for entry in told(requester="counted")] == [None]


def test_an_act_has_left_nothing_behind_and_is_not_looked_up(api: Api) -> None:
    path = {"account": a_key(1).account, "region": a_key(1).region, "act": "hold"}
    api.ask("POST /environments/{account}/{region}/{act}", path=path, body={"reason": "so"}, identity=OPERATOR)
    reports = MemoryReports()
    reports.failing = True
    api.app.reports = reports
    query = {"environment": a_key(1).path, "leftovers": "true"}
    (entry,) = api.ask("GET /allocations", query=query, identity=OPERATOR).body["entries"]
    assert (entry["kind"], entry["leftovers"]) == ("hold", None)


def test_counts_that_cannot_be_read_are_not_told_as_none(api: Api) -> None:
    api.world.deallocate(api.world.allocate(requester="counted").id)
    reports = MemoryReports()
    reports.failing = True
    api.app.reports = reports
    query = {"requester": "counted", "leftovers": "true"}
    answer = api.ask("GET /allocations", query=query, identity=OPERATOR)
    assert (answer.status, answer.code) == (503, "unavailable")


@pytest.mark.parametrize(
    "query",
    [
        None,
        {},
        {"requester": "x", "environment": "y"},
        {"requester": "x", "limit": "5"},
        {"environment": "2" * 3000},
        {"environment": "222222222222"},
        {"requester": "x", "since": "yesterday"},
        {"requester": "x", "since": ""},
        {"requester": "x", "until": "2026-13-01T00:00:00Z"},
        {"requester": "x", "since": "0001-01-01T00:00:00+14:00"},
        {"requester": "x", "until": "9999-12-31T23:59:59-14:00"},
        {"requester": "x", "leftovers": "false"},
        {"requester": "x", "cursor": "not one"},
        {"requester": "x", "cursor": "e30="},
        {"requester": "x", "cursor": "\u00e4"},
        {"requester": "x", "cursor": urlsafe_b64encode(b"[" * 3000).decode()},
        {"environment": "222222222222/eu-west-1", "cursor": "bm90IG9uZQ=="},
    ],
)
def test_a_question_about_history_that_makes_no_sense_is_refused(api: Api, query: dict[str, str] | None) -> None:
    answer = api.ask("GET /allocations", query=query, identity=OPERATOR)
    assert (answer.status, answer.code) == (400, "invalid-request"), answer.raw


def test_a_name_that_stands_twice_in_a_query_is_refused(api: Api) -> None:
    event = an_event("GET /allocations", query={"requester": "x"}, identity=OPERATOR)
    answer = api.send(event | {"multiValueQueryStringParameters": {"requester": ["x", "y"]}})
    assert (answer.status, answer.code) == (400, "invalid-request")


@pytest.mark.parametrize(
    "since",
    ["2026-11-22", "2026-11-22T10:00:00", "2026-11-22T10:00:00Z", "2026-11-22t10:00:00z", "2026-11-22T10:00+02:00"],
)
def test_instants_are_iso_8601(api: Api, since: str) -> None:
    query = {"requester": "x", "since": since}
    assert api.ask("GET /allocations", query=query, identity=OPERATOR).status == 200


# --- operators' acts ---


def _act(api: Api, act: str, **parts: Any) -> Answer:
    parts = {"body": {"reason": "because"}, "identity": OPERATOR} | parts
    return api.ask("POST /environments/{account}/{region}/{act}", path=ENVIRONMENT | {"act": act}, **parts)


def test_an_act_replies_with_the_environment_afterwards(api: Api) -> None:
    assert _act(api, "hold").body["status"] == "held"
    assert _act(api, "resume").body["status"] == "cleaning"
    (order,) = api.world.cleanups.started
    api.world.cleaning(order).give_up(reason="x", report=None)
    assert _act(api, "reinstate").body["status"] == "free"
    entries = api.world.rows.history_of(a_key(1), since=None, until=None, cursor=None).entries
    assert {entry.kind for entry in entries} == {ActKind.HOLD, ActKind.RESUME, ActKind.REINSTATE}
    assert {entry.who for entry in entries} == {f"iam:{HUB}:role/operator"}


def test_an_act_that_is_not_possible_is_a_conflict(api: Api) -> None:
    answer = _act(api, "discard")
    assert (answer.status, answer.code) == (409, "conflict")


@pytest.mark.parametrize("act", ["", "delete", "Hold", "allocation", "hold/x", "take"])
def test_an_act_that_does_not_exist_is_refused(api: Api, act: str) -> None:
    answer = _act(api, act)
    assert (answer.status, answer.code) == (400, "invalid-request")


@pytest.mark.parametrize("body", [None, "{}", {"reason": ""}, {"reason": "a\u202eb"}, {"reason": "x", "force": True}])
def test_an_act_without_a_reason_is_refused(api: Api, body: Any) -> None:
    assert _act(api, "hold", body=body).status == 400
    assert api.world.status(a_key(1)) is Status.FREE
