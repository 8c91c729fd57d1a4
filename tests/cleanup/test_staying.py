"""What may stay of a scan: decided by who may enter it, never by what it is called."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from atmosphere.adapters.memory import FakeClock
from atmosphere.cleanup.model import GLOBAL, STACK, Resource
from atmosphere.cleanup.scan.containers import Held
from atmosphere.cleanup.scan.inventory import Inventory
from atmosphere.cleanup.scan.stacks import Stack
from atmosphere.cleanup.state.baseline import Baseline
from atmosphere.cleanup.trust import Role
from atmosphere.cleanup.verdict.classify import unmanaged_of
from atmosphere.cleanup.verdict.entering import names_role
from atmosphere.cleanup.verdict.protected import BASELINE
from atmosphere.cleanup.verdict.staying import staying
from atmosphere.core.model import AccountId, Region
from atmosphere.core.organization import Organization
from tests.cleanup.conftest import ACCOUNT, REGION
from tests.cleanup.context import a_context
from tests.cleanup.fakes import STARTED
from tests.cleanup.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.scan.containers import Containers
    from atmosphere.cleanup.verdict.staying import Staying

MANAGEMENT = AccountId("444444444444")
FOREIGN = "999999999999"
ROLE = "AWS::IAM::Role"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/AWSSSO_1_DO_NOT_DELETE"
SAML_TYPE = "AWS::IAM::SAMLProvider"
ORGANIZATION = Organization(
    management_account=MANAGEMENT,
    stack_sets=("StackSet-Landing-",),
    roles=("arn:aws:iam::*:role/stacksets-exec-*", f"arn:aws:iam::{ACCOUNT}:role/audit/Reader"),
)
EMPTY = Baseline(items={}, types=(ROLE, STACK), regions=(REGION,), captured_at=STARTED.isoformat())
"""A baseline of nothing."""


def trusts(*principals: Any) -> dict[str, Any]:
    allow = [{"Effect": "Allow", "Principal": each, "Action": "sts:AssumeRole"} for each in principals]
    return {"Version": "2012-10-17", "Statement": allow}


SERVICE = trusts({"Service": "lambda.amazonaws.com"})
BY_MANAGEMENT = trusts({"AWS": f"arn:aws:iam::{MANAGEMENT}:root"})
BY_FOREIGNER = trusts({"AWS": f"arn:aws:iam::{FOREIGN}:root"})
BY_SSO = {"Statement": {"Effect": "Allow", "Principal": {"Federated": SAML}, "Action": "sts:AssumeRoleWithSAML"}}


def role(name: str) -> Resource:
    return Resource(ROLE, name, GLOBAL)


def arn(path_and_name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{path_and_name}"


@dataclass
class Shown:
    """An account as one scan shows it."""

    roles: dict[str, Any] = field(default_factory=dict)
    """Trust policies by path and name."""
    reserved: dict[str, Any] = field(default_factory=dict)
    others: dict[Resource, str | None] = field(default_factory=dict)
    late: dict[Resource, str] = field(default_factory=dict)
    stacks: dict[str, list[Resource] | None] = field(default_factory=dict)
    """What stacks own by their names, None where it cannot be read."""
    nested: dict[str, str] = field(default_factory=dict)
    """The parents of stacks."""
    baseline: Baseline = EMPTY
    keep: tuple[str, ...] = ()
    organization: Organization = ORGANIZATION
    updated: timedelta = timedelta(hours=1)
    """When stacks were updated, after the capture."""

    def read(self, stacks: Sequence[Stack], inventory: Inventory) -> Held:
        """What `Containers` reads."""
        self.asked = [stack.name for stack in stacks]
        told = {stack.id: self.stacks[stack.name] for stack in stacks}
        return Held(
            members={identity: frozenset(items) for identity, items in told.items() if items is not None},
            roles=inventory.roles,
            unknown={identity: "Throttling" for identity, items in told.items() if items is None},
        )

    def stays(self) -> Staying:
        assignment = replace(Scene().assignment(), sweep_globals=True)
        registration = replace(assignment.registration, keep=self.keep, organization=self.organization)
        assignment = replace(assignment, registration=registration)
        context = a_context(assignment, cast("Account", None), FakeClock(STARTED), baseline=self.baseline)
        return staying(context, self._inventory(), cast("Containers", self))

    def _inventory(self) -> Inventory:
        roles, reserved = self._as_roles(self.roles), self._as_roles(self.reserved)
        return Inventory(
            stacks=tuple(self._stack(name) for name in self.stacks),
            found={**dict.fromkeys(roles, "AROA"), **self.others},
            unknown={},
            roles=roles,
            reserved=reserved,
            late=self.late,
        )

    def _stack(self, name: str) -> Stack:
        return Stack(
            id=f"id-{name}",
            name=name,
            region=REGION,
            status="CREATE_COMPLETE",
            created=STARTED - timedelta(days=1),
            updated=STARTED + self.updated,
            parent=f"id-{self.nested[name]}" if name in self.nested else None,
        )

    @staticmethod
    def _as_roles(trust: Mapping[str, Any]) -> dict[Resource, Role]:
        return {role(name.rpartition("/")[2]): Role(arn(name), document) for name, document in trust.items()}


def kept(account: Shown, item: Resource) -> str | None:
    return account.stays().kept.get(item)


# --- names exempt nothing ---------------------------------------------------------------------------------------------

NAMES = (
    "stacksets-exec-x",
    "x-controltower-y",
    "AWSControlTowerExecution",
    "OrganizationAccountAccessRole",
    "AWSServiceRoleForX",
    "AWSReservedSSO_X_1",
    "AWSCloudFormationStackSetExecutionRole",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("trust", [BY_FOREIGNER, SERVICE], ids=["foreign", "service"])
def test_a_role_does_not_stay_for_its_name(name: str, trust: Any) -> None:
    account = Shown(roles={name: trust}, organization=Organization())
    assert account.stays().reason(role(name)) is None


def test_a_stack_does_not_stay_for_its_name() -> None:
    account = Shown(stacks={"StackSet-x": []}, organization=Organization())
    assert [stack.name for stack in account.stays().leftover_stacks()] == ["StackSet-x"]


# --- what AWS reserves ------------------------------------------------------------------------------------------------


def test_a_service_linked_role_stays_and_says_why() -> None:
    account = Shown(reserved={"aws-service-role/lambda.amazonaws.com/AWSServiceRoleForX": SERVICE})
    assert kept(account, role("AWSServiceRoleForX")) == "reserved by AWS: a service-linked role"


@pytest.mark.parametrize("trust", [BY_FOREIGNER, BY_MANAGEMENT, trusts("*"), None])
def test_what_is_under_its_path_and_lets_in_anyone_else_does_not(trust: Any) -> None:
    account = Shown(reserved={"aws-service-role/lambda.amazonaws.com/AWSServiceRoleForX": trust})
    assert account.stays().reason(role("AWSServiceRoleForX")) is None


SSO = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_X_1"


def test_a_role_of_identity_center_stays_while_its_provider_is_in_the_baseline() -> None:
    provider = replace(EMPTY, items={Resource(SAML_TYPE, SAML, GLOBAL): "2026"})
    account = Shown(reserved={SSO: BY_SSO}, baseline=provider)
    assert kept(account, role("AWSReservedSSO_X_1")) == "reserved by AWS: a role of IAM Identity Center"


def test_a_role_of_identity_center_goes_with_a_provider_that_is_not() -> None:
    assert Shown(reserved={SSO: BY_SSO}).stays().reason(role("AWSReservedSSO_X_1")) is None


@pytest.mark.parametrize("trust", [SERVICE, BY_MANAGEMENT, BY_FOREIGNER])
def test_a_role_of_identity_center_that_others_enter_goes(trust: Any) -> None:
    provider = replace(EMPTY, items={Resource(SAML_TYPE, SAML, GLOBAL): "2026"})
    account = Shown(reserved={SSO: trust}, baseline=provider)
    assert account.stays().reason(role("AWSReservedSSO_X_1")) is None


# --- what the organization adds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stacksets-exec-1", "audit/Reader"])
@pytest.mark.parametrize("trust", [BY_MANAGEMENT, SERVICE], ids=["management", "service"])
def test_a_role_that_the_organization_names_stays_if_only_its_own_enter(name: str, trust: Any) -> None:
    why = kept(Shown(roles={name: trust}), role(name.rpartition("/")[2]))
    assert why is not None
    assert why.startswith("kept by organization: arn:aws:iam:")


@pytest.mark.parametrize(
    "name", ["Other", "Reader", "audit/Reader2", "x/stacksets-exec-1", "audit/stacksets-exec", "audit/x/Reader"]
)
def test_a_role_that_it_does_not_name_goes(name: str) -> None:
    assert Shown(roles={name: BY_MANAGEMENT}).stays().reason(role(name.rpartition("/")[2])) is None


@pytest.mark.parametrize(
    "trust",
    [
        BY_FOREIGNER,
        trusts({"AWS": [str(MANAGEMENT), FOREIGN]}),
        trusts("*"),
        trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        trusts({"Federated": SAML}),
        trusts({"AWS": arn("AtmosphereAdmin")}),
        None,
    ],
)
def test_a_role_that_it_names_goes_if_anyone_else_enters(trust: Any) -> None:
    stays = Shown(roles={"stacksets-exec-1": trust}).stays()
    assert stays.reason(role("stacksets-exec-1")) is None
    assert "kept by organization" in stays.refused[role("stacksets-exec-1")]


def test_the_reason_names_who_enters() -> None:
    stays = Shown(roles={"stacksets-exec-1": BY_FOREIGNER, "Other": BY_FOREIGNER}).stays()
    assert list(stays.refused) == [role("stacksets-exec-1")]
    assert FOREIGN in stays.refused[role("stacksets-exec-1")]


def test_without_a_management_account_nobody_of_one_enters() -> None:
    account = Shown(
        roles={"stacksets-exec-1": BY_MANAGEMENT}, organization=replace(ORGANIZATION, management_account=None)
    )
    assert account.stays().reason(role("stacksets-exec-1")) is None


def a_baseline_with(name: str, trust: Any) -> Baseline:
    return replace(EMPTY, items={role(name): "AROA"}, contents={role(name): {"trust": trust}})


def test_a_role_of_the_baseline_may_enter_it() -> None:
    enters = trusts({"AWS": arn("Landing")})
    account = Shown(roles={"stacksets-exec-1": enters}, baseline=a_baseline_with("Landing", BY_MANAGEMENT))
    assert kept(account, role("stacksets-exec-1"))


@pytest.mark.parametrize(
    ("name", "trust"),
    [
        ("Landing", trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),  # a test enters it as well
        ("AtmosphereAdmin", BY_MANAGEMENT),  # tests are given it
    ],
)
def test_a_role_of_the_baseline_that_tests_enter_may_not(name: str, trust: Any) -> None:
    enters = trusts({"AWS": arn(name)})
    account = Shown(roles={"stacksets-exec-1": enters}, baseline=a_baseline_with(name, trust))
    assert account.stays().reason(role("stacksets-exec-1")) is None


# --- what keep names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [f"{ROLE}:Deploy*", f"{ROLE}:Deplo?", "AWS::*:Deploy", f"{ROLE}:Deplo[y]"])
@pytest.mark.parametrize("trust", [BY_FOREIGNER, SERVICE])
def test_a_wildcard_keeps_no_identity(pattern: str, trust: Any) -> None:
    assert Shown(roles={"Deploy": trust}, keep=(pattern,)).stays().reason(role("Deploy")) is None


def test_a_role_that_is_named_exactly_stays_if_only_its_own_enter() -> None:
    assert kept(Shown(roles={"Deploy": SERVICE}, keep=(f"{ROLE}:Deploy",)), role("Deploy"))


def test_a_role_that_is_named_exactly_and_open_is_for_a_person() -> None:
    stays = Shown(roles={"Deploy": BY_FOREIGNER}, keep=(f"{ROLE}:Deploy",)).stays()
    assert role("Deploy") not in stays.kept
    trouble = stays.doubtful[role("Deploy")]
    assert trouble.code == "kept-and-open"
    assert FOREIGN in trouble.message


def test_a_user_that_is_named_exactly_is_for_a_person() -> None:
    user = Resource("AWS::IAM::User", "ci", GLOBAL)
    stays = Shown(others={user: "AIDA"}, keep=("AWS::IAM::User:ci",)).stays()
    assert user not in stays.kept
    assert user in stays.doubtful
    assert stays.reason(user) == "only a person can decide on it"
    assert "it lets someone in" in stays.doubtful[user].message


def test_other_things_stay_as_keep_says() -> None:
    bucket = Resource("AWS::S3::Bucket", "company-logs", REGION)
    assert kept(Shown(others={bucket: None}, keep=("AWS::S3::Bucket:company-*",)), bucket) == (
        "kept by AWS::S3::Bucket:company-*"
    )


# --- members follow their container -----------------------------------------------------------------------------------

QUEUE = Resource("AWS::SQS::Queue", "https://queue", REGION)
BY_KEEP = {"keep": (f"{STACK}:company-*",), "name": "company-x"}
BY_STACK_SET = {"keep": (), "name": "StackSet-Landing-1"}


def a_stack(way: dict[str, Any], *members: Resource, **account: Any) -> tuple[Shown, Resource]:
    name = way["name"]
    return Shown(stacks={name: [*members]}, keep=way["keep"], **account), Resource(STACK, name, REGION)


@pytest.mark.parametrize("way", [BY_KEEP, BY_STACK_SET], ids=["keep", "organization"])
def test_what_a_kept_stack_owns_is_kept(way: dict[str, Any]) -> None:
    account, stack = a_stack(way, QUEUE, role("Forwarder"), others={QUEUE: None}, roles={"Forwarder": SERVICE})
    stays = account.stays()
    assert stays.leftover_stacks() == []
    assert {stack, QUEUE, role("Forwarder")} <= stays.kept.keys()
    assert way["name"] in stays.kept[QUEUE]
    assert (stays.doubtful, stays.refused) == ({}, {})


@pytest.mark.parametrize("way", [BY_KEEP, BY_STACK_SET], ids=["keep", "organization"])
@pytest.mark.parametrize(
    "member",
    [
        role("Open"),
        Resource("AWS::IAM::User", "u", GLOBAL),
        Resource("AWS::IAM::AccessKey", "k", GLOBAL),
        Resource(SAML_TYPE, SAML, GLOBAL),
        Resource("AWS::IAM::OIDCProvider", "o", GLOBAL),
        Resource("AWS::RolesAnywhere::TrustAnchor", "a", REGION),
    ],
    ids=lambda member: member.type,
)
def test_a_stack_that_lets_anyone_in_goes_with_all_that_it_owns(way: dict[str, Any], member: Resource) -> None:
    account, stack = a_stack(way, QUEUE, member, others={QUEUE: None, member: None}, roles={"Open": BY_FOREIGNER})
    stays = account.stays()
    assert [each.resource for each in stays.leftover_stacks()] == [stack]
    assert stays.reason(QUEUE) is None
    assert stays.reason(member) is None
    assert list(stays.refused) == [stack]
    assert ("Open" not in member.id and member.id in stays.refused[stack]) or FOREIGN in stays.refused[stack]


def test_a_stack_that_is_named_exactly_and_open_is_for_a_person_with_all_that_it_owns() -> None:
    way = {"keep": (f"{STACK}:company-x",), "name": "company-x"}
    account, stack = a_stack(way, QUEUE, role("Open"), others={QUEUE: None}, roles={"Open": BY_FOREIGNER})
    stays = account.stays()
    assert {stack, QUEUE, role("Open")} == stays.doubtful.keys()
    assert stays.refused == {}
    assert not stays.kept.keys() & stays.doubtful.keys()
    assert FOREIGN in stays.doubtful[stack].message


def test_what_is_nested_follows_its_root() -> None:
    nested, leaf = Resource(STACK, "child", REGION), Resource("AWS::SNS::Topic", "t", REGION)
    account = Shown(stacks={"StackSet-Landing-1": [QUEUE], "child": [leaf]}, nested={"child": "StackSet-Landing-1"})
    assert {nested, leaf, QUEUE} <= account.stays().kept.keys()
    account = replace(account, stacks={**account.stacks, "child": [role("Open")]}, roles={"Open": BY_FOREIGNER})
    assert len(account.stays().leftover_stacks()) == 2


def test_a_stack_that_is_nested_does_not_stay_for_its_own_name() -> None:
    account = Shown(stacks={"mine": [], "StackSet-Landing-1": []}, nested={"StackSet-Landing-1": "mine"})
    assert len(account.stays().leftover_stacks()) == 2


def test_while_a_stack_that_may_stay_cannot_be_read_nothing_beside_it_is_a_leftover() -> None:
    elsewhere = replace(QUEUE, region=Region("eu-west-1"))
    account = Shown(stacks={"StackSet-Landing-1": None}, others={QUEUE: None, elsewhere: None})
    stays = account.stays()
    assert stays.unknown
    assert stays.leftover_stacks() == []
    assert stays.reason(QUEUE) is not None
    assert stays.reason(role("any")) is not None
    assert stays.reason(elsewhere) is None


# --- what a stack of the baseline came to own -------------------------------------------------------------------------

TOOLKIT = Resource(STACK, "CDKToolkit", REGION)
WITH_TOOLKIT = replace(EMPTY, items={TOOLKIT: "id-CDKToolkit"})


def test_what_a_stack_of_the_baseline_came_to_own_is_for_a_person() -> None:
    account = Shown(stacks={"CDKToolkit": [QUEUE]}, others={QUEUE: None}, baseline=WITH_TOOLKIT)
    stays = account.stays()
    assert stays.doubtful[QUEUE].code == "baseline-changed"
    assert "CDKToolkit" in stays.doubtful[QUEUE].message
    assert stays.leftover_stacks() == []


def test_what_it_owned_before_is_the_baseline() -> None:
    with_queue = replace(WITH_TOOLKIT, items={**WITH_TOOLKIT.items, QUEUE: None})
    account = Shown(stacks={"CDKToolkit": [QUEUE]}, others={QUEUE: None}, baseline=with_queue)
    assert account.stays().doubtful == {}


def test_what_it_owns_and_is_not_there_is_nobodys_to_decide_on() -> None:
    assert Shown(stacks={"CDKToolkit": [QUEUE]}, baseline=WITH_TOOLKIT).stays().doubtful == {}


def test_of_a_baseline_without_a_time_every_stack_may_have_changed() -> None:
    unknown = replace(WITH_TOOLKIT, captured_at=None)
    stays = Shown(stacks={"CDKToolkit": [QUEUE]}, others={QUEUE: None}, baseline=unknown).stays()
    assert stays.doubtful[QUEUE].code == "baseline-changed"


def test_a_stack_that_did_not_change_is_not_asked() -> None:
    account = Shown(stacks={"CDKToolkit": [QUEUE]}, baseline=WITH_TOOLKIT, updated=timedelta(seconds=-1))
    account.stays()
    assert account.asked == []


# --- what is a part of something else ---------------------------------------------------------------------------------

INSTANCE, VOLUME = Resource("AWS::EC2::Instance", "i", REGION), Resource("AWS::EC2::Volume", "v", REGION)


def unmanaged(account: Shown, *, owned: tuple[Resource, ...] = ()) -> set[Resource]:
    stays = account.stays()
    with_owners = replace(stays, inventory=replace(stays.inventory, owners={VOLUME: INSTANCE}))
    return unmanaged_of(with_owners, account.others, owned)


def test_a_part_goes_along_with_a_leftover() -> None:
    account = Shown(others={INSTANCE: None, VOLUME: None})
    assert unmanaged(account) == {INSTANCE}
    assert unmanaged(account, owned=(INSTANCE,)) == set()


def test_a_part_of_something_kept_is_a_leftover_by_itself() -> None:
    with_instance = replace(EMPTY, items={INSTANCE: None})
    assert unmanaged(Shown(others={INSTANCE: None, VOLUME: None}, baseline=with_instance)) == {VOLUME}


def test_a_part_of_what_is_gone_is_a_leftover_by_itself() -> None:
    assert unmanaged(Shown(others={VOLUME: None})) == {VOLUME}
    assert unmanaged(Shown(others={VOLUME: None}), owned=(INSTANCE,)) == {VOLUME}


def test_a_part_of_the_baseline_stays() -> None:
    with_both = replace(EMPTY, items={INSTANCE: None, VOLUME: None})
    assert unmanaged(Shown(others={INSTANCE: None, VOLUME: None}, baseline=with_both)) == set()


# --- who is admitted ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "inside",
    [
        {role("Runner"): None},
        {Resource("AWS::SQS::Queue", "Runner", REGION): {"trust": SERVICE}},
    ],
)
def test_only_a_role_of_the_baseline_whose_trust_is_known_is_admitted(inside: dict[Resource, Any]) -> None:
    by_runner = trusts({"AWS": arn("Runner")})
    account = Shown(roles={"stacksets-exec-1": by_runner}, baseline=replace(EMPTY, contents=inside))
    closed = replace(EMPTY, contents={role("Runner"): {"trust": SERVICE}})
    assert kept(replace(account, baseline=closed), role("stacksets-exec-1"))
    assert kept(account, role("stacksets-exec-1")) is None


def test_only_an_identity_provider_of_the_baseline_is_one() -> None:
    named_alike = replace(EMPTY, items={Resource("AWS::SNS::Topic", SAML, REGION): None})
    account = Shown(roles={"stacksets-exec-1": trusts({"Federated": SAML})}, baseline=named_alike)
    assert kept(account, role("stacksets-exec-1")) is None


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("arn:aws:iam::*:role/x/Reader", True),
        (f"arn:aws:iam::{ACCOUNT}:role/x/Rea*", True),
        ("arn:aws:iam::333333333333:role/x/Reader", False),
        ("arn:aws-cn:iam::*:role/x/Reader", False),
        ("arn:aws:iam::*:role/x/Read", False),
        ("arn:aws:iam", False),
        ("", False),
    ],
)
def test_an_entry_names_a_role_by_its_whole_arn(name: str, *, names: bool) -> None:
    assert names_role(name, arn("x/Reader")) is names


# --- baselines of older versions --------------------------------------------------------------------------------------

PROVIDER = Resource(SAML_TYPE, SAML, GLOBAL)
OLDER = replace(EMPTY, complete=False)


def at(**ago: float) -> str:
    return (STARTED - timedelta(**ago)).isoformat()


def test_what_an_older_capture_left_out_stays_if_aws_says_that_it_was_there() -> None:
    account = Shown(others={PROVIDER: "2026"}, late={PROVIDER: at(days=9)}, baseline=OLDER, reserved={SSO: BY_SSO})
    assert kept(account, PROVIDER)
    assert kept(account, role("AWSReservedSSO_X_1"))


@pytest.mark.parametrize("since", [at(days=-1), "unknown", "2026-11-01T00:00:00"])
def test_what_came_after_it_or_has_no_date_is_for_a_person(since: str) -> None:
    stays = Shown(others={PROVIDER: None}, late={PROVIDER: since}, baseline=OLDER).stays()
    assert stays.doubtful[PROVIDER].code == "no-baseline"
    assert PROVIDER not in stays.kept


@pytest.mark.parametrize("captured", [None, "", "2026-11-29T00:00:00"])
def test_a_capture_without_a_time_that_can_be_compared_vouches_for_nothing(captured: str | None) -> None:
    older = replace(OLDER, captured_at=captured)
    stays = Shown(others={PROVIDER: None}, late={PROVIDER: at(days=9)}, baseline=older).stays()
    assert stays.doubtful[PROVIDER].code == "no-baseline"


def test_what_is_in_the_baseline_stays_for_that_reason_whatever_else_is_said_of_it() -> None:
    with_provider = replace(OLDER, items={PROVIDER: None})
    assert (
        kept(Shown(others={PROVIDER: None}, late={PROVIDER: at(days=9)}, baseline=with_provider), PROVIDER) == BASELINE
    )
    item = role("stacksets-exec-1")
    with_role = replace(EMPTY, items={item: "AROA"})
    assert kept(Shown(roles={item.id: BY_MANAGEMENT}, baseline=with_role), item) == BASELINE
    stays = Shown(roles={item.id: BY_FOREIGNER}, baseline=with_role, keep=(str(item),)).stays()
    assert (stays.kept[item], stays.doubtful, stays.refused) == (BASELINE, {}, {})


def test_what_another_rule_keeps_is_not_for_a_person() -> None:
    item = role("stacksets-exec-1")
    stays = Shown(roles={item.id: BY_MANAGEMENT}, late={item: at(days=-1)}, baseline=OLDER).stays()
    assert (item in stays.kept, stays.doubtful) == (True, {})


def test_a_capture_of_today_leaves_nothing_out() -> None:
    account = Shown(others={PROVIDER: "2026"}, late={PROVIDER: at(days=9)})
    assert account.stays().reason(PROVIDER) is None
