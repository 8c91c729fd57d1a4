"""Says at the end how much was tried: what passing tests have counted with `record_property`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

COUNTED: Final = {"points": "points at which a process died", "steps": "steps of the state machine"}


def counted(terminalreporter: pytest.TerminalReporter) -> Iterator[str]:
    """One line for each thing that was counted."""
    passed = terminalreporter.stats.get("passed", [])
    for name, what in COUNTED.items():
        counts = [value for report in passed for key, value in report.user_properties if key == name]
        if counts:
            yield f"{what}: {sum(counts)}"
