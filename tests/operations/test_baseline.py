"""What an operator does to a baseline: on record before it takes effect, by operators only, and repeatable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pytest

from atmosphere.cleanup.baseline.amendments import Amendments
from atmosphere.cleanup.model import Resource
from atmosphere.cleanup.state.baseline import Baseline, BaselineRepository, Revision
from atmosphere.cleanup.state.store import MemoryTexts
from atmosphere.core.baseline import Amendment
from atmosphere.core.errors import Conflicting, Forbidden, InvalidRequest, UnknownEnvironment
from atmosphere.core.model import ActKind, Status
from atmosphere.operations.baseline import Amended, BaselineKeeper, baseline_page
from atmosphere.ports import Unreachable
from tests.builders import a_key, an_environment
from tests.operations.line import Fault, Trap
from tests.operations.world import OPERATOR, RUNNER, World, a_configuration

if TYPE_CHECKING:
    from atmosphere.core.access import VerifiedCaller
    from atmosphere.core.model import HistoryEntry, Json

KEY: Final = a_key(1)
THERE: Final = f"AWS::S3::Bucket:data@{KEY.region}"
NEW: Final = "AWS::IAM::Role:App@global"


class Scene:
    """An environment with a bucket in its baseline."""

    def __init__(self, *, captured: bool = True, status: Status = Status.FREE, capture: bool = False) -> None:
        self.world = World(a_configuration())
        self.world.put(an_environment(KEY, status=status, capture=capture))
        self.store = MemoryTexts()
        if captured:
            found = Baseline(items={Resource.parse(THERE): None}, types=(), regions=(KEY.region,))
            BaselineRepository(self.store, KEY).capture(
                found, Revision(at=datetime(2026, 1, 1, tzinfo=UTC), by="c", why="w")
            )

    def keeper(self, caller: VerifiedCaller = OPERATOR) -> BaselineKeeper:
        world = self.world
        rules = world.snapshot.access
        return BaselineKeeper(
            store=world.store,
            baselines=Amendments(self.store),
            clock=world.clock,
            ids=world.ids,
            rules=rules,
            caller=caller,
        )

    def amend(self, act: ActKind, *items: str) -> Amended:
        return self.keeper().amend(KEY, Amendment(act=act, items=items, reason="because"))

    @property
    def record(self) -> tuple[HistoryEntry, ...]:
        return self.world.rows.history_of(KEY, since=None, until=None, cursor=None).entries

    @property
    def version(self) -> int:
        return BaselineRepository(self.store, KEY).read().version


def test_who_dropped_what_and_why_is_on_record() -> None:
    scene = Scene()
    assert scene.amend(ActKind.DROP, THERE).baseline["items"] == []
    (entry,) = scene.record
    assert (entry.kind, entry.who, entry.reason) == (ActKind.DROP, OPERATOR.owner, f"because ({THERE})")


@pytest.mark.parametrize(("act", "item"), [(ActKind.DROP, THERE), (ActKind.ADOPT, NEW), (ActKind.ADOPT, THERE)])
def test_an_act_that_arrives_twice_has_no_further_effect(act: ActKind, item: str) -> None:
    scene = Scene()
    first = scene.amend(act, item)
    assert scene.amend(act, item).baseline == first.baseline
    assert (len(scene.record), scene.version) == (1, 2)


def test_a_drop_says_what_it_did_not_find() -> None:
    scene = Scene()
    assert scene.amend(ActKind.DROP, NEW).unknown == (NEW,)
    assert (scene.record, scene.version) == ((), 1)
    assert scene.amend(ActKind.DROP, NEW, THERE).unknown == (NEW,)
    assert scene.version == 2


def test_an_act_is_on_record_before_it_takes_effect() -> None:
    scene = Scene()
    scene.world.line.lay(Trap(2, Fault.DOWN))
    with pytest.raises(Unreachable):
        scene.amend(ActKind.DROP, THERE)
    assert (scene.record, scene.version) == ((), 1)


def test_nothing_is_adopted_where_cleaning_does_not_look() -> None:
    scene = Scene()
    with pytest.raises(InvalidRequest, match="ap-south-1"):
        scene.amend(ActKind.ADOPT, "AWS::S3::Bucket:x@ap-south-1")
    assert scene.record == ()


def test_a_baseline_that_is_being_captured_is_left_alone() -> None:
    with pytest.raises(Conflicting, match="captured"):
        Scene(status=Status.CLEANING, capture=True).amend(ActKind.DROP, THERE)
    Scene(status=Status.CLEANING).amend(ActKind.DROP, THERE)


def test_without_a_baseline_there_is_nothing_to_amend_and_nothing_to_show() -> None:
    scene = Scene(captured=False)
    with pytest.raises(Conflicting, match="recapture"):
        scene.amend(ActKind.ADOPT, NEW)
    assert scene.keeper().show(KEY)["version"] == 0


def test_only_operators_see_and_amend_baselines() -> None:
    keeper = Scene().keeper(RUNNER)
    with pytest.raises(Forbidden):
        keeper.show(KEY)
    with pytest.raises(Forbidden):
        keeper.amend(KEY, Amendment(act=ActKind.DROP, items=(THERE,), reason="x"))


def test_an_environment_that_is_not_registered_is_unknown() -> None:
    with pytest.raises(UnknownEnvironment):
        Scene().keeper().show(a_key(9))


def test_a_large_baseline_comes_in_pages_of_one_version() -> None:
    items: list[Json] = [
        {"item": f"AWS::S3::Bucket:{number}@eu-west-1", "contents": "x" * 400_000} for number in range(5)
    ]
    baseline: dict[str, Json] = {"version": 3, "items": items}
    seen: list[Json] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        page = baseline_page(baseline, cursor)
        seen += page.items
        cursor, pages = page.cursor, pages + 1
    assert (seen, pages) == (items, 3)
    with pytest.raises(InvalidRequest, match="start again"):
        baseline_page(baseline | {"version": 4}, "3.2")


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.", "1.x", "1.-1", ".0"])
def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    if not cursor:
        assert baseline_page({"version": 1, "items": []}, cursor).cursor is None
        return
    with pytest.raises(InvalidRequest):
        baseline_page({"version": 1, "items": []}, cursor)


def test_a_thing_that_alone_is_larger_than_a_page_still_comes() -> None:
    items: list[Json] = [{"contents": "x" * 2_000_000}, {"contents": "y"}]
    page = baseline_page({"version": 1, "items": items}, None)
    assert (len(page.items), page.cursor) == (1, "1.1")
