"""The queue against other ways to hand out, on a virtual clock: small here, of the design's size in `bench.waiting`."""

from __future__ import annotations

import pytest

from bench.waiting import Kind, Policy, Waiting, waiting


@pytest.fixture(scope="module")
def measured() -> Waiting:
    return waiting(environments=40, waiters=20, hours=3)


def test_the_bars_are_kept(measured: Waiting) -> None:
    kept = {name: holds for name, holds in measured.kept.items() if "a second" not in name}
    assert [name for name, holds in kept.items() if not holds] == []


def test_the_other_policies_are_seen_to_be_unfair(measured: Waiting) -> None:
    assert measured.of(Policy.IDEAL).overtaken == 0
    assert measured.of(Policy.BACK_OFF).overtaken > 1
    assert measured.of(Policy.RANDOM).overtaken > 1
    npm = {policy: measured.of(policy).waits[Kind.NPM].p95 for policy in Policy}
    assert npm[Policy.QUEUE] < npm[Policy.BACK_OFF]
