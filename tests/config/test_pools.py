"""What the configuration says of a whole pool."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from atmosphere.config.load import check
from atmosphere.config.plan import plan
from atmosphere.core.model import PoolName, Toolkit
from atmosphere.core.organization import Organization
from atmosphere.core.snapshot import from_json, to_json

if TYPE_CHECKING:
    from tests.config.conftest import Configuration


def test_a_setting_of_a_pool_reaches_each_of_its_environments_and_no_other(configuration: Configuration) -> None:
    configuration.append("environments.yaml", "\npools:\n  demo: { cdk_toolkit: keep }\n")
    snapshot = check(configuration.directory).snapshot
    assert snapshot is not None
    kept = {entry.pool for entry in snapshot.environments if entry.cdk_toolkit is Toolkit.KEEP}
    assert kept == {"demo"}
    assert from_json(to_json(snapshot)) == snapshot


ORGANIZATION = """
pools:
  demo:
    organization:
      management_account: "999999999999"
      stack_sets: [StackSet-AWSControlTowerBP-]
      roles: ["arn:aws:iam::*:role/stacksets-exec-*", "arn:aws:iam::222222222222:role/audit/Reader"]
"""


def test_the_organization_of_a_pool_reaches_each_of_its_environments_and_survives_its_json(
    configuration: Configuration,
) -> None:
    before = check(configuration.directory).snapshot
    configuration.append("environments.yaml", ORGANIZATION)
    snapshot = check(configuration.directory).snapshot
    assert before is not None
    assert snapshot is not None
    assert "organization" not in to_json(before)
    organization = Organization(
        management_account="999999999999",
        stack_sets=("StackSet-AWSControlTowerBP-",),
        roles=("arn:aws:iam::*:role/stacksets-exec-*", "arn:aws:iam::222222222222:role/audit/Reader"),
    )
    told = {str(entry.pool): entry.organization for entry in snapshot.environments}
    assert told.pop("demo") == organization
    assert set(told.values()) == {Organization()}
    assert from_json(to_json(snapshot)) == snapshot


def test_a_change_of_the_organization_is_planned_for_each_environment(configuration: Configuration) -> None:
    before = check(configuration.directory).snapshot
    configuration.append("environments.yaml", ORGANIZATION)
    after = check(configuration.directory).snapshot
    assert before is not None
    assert after is not None
    steps = plan(before, after).steps
    assert len(steps) == sum(entry.pool == "demo" for entry in after.environments)
    assert all("StackSet-AWSControlTowerBP-" in step.details[0] for step in steps)
    assert all(step.details[0].startswith("organization: none -> ") for step in steps)


def test_the_organization_counts_for_the_size_of_a_row(configuration: Configuration) -> None:
    roles = ", ".join(f'"arn:aws:iam::*:role/{"long" * 15}{number}"' for number in range(10))
    configuration.append("environments.yaml", f"\npools:\n  demo:\n    organization:\n      roles: [{roles}]\n")
    [problem, *_] = check(configuration.directory).problems
    assert "`organization` have" in problem.what


LIMIT = "cleanup_limit_seconds: none -> 14400"


def test_a_pool_may_give_its_cleanups_a_time_limit_of_its_own(configuration: Configuration) -> None:
    before = check(configuration.directory).snapshot
    configuration.append("environments.yaml", "\npools:\n  demo: { cleanup_limit_seconds: 14400 }\n")
    snapshot = check(configuration.directory).snapshot
    assert before is not None
    assert snapshot is not None
    limits = {str(entry.pool): entry.limit_or(snapshot.settings.cleanup_limit) for entry in snapshot.environments}
    assert limits.pop("demo") == snapshot.longest_cleanup == timedelta(hours=4)
    assert set(limits.values()) == {snapshot.settings.cleanup_limit} == {before.longest_cleanup}
    assert from_json(to_json(snapshot)) == snapshot
    changed = [step for step in plan(before, snapshot).steps if step.details == (LIMIT,)]
    assert len(changed) == len(snapshot.pool(PoolName("demo")))


@pytest.mark.parametrize("seconds", [299, 21601])
def test_its_bounds_are_those_of_the_setting(configuration: Configuration, seconds: int) -> None:
    configuration.append("environments.yaml", f"\npools:\n  demo: {{ cleanup_limit_seconds: {seconds} }}\n")
    checked = check(configuration.directory)
    assert checked.snapshot is None
    assert "300 to 21600" in checked.problems[0].remedy
