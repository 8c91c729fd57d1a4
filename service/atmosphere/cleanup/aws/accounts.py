"""The only door to an environment's account: assumes its admin role, proves the account, guards the clients.

Every pass assumes the role anew (chained sessions last an hour at most) and every client comes from here. Nothing is
called in the account before STS has named it as the expected one.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from atmosphere import contract
from atmosphere.cleanup.aws.guard import Guard
from atmosphere.cleanup.aws.protected import Protected
from atmosphere.cleanup.aws.quotas import Rates
from atmosphere.cleanup.aws.sessions import CONFIG, Clients, loader
from atmosphere.cleanup.model import GLOBAL, Finished, Verdict
from atmosphere.faults import REFUSALS
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.aws.budget import Budget
    from atmosphere.cleanup.aws.sessions import Session
    from atmosphere.cleanup.model import Assignment
    from atmosphere.core.model import Region, RoleArn

_SESSION_SECONDS: Final = 3600
_CANARY_SECONDS: Final = 900  # the least that STS grants


def operations_of(service: str) -> frozenset[str]:
    """The operations of a service, as AWS names them."""
    return frozenset(loader().load_service_model(service, "service-2")["operations"])


class RoleUnusable(Exception):
    """STS refuses a role: it is gone, its trust policy or external id changed, or the service may not assume it."""


class Account:
    """Guarded clients of one session. Safe in threads."""

    def __init__(self, session: Session, guard: Guard, *, home: Region) -> None:
        Rates(guard.budget.clock).watch(session)  # first: the guard looks at the clock after the waiting
        guard.watch(session)
        self.session = session
        self._home = home
        self.guard = guard

    def client(self, service: str, region: Region) -> Any:
        """The boto3 client of a service in a region; global services answer in the environment's own."""
        return self.session.client(service, self._home if region == GLOBAL else region)


class Accounts:
    """Opens accounts. With `plan` whatever is opened can only be looked at."""

    def __init__(self, base: boto3.Session | None = None, *, plan: bool = False) -> None:
        self._base = base or boto3.Session()
        self._sts: dict[str, Any] = {}
        self._idle: Clients | None = None
        self._lock = Lock()
        self.plan = plan

    @classmethod
    def to_look_at(cls, profile: str | None = None) -> Accounts:
        """Accounts opened with the usual AWS chain or a profile, that nothing can be changed in."""
        return cls(boto3.Session(profile_name=profile), plan=True)

    def open(self, assignment: Assignment, budget: Budget, *, protected: Protected) -> Account | Finished:
        """The environment's account under its admin role.

        `Finished` when it is another account or its role cannot be used. Raises `Unreachable` when STS does not answer.
        """
        role = assignment.registration.cleaner_role
        if refused := _refusal(assignment, assignment.key.account) or _foreign(assignment, role):
            return refused
        name = contract.session_name(contract.CLEANUP_SESSION, assignment.key.region, assignment.allocation)
        try:
            keys = self._assume(
                role,
                name,
                external_id=assignment.registration.external_id,
                region=assignment.key.region,
                seconds=_SESSION_SECONDS,
            )
        except RoleUnusable as unusable:
            return Finished(Verdict.BLOCKED, "role-unusable", str(unusable))
        session = self.session(self._clients_of(role), keys)
        account = Account(session, self._guard(assignment, budget, protected), home=assignment.key.region)
        return _refusal(assignment, _whoami(account, assignment.key.region)) or account

    def close(self, account: Account) -> None:
        """Forget the account's keys; its clients wait for the next pass with the same role, if that is the next one."""
        account.session.close()
        with self._lock:
            self._idle = account.session.clients

    def _clients_of(self, role: RoleArn) -> Clients:
        """Those that wait if they are this role's, or new ones; others are dropped, as they take up memory."""
        with self._lock:
            idle, self._idle = self._idle, None
        return idle if idle and idle.whose == role else Clients(role)

    def canary(self, assignment: Assignment, role: RoleArn, external_id: str, budget: Budget) -> Account | Finished:
        """A read-only session like those that the test was given; `Finished` for a role of another account.

        Raises `RoleUnusable`, `Unreachable`.
        """
        if foreign := _foreign(assignment, role):
            return foreign
        name = contract.session_name(contract.TEST_SESSION, assignment.key.region, assignment.allocation)
        keys = self._assume(role, name, external_id=external_id, region=assignment.key.region, seconds=_CANARY_SECONDS)
        guard = Guard(
            may_mutate=False,
            regions=assignment.regions,
            deadline=assignment.deadline,
            budget=budget,
            protected=Protected(),
        )
        return Account(self.session(Clients(role), keys), guard, home=assignment.key.region)

    def _guard(self, assignment: Assignment, budget: Budget, protected: Protected) -> Guard:
        return Guard(
            may_mutate=not self.plan,
            only_revokes=assignment.capture_only,
            regions=assignment.regions,
            deadline=assignment.deadline,
            budget=budget,
            protected=protected,
        )

    def _assume(self, role: RoleArn, name: str, *, external_id: str, region: Region, seconds: int) -> Mapping[str, str]:
        extra = {"ExternalId": external_id} if external_id else {}
        try:
            reply = self._sts_of(region).assume_role(
                RoleArn=role, RoleSessionName=name, DurationSeconds=seconds, **extra
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in REFUSALS:
                raise RoleUnusable(
                    f"{role} cannot be assumed ({code}): its trust policy must allow the service's roles with the "
                    "environment's external id"
                ) from error
            raise Unreachable(f"STS answered {code} for {role}") from error
        except BotoCoreError as error:
            raise Unreachable(f"STS could not be reached ({type(error).__name__})") from error
        keys: Mapping[str, str] = reply["Credentials"]
        return keys

    def session(self, clients: Clients, keys: Mapping[str, str]) -> Session:
        """A session of these clients."""
        return clients.session(keys)

    def _sts_of(self, region: Region) -> Any:
        if region not in self._sts:
            self._sts[region] = self._base.client("sts", region_name=region, config=CONFIG)
        return self._sts[region]


def _whoami(account: Account, region: Region) -> str:
    try:
        identity: str = account.client("sts", region).get_caller_identity()["Account"]
    except (ClientError, BotoCoreError) as error:
        raise Unreachable("STS does not say which account the admin role is in") from error
    return identity


def _refusal(assignment: Assignment, account: str) -> Finished | None:
    if account == assignment.service_account or account in assignment.settings.blocked_accounts:
        return Finished(
            Verdict.DIRTY,
            "blocked-account",
            f"account {account} is the service's own or listed in blocked_accounts: nothing in it is ever cleaned",
        )
    if account != assignment.key.account:
        return Finished(
            Verdict.DIRTY,
            "wrong-account",
            f"the admin role is in account {account}, the environment in {assignment.key.account}: correct its role",
        )
    return None


def _foreign(assignment: Assignment, role: RoleArn) -> Finished | None:
    owner = role.split(":")[4] if role.count(":") >= 5 else ""  # noqa: PLR2004  arn:partition:iam::ACCOUNT:role/…
    if owner == assignment.key.account:
        return None
    return Finished(
        Verdict.DIRTY,
        "wrong-account",
        f"{role} is not a role of account {assignment.key.account}: correct the environment's roles",
    )
