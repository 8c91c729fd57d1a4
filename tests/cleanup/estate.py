"""The accounts of an organization with the service over them: real handlers, operations and engine, AWS by moto.

Time is fake, and so is what moto lacks: CloudFormation, and the policies of the organization. Roles that tests were
given are left out of revocation, as moto refuses no one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import boto3

from atmosphere.adapters.memory import MemoryEvents, MemoryNotices, MemorySnapshot
from atmosphere.cleanup.aws.accounts import Account
from atmosphere.cleanup.aws.guard import is_read
from atmosphere.cleanup.baseline.amendments import Amendments
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.engine import PassResult, run_pass
from atmosphere.cleanup.limits import Limits
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.client.operators import OperatorsSide
from atmosphere.contract import ROUTES, FunctionName, Tree
from atmosphere.core.access import AccessRules, Operator
from atmosphere.core.model import Status
from atmosphere.core.organization import Organization
from atmosphere.handlers import operate, query, watch
from atmosphere.handlers.http import respond
from atmosphere.wiring import PASS_BUDGET, App
from tests.builders import HUB, ROLE, a_key, a_registration, a_snapshot, an_iam_rule, settings
from tests.cleanup.clients import shared
from tests.cleanup.executing import execute
from tests.cleanup.fakes import FakeStack
from tests.cleanup.fakes import World as FakeWorld
from tests.cleanup.faults import FaultyAccounts, Reply
from tests.cleanup.land import LandAccount
from tests.handlers.events import an_event, an_identity
from tests.operations.world import World, a_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.cleanup.aws.sessions import Clients, Session
    from atmosphere.cleanup.model import Assignment, Finished, PassState
    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.transport import Transport
    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.model import Allocation, EnvironmentKey, Json

MANAGEMENT: Final = "999999999999"
ORGANIZATION: Final = Organization(
    management_account=MANAGEMENT,
    stack_sets=("StackSet-AWSControlTower",),
    roles=("arn:aws:iam::*:role/stacksets-exec-*",),
)
TYPES: Final = (
    "AWS::IAM::Role",
    "AWS::IAM::SAMLProvider",
    "AWS::Logs::LogGroup",
    "AWS::Events::Rule",
    "AWS::SQS::Queue",
)
_SERVICES: Final = ("iam", "logs", "events", "sqs", "sts")
"""Those of the types; what is watched in others is not watched here."""
SCP: Final = "User: x is not authorized to perform: y on resource: z with an explicit deny in a service control policy"
TEAMS: Final = tuple(a_caller(f"team-{number}") for number in range(4))
"""Those of even numbers come in by one rule, those of odd numbers by another."""


class Reports:
    """`ports.Reports` over the texts that cleanups wrote."""

    def __init__(self, texts: MemoryTexts) -> None:
        self._texts = texts

    def load(self, key: str) -> Json:
        text = self._texts.get(key)
        return json.loads(text) if text else None


class EstateAccounts(FaultyAccounts):
    """The accounts as the service opens them; the organization denies what it protects."""

    def __init__(self, clouds: Mapping[str, FakeWorld], *, plan: bool = False) -> None:
        super().__init__(boto3.Session(), judge=_protected, plan=plan)
        self._clouds = clouds
        self._whose = "cleaner"

    def session(self, _clients: Clients, keys: Mapping[str, str]) -> Session:
        session = shared(self._whose).session(keys)
        self.watch(session)
        return session

    def _before(self, **event: Any) -> Any:
        service = event["model"].service_model.service_name
        if service == "resourcegroupstaggingapi":
            return Reply(200), {"ResourceTagMappingList": []}
        if service not in _SERVICES:
            return Reply(), {"Error": {"Code": "AccessDenied", "Message": "the admin role has no right to it"}}
        return super()._before(**event)

    def open(self, assignment: Assignment, *arguments: Any, **keywords: Any) -> Account | Finished:
        return self._at(assignment.key, super().open(assignment, *arguments, **keywords))

    def canary(self, assignment: Assignment, *arguments: Any, **keywords: Any) -> Account | Finished:
        self._whose = "canary"
        account = super().canary(assignment, *arguments, **keywords)
        self._whose = "cleaner"
        return self._at(assignment.key, account)

    def _at(self, key: EnvironmentKey, account: Account | Finished) -> Account | Finished:
        if isinstance(account, Account):
            account.__class__ = LandAccount
            account.world = self._clouds[key.account]  # type: ignore[attr-defined]
        return account


def _protected(operation: str, names: Mapping[str, Any]) -> str | None:
    """As Control Tower's policies: nobody in the account changes what has these names."""
    mine = any(each in json.dumps(names, default=str) for each in ("aws-controltower", "AWSControlTower"))
    return f"AccessDenied: {SCP}" if mine and not is_read(operation) else None


@dataclass(frozen=True)
class Held:
    """A test that has an environment."""

    allocation: Allocation
    caller: VerifiedCaller

    @property
    def key(self) -> EnvironmentKey:
        return self.allocation.items[0].key


class _Handlers:
    """A transport straight to the handlers, for an operator."""

    def __init__(self, app: App) -> None:
        self._app = app

    def send(self, method: str, *parts: str, body: Any = None, **_: Any) -> dict[str, Any]:
        for route in (each for each in ROUTES if (each.method, each.tree) == (method, Tree.IAM)):
            names = route.path.strip("/").split("/")
            if len(names) == len(parts) and all(n == p or n[0] == "{" for n, p in zip(names, parts, strict=True)):
                path = {n.strip("{}"): p for n, p in zip(names, parts, strict=True) if n[0] == "{"}
                event = an_event(f"{method} {route.path}", path=path, body=body, identity=an_identity("operator"))
                answer = respond(event, self._app, _HANDLES[route.function])
                assert answer["statusCode"] == 200, answer["body"]
                reply: dict[str, Any] = json.loads(answer["body"])
                return reply
        raise LookupError(parts)


_HANDLES: Final[dict[str, Any]] = {FunctionName.OPERATE: operate.handle, FunctionName.QUERY: query.handle}


class Estate(App):
    """Environments of one pool, each in an account of its own."""

    def __init__(self, size: int) -> None:
        super().__init__({})
        self.keys = [a_key(number) for number in range(1, size + 1)]
        skipped = tuple(entry.name for entry in CATALOGUE if entry.name not in TYPES)
        rules = tuple(an_iam_rule(name=f"by-{n}", roles=(TEAMS[n].role, TEAMS[n + 2].role)) for n in (0, 1))
        self.world = World(
            a_snapshot(
                *(a_registration(key, organization=ORGANIZATION) for key in self.keys),
                access=AccessRules(iam=rules, operators=(Operator(account=HUB, role="operator"),)),
                settings=settings(skipped_types=skipped),
            )
        )
        self.store, self.clock, self.ids = self.world.store, self.world.clock, self.world.ids
        self.cleaner = self.world.cleaner
        self.snapshots = MemorySnapshot(self.world.snapshot)
        self.texts = MemoryTexts()
        self.reports = Reports(self.texts)
        self.baselines = Amendments(self.texts)
        self.events = self.bus = MemoryEvents()
        self.notices = self.mail = MemoryNotices()
        self.clouds: dict[str, FakeWorld] = {key.account: FakeWorld() for key in self.keys}
        for cloud in self.clouds.values():
            cloud.now = self.clock.now
        self.accounts = EstateAccounts(self.clouds)
        self.plan_accounts = self.watching_accounts = EstateAccounts(self.clouds, plan=True)
        self._done = 0

    # --- the service --------------------------------------------------------------------------------------------------

    def run_pass(
        self,
        todo: Assignment,
        state: PassState,
        *,
        beat: Callable[[], None],
        held: Callable[[], str | None],
    ) -> PassResult:
        return run_pass(
            replace(todo, roles_used=()),
            state,
            aws=self.accounts,
            store=self.texts,
            clock=self.clock,
            beat=beat,
            held=held,
            budget=PASS_BUDGET,
            limits=Limits(workers=1),
        )

    def register(self) -> None:
        """Capture every environment, as its registration does."""
        self.world.registrar.register(self.world.snapshot)
        self.run_cleanups()

    def deploy(self, organization: Organization) -> None:
        """Put a configuration in force in which the pool has another `organization`."""
        entries = tuple(replace(each, organization=organization) for each in self.world.snapshot.environments)
        self.world.snapshot = replace(self.world.snapshot, environments=entries)
        self.snapshots = MemorySnapshot(self.world.snapshot)
        self.world.registrar.register(self.world.snapshot)

    def run_cleanups(self) -> None:
        """Run everything that was started, to its end, one after the other, and the attempts that follow."""
        while self._done < len(self.world.cleanups.started):
            order = self.world.cleanups.started[self._done]
            self._done += 1
            execute(self, order)
            row = self.world.row(order.key)
            if row.wake_at is not None and row.status is Status.CLEANING:
                self.clock.sleep(row.wake_at - self.clock.now())
                self.world.reconciler.run()

    def run_watches(self) -> None:
        """Start the scans of free environments that are due, and run them."""
        self.clock.sleep(timedelta(minutes=10 - self.clock.now().minute % 10))
        for _ in self.keys:
            self.watcher(self.world.snapshot).run()
        orders, self.world.cleanups.watched = self.world.cleanups.watched, []
        for order in orders:
            event = {"watch": order.id, "account": order.key.account, "region": order.key.region}
            watch.handle({**event, "freedAt": order.freed_at.isoformat()}, self, service_account=HUB)

    # --- those who use it ---------------------------------------------------------------------------------------------

    def allocate(self, count: int) -> list[Held]:
        """So many tests of all teams in turn."""
        callers = [TEAMS[number % len(TEAMS)] for number in range(count)]
        return [Held(self.world.allocate(caller=caller), caller) for caller in callers]

    def end(self, *tests: Held) -> None:
        """These tests end, and each environment is cleaned."""
        for held in tests:
            self.world.deallocate(held.allocation.id, caller=held.caller)
            self.run_cleanups()

    @property
    def operator(self) -> AtmosphereClient:
        """What the command line of an operator calls."""
        return cast("AtmosphereClient", OperatorsSide(cast("Transport", _Handlers(self))))

    # --- what is there ------------------------------------------------------------------------------------------------

    def root(self, key: EnvironmentKey, service: str) -> Any:
        """A client of somebody in the account whom no policy binds."""
        arn = f"arn:aws:iam::{key.account}:role/{ROLE}"
        keys: Any = boto3.client("sts", region_name=key.region).assume_role(RoleArn=arn, RoleSessionName="organization")
        return shared("root").session(keys["Credentials"]).client(service, key.region)

    def cloud(self, key: EnvironmentKey) -> FakeWorld:
        """CloudFormation in the account."""
        return self.clouds[key.account]

    def add(self, key: EnvironmentKey, stack: FakeStack) -> None:
        """Deploy a stack."""
        cloud = self.cloud(key)
        cloud.stacks[stack.id] = stack
        cloud.there |= {(part.type, part.id) for part in stack.parts if part.probe is None}

    def of_status(self, status: Status) -> list[EnvironmentKey]:
        """The environments in it."""
        return [key for key in self.keys if self.world.status(key) is status]


def trust(**principal: str) -> str:
    """A trust policy for one principal."""
    allow = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})
