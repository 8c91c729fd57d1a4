"""Who may do what, as tables; whatever is not plainly allowed is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core import access
from atmosphere.core.access import AccessRules, IamRule, Operator, VerifiedCaller, caller_from_arn, caller_from_run
from atmosphere.core.errors import Forbidden, UnknownAllocation
from atmosphere.core.model import AccountId, OwnerKey, PoolName, RuleName
from tests.builders import a_github_rule, a_run, an_allocation

if TYPE_CHECKING:
    from atmosphere.core.github_rules import GitHubRule

_HUB: Final = "111111111111"
_OTHER: Final = "999999999999"
_SESSION: Final = f"arn:aws:sts::{_HUB}:assumed-role/runner/GitHubActions"


@pytest.mark.parametrize(
    ("arn", "role", "owner"),
    [
        (_SESSION, "runner", f"iam:{_HUB}:role/runner"),
        (f"arn:aws:sts::{_HUB}:assumed-role/runner/i-0123456789abcdef0", "runner", f"iam:{_HUB}:role/runner"),
        (f"arn:aws-cn:sts::{_HUB}:assumed-role/runner/session", "runner", f"iam:{_HUB}:role/runner"),
        (
            f"arn:aws-us-gov:sts::{_HUB}:assumed-role/a+b=c,d.e@f-g/s@x",
            "a+b=c,d.e@f-g",
            f"iam:{_HUB}:role/a+b=c,d.e@f-g",
        ),
        (f"arn:aws:iam::{_HUB}:user/jane", None, f"iam:arn:aws:iam::{_HUB}:user/jane"),
        (f"arn:aws:iam::{_HUB}:user/team/jane", None, f"iam:arn:aws:iam::{_HUB}:user/team/jane"),
        (f"arn:aws:iam::{_HUB}:root", None, f"iam:arn:aws:iam::{_HUB}:root"),
    ],
)
def test_a_verified_arn_becomes_a_caller(arn: str, role: str | None, owner: str) -> None:
    caller = VerifiedCaller(account=AccountId(_HUB), owner=OwnerKey(owner), role=role, arn=arn)
    assert caller_from_arn(_HUB, arn) == caller
    assert caller.asked_by == arn


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "*",
        "anonymous",
        f"arn:aws:sts::{_OTHER}:assumed-role/runner/s1",
        f"arn:aws:iam::{_OTHER}:user/jane",
        f"arn:aws:iam::{_OTHER}:root",
        f"arn:aws:iam::{_HUB}:role/runner",
        f"arn:aws:sts::{_HUB}:assumed-role/runner",
        f"arn:aws:sts::{_HUB}:assumed-role/runner/",
        f"arn:aws:sts::{_HUB}:assumed-role//session",
        f"arn:aws:sts::{_HUB}:assumed-role/path/runner/session",
        f"arn:aws:sts::{_HUB}:assumed-role/runner/s1/more",
        f"arn:aws:sts::{_HUB}:assumed-role/runner/s1\n",
        f"\narn:aws:sts::{_HUB}:assumed-role/runner/s1",
        f"arn:aws:sts::{_HUB}:assumed-role/{'r' * 65}/s1",
        f"arn:aws:sts::{_HUB}:assumed-role/run ner/s1",
        f"arn:aws:sts::{_HUB}:assumed-role/*/s1",
        f"arn:aws:sts::{_HUB}:federated-user/jane",
        f"arn:aws:sts::{_HUB[:-1]}:assumed-role/runner/s1",
        f"arn:aws:sts:eu-west-1:{_HUB}:assumed-role/runner/s1",
        f"arn:AWS:sts::{_HUB}:assumed-role/runner/s1",
        f"arn:evil:sts::{_HUB}:assumed-role/runner/s1",
        f"arn:aws:iam::{_HUB}:user/",
        f"arn:aws:iam::{_HUB}:rootkit",
        f"arn:aws:iam::{_HUB}:assumed-role/runner/s1",
        f"arn:aws:sts::{_HUB}:user/jane",
        _SESSION.upper(),
    ],
)
def test_an_odd_arn_is_nobody(arn: str) -> None:
    with pytest.raises(Forbidden):
        caller_from_arn(_HUB, arn)


def _rule(name: str = "all", **changes: Any) -> IamRule:
    defaults: dict[str, Any] = {"account": AccountId(_HUB), "pools": (PoolName("canary"),)}
    return IamRule(name=RuleName(name), **(defaults | changes))


def _caller(role: str | None = "runner", account: str = _HUB) -> VerifiedCaller:
    return VerifiedCaller(account=AccountId(account), owner=OwnerKey(f"iam:{account}:{role}"), role=role)


@pytest.mark.parametrize(
    ("rules", "caller", "pool", "by"),
    [
        ((), _caller(), "canary", None),
        ((_rule(),), _caller(), "canary", "all"),
        ((_rule(),), _caller(role=None), "canary", "all"),
        ((_rule(),), _caller(), "Canary", None),
        ((_rule(),), _caller(), "other", None),
        ((_rule(pools=()),), _caller(), "canary", None),
        ((_rule(),), _caller(account=_OTHER), "canary", None),
        ((_rule(roles=("runner",)),), _caller(), "canary", "all"),
        ((_rule(roles=("runner",)),), _caller(role="runner2"), "canary", None),
        ((_rule(roles=("runner",)),), _caller(role="Runner"), "canary", None),
        ((_rule(roles=("runner",)),), _caller(role=None), "canary", None),
        ((_rule("first", roles=("x",)), _rule("second"), _rule("third")), _caller(), "canary", "second"),
        ((_rule("first", pools=(PoolName("x"),)), _rule("second")), _caller(), "canary", "second"),
    ],
)
def test_the_first_rule_that_names_caller_and_pool_rules(
    rules: tuple[IamRule, ...], caller: VerifiedCaller, pool: str, by: str | None
) -> None:
    if by is None:
        with pytest.raises(Forbidden):
            access.rule_for(AccessRules(iam=rules), caller, PoolName(pool))
    else:
        assert access.rule_for(AccessRules(iam=rules), caller, PoolName(pool)).name == by


_RULES: Final = AccessRules(
    iam=(_rule(roles=("runner",)),), operators=(Operator(account=AccountId(_HUB), role="operator"),)
)


@pytest.mark.parametrize(
    ("caller", "known", "operator"),
    [
        (_caller("runner"), True, False),
        (_caller("operator"), True, True),
        (_caller("operator", _OTHER), False, False),
        (_caller("stranger"), False, False),
        (_caller(None), False, False),
        (_caller("runner", _OTHER), False, False),
    ],
)
def test_callers_are_known_by_rule_or_as_operators(*, caller: VerifiedCaller, known: bool, operator: bool) -> None:
    assert access.is_operator(_RULES, caller) is operator
    for allowed, ask in ((known, access.known), (operator, access.operators_only)):
        if allowed:
            ask(_RULES, caller)
        else:
            with pytest.raises(Forbidden):
                ask(_RULES, caller)


def test_an_operator_may_not_allocate_unless_a_rule_says_so() -> None:
    with pytest.raises(Forbidden):
        access.rule_for(_RULES, _caller("operator"), PoolName("canary"))


def test_nobody_is_known_where_nothing_is_configured() -> None:
    for role in ("runner", "operator", None):
        with pytest.raises(Forbidden):
            access.known(AccessRules(), _caller(role))


def test_an_allocation_is_visible_to_its_owner_and_to_operators_and_unknown_to_all_others() -> None:
    own = an_allocation(owner=_caller("runner").owner)
    assert access.visible(own, _RULES, _caller("runner")) is own
    assert access.visible(own, _RULES, _caller("operator")) is own
    refusals = []
    for found, caller in ((own, _caller("stranger")), (None, _caller("stranger")), (None, _caller("operator"))):
        with pytest.raises(UnknownAllocation) as refused:
            access.visible(found, _RULES, caller)
        refusals.append(refused.value.message)
    assert len(set(refusals)) == 1


def test_an_operator_owns_no_one_elses_allocation() -> None:
    """Credentials go to the owner only (`owned` guards the refresh)."""
    with pytest.raises(UnknownAllocation):
        access.owned(an_allocation(owner=_caller("runner").owner), _caller("operator"))


def test_the_accounts_of_the_resource_policy_are_those_of_rules_and_operators() -> None:
    rules = AccessRules(iam=(_rule(),), operators=(Operator(account=AccountId(_OTHER), role="x"),))
    assert rules.accounts == (_HUB, _OTHER)


# --- workflow runs ------------------------------------------------------------------------------------------------

_APP: Final = a_github_rule()


def _run(rules: tuple[str, ...] = ("app",), **run: Any) -> VerifiedCaller:
    return caller_from_run(a_run(**run), tuple(RuleName(name) for name in rules))


@pytest.mark.parametrize(
    ("rules", "caller", "pool", "by"),
    [
        ((_APP,), _run(), "canary", "app"),
        ((_APP,), _run(), "other", None),
        ((), _run(), "canary", None),
        ((_APP,), _run(()), "canary", None),
        ((_APP,), _run(("gone",)), "canary", None),
        ((_APP,), _run(("gone", "app")), "canary", "app"),
        ((_APP,), _run(repository_id="900000002"), "canary", None),
        ((_APP,), _run(issuer="https://token.actions.githubusercontent.com/acme"), "canary", None),
        ((_APP,), _run(repository="acme/renamed"), "canary", "app"),
        ((_APP, a_github_rule(name="second")), _run(("second",)), "canary", "second"),
        ((a_github_rule(pools=("x",)), a_github_rule(name="second")), _run(("app", "second")), "canary", "second"),
        ((_APP,), _caller(), "canary", None),
    ],
)
def test_a_run_is_let_in_by_the_rules_that_its_token_matched(
    rules: tuple[GitHubRule, ...], caller: VerifiedCaller, pool: str, by: str | None
) -> None:
    access_rules = AccessRules(github=rules)
    if by is None:
        with pytest.raises(Forbidden):
            access.rule_for(access_rules, caller, PoolName(pool))
    else:
        assert access.rule_for(access_rules, caller, PoolName(pool)).name == by
        assert pool in access.pools_of(access_rules, caller)
        access.known(access_rules, caller)


def test_rules_of_one_tree_say_nothing_of_the_other() -> None:
    rules = AccessRules(iam=(_rule("app"),), github=(a_github_rule(name=RuleName("all")),))
    with pytest.raises(Forbidden):
        access.known(rules, _run(("app",)))
    assert access.rule_for(rules, _caller(), PoolName("canary")) is rules.iam[0]
    assert access.rule_for(rules, _run(("all",)), PoolName("canary")) is rules.github[0]


def test_a_run_is_never_an_operator() -> None:
    rules = AccessRules(github=(_APP,), operators=(Operator(account=AccountId(""), role=""),))
    assert not access.is_operator(rules, _run())


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"run_attempt": "2"}, True),
        ({"check_run_id": "1"}, True),
        ({"repository": "acme/renamed"}, True),
        ({"ref": "refs/heads/other", "event": "schedule", "actor": "x", "workflow": "y"}, True),
        ({"run_id": "7000000002"}, False),
        ({"repository_id": "900000002"}, False),
        ({"issuer": "https://token.actions.githubusercontent.com/acme"}, False),
        ({"repository_id": "90000000", "run_id": "17000000001"}, False),
    ],
)
def test_a_run_is_one_owner_whatever_its_attempt_and_job(*, other: dict[str, Any], same: bool) -> None:
    assert (_run(**other).owner == _run().owner) is same


def test_no_run_shares_an_owner_with_a_session() -> None:
    run = _run(issuer="iam", repository_id=_HUB)
    assert run.owner.startswith("github:")
    assert not _caller().owner.startswith("github:")


@pytest.mark.parametrize(("ref", "asked_by"), [("refs/tags/v1", "acme/app@refs/tags/v1"), ("", "acme/app")])
def test_a_run_is_told_by_its_repository_and_ref(ref: str, asked_by: str) -> None:
    assert _run(ref=ref).asked_by == asked_by
