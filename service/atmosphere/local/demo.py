"""`make demo`: the whole life of an allocation; every line of output comes from the running service.

Two tests take the two environments of a pool, and a third one waits. Both deploy a real stack with a filled bucket. One
deallocates, the other never does. Every claim is checked; the first that is false ends the demo with `DemoFailed`.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import boto3
from botocore.exceptions import ClientError

from atmosphere.local.callers import client_of
from atmosphere.local.claims import PATIENCE, DemoFailed, check, refusal_of, until
from atmosphere.status.writing import write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from atmosphere.client.asking import Waiting
    from atmosphere.client.results import EnvironmentState, Granted
    from atmosphere.core.credentials import SessionCredentials

POOL: Final = "demo"
SETTINGS: Final = {
    "session_seconds": "20",
    "verify_gap_seconds": "2",
    "clock_skew_seconds": "1",
    "attempt_pause_seconds": "2",
}
TICKER: Final = 1.0  # seconds
_STACK: Final = "integration-test"
_OBJECTS: Final = 25
_TEMPLATE: Final = {
    "Resources": {
        "Uploads": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "Flag": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "on"}},
    },
    "Outputs": {"Bucket": {"Value": {"Ref": "Uploads"}}},
}


class Stage(Protocol):
    """Where the demo is shown."""

    def act(self, title: str) -> None:
        """Begin a new part of the demo."""

    def say(self, text: str) -> None:
        """Show one thing that happened."""

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show several things at once."""


@dataclass(frozen=True, slots=True)
class _Test:
    """One of the tests: what it holds, and the bucket that it filled."""

    name: str
    grant: Granted
    bucket: str = ""

    @property
    def place(self) -> str:
        return f"aws://{self.grant.environment.account}/{self.grant.environment.region}"

    @property
    def keys(self) -> SessionCredentials:
        keys = self.grant.environment.credentials
        if keys is None:
            raise DemoFailed(f"{self.name} got no credentials")
        return keys


class Demo:
    """Runs the demo against a local service, which `description` describes as its ready file does.

    At the end the page of `atmosphere status --html` is written into `page`.
    """

    def __init__(self, description: Mapping[str, Any], stage: Stage, page: Path) -> None:
        self._page = page
        self._aws_endpoint = description["awsEndpoint"]
        self._region = description["region"]
        self._stage = stage
        self._runner = client_of(description, "runner")
        self._operator = client_of(description, "operator")
        self._stranger = client_of(description, "stranger")

    def run(self) -> None:
        """Run the whole demo; raises `DemoFailed`."""
        self._stage.act("A pool of two environments, both clean")
        self._show_pool()
        with ThreadPoolExecutor(max_workers=1) as threads:
            first, second = self._two_tests_allocate()
            third = threads.submit(self._wait_for_turn, "billing-tests")
            first, second = self._both_deploy(first, second)
            self._one_deallocates(first)
            self._the_third_gets_its_turn(third, {first.bucket, second.bucket})
            self._one_times_out(second)
        self._both_are_clean(first, second)
        self._what_is_on_record(first, second)
        write(self._operator, self._page)
        self._stage.say(f"all of it on one page: {self._page}")

    def _two_tests_allocate(self) -> tuple[_Test, _Test]:
        self._stage.act("Two tests allocate, a third waits, a caller without a rule is refused")
        first, second = self._allocate("checkout-tests"), self._allocate("search-tests")
        check(first.place != second.place, "two tests hold one environment")
        refusal = refusal_of(lambda: self._stranger.allocate(POOL, requester="stranger", wait_seconds=0))
        check(refusal.status == 403, f"a stranger got {refusal.status}")  # noqa: PLR2004
        self._stage.say(f"stranger        {refusal.status} {refusal.code}: {refusal.message}")
        return first, second

    def _allocate(self, name: str) -> _Test:
        test = _Test(name, self._runner.allocate(POOL, requester=name, wait_seconds=0))
        expiry = f"until {test.grant.expires_at:%H:%M:%S}"
        self._stage.say(f"{name:<15} 200 allocation {test.grant.id} of {test.place}, {expiry}")
        return test

    def _wait_for_turn(self, name: str) -> _Test:
        def waits(waiting: Waiting) -> None:
            self._stage.say(f"{name:<15} 423 {waiting.code}: waits, next try in {waiting.next_try:.0f} s")

        return _Test(name, self._runner.allocate(POOL, requester=name, wait_seconds=PATIENCE, on_wait=waits))

    def _both_deploy(self, first: _Test, second: _Test) -> tuple[_Test, _Test]:
        self._stage.act("Each deploys a real CloudFormation stack with its credentials")
        return self._deploy(first), self._deploy(second)

    def _deploy(self, test: _Test) -> _Test:
        stacks = self._aws("cloudformation", test.keys)
        stacks.create_stack(StackName=_STACK, TemplateBody=json.dumps(_TEMPLATE))
        found = until(lambda: _deployed(stacks), f"{test.name}'s stack is deployed")
        bucket = found["Outputs"][0]["OutputValue"]
        objects = self._aws("s3", test.keys)
        for number in range(_OBJECTS):
            objects.put_object(Bucket=bucket, Key=f"order-{number}.json", Body=b"{}")
        objects.delete_object(Bucket=bucket, Key="order-0.json")
        self._stage.say(
            f"{test.name:<15} stack {_STACK} {found['StackStatus']}, "
            f"versioned bucket {bucket} with {_OBJECTS} objects and a delete marker"
        )
        return _Test(test.name, test.grant, bucket)

    def _one_deallocates(self, test: _Test) -> None:
        self._stage.act("checkout-tests deallocates: its keys are revoked, its environment is cleaned")
        self._runner.deallocate(test.grant.id, outcome="success")
        self._stage.say(f"{test.name:<15} 200 deallocated {test.grant.id}; {test.place} is {self._status(test)}")
        self._runner.deallocate(test.grant.id, outcome="success")
        self._stage.say(f"{test.name:<15} 200 deallocated again: no further effect")
        self._keys_are_refused(test)
        refusal = refusal_of(lambda: self._runner.credentials(test.grant.id))
        check(refusal.code == "already-ended", f"fresh keys of an ended allocation: {refusal}")
        self._stage.say(f"{test.name:<15} {refusal.status} {refusal.code}: no fresh keys")

    def _keys_are_refused(self, test: _Test) -> None:
        objects = self._aws("s3", test.keys)

        def code() -> str | None:
            try:
                objects.list_buckets()
            except ClientError as refused:
                return str(refused.response["Error"]["Code"])
            return None

        refused = until(code, f"the keys of {test.name} are refused")
        check(refused == "AccessDenied", f"the old keys got {refused} instead of AccessDenied")
        self._stage.say(f"{test.name:<15} old keys …{test.keys.access_key_id[-4:]} → s3:ListBuckets: {refused}")

    def _the_third_gets_its_turn(self, turn: Future[_Test], used: set[str]) -> None:
        self._stage.act("billing-tests gets the cleaned environment")
        test = turn.result(timeout=PATIENCE)
        found = self._aws("cloudformation", test.keys).list_stacks()["StackSummaries"]
        stacks = {entry["StackName"] for entry in found if entry["StackStatus"] != "DELETE_COMPLETE"}
        buckets = {entry["Name"] for entry in self._aws("s3", test.keys).list_buckets()["Buckets"]}
        check(not stacks & {_STACK} and not buckets & used, f"the next test found {stacks} and {buckets}")
        what = f"no {_STACK} stack and none of the filled buckets in it"
        self._stage.say(f"{test.name:<15} 200 allocation {test.grant.id} of {test.place}: {what}")
        self._runner.deallocate(test.grant.id, outcome="success")

    def _one_times_out(self, test: _Test) -> None:
        self._stage.act("search-tests never deallocates: its allocation times out")

        def ended() -> bool:
            return self._runner.get(test.grant.id).status == "ended"

        until(ended, f"{test.name} has timed out")
        state = self._runner.get(test.grant.id)
        check((state.outcome, state.ended_by) == ("timeout", "timeout"), f"it ended as {state.outcome}")
        self._stage.say(f"{test.name:<15} ended {state.ended_at:%H:%M:%S} with outcome {state.outcome}")
        self._keys_are_refused(test)

    def _both_are_clean(self, *tests: _Test) -> None:
        self._stage.act("Both environments are free again, each with a cleanup report")
        for test in tests:
            state = until(lambda test=test: self._free(test), f"{test.place} is free")  # type: ignore[misc]
            cleanup = dict(state.cleanup or {})
            check(bool(cleanup), f"{test.place} has no report of its cleanup")
            self._stage.say(f"{test.place} is {state.status}; report {state.report}")
        self._show_pool()

    def _free(self, test: _Test) -> EnvironmentState | None:
        place = test.grant.environment
        state = self._operator.environment(place.account, place.region)
        check(state.status != "dirty", f"{test.place} is dirty: {state.dirty_reason}")
        return state if state.status == "free" else None

    def _what_is_on_record(self, *tests: _Test) -> None:
        self._stage.act("The history (it never contains a credential)")
        rows = []
        for test in tests:
            place = test.grant.environment
            for line in self._operator.history(environment=f"{place.account}/{place.region}"):
                ended = f"{line.ended_at:%H:%M:%S}" if line.ended_at else ""
                cells = (test.place, f"{line.at:%H:%M:%S}", ended, line.requester, line.outcome or "")
                rows.append((*cells, line.ended_by or "", line.id))
        self._stage.table(("environment", "from", "to", "requester", "outcome", "ended by", "allocation"), rows)
        check({"success", "timeout"} <= {row[4] for row in rows}, "an outcome is missing in the history")

    def _status(self, test: _Test) -> str:
        place = test.grant.environment
        return str(self._operator.environment(place.account, place.region).status)

    def _show_pool(self) -> None:
        counts = self._runner.pool(POOL).counts
        self._stage.table(("pool", *counts), [(POOL, *(str(number) for number in counts.values()))])

    def _aws(self, service: str, keys: SessionCredentials) -> Any:
        session = boto3.Session(
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
            region_name=self._region,
        )
        return session.client(service, endpoint_url=self._aws_endpoint)  # type: ignore[call-overload]


def _deployed(stacks: Any) -> Any:
    found = stacks.describe_stacks(StackName=_STACK)["Stacks"][0]
    check("FAILED" not in found["StackStatus"] and "ROLLBACK" not in found["StackStatus"], f"stack: {found}")
    return found if found["StackStatus"] == "CREATE_COMPLETE" else None
