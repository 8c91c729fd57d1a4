"""Says how much was tried: points of the crash matrices, steps of the state machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

COUNTED: Final = {"points": "points at which a process died", "steps": "steps of the state machine"}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each thing that passing tests have counted (`record_property`)."""
    passed = terminalreporter.stats.get("passed", [])
    for name, what in COUNTED.items():
        counts = [value for report in passed for key, value in report.user_properties if key == name]
        if counts:
            terminalreporter.write_line(f"{what}: {sum(counts)}")
