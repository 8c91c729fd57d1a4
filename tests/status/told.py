"""A service in the middle of its day: three pools, dirty environments, people who wait, and a test that means harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.client.conftest import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.client.conftest import Arrived

AT: Final = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
HARM: Final = "<script>alert(1)</script>\" onload='x' \u202e</td> & https://evil.example @all"
"""What a test may call itself."""
_REQUESTERS: Final = ("checkout-tests", "search-tests", "billing-tests", "nightly integ-runner")
_ENDS: Final = (("", "owner"), ("failure", "release-token"), ("", "github"), ("timeout", "timeout"))
"""Outcome and by whom; where there is none, what the test said."""

_ROWS: Final = (
    # pool, region, status, minutes since its last change, reason
    ("demo", "us-east-1", "in-use", 25, None),
    ("demo", "eu-west-1", "free", 70, None),
    ("release", "us-east-1", "in-use", 95, None),
    ("release", "eu-central-1", "cleaning", 6, None),
    ("release", "ap-southeast-2", "dirty", 190, "blocked:AWS::S3::Bucket"),
    ("release", "us-west-2", "free", 310, None),
    ("nightly", "us-east-1", "held", 700, None),
    ("nightly", "us-east-2", "dirty", 45, "refused-until"),
    ("nightly", "us-west-1", "free", 400, None),
)
BLOCKER: Final = {
    "type": "AWS::S3::Bucket",
    "id": "orders-archive",
    "region": "ap-southeast-2",
    "code": "AccessDenied",
    "message": "explicit deny in a resource-based policy",
    "next": {
        "what": "delete it, or remove what protects it",
        "command": "atmosphere cleanup run 222222222226/ap-southeast-2 --reason WHY",
    },
}


def instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _ago(minutes: float) -> datetime:
    return AT - timedelta(minutes=minutes)


class Told:
    """Answers what operators ask, from rows that a test may change; `asked` has each path with its query."""

    def __init__(self) -> None:
        self.rows = [self._row(number, row) for number, row in enumerate(_ROWS)]
        self.waiting = {"demo": 3, "release": 1, "nightly": 0}
        self.blockers: list[dict[str, Any]] = [BLOCKER]
        self.requesters: tuple[str, ...] = _REQUESTERS
        self.outcome = "success"
        self.more: set[str] = set()
        self.gone: set[str] = set()
        self.asked: list[str] = []

    def _row(self, number: int, given: tuple[str, str, str, int, str | None]) -> dict[str, Any]:
        pool, region, status, minutes, reason = given
        return {
            "account": f"22222222222{number + 2}"[-12:],
            "region": region,
            "pool": pool,
            "status": status,
            "registration": "registered",
            "hold": False,
            "capabilities": {},
            "allocation": f"allocation-{number}-0" if status == "in-use" else None,
            "attempt": 1,
            "since": instant(_ago(minutes)),
            "deadline": None,
            "dirtyReason": reason,
            "retryAt": instant(AT + timedelta(hours=50)) if reason == "refused-until" else None,
            "report": None,
        }

    def __call__(self, arrived: Arrived) -> Answer:
        address = urlsplit(arrived.path)
        path = address.path.partition("/v1/")[2]
        self.asked.append(path + (f"?{address.query}" if address.query else ""))
        match path.split("/"):
            case ["pools"]:
                return Answer(body={"pools": self._pools()})
            case ["environments"]:
                return Answer(body={"environments": self.rows})
            case ["environments", account, region]:
                return self._environment(f"{account}/{region}")
            case ["allocations"]:
                place = parse_qs(address.query)["environment"][0]
                cursor = "next" if place in self.more else None
                return Answer(body={"entries": list(self._entries(place)), "cursor": cursor})
        return Answer(404, body={"code": "not-found", "message": "there is no such route"})

    def _pools(self) -> list[dict[str, Any]]:
        names = list(dict.fromkeys(row["pool"] for row in self.rows))
        return [{"pool": name, "counts": self._counts(name), "waiting": self.waiting.get(name, 0)} for name in names]

    def _counts(self, pool: str) -> dict[str, int]:
        found = [row["status"] for row in self.rows if row["pool"] == pool]
        return {status: found.count(status) for status in ("free", "in-use", "cleaning", "dirty", "held")}

    def _environment(self, place: str) -> Answer:
        if place in self.gone:
            return Answer(404, body={"code": "not-found", "message": "no such environment"})
        row = self._at(place)
        blockers = self.blockers if str(row["dirtyReason"]).startswith("blocked") else []
        return Answer(body={**row, "cleanup": {"verdict": "dirty", "blockers": blockers}, "progress": None})

    def _at(self, place: str) -> dict[str, Any]:
        return next(row for row in self.rows if f"{row['account']}/{row['region']}" == place)

    def _entries(self, place: str) -> Iterator[dict[str, Any]]:
        row = self._at(place)
        number = self.rows.index(row)
        since = datetime.fromisoformat(row["since"])
        if row["status"] == "in-use":
            yield self._entry(row, since, None, number, 0)
        if row["status"] == "held":
            yield self._act(row, since)
        for index in range(1, 5):
            end = min(since, AT) - timedelta(minutes=20 + 9 * number + (index - 1) * (150 + 17 * number))
            yield self._entry(row, end - timedelta(minutes=35 + 13 * ((number + index) % 5)), end, number, index)

    def _entry(
        self, row: dict[str, Any], begin: datetime, end: datetime | None, number: int, index: int
    ) -> dict[str, Any]:
        outcome, by = _ENDS[(number + index) % 4] if end else (None, None)
        removed = {"AWS::S3::Bucket": 2 + index, "AWS::Logs::LogGroup": 5} if index else {}
        left = {"AWS::S3::Bucket": 1} if row["status"] == "dirty" and index == 1 else {}
        return {
            "account": row["account"],
            "region": row["region"],
            "pool": row["pool"],
            "at": instant(begin),
            "id": f"allocation-{number}-{index}",
            "kind": "allocation",
            "who": "iam:111111111111:role/runner",
            "askedBy": "",
            "requester": self.requesters[(number + index) % len(self.requesters)],
            "reason": None,
            "endedAt": instant(end) if end else None,
            "outcome": self.outcome if outcome == "" else outcome,
            "endedBy": by,
            "leftovers": {"removed": removed, "left": left, "unknown": 0} if end else None,
        }

    def _act(self, row: dict[str, Any], at: datetime) -> dict[str, Any]:
        act = {"kind": "hold", "id": "act-1", "who": "iam:111111111111:role/operator", "reason": "quota is raised"}
        return {**self._entry(row, at, None, 0, 0), **act, "requester": ""}
