"""Templates that the AWS CDK publishes for its toolkit, and which change of a toolkit is a step to a later one.

`cdk bootstrap` sends the template of its package, always as the same text; what its options say is in the parameters.
So a digest of the text identifies it. The table is written by `.github/scripts/bootstrap_templates.py` from pinned
packages (ADR 0014); a version number proves nothing, because it is what a template says of itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TABLE: Final = Path(__file__).with_name("bootstrap_templates.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One template. `cdk` is the first release of the package `aws-cdk` with it, `version` its bootstrap version.

    `adds` are the parameters that the template before it does not have, with their defaults.
    """

    cdk: str
    version: int
    digest: str
    adds: Mapping[str, str]


def digest_of(text: str) -> str:
    """The digest of a template's text. Line ends after it mean nothing; `cdk bootstrap --show-template` adds one."""
    return sha256(text.rstrip("\n").encode()).hexdigest()


@cache
def published() -> tuple[Published, ...]:
    """All that are known, in the order of their releases."""
    return tuple(Published(**row) for row in json.loads(TABLE.read_text(encoding="utf-8")))


def step(before: Mapping[str, Any], now: Mapping[str, Any], known: Sequence[Published]) -> Published | None:
    """The template that a toolkit has now, if the change from `before` is a step to a later one that CDK publishes.

    Both are contents of `ToolkitTemplate`. Every parameter has to be what it was, and each that is new its default. A
    toolkit that was made from another template than a published one is the operators' own: no step leads away from it.
    """
    places = {each.digest: place for place, each in enumerate(known)}
    first, last = places.get(digest_of(before["template"])), places.get(digest_of(now["template"]))
    if first is None or last is None or last <= first:
        return None
    defaults = {name: value for each in known[first + 1 : last + 1] for name, value in each.adds.items()}
    return known[last] if now["parameters"] == {**defaults, **before["parameters"]} else None
