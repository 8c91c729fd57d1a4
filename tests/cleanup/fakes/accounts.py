"""Accounts in which CloudFormation and Cloud Control are faked; whatever else is asked is moto's."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.session import Session

from atmosphere.cleanup.accounts import CONFIG, Account, Accounts
from tests.cleanup.fakes.cloudcontrol import FakeCloudControl
from tests.cleanup.fakes.cloudformation import FakeCloudFormation
from tests.cleanup.faults import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.model import Region
    from tests.cleanup.fakes.world import World


class _Shared:
    """Clients for all fake accounts, of which one is open at a time: to make clients is what takes the time."""

    def __init__(self) -> None:
        self.hooks: dict[str, Callable[..., Any]] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._session: Any = Session()
        self._session.set_credentials("x", "x", "x")
        self.keys: Any = self._session.get_credentials()  # the same object in all clients, so that its keys can change
        self._world: World | None = None
        for event in ("before-parameter-build", "before-call"):
            self._session.register(event, lambda event=event, **details: self.hooks[event](**details))
        self._session.register("before-call", self._answer)

    def open(self, account: Account, world: World) -> None:
        """From now on the clients are this account's: with its keys, watched by its guard, in this world."""
        self._world = world
        keys: Any = account._session.get_credentials()
        self.keys.access_key, self.keys.secret_key, self.keys.token = keys.access_key, keys.secret_key, keys.token
        account.guard.watch(self)  # type: ignore[arg-type]

    def _answer(self, **event: Any) -> Any:
        answer = self._world.answers.get(event["model"].name) if self._world else None
        reply = answer() if answer else None
        if reply is None:
            return None
        return (Reply(), reply.response) if isinstance(reply, ClientError) else (Reply(200), reply)

    def register(self, event: str, hook: Callable[..., Any]) -> None:
        """What a guard expects of a session."""
        self.hooks[event] = hook

    def client(self, service: str, region: str) -> Any:
        """Made once."""
        if (service, region) not in self._clients:
            self._clients[service, region] = self._session.create_client(service, region_name=region, config=CONFIG)
        return self._clients[service, region]


@cache
def _shared() -> _Shared:
    return _Shared()


class FakeAccount(Account):
    """See the module."""

    world: World

    def client(self, service: str, region: Region) -> Any:
        if service == "cloudformation":
            return FakeCloudFormation(self.world, region)
        if service == "cloudcontrol":
            return FakeCloudControl(self.world)
        return _shared().client(service, self._home if region == "global" else region)


class FakeAccounts(Accounts):
    """Opens the fake account."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def open(self, *arguments: Any, **keywords: Any) -> Account:
        account = super().open(*arguments, **keywords)
        _shared().open(account, self.world)
        account.__class__ = FakeAccount  # made anew it would be watched twice
        account.world = self.world  # type: ignore[attr-defined]
        return account
