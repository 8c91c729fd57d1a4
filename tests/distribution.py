"""Which tests run in one process: those of one file, and those of a directory that share something expensive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import pytest

EMULATOR: Final = "emulator"
MARKED: Final = f"pytest.mark.{EMULATOR}"
"""What a file says that has tests on the embedded AWS; a test holds that no other kind of file says it."""
TOGETHER: Final = ("tests/infra/", "tests/journeys/action/", "tests/journeys/")
"""One synthesized template, with the node process behind it; a local service each. The first that fits counts: the
journeys of the action are half of all, and take as long as the others."""


def place_of(nodeid: str) -> str:
    """What a test shares its process with."""
    file = nodeid.partition("::")[0]
    return next((directory for directory in TOGETHER if file.startswith(directory)), file)


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]
    """The places with the most tests first, each whole in one process."""

    def _split_scope(self, nodeid: str) -> str:
        return place_of(nodeid)


def scheduler(config: pytest.Config, log: Any) -> ByPlace | None:
    """For `--dist loadfile`; other distributions stay what they are."""
    return ByPlace(config, log) if config.getoption("dist") == "loadfile" else None
