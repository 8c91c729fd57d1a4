"""The breaker of a pool opens after the same thing in enough environments, of several parties, within an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from atmosphere.core.breaker import MOST_CASES, MOST_NAMES, WINDOW, Breaker, Cause, closed, counted, folded
from atmosphere.core.model import OwnerKey, RuleName
from tests.builders import NOW, POOL, a_key, an_allocation

if TYPE_CHECKING:
    from collections.abc import Sequence

ROLE: Final = "AWS::IAM::Role:aws-controltower-x-{account}@global"
MOST: Final = 3


def dirtied(number: int, *things: str, owner: str | None = None, rule: str | None = None, **changes: Any) -> Cause:
    """What the n-th environment is dirty for; each was held by another owner by another rule unless that is named."""
    key = a_key(number)
    names = [thing.replace("{account}", key.account).replace("{region}", key.region) for thing in things or (ROLE,)]
    allocation = an_allocation(key, owner=OwnerKey(owner or f"o{number}"), rule=RuleName(rule or f"r{number}"))
    return replace(Cause(things=tuple(names), allocation=allocation, most=MOST, rules=5), **changes)


def after(causes: Sequence[tuple[int, Cause]], *, gap: timedelta = timedelta(minutes=1)) -> Breaker:
    """The breaker after these environments became dirty one after the other."""
    breaker = Breaker(pool=POOL)
    for turn, (number, cause) in enumerate(causes):
        breaker = counted(breaker, a_key(number), cause, now=NOW + turn * gap)
    return breaker


def each(count: int, **changes: Any) -> list[tuple[int, Cause]]:
    return [(number, dirtied(number, **changes)) for number in range(1, count + 1)]


def test_it_opens_with_one_environment_more_than_the_setting_allows() -> None:
    assert after(each(MOST)).opened is None
    opened = after(each(MOST + 1))
    assert (opened.opened, opened.thing) == (NOW + MOST * timedelta(minutes=1), ROLE)
    assert opened.environments == tuple(a_key(number) for number in range(1, MOST + 2))


def test_the_same_environment_does_not_count_twice() -> None:
    assert after([*each(MOST), *each(MOST), *each(MOST)]).opened is None


def test_it_takes_the_same_thing() -> None:
    things = [(number, dirtied(number, f"AWS::S3::Bucket:b{number}@{{region}}")) for number in range(1, 9)]
    assert after(things).opened is None
    types = ("AWS::IAM::Role", "AWS::IAM::User")
    assert after([(n, dirtied(n, f"{types[n % 2]}:x@global")) for n in range(1, 2 * MOST + 1)]).opened is None


def test_what_was_longer_ago_than_an_hour_does_not_count() -> None:
    assert after(each(MOST + 1), gap=WINDOW / MOST).opened is None
    assert after(each(MOST + 1), gap=WINDOW / MOST - timedelta(seconds=1)).opened is not None


def test_one_owner_does_not_open_it_and_two_do() -> None:
    assert after(each(9, owner="one")).opened is None
    assert after([*each(MOST, owner="one"), (9, dirtied(9, owner="two", rule="r9"))]).opened is not None


def test_owners_of_one_rule_do_not_open_it_where_others_may_use_the_pool_too() -> None:
    assert after(each(9, rule="runs of one repository")).opened is None
    assert after(each(9, rule="runs of one repository", rules=2)).opened is None


def test_where_a_single_rule_names_the_pool_its_owners_are_enough() -> None:
    assert after(each(MOST + 1, rule="the only one", rules=1)).opened is not None


def test_what_opened_it_stays_until_it_is_closed() -> None:
    opened = after(each(MOST + 1))
    later = counted(opened, a_key(8), dirtied(8, "AWS::IAM::User:other@global"), now=NOW + timedelta(minutes=9))
    again = counted(later, a_key(9), dirtied(9), now=NOW + timedelta(minutes=10))
    for each_ in (later, again):
        assert (each_.opened, each_.thing) == (opened.opened, opened.thing)
    assert closed(later) == Breaker(pool=POOL, revision=later.revision + 1)


def test_after_it_was_closed_it_takes_as_many_again() -> None:
    breaker = closed(after(each(MOST + 1)))
    for number in range(11, 11 + MOST):
        breaker = counted(breaker, a_key(number), dirtied(number), now=NOW)
    assert breaker.opened is None


def test_what_one_environment_is_dirty_for_is_bounded_and_keeps_what_others_were_dirty_for() -> None:
    causes = [(1, dirtied(1))]
    for number in range(2, MOST + 2):
        junk = [f"AWS::A::A:{number}-{one}@global" for one in range(9 * MOST_NAMES)]
        causes.append((number, dirtied(number, *junk, ROLE)))
    opened = after(causes)
    assert opened.thing == ROLE
    assert max(len(case.things) for case in opened.cases) <= MOST_NAMES


def test_the_row_is_bounded() -> None:
    causes = [(number, dirtied(number, f"AWS::S3::Bucket:b{number}@global")) for number in range(1, 2 * MOST_CASES)]
    assert len(after(causes, gap=timedelta(seconds=1)).cases) == MOST_CASES


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("AWS::IAM::Role:aws-controltower-x-222222222222@global", "AWS::IAM::Role:aws-controltower-x-{account}@global"),
        ("AWS::SNS::Topic:arn:aws:sns:eu-west-1:222222222222:t@eu-west-1",
         "AWS::SNS::Topic:arn:aws:sns:{region}:{account}:t@{region}"),
        ("AWS::CloudFormation::Stack:StackSet-CT-0a1b2c3d-0000-4000-8000-0123456789ab@eu-west-1",
         "AWS::CloudFormation::Stack:StackSet-CT-{instance}@{region}"),
        ("AWS::KMS::Key:0a1b2c3d-0000-4000-8000-0123456789ab@eu-west-1",
         "AWS::KMS::Key:0a1b2c3d-0000-4000-8000-0123456789ab@{region}"),
        ("AWS::IAM::Role:of-333333333333@global", "AWS::IAM::Role:of-333333333333@global"),
        ("AWS::IAM::Role:x-0a1b2c3d-0000-4000-8000-0123456789abcdef@global",
         "AWS::IAM::Role:x-0a1b2c3d-0000-4000-8000-0123456789abcdef@global"),
    ],
)  # fmt: skip
def test_account_and_region_and_the_instance_of_a_stack_set_are_folded_out(address: str, name: str) -> None:
    assert folded(address, a_key(1)) == name
