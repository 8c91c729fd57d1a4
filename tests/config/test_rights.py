"""Access before and after is told by principal and pool, whatever rules are called or how they are split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from atmosphere.config.load import load
from atmosphere.config.plan import Kind, Standing, plan
from atmosphere.config.rights import AccessChange, Verb, access_changes
from atmosphere.core.access import AccessRules, IamRule, Operator
from atmosphere.core.github import GITHUB_COM, Issuer, RepositoryId
from atmosphere.core.github_rules import GitHubRule
from atmosphere.core.model import AccountId, PoolName, RuleName, Status
from atmosphere.core.snapshot import Snapshot, to_json
from tests.builders import a_key, a_registration
from tests.config.conftest import EXAMPLES

if TYPE_CHECKING:
    from tests.config.conftest import Configuration

ACCOUNT = AccountId("111111111111")
ROLE = "account 111111111111, role runner"
WHOLE = "account 111111111111, every principal"
REPOSITORY = "repository o/r (id 12 of owner 3)"


def iam(*pools: str, name: str = "rule", roles: tuple[str, ...] = ("runner",)) -> IamRule:
    return IamRule(name=RuleName(name), account=ACCOUNT, pools=tuple(map(PoolName, pools)), roles=roles)


def github(*pools: str, **more: object) -> GitHubRule:
    told: dict[str, object] = {
        "name": RuleName("workflows"),
        "issuer": Issuer(GITHUB_COM),
        "repository_id": RepositoryId("12"),
        "repository_owner_id": "3",
        "repository": "o/r",
        "pools": tuple(map(PoolName, pools)),
        "events": ("push",),
    }
    return GitHubRule(**{**told, **more})  # type: ignore[arg-type]


def said(old: AccessRules, new: AccessRules) -> list[tuple[str, Verb, str]]:
    return [(change.who, change.verb, change.pool) for change in access_changes(old, new)]


def test_a_pool_more_and_a_pool_less() -> None:
    old = AccessRules(iam=(iam("a"),), github=(github("a", "b"),))
    new = AccessRules(iam=(iam("a", "b"),), github=(github("b"),))

    assert access_changes(old, new) == (
        AccessChange(who=ROLE, verb=Verb.GAINED, pool="b"),
        AccessChange(who=REPOSITORY, verb=Verb.LOST, pool="a", before="events push"),
    )


def test_another_name_or_another_split_of_rules_changes_no_right() -> None:
    old = AccessRules(iam=(iam("a", "b"),))
    new = AccessRules(iam=(iam("a", name="x"), iam("b", name="y")))

    assert said(old, new) == []


def test_a_role_keeps_what_its_whole_account_gets() -> None:
    role, whole = AccessRules(iam=(iam("a"),)), AccessRules(iam=(iam("a", roles=()),))

    assert said(role, whole) == [(WHOLE, Verb.GAINED, "a")]
    assert said(whole, role) == [(WHOLE, Verb.LOST, "a")]


def test_other_conditions_of_a_repository_are_told_with_both() -> None:
    old = AccessRules(github=(github("a", refs=("refs/heads/main",)),))
    new = AccessRules(github=(github("a", events=("pull_request", "push")),))

    (change,) = access_changes(old, new)

    assert (change.who, change.verb) == (REPOSITORY, Verb.OTHERWISE)
    assert change.before == "events push; refs refs/heads/main"
    assert change.after == "events pull_request, push"


def test_a_repository_under_another_id_is_another_one() -> None:
    old = AccessRules(github=(github("a"),))
    new = AccessRules(github=(github("a", repository_id=RepositoryId("13")),))

    assert said(old, new) == [
        (REPOSITORY, Verb.LOST, "a"),
        (REPOSITORY.replace("12", "13"), Verb.GAINED, "a"),
    ]


def test_operators_may_operate_the_service() -> None:
    old = AccessRules(operators=(Operator(account=ACCOUNT, role="old"),))
    new = AccessRules(operators=(Operator(account=ACCOUNT, role="new"),))

    assert said(old, new) == [
        ("account 111111111111, role new", Verb.GAINED, ""),
        ("account 111111111111, role old", Verb.LOST, ""),
    ]


# --- the whole plan -----------------------------------------------------------------------------------------------

rules = st.lists(
    st.builds(
        lambda name, pools, roles: iam(*pools, name=name, roles=tuple(roles)),
        st.sampled_from("xyz"),
        st.lists(st.sampled_from("ab"), min_size=1, max_size=2, unique=True),
        st.lists(st.sampled_from(["r", "s"]), max_size=2, unique=True),
    ),
    max_size=3,
    unique_by=lambda rule: rule.name,
)
capabilities = st.dictionaries(st.sampled_from("cd"), st.sampled_from([1, True, 1.0, "1", None]), max_size=2)
registrations = st.dictionaries(
    st.integers(1, 3), st.tuples(st.sampled_from("ab"), capabilities), min_size=1, max_size=3
)


def snapshots() -> st.SearchStrategy[Snapshot]:
    settings = load(EXAMPLES).settings
    return st.builds(
        lambda found, iams: Snapshot(
            environments=tuple(
                a_registration(a_key(number), pool=PoolName(pool), capabilities=values)
                for number, (pool, values) in sorted(found.items())
            ),
            access=AccessRules(iam=tuple(iams)),
            settings=settings,
        ),
        registrations,
        rules,
    )


@given(snapshots(), snapshots())
def test_a_plan_is_empty_only_if_nothing_changes(old: Snapshot, new: Snapshot) -> None:
    made = plan(old, new)

    assert bool(made.steps) == (to_json(old) != to_json(new))
    assert sum(pool.before for pool in made.capacity) == len(old.environments)
    assert sum(pool.after for pool in made.capacity) == len(new.environments)


def test_the_order_of_rules_alone_is_a_change(configuration: Configuration) -> None:
    old = load(EXAMPLES)
    first, second = iam("demo", name="x"), iam("demo", name="y")
    orders = ((first, second), (second, first))
    one, other = (
        Snapshot(environments=old.environments, access=AccessRules(iam=order), settings=old.settings)
        for order in orders
    )

    (step,) = plan(one, other).steps

    assert (step.kind, step.subject) == (Kind.CHANGED, "order")


def test_a_change_takes_effect_at_once_only_where_the_environment_is_free(configuration: Configuration) -> None:
    configuration.replace("environments.yaml", "capabilities: []", "capabilities: [docker]")
    old, new = load(EXAMPLES), load(configuration.directory)
    place = "aws://444444444444/us-east-1"

    effects = {status: plan(old, new, {place: Standing(status=status)}).steps[0].effect for status in Status}

    assert effects.pop(Status.FREE) == "takes effect at once"
    assert all("when it is" in effect for effect in effects.values())
    assert "captured first" in plan(old, new, {}).steps[0].effect
