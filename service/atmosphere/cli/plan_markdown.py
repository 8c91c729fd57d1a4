"""A plan as Markdown, for a comment that is updated in place and for a step's summary.

It starts with a hidden marker by which the comment is found again. What a configuration or a test says is only ever
inside code spans, so it neither formats nor links nor mentions. GitHub takes 65536 characters in a comment: what does
not fit is counted, and never left out silently.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from atmosphere.cli.plan_words import access_sentence, change_of_capacity, standing
from atmosphere.config.plan import Kind
from atmosphere.core.inert import code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from atmosphere.cli.bases import Compared
    from atmosphere.config.plan import Capacity, Step
    from atmosphere.config.problems import Problem

_LONGEST: Final = 60_000  # characters of a whole comment
_LENGTHS: Final = (500, 200, 100, 50, 20, 5)  # rows of each part, until the comment is short enough
_WIDEST: Final = 300  # characters of one quoted text
_MARKS: Final = {Kind.ADDED: "added", Kind.CHANGED: "changed", Kind.DRAINED: "**drains**", Kind.REMOVED: "**removed**"}


def marker(directory: Path) -> str:
    """The first line of each comment about this directory."""
    return f"<!-- atmosphere-config-plan {sha256(directory.as_posix().encode()).hexdigest()[:12]} -->"


def planned(directory: Path, compared: Compared) -> str:
    """The whole plan."""
    return _fitting(lambda rows: _page(directory, _parts(compared, rows)))


def not_compared(directory: Path, why: str) -> str:
    """What is said where there is no plan, which must not look like a plan without changes."""
    warning = f"**There is no plan: it is not known what this would change.** {_quoted(why)}"
    return _page(directory, ["> [!WARNING]\n> " + warning])


def refused(directory: Path, problems: Sequence[Problem]) -> str:
    """A configuration with errors."""
    rows = [f"- {_quoted(f'{each.file}:{each.line}')} {_quoted(str(each).split(': ', 1)[-1])}" for each in problems]
    said = "**This configuration has errors and cannot be deployed.**"
    return _fitting(lambda most: _page(directory, [said, _cut(rows, most)]))


def _fitting(page: Callable[[int], str]) -> str:
    """The page with as many rows of each part as a comment takes."""
    for rows in _LENGTHS:
        text = page(rows)
        if len(text) <= _LONGEST:
            break
    return text


def _page(directory: Path, parts: Iterable[str]) -> str:
    return "\n\n".join([marker(directory), f"### Plan of {_quoted(directory.as_posix())}", *filter(None, parts)]) + "\n"


def _parts(compared: Compared, rows: int) -> Iterable[str]:
    plan = compared.plan
    yield f"Compared with {_quoted(compared.against)}{f' ({compared.before[:12]})' if compared.before else ''}."
    yield compared.not_compared
    if not plan.steps:
        yield "**Nothing changes.**"
        return
    yield _environments([step for step in plan.steps if step.subject.startswith("aws://")], rows)
    yield _capacity(plan.capacity, rows)
    yield _listed("Access", [access_sentence(change, _quoted) for change in plan.access], rows)
    others = [step for step in plan.steps if not step.subject.startswith("aws://")]
    yield _listed("Rules, settings, pools and the stack", [_other(step) for step in others], rows)


def _environments(steps: Sequence[Step], rows: int) -> str:
    cells = [
        (_quoted(each.subject), _MARKS[each.kind], _details(each), standing(each.now, _quoted), each.effect)
        for each in steps
    ]
    return _table("Environments", ("environment", "change", "details", "now", "effect"), cells, rows)


def _capacity(pools: Sequence[Capacity], rows: int) -> str:
    changed = [each for each in pools if each.before != each.after]
    cells = [
        (_quoted(each.pool), str(each.before), str(each.after), change_of_capacity(each.before, each.after))
        for each in changed
    ]
    return _table("Capacity", ("pool", "before", "after", ""), cells, rows)


def _other(step: Step) -> str:
    said = f"{_quoted(step.subject)} {_MARKS[step.kind]}"
    details = f": {_details(step)}" if step.details else ""
    return f"{said}{details}{f' ({step.effect})' if step.effect else ''}"


def _details(step: Step) -> str:
    return ", ".join(_quoted(each.replace(" -> ", " \u2192 ")) for each in step.details)


def _table(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]], rows: int) -> str:
    if not cells:
        return ""
    head = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    body = [f"| {' | '.join(row)} |" for row in cells]
    return f"#### {title}\n\n" + "\n".join(head) + "\n" + _cut(body, rows)


def _listed(title: str, lines: Sequence[str], rows: int) -> str:
    return f"#### {title}\n\n{_cut([f'- {line}' for line in lines], rows)}" if lines else ""


def _cut(lines: Sequence[str], rows: int) -> str:
    shown = "\n".join(lines[:rows])
    return shown if len(lines) <= rows else f"{shown}\n\n{len(lines) - rows} more are in the job's log."


def _quoted(text: str) -> str:
    return code(text if len(text) <= _WIDEST else f"{text[:_WIDEST]}...")
