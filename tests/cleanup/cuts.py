"""An environment whose cleanups die at any call that leaves the process: to AWS, to the bucket, to the tables.

The function, the operations and the engine are the real ones; AWS is moto's. What unwinds in a process that has died
finds every call dead. Keys of tests are refused once a policy denies them, as moto refuses no one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from moto.moto_api._internal import mock_random

from atmosphere.adapters.memory.passing import EPOCH
from atmosphere.cleanup import watching
from atmosphere.cleanup.aws.guard import is_read
from atmosphere.cleanup.baseline.amendments import Amendments
from atmosphere.cleanup.engine import run_pass
from atmosphere.cleanup.limits import Limits
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.core.model import AllocationId, Status
from atmosphere.handlers import reconcile, watch
from atmosphere.wiring import PASS_BUDGET
from tests.builders import HUB, ROLE, an_environment
from tests.cleanup.estate import TEAMS, Estate, EstateAccounts, trust
from tests.cleanup.executing import execute
from tests.cleanup.fakes.world import refuse
from tests.cleanup.land import POLICY, LandAccount
from tests.operations.line import Line, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.aws.sessions import Session
    from atmosphere.cleanup.engine import PassResult
    from atmosphere.cleanup.model import Assignment, Finished, PassState
    from atmosphere.core.model import EnvironmentKey, Region
    from atmosphere.ports import CleanupOrder
    from tests.operations.line import Line

SCAN: Final = AllocationId("77777777-2222-4333-8444-555555555555")
_ENOUGH_MINUTES: Final = 60


class LinedAccount(LandAccount):
    """Also what is faked of AWS is on the line."""

    line: Line

    def client(self, service: str, region: Region) -> Any:
        """See `Account`."""
        client = super().client(service, region)
        return Lined(client, self.line) if service in {"cloudformation", "cloudcontrol", "signin"} else client


class Lined:
    """A fake client whose calls pass a line; all pages of a listing are one."""

    def __init__(self, client: Any, line: Line) -> None:
        self._client = client
        self._line = line

    def can_paginate(self, operation: str) -> bool:
        """See boto3."""
        return bool(self._client.can_paginate(operation))

    def get_paginator(self, operation: str) -> Any:
        """See boto3."""
        return Lined(self._client.get_paginator(operation), self._line) if operation else None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found
        return lambda *parts, **named: self._line.carry(name, lambda: found(*parts, **named))


class Canary(LinedAccount):
    """A session of a test's kind: refused once a policy of its role denies what was issued when it was."""

    refused: Callable[[], bool]

    def client(self, service: str, region: Region) -> Any:
        """See `Account`."""
        client = super().client(service, region)
        return Refusing(client, self.refused) if service == "cloudformation" else client


@dataclass
class Refusing:
    """A client whose every call is refused while `refused`."""

    behind: Any
    refused: Callable[[], bool]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.behind, name)

        def call(**named: Any) -> Any:
            answer = found(**named)
            if self.refused():
                raise refuse("AccessDenied", "with an explicit deny in an identity-based policy")
            return answer

        return call


class LinedAccounts(EstateAccounts):
    """The accounts as the service opens them, each call on the line."""

    def __init__(self, line: Line, estate: CutEstate, *, plan: bool = False) -> None:
        super().__init__(estate.clouds, plan=plan)
        self.line = line
        self._estate = estate
        self._base.events.register("before-call.sts", self._sent)
        self._base.events.register("after-call.sts", self._answered)

    def watch(self, session: Session) -> None:
        """See `FaultyAccounts`."""
        session.register("before-call", self._sent)
        super().watch(session)
        session.register("after-call", self._answered)

    def canary(self, assignment: Assignment, *arguments: Any, **keywords: Any) -> Account | Finished:
        """See `Accounts`."""
        account, issued = super().canary(assignment, *arguments, **keywords), self._estate.clock.now()
        if isinstance(account, LinedAccount):
            account.__class__ = Canary
            account.refused = lambda: denies(self._estate, issued)  # type: ignore[attr-defined]
        return account

    def _sent(self, **event: Any) -> None:
        event["context"]["trap"] = self.line.sent(event["model"].name)

    def _answered(self, **event: Any) -> None:
        operation = event["model"].name
        if not is_read(operation) and event["model"].service_model.service_name != "sts":
            self._estate.changed.append(operation)
            if operation.startswith("Delete") and not denies(self._estate, self._estate.tested_at):
                self._estate.early.append(operation)
        self.line.answered(operation, event["context"].get("trap"))

    def _at(self, key: EnvironmentKey, account: Account | Finished) -> Account | Finished:
        at = super()._at(key, account)
        if isinstance(at, LandAccount):
            at.__class__ = LinedAccount
            at.line = self.line  # type: ignore[attr-defined]
        return at


def denies(estate: Estate, issued: datetime) -> bool:
    """Whether the admin role denies what was issued then, as IAM reads its inline policies."""
    iam = estate.root(estate.keys[0], "iam")
    for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        for statement in iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"]["Statement"]:
            before = statement["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
            if statement["Effect"] == "Deny" and issued < datetime.fromisoformat(before):
                return True
    return False


class CutEstate(Estate):
    """One environment; from `lined` on all that its functions call is on the world's line."""

    def __init__(self) -> None:
        super().__init__(1)
        mock_random.seed(1)  # the ids that moto makes: the same account each time
        (self.key,) = self.keys
        self.tested_at = self.clock.now()
        self.root(self.key, "iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust(AWS=HUB))
        self.root(self.key, "sqs").create_queue(QueueName="needed")
        self.line = line = self.world.line
        self.kept = self.texts = MemoryTexts()
        for name in ("texts", "reports", "events", "notices", "snapshots"):
            setattr(self, name, Watched(getattr(self, name), line))
        self.baselines = Amendments(self.texts)
        self.early: list[str] = []  # deletions while keys of the test still worked (P4)
        self.changed: list[str] = []  # what had an effect
        self.start()

    def start(self) -> None:
        """A new process: it knows nothing of the one before."""
        self.line.lay(None)
        self.accounts = LinedAccounts(self.line, self)
        self.plan_accounts = LinedAccounts(self.line, self, plan=True)

    def run_pass(
        self, todo: Assignment, state: PassState, *, beat: Callable[[], None], held: Callable[[], str | None]
    ) -> PassResult:
        """The engine, one call after the other."""
        return run_pass(
            todo,
            state,
            aws=self.accounts,
            store=self.texts,
            clock=self.clock,
            beat=beat,
            held=held,
            budget=PASS_BUDGET,
            limits=Limits(workers=1),
        )

    def scan(self) -> None:
        """One scan of the environment, which is free."""
        row = self.world.row(self.key)
        assert row.freed_at is not None
        event = {"watch": SCAN, "account": self.key.account, "region": self.key.region}
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(watching, "Limits", lambda: Limits(workers=1))
            watch.handle({**event, "freedAt": row.freed_at.isoformat()}, self, service_account=HUB)

    def settle(self) -> None:
        """Time passes: the reconciler runs every minute, and the cleanups that it starts run to their end."""
        for _ in range(_ENOUGH_MINUTES):
            row = self.world.row(self.key)
            if row.status not in {Status.CLEANING, Status.IN_USE}:
                break
            done = len(self.world.cleanups.started)
            reconcile.handle(self)
            for order in self.world.cleanups.started[done:]:
                execute(self, order)
            self.clock.sleep(timedelta(seconds=60))
        self.clock.sleep(timedelta(minutes=5))
        reconcile.measure(self)

    # --- what is there ------------------------------------------------------------------------------------------------

    def captured(self, texts: Mapping[str, str]) -> None:
        """Free since just now, with what an earlier capture of the same account wrote."""
        self.kept.texts.update(texts)
        registered = self.world.snapshot.environments[0]
        self.world.put(an_environment(self.key, registered=registered, since=EPOCH, freed_at=EPOCH))

    def used(self) -> CleanupOrder:
        """A test had it and left a queue, a role with a policy and a log group; what is to be cleaned."""
        held = self.world.allocate(caller=TEAMS[0])
        self.tested_at = self.clock.now()
        self.clock.sleep(timedelta(minutes=1))
        self._leave()
        self.world.deallocate(held.id, caller=TEAMS[0])
        return self.world.cleanups.started[-1]

    def _leave(self) -> None:
        root = partial(self.root, self.key)
        root("sqs").create_queue(QueueName="left")
        root("logs").create_log_group(logGroupName="left")
        root("iam").create_role(RoleName="left", AssumeRolePolicyDocument=trust(AWS=HUB))
        root("iam").put_role_policy(RoleName="left", PolicyName="inline", PolicyDocument=POLICY)

    def there(self) -> set[str]:
        """The names of everything in the account."""
        root = partial(self.root, self.key)
        names = {url.rpartition("/")[2] for url in root("sqs").list_queues().get("QueueUrls", ())}
        names |= {role["RoleName"] for role in root("iam").list_roles()["Roles"]}
        return names | {group["logGroupName"] for group in root("logs").describe_log_groups()["logGroups"]}
