"""Prints the plans and verdicts of `atmosphere cleanup`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from atmosphere.cli.output import console, harmless, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cleanup.surveying import Survey

_SAYS: Final = {
    "clean": ("clean: a cleanup would find nothing to do", "green"),
    "leftovers": ("not clean", "bold red"),
    "unknown": ("unknown: something could not be scanned", "bold yellow"),
}


def print_verdict(found: Survey) -> None:
    """Print the result of a scan: leftovers, drift, and what is unknown."""
    report = found.report
    if report["blockers"]:
        rows = [(_what(each), each["type"], each["id"], each["region"], each["stack"]) for each in report["blockers"]]
        print_table(("what", "type", "id", "region", "stack"), rows, empty="")
    _print_unknown(report)
    _print_answer(found)


def _what(entry: Mapping[str, Any]) -> str:
    return f"restore: {entry['message']}" if entry["action"] == "restore" else "left over"


def print_plan(found: Survey, *, verbose: bool) -> None:
    """What a cleanup would do, counted by type; with every id if `verbose`."""
    report = found.report
    columns = ("delete", "with its stack", "restore", "keep", "deferred")
    counts = {column: Counter[str]() for column in columns}
    counts["delete"].update(each["type"] for each in report["blockers"] if each["action"] == "delete")
    counts["restore"].update(each["type"] for each in report["blockers"] if each["action"] == "restore")
    counts["with its stack"].update(each["type"] for each in report["withStacks"])
    counts["keep"].update(each["type"] for each in report["kept"])
    counts["deferred"].update(_type_of(each) for each in report["deferred"])
    names = sorted({name for column in columns for name in counts[column]})
    rows = [(name, *(str(counts[column][name] or "") for column in columns)) for name in names]
    print_table(("type", *columns), rows, empty="the environment is empty")
    if verbose:
        _print_each(report)
    _print_skipped(report)
    _print_unknown(report)
    _print_answer(found)
    console().print(f"calls that change something: {found.mutations}", style="dim")


def _type_of(text: str) -> str:
    return ":".join(text.split(":")[:5])


def _print_each(report: Mapping[str, Any]) -> None:
    rows = [(each["action"], each["type"], each["id"], each["region"], each["stack"]) for each in report["blockers"]]
    rows += [("with its stack", *_place(each), each["stack"]) for each in report["withStacks"]]
    rows += [("keep", *_place(each), each["why"]) for each in report["kept"]]
    rows += [("deferred", _type_of(each), each.split(":", 5)[-1], "", "") for each in report["deferred"]]
    print_table(("what", "type", "id", "region", "stack or reason"), rows, empty="")


def _place(entry: Mapping[str, str]) -> tuple[str, str, str]:
    return entry["type"], entry["id"], entry["region"]


def _print_skipped(report: Mapping[str, Any]) -> None:
    reasons = Counter(report["skipped"].values())
    rows = [(f"{count} listings", why) for why, count in reasons.most_common()]
    rows += [(name, "the baseline does not cover it: recapture") for name in report["uncovered"]]
    if rows:
        print_table(("not covered", "why"), rows, empty="")


def _print_unknown(report: Mapping[str, Any]) -> None:
    if report["unknown"]:
        print_table(("could not be scanned", "error from AWS"), report["unknown"].items(), empty="")


def _print_answer(found: Survey) -> None:
    text, style = _SAYS[found.answer]
    console().print(text, style=style)
    if found.report["explanation"]:
        console().print(harmless(found.report["explanation"]))
