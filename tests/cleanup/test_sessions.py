"""Clients that outlive their sessions: whose keys they sign with, whose guard judges them, and who may have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.aws.budget import Budget
from atmosphere.cleanup.aws.protected import Protected
from atmosphere.cleanup.aws.sessions import Clients, SessionOver
from atmosphere.cleanup.model import Finished, MutationRefused, PassState, Verdict
from atmosphere.core.model import ADMIN, RoleArn
from tests.cleanup.conftest import REGION
from tests.cleanup.empty import EmptyAccounts
from tests.cleanup.faults import Reply
from tests.cleanup.land import TRUST, Land, LandAccounts, make_admin_role, root
from tests.cleanup.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atmosphere.cleanup.aws.accounts import Account, Accounts


def keys(name: str) -> dict[str, str]:
    return {"AccessKeyId": name, "SecretAccessKey": name, "SessionToken": name}


class Wire:
    """Answers every request, and remembers whose key signed it."""

    def __init__(self) -> None:
        self.signers: list[str] = []

    def __call__(self, request: Any, **_: Any) -> None:
        self.signers.append(request.headers["Authorization"].decode().split("Credential=")[1].split("/")[0])
        raise ClientError({"Error": {"Code": "Sent"}}, "any")


@pytest.fixture
def clients() -> Clients:
    return Clients("somebody")


def ask(client: Any) -> None:
    with pytest.raises(ClientError, match="Sent"):
        client.list_topics()


def test_a_client_is_made_once_and_signs_with_the_keys_of_the_session_that_has_it(clients: Clients) -> None:
    wire, made = Wire(), []
    for name in ("first", "second"):
        session = clients.session(keys(name))
        session.register("before-send", wire)
        made.append(session.client("sns", REGION))
        ask(made[-1])
        session.close()
    assert wire.signers == ["first", "second"]
    assert made[0] is made[1]


def test_a_client_refuses_every_call_once_its_session_is_closed(clients: Clients) -> None:
    session = clients.session(keys("first"))
    wire = Wire()
    session.register("before-send", wire)
    client = session.client("sns", REGION)
    session.close()
    with pytest.raises(SessionOver, match="open the account again"):
        client.list_topics()
    assert wire.signers == []
    assert "first" not in repr(vars(clients._session.get_credentials()))


def test_hooks_of_a_session_are_not_those_of_the_next(clients: Clients) -> None:
    old, new = Wire(), Wire()
    clients.session(keys("first")).register("before-send", old)
    later = clients.session(keys("second"))
    later.register("before-send", new)
    ask(later.client("sns", REGION))
    assert (old.signers, new.signers) == ([], ["second"])


def test_closing_a_session_that_lost_its_clients_takes_nothing_from_the_next(clients: Clients) -> None:
    earlier = clients.session(keys("first"))
    later, wire = clients.session(keys("second")), Wire()
    later.register("before-send", wire)
    earlier.close()
    ask(later.client("sns", REGION))
    assert wire.signers == ["second"]


def test_an_answer_in_place_of_aws_overrules_no_guard(clients: Clients) -> None:
    session = clients.session(keys("first"))
    session.register("before-call", lambda **_: (Reply(200), {}))
    session.register("before-call", _refuse)
    with pytest.raises(MutationRefused):
        session.client("sns", REGION).list_topics()


def _refuse(**_: Any) -> None:
    raise MutationRefused("no")


# --- accounts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def accounts() -> Accounts:
    return EmptyAccounts()


def opened(accounts: Accounts, *, role: str = "Admin") -> Account:
    assignment = Scene().assignment()
    registration = assignment.registration
    arn = RoleArn(registration.admin_role.rpartition("/")[0] + "/" + role)
    roles = {**registration.roles, ADMIN: arn}
    budget = Budget(FakeClock(), timedelta(minutes=4))
    account = accounts.open(
        replace(
            assignment, registration=replace(registration, roles=roles), deadline=budget.now() + timedelta(hours=1)
        ),
        budget,
        protected=Protected(),
    )
    assert not isinstance(account, Finished)
    return account


def test_the_next_pass_with_a_role_takes_over_its_clients(accounts: Accounts) -> None:
    first = opened(accounts)
    client = first.client("sns", REGION)
    accounts.close(first)
    second = opened(accounts)
    assert second.client("sns", REGION) is client
    client.delete_topic(TopicArn="arn:aws:sns:us-east-1:222222222222:leftover")
    assert (first.guard.count, second.guard.count) == (0, 1)


def test_passes_at_the_same_time_have_clients_of_their_own(accounts: Accounts) -> None:
    assert opened(accounts).client("sns", REGION) is not opened(accounts).client("sns", REGION)


def test_another_role_has_other_clients_and_those_that_waited_are_dropped(accounts: Accounts) -> None:
    first = opened(accounts)
    client = first.client("sns", REGION)
    accounts.close(first)
    other = opened(accounts, role="Other")
    assert other.client("sns", REGION) is not client
    accounts.close(other)
    assert opened(accounts).client("sns", REGION) is not client


# --- the engine -------------------------------------------------------------------------------------------------------


class Remembered(LandAccounts):
    """Keeps what it opened."""

    opened: Account

    def open(self, *arguments: Any, **keywords: Any) -> Account | Finished:
        account = super().open(*arguments, **keywords)
        assert not isinstance(account, Finished)
        self.opened = account
        return account


@pytest.fixture
def land() -> Iterator[Land]:
    with mock_aws():
        make_admin_role()
        yield Land("AWS::SQS::Queue", "AWS::IAM::Role")


def test_a_pass_that_ended_can_call_nothing_any_more(land: Land) -> None:
    accounts = land.faulty(Remembered)
    assert land.clean().verdict is Verdict.CLEAN
    with pytest.raises(SessionOver):
        accounts.opened.client("sqs", REGION).list_queues()


def test_nor_can_one_that_was_superseded(land: Land) -> None:
    accounts = land.faulty(Remembered)
    root("iam").create_role(RoleName="leftover", AssumeRolePolicyDocument=TRUST)  # before it goes, a beat confirms
    land.beat = _superseded_once_open(accounts)
    with pytest.raises(Superseded):
        land.one_pass(PassState())
    with pytest.raises(SessionOver):
        accounts.opened.client("sqs", REGION).list_queues()


class Superseded(Exception):
    """What a beat raises."""


def _superseded_once_open(accounts: Remembered) -> Callable[[], None]:
    def beat() -> None:
        if hasattr(accounts, "opened"):
            raise Superseded

    return beat
