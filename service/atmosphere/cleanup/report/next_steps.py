"""What an operator does about a blocker: a few words, and the command to run next.

A command names a resource only if a report shows its name unchanged and a shell reads it as one word: a test chose that
name, and operators copy commands.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.core import inert
from atmosphere.faults import ORGANIZATION_DENIES

if TYPE_CHECKING:
    from atmosphere.cleanup.model import Resource, Trouble
    from atmosphere.core.model import EnvironmentKey

_CLEAN: Final = "cleanup run {place}"
_DEFAULT: Final = ("delete it, or remove what protects it", _CLEAN)
_STEPS: Final = {
    "baseline-missing": ("create it again and clean, or drop it from the baseline", "baseline drop {place} {item}"),
    "baseline-changed": ("undo the change and clean, or accept it", "baseline adopt {place} {item}"),
    ORGANIZATION_DENIES: (
        "a policy of the organization protects it: name it in the pool's `organization`, or adopt it",
        "baseline adopt {place} {item}",
    ),
    "no-baseline": ("delete it if a test left it; then recapture", "baseline recapture {place}"),
    "held-by-kept": ("take it off what uses it, as the error says, then clean", _CLEAN),
    "owns-kept-resource": ("remove the kept resource from the stack, or delete the stack and retain it", _CLEAN),
}
"""By the code of a trouble."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do, and the command that goes with it."""

    what: str
    command: str


def next_step(key: EnvironmentKey, item: Resource, trouble: Trouble) -> NextStep:
    """What to do about a blocker of this environment."""
    what, command = _STEPS.get(trouble.code, _DEFAULT)
    if trouble.until:
        what, command = f"nothing: AWS allows it from {trouble.until} on, and it is cleaned again then", _CLEAN
    named = shlex.quote(item.address) if inert.is_plain(item.address) else "ITEM"
    return NextStep(what, _command(command, place=key.path, item=named))


def clean_again(place: str) -> str:
    """The command that cleans an environment (`ACCOUNT/REGION`) again."""
    return _command(_CLEAN, place=place, item="")


def _command(text: str, *, place: str, item: str) -> str:
    return f"atmosphere {text} --reason WHY".format(place=place, item=item)
