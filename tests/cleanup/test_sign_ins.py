"""Sign-in sessions renew keys after a cut-off, so they end before it, and none is left when it is in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.aws.accounts import Account, Accounts
from atmosphere.cleanup.aws.sessions import Clients
from atmosphere.cleanup.model import Finished, PassState, Phase, Verdict
from atmosphere.cleanup.revoke.sign_ins import SignIns
from atmosphere.core.model import Region
from atmosphere.ports import Unreachable
from tests.cleanup.clients import KEYS
from tests.cleanup.conftest import ACCOUNT, EXTERNAL_ID, REGION, role_arn
from tests.cleanup.context import a_context
from tests.cleanup.fakes.sign_in import FakeSignIn, SignInSession
from tests.cleanup.scene import Scene

if TYPE_CHECKING:
    from atmosphere.cleanup.context import PassContext
    from tests.cleanup.conftest import Ground

USED = ((role_arn(), EXTERNAL_ID),)
EVERYBODY = f"arn:aws:iam::{ACCOUNT}:*"
STARTED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOW = STARTED + timedelta(hours=1)


class Regions:
    """An account whose Sign-In is another in each region."""

    def __init__(self, *clients: FakeSignIn) -> None:
        self.clients = dict(zip((REGION, Region("eu-west-1")), clients, strict=False))

    def client(self, service: str, region: Region) -> FakeSignIn:
        assert service == "signin"
        return self.clients[region]


def context(*clients: FakeSignIn, **changes: Any) -> PassContext:
    account = Regions(*clients)
    regions = tuple(account.clients)
    assignment = Scene(regions=regions).assignment()
    changed = {"roles_used": USED, "sweep_globals": True, "started": STARTED, **changes}
    return a_context(replace(assignment, **changed), cast("Any", account), FakeClock(NOW))


def sessions(count: int, principal: str = role_arn(), **more: Any) -> list[SignInSession]:
    return [SignInSession(f"session-{principal[-5:]}-{number}", principal, **more) for number in range(count)]


def test_every_session_of_an_account_of_one_s_own_ends_five_a_call() -> None:
    user = f"arn:aws:iam::{ACCOUNT}:user/mine"
    aws = FakeSignIn([*sessions(8), *sessions(4, user)])
    assert SignIns().end(context(aws)) == 12
    assert aws.active() == []
    assert [len(call["sessionArns"]) for call in aws.revocations] == [5, 5, 2]
    assert {call["principalArn"] for call in aws.revocations} == {EVERYBODY}


def test_each_region_is_asked() -> None:
    here, there = FakeSignIn(sessions(1)), FakeSignIn(sessions(2, role_arn("Other")))
    assert SignIns().end(context(here, there)) == 3
    assert (here.active(), there.active()) == ([], [])


def test_in_a_shared_account_only_those_that_a_used_role_opened_since_the_allocation_began_end() -> None:
    began = int(STARTED.timestamp())
    aws = FakeSignIn(
        [
            SignInSession("mine", role_arn(), issued=began),
            SignInSession("earlier", role_arn(), issued=began - 1),
            SignInSession("another's", role_arn("Other"), issued=began),
        ]
    )
    pathed = (f"arn:aws:iam::{ACCOUNT}:role/a/path/{role_arn().rpartition('/')[2]}", EXTERNAL_ID)
    assert SignIns().end(context(aws, sweep_globals=False, roles_used=(pathed,))) == 1
    assert aws.active() == ["earlier", "another's"]


def test_what_has_expired_or_was_revoked_before_is_not_counted() -> None:
    gone = SignInSession("gone", role_arn(), expires=int(NOW.timestamp()))
    lasting = SignInSession("lasting", role_arn(), expires=int(NOW.timestamp()) + 1)
    aws = FakeSignIn([gone, lasting])
    sign_ins = SignIns()
    assert sign_ins.end(context(aws)) == 1
    lasting.status = "ACTIVE"  # a listing from before the revocation
    assert sign_ins.end(context(aws)) == 0


def test_what_was_not_revoked_is_counted_again_and_says_why() -> None:
    aws = FakeSignIn(sessions(2, stubborn=True))
    sign_ins = SignIns()
    assert [sign_ins.end(context(aws)) for _ in range(2)] == [2, 2]
    assert sign_ins.failures == {"InternalServerException"}


def raising(error: Exception) -> FakeSignIn:
    def refused() -> None:
        raise error

    return FakeSignIn(before_listing=refused)


def an_error(code: str, status: int) -> ClientError:
    reply: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(reply, "ListSessions")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (an_error("AccessDeniedException", 400), "AccessDeniedException"),
        (an_error("ValidationException", 400), "ValidationException"),
        (an_error("UnknownOperationException", 404), "UnknownOperationException"),
        (EndpointConnectionError(endpoint_url="x"), "EndpointConnectionError"),
    ],
)
def test_where_sign_in_cannot_be_asked_the_report_says_so(error: Exception, code: str) -> None:
    sign_ins = SignIns()
    there = FakeSignIn(sessions(1))
    assert sign_ins.end(context(raising(error), there)) == 1
    assert there.active() == []
    assert sign_ins.unasked == {f"sign-in sessions@{REGION}": f"not asked for ({code})"}


@pytest.mark.parametrize(
    "error",
    [
        an_error("TooManyRequestsError", 429),
        an_error("InternalServerException", 500),
        ConnectTimeoutError(endpoint_url="x"),
    ],
)
def test_what_may_pass_by_itself_is_asked_again(error: Exception) -> None:
    with pytest.raises(Unreachable):
        SignIns().end(context(raising(error)))


def test_a_region_that_answers_later_was_asked() -> None:
    sign_ins = SignIns()
    sign_ins.end(context(raising(an_error("AccessDeniedException", 400))))
    sign_ins.end(context(FakeSignIn()))
    assert sign_ins.unasked == {}


# --- the client ---


def test_sign_in_is_asked_where_the_configuration_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    asked: list[str] = []
    session = Clients("mine").session(KEYS)

    def stop(**event: Any) -> None:
        asked.append(event["request"].url)
        raise ConnectTimeoutError(endpoint_url="stopped")

    session.register("before-send", stop)
    with pytest.raises(ConnectTimeoutError):
        session.client("signin", REGION).list_sessions()
    assert set(asked) == {"http://127.0.0.1:9/list-sessions"}


# --- a whole cleanup ---


class SigningAccounts(Accounts):
    """Accounts with a Sign-In of their own; everything else is the embedded AWS's."""

    def __init__(self, base: Any, aws: FakeSignIn) -> None:
        super().__init__(base)
        self.aws = aws

    def open(self, *arguments: Any, **keywords: Any) -> Account | Finished:
        account = super().open(*arguments, **keywords)
        if not isinstance(account, Finished):
            account.__class__ = _Signing
            account.aws = self.aws  # type: ignore[attr-defined]
        return account


class _Signing(Account):
    aws: FakeSignIn

    def client(self, service: str, region: Region) -> Any:
        return self.aws if service == "signin" else super().client(service, region)


@pytest.fixture
def signing(ground: Ground) -> tuple[Ground, FakeSignIn]:
    ground.capture(sweep_globals=True)
    aws = FakeSignIn()
    ground.accounts = SigningAccounts(ground.base, aws)
    return ground, aws


@pytest.mark.emulator
def test_sessions_end_before_the_cut_off_and_are_looked_for_after_it(signing: tuple[Ground, FakeSignIn]) -> None:
    ground, aws = signing
    denials: list[bool] = []

    def look() -> None:
        names = ground.root("iam").list_role_policies(RoleName="AtmosphereAdmin")["PolicyNames"]
        policy = f"AtmosphereRevoke-{REGION}"
        text = ground.root("iam").get_role_policy(RoleName="AtmosphereAdmin", PolicyName=policy)
        denials.append(policy in names and "2000-01-01" not in str(text["PolicyDocument"]))

    aws.sessions = sessions(1)
    aws.before_listing = look
    assert ground.clean(roles_used=USED, sweep_globals=True).verdict is Verdict.CLEAN
    assert aws.active() == []
    assert denials == [False, True]


@pytest.mark.emulator
def test_a_session_that_was_opened_in_between_takes_a_later_cut_off(signing: tuple[Ground, FakeSignIn]) -> None:
    ground, aws = signing
    listings: list[int] = []

    def sign_in() -> None:
        listings.append(len(aws.active()))
        if len(listings) == 2:
            aws.sessions.append(SignInSession("later", role_arn()))

    aws.before_listing = sign_in
    assignment = ground.assignment(roles_used=USED, sweep_globals=True)
    first = ground.one_pass(assignment)
    assert (first.verdict, first.reason, first.state.phase) == (Verdict.AGAIN, "signed-in-again", Phase.REVOKE)
    second = ground.one_pass(assignment, first.state)
    assert second.state.cut_off > first.state.cut_off  # type: ignore[operator]
    assert ground.clean(assignment).verdict is Verdict.CLEAN
    assert aws.active() == []


@pytest.mark.emulator
def test_sessions_that_come_back_again_and_again_are_dirty(signing: tuple[Ground, FakeSignIn]) -> None:
    ground, aws = signing
    aws.sessions = sessions(1, stubborn=True)
    ground.root("sqs").create_queue(QueueName="leftover")
    result = ground.clean(roles_used=USED, sweep_globals=True)
    assert (result.verdict, result.reason) == (Verdict.DIRTY, "sign-ins-remain")
    assert "InternalServerException" in ground.report(result)["explanation"]
    assert len(ground.root("sqs").list_queues()["QueueUrls"]) == 1  # nothing was deleted


@pytest.mark.emulator
def test_what_could_not_be_asked_for_is_in_the_report(signing: tuple[Ground, FakeSignIn]) -> None:
    ground, aws = signing
    aws.before_listing = raising(an_error("AccessDeniedException", 400)).before_listing
    result = ground.clean(roles_used=USED, sweep_globals=True)
    assert result.verdict is Verdict.CLEAN
    assert ground.report(result)["skipped"][f"sign-in sessions@{REGION}"] == "not asked for (AccessDeniedException)"


@pytest.mark.emulator
def test_where_no_role_was_used_nobody_is_signed_out(signing: tuple[Ground, FakeSignIn]) -> None:
    ground, aws = signing
    aws.sessions = sessions(1)
    assert ground.clean(sweep_globals=True).verdict is Verdict.CLEAN
    assert len(aws.active()) == 1


def test_a_state_that_travelled_keeps_what_could_not_be_asked_for() -> None:
    state = PassState(sign_ins=2, unasked={"a": "b"})
    assert PassState.from_json(state.to_json()) == state
