"""What a seed is, and the accounts that seeds are sown in: moto's, in process, or the embedded AWS.

A seed makes one resource as a test would leave it: with its protections on, and with whatever stands in the way of its
deletion. Rules that AWS has and the account's backend has not are told here, so that a step of the catalogue that is
there because of such a rule cannot be lost unnoticed. Seeds may share an account: their names are their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore import xform_name
from botocore.exceptions import ClientError

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.aws.accounts import Account
from atmosphere.cleanup.aws.budget import Budget
from atmosphere.cleanup.aws.guard import Guard
from atmosphere.cleanup.aws.protected import Protected
from atmosphere.cleanup.aws.sessions import Clients as RoleClients
from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.model import GLOBAL
from tests.cleanup.conftest import ACCOUNT, REGION
from tests.cleanup.faults import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atmosphere.cleanup.catalogue.base import ResourceType
    from atmosphere.core.model import Region


class Clients(Protocol):
    """The unguarded boto3 clients: what the test's own calls are."""

    def __call__(self, service: str, region: Region = REGION) -> Any:
        """The client of a service."""


TYPES: Final[Mapping[str, ResourceType]] = {entry.name: entry for entry in CATALOGUE}


class Backend(StrEnum):
    """Where a seed is sown."""

    MOTO = "moto"
    EMULATOR = "emulator"


@dataclass(frozen=True, slots=True)
class Rule:
    """A refusal of AWS's that the backend does not know: the operation of its service answers `code` while `holds`.

    `holds` is asked with the unguarded clients and the call's parameters.
    """

    operation: str
    code: str
    holds: Callable[[Clients, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True)
class StandIn:
    """Answers operations that the backend lacks or gets wrong, for the service of that boto3 name.

    `make` makes an object of a real class, from nothing (settled: it gets no clients) and anew for each account. Its
    methods are named as boto3's: they take the checked parameters and return the parsed reply, or raise
    `fakes.world.refuse(code, message)`. Operations without a method are the backend's, and so are those that return
    None.
    """

    service: str
    make: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """How one resource of a type of the catalogue is made. `make` returns CloudFormation's physical id.

    `what` tells the seeds of one type apart. `running`, for types that freeze, says whether it still does things by
    itself. `others` counts the further resources of the type that `make` leaves listed beside it. `spare` are steps of
    the type, by operation (and `-INDEX`, where several have it), that a deletion of ours can do without: they serve
    CloudFormation's. `clears` are those that this seed is about: they are needed with it, and no other step is.
    """

    type: str
    make: Callable[[Clients], str]
    what: str = ""
    rules: tuple[Rule, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()
    on: Backend = Backend.MOTO
    running: Callable[[Clients, str], object] | None = None
    others: int = 0
    spare: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()

    @property
    def entry(self) -> ResourceType:
        """The type in the catalogue."""
        return TYPES[self.type]

    @property
    def region(self) -> Region:
        """Where the type is listed."""
        return GLOBAL if self.entry.scope is Scope.GLOBAL else REGION


class Plot:
    """An account that seeds are sown in: unguarded clients for the test, a guarded account for the cleanup.

    Made once for a backend and used by test after test, as making clients is what takes the time. Its clock is a fake
    one, so that nobody waits for the pace that services are called at.
    """

    def __init__(self, keys: Mapping[str, str] | None = None) -> None:
        self._rules: dict[tuple[str, str], list[Rule]] = {}
        self._stand_ins: dict[str, list[object]] = {}
        keys = keys or {"AccessKeyId": ACCOUNT, "SecretAccessKey": "test", "SessionToken": ""}
        self._session = RoleClients("seeds").session(keys)
        self._session.register("before-parameter-build", self._remember)
        self._session.register("before-call", self._stand_in)
        guarded = RoleClients("cleanup").session(keys)
        self.budget = Budget(FakeClock(datetime.now(UTC)), timedelta(days=1))
        guard = Guard(
            may_mutate=True,
            regions=(REGION,),
            deadline=self.budget.now() + timedelta(days=1),
            budget=self.budget,
            protected=Protected(),
        )
        self.account = Account(guarded, guard, home=REGION)
        self.govern(guarded)

    def govern(self, session: Any) -> None:
        """Let the rules and fakes of what is sown hold for a session, too."""
        session.register("before-parameter-build", self._remember)
        session.register("before-call", self._rule)
        session.register("before-call", self._stand_in)

    def begin(self, *seeds: Seed) -> None:
        """Forget the rules and fakes of what was sown before, and take up those of these seeds."""
        self._rules, self._stand_ins = {}, {}
        for seed in seeds:
            for rule in seed.rules:
                self._rules.setdefault((seed.entry.service, rule.operation), []).append(rule)
        for stand_in in dict.fromkeys(each for seed in seeds for each in seed.stand_ins):
            self._stand_ins.setdefault(stand_in.service, []).append(stand_in.make())

    def client(self, service: str, region: Region = REGION) -> Any:
        """See `Clients`."""
        return self._session.client(service, region)

    def changes(self) -> int:
        """How many calls that change something went through the guard so far."""
        return self.account.guard.count

    def _remember(self, **event: Any) -> None:
        event["context"]["asked"] = dict(event["params"])

    def _rule(self, **event: Any) -> Any:
        asked, model = event["context"]["asked"], event["model"]
        for rule in self._rules.get((model.service_model.service_name, model.name), ()):
            if rule.holds(self.client, asked):
                return _refusal({"Error": {"Code": rule.code, "Message": "AWS's rule, told in the seed"}})
        return None

    def _stand_in(self, **event: Any) -> Any:
        model = event["model"]
        for stand_in in self._stand_ins.get(model.service_model.service_name, ()):
            method = getattr(stand_in, xform_name(model.name), None)
            try:
                reply = method(**event["context"]["asked"]) if method else None
            except ClientError as error:
                return _refusal(error.response)
            if reply is not None:
                return Reply(200), reply
        return None


def _refusal(response: Mapping[str, Any]) -> Any:
    return Reply(), {**response, "ResponseMetadata": {"HTTPStatusCode": 400}}
