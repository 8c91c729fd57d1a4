"""Who and what there is: four environments of three accounts, five callers, and what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from tests.builders import a_key, a_registration
from tests.operations.world import NEIGHBOUR, OPERATOR, RERUN, RUN, RUNNER, a_configuration

if TYPE_CHECKING:
    from atmosphere.core.snapshot import Snapshot
    from tests.operations.line import Fault

KEYS: Final = (a_key(1), a_key(1, "us-east-1"), a_key(2), a_key(3))
CALLERS: Final = {"runner": RUNNER, "neighbour": NEIGHBOUR, "operator": OPERATOR, "rerun": RERUN, "run": RUN}
TOKEN_HASH: Final = "ab" * 32
SESSION: Final = timedelta(minutes=20)
CLEANUP_LIMIT: Final = timedelta(minutes=10)

Action: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens at the `at`-th call of an operation."""

    at: int
    fault: Fault | None = None
    meanwhile: tuple[Action, ...] = ()


def a_deployment(kept: int, version: int) -> Snapshot:
    """A configuration of the environments whose bits are set, in one of its versions."""
    entries = [
        a_registration(key, capabilities={"version": version})
        for number, key in enumerate(KEYS)
        if kept & (1 << number)
    ]
    return a_configuration(*entries, max_active=3, session=SESSION, cleanup_limit=CLEANUP_LIMIT)
