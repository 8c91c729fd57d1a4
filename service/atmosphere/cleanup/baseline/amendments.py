"""`ports.Baselines` over a `TextStore`: what operators see of a baseline, what they drop from it and adopt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.model import Resource
from atmosphere.cleanup.state.baseline import Baseline, BaselineRepository, Revision
from atmosphere.core.model import ActKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from atmosphere.cleanup.state.store import TextStore
    from atmosphere.core.model import EnvironmentKey, Json

_ACTS: Final[dict[ActKind, Callable[[Baseline, Collection[Resource]], Baseline]]] = {
    ActKind.DROP: Baseline.without,
    ActKind.ADOPT: Baseline.adopting,
}


class Amendments:
    """See `ports.Baselines`."""

    def __init__(self, store: TextStore) -> None:
        self._store = store

    def load(self, key: EnvironmentKey) -> dict[str, Json] | None:
        """See `Baselines`."""
        baseline = BaselineRepository(self._store, key).read()
        return _shown(baseline) if baseline.version else None

    def amend(
        self, key: EnvironmentKey, act: ActKind, items: Sequence[str], *, at: datetime, by: str, why: str
    ) -> dict[str, Json]:
        """See `Baselines`."""
        named = {Resource.parse(item) for item in items}
        change = _ACTS[act]
        after = BaselineRepository(self._store, key).amend(
            lambda before: change(before, named), Revision(at=at, by=by, why=why)
        )
        return _shown(after)


def _shown(baseline: Baseline) -> dict[str, Json]:
    things = sorted({*baseline.items, *baseline.contents})
    return {
        "version": baseline.version,
        "changedAt": baseline.at,
        "changedBy": baseline.by,
        "reason": baseline.why,
        "capturedAt": baseline.captured_at,
        "regions": list(baseline.regions),
        "types": list(baseline.types),
        "unwatched": dict(baseline.unwatched),
        "items": [_item(baseline, item) for item in things],
    }


def _item(baseline: Baseline, item: Resource) -> dict[str, Json]:
    return {
        "item": item.address,
        "fingerprint": baseline.items.get(item),
        "adopting": item in baseline.adopted,
        "contents": baseline.contents.get(item),
    }
