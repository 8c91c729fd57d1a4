"""A fake world that is cleaned in fake time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.engine import PassResult, run_pass
from atmosphere.cleanup.limits import Limits
from atmosphere.cleanup.model import Assignment, PassState, Resource, Verdict
from atmosphere.cleanup.state.baseline import Baseline, baseline_name
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.core.model import ADMIN, AllocationId, EnvironmentKey, PoolName, Registration
from atmosphere.core.settings import Settings
from tests.cleanup.conftest import ACCOUNT, EXTERNAL_ID, HUB, REGION, ROLE, role_arn
from tests.cleanup.fakes import STARTED, FakeAccounts, FakeStack, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.cleanup.aws.accounts import Accounts
    from atmosphere.core.model import Region

KEY = EnvironmentKey(ACCOUNT, REGION)
DEADLINE = STARTED + timedelta(hours=2)
LIMITS = Limits(workers=1)
NESTED = "AWS::CloudFormation::Stack"


class Scene:
    """A world to be cleaned in fake time."""

    def __init__(
        self, *stacks: FakeStack, regions: tuple[Region, ...] = (REGION,), types: tuple[str, ...] = ()
    ) -> None:
        self.regions = regions
        self.types = ("AWS::S3::Bucket", "AWS::SQS::Queue", *types)
        self.world = World(*stacks)
        self.store = MemoryTexts()
        self.store.put(
            baseline_name(KEY),
            Baseline(items={}, types=self.types, regions=regions).to_json(),
        )
        self.clock = FakeClock(STARTED + timedelta(hours=1))
        self.world.now = self.clock.now
        self.passes = 0
        self.limits = LIMITS
        self.accounts: Callable[[], Accounts] = lambda: FakeAccounts(self.world)
        self.beat: Callable[[], None] = lambda: None
        self.held: Callable[[], str | None] = lambda: None
        self.changes: dict[str, Any] = {}

    def remember(self, type_: str, identity: str, fingerprint: str | None = None) -> None:
        """Make it part of the baseline."""
        before = Baseline.from_json(self.store.texts[baseline_name(KEY)])
        items = {**before.items, Resource.at(type_, identity, REGION): fingerprint}
        self.store.put(baseline_name(KEY), replace(before, items=items).to_json())

    def forget(self, type_: str, identity: str) -> None:
        """Make it no part of the baseline."""
        before = Baseline.from_json(self.store.texts[baseline_name(KEY)])
        items = {item: each for item, each in before.items.items() if item != Resource.at(type_, identity, REGION)}
        self.store.put(baseline_name(KEY), replace(before, items=items).to_json())

    def defer(self, *types: str) -> None:
        """Let the environment's pool carry these along."""
        self.changes["registration"] = replace(self.assignment().registration, deferred=types)

    def next_allocation(self) -> None:
        """What is cleaned from now on was another allocation's."""
        number = int(str(self.assignment().allocation)[-4:]) + 1
        self.changes["allocation"] = AllocationId(f"11112222-3333-4444-5555-66667777{number:04}")

    @property
    def skipped(self) -> tuple[str, ...]:
        """Everything else: moto cannot list it all, and it would take long."""
        return tuple(entry.name for entry in CATALOGUE if entry.name not in self.types)

    def assignment(self) -> Assignment:
        registration = Registration(
            key=KEY, pool=PoolName("tests"), roles={ADMIN: role_arn()}, external_id=EXTERNAL_ID, regions=self.regions
        )
        assignment = Assignment(
            allocation=AllocationId("11112222-3333-4444-5555-666677778888"),
            key=KEY,
            attempt=1,
            registration=registration,
            roles_used=(),
            started=STARTED,
            deadline=DEADLINE,
            capture_only=False,
            sweep_globals=False,
            settings=Settings(role_names=(ROLE,), skipped_types=self.skipped),
            service_account=HUB,
        )
        return replace(assignment, **self.changes)

    def one_pass(self, state: PassState) -> PassResult:
        self.passes += 1
        return run_pass(
            self.assignment(),
            PassState.from_json(json.loads(json.dumps(state.to_json()))),
            aws=self.accounts(),
            store=self.store,
            clock=self.clock,
            beat=self.beat,
            held=self.held,
            budget=timedelta(seconds=240),
            limits=self.limits,
        )

    def clean(self) -> PassResult:
        state = PassState()
        while self.clock.now() < DEADLINE:
            result = self.one_pass(state)
            if result.verdict is not Verdict.AGAIN:
                return result
            assert timedelta(0) <= result.wait <= timedelta(seconds=60)
            state = result.state
            self.clock.advance(result.wait)
        message = "no verdict before the deadline"
        raise AssertionError(message)

    def blockers(self, result: PassResult) -> dict[str, dict[str, Any]]:
        content = json.loads(self.store.texts[str(result.report_key)])
        return {entry["id"]: entry for entry in content["blockers"]}


def in_account(service: str, region: str = REGION) -> Any:
    """A client of moto's in the account that is cleaned."""
    keys = boto3.client("sts").assume_role(RoleArn=role_arn(), RoleSessionName="setup-of-the-test")["Credentials"]
    session: Any = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return session.client(service, region_name=region)
