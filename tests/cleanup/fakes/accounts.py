"""Accounts in which CloudFormation, Cloud Control and Sign-In are faked; whatever else is asked is moto's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from atmosphere.cleanup.aws.accounts import Account, Accounts
from atmosphere.cleanup.model import Finished
from tests.cleanup.clients import shared
from tests.cleanup.fakes.cloudcontrol import FakeCloudControl
from tests.cleanup.fakes.cloudformation import FakeCloudFormation
from tests.cleanup.fakes.sign_in import FakeSignIn
from tests.cleanup.faults import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.aws.sessions import Clients, Session
    from atmosphere.core.model import Region
    from tests.cleanup.fakes.world import World


class FakeAccount(Account):
    """See the module."""

    world: World

    def client(self, service: str, region: Region) -> Any:
        if service == "cloudformation":
            return FakeCloudFormation(self.world, region)
        if service == "cloudcontrol":
            return FakeCloudControl(self.world)
        if service == "signin":
            return FakeSignIn()
        return super().client(service, region)


class FakeAccounts(Accounts):
    """Opens the fake account."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def session(self, _clients: Clients, keys: Mapping[str, str]) -> Session:
        session = shared("fake").session(keys)
        session.register("before-call", self._answer)
        return session

    def _answer(self, **event: Any) -> Any:
        answer = self.world.answers.get(event["model"].name)
        reply = answer() if answer else None
        if reply is None:
            return None
        return (Reply(), reply.response) if isinstance(reply, ClientError) else (Reply(200), reply)

    def open(self, *arguments: Any, **keywords: Any) -> Account | Finished:
        account = super().open(*arguments, **keywords)
        if isinstance(account, Finished):
            return account
        account.__class__ = FakeAccount  # made anew it would be watched twice
        account.world = self.world  # type: ignore[attr-defined]
        return account
