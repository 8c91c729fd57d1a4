"""What an operator may ask of a baseline, parsed once. Source: the wire contract (docs/api/openapi.yaml)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atmosphere.core import forms
from atmosphere.core.errors import InvalidRequest
from atmosphere.core.model import ActKind
from atmosphere.core.request import known_keys, operators_reason

if TYPE_CHECKING:
    from atmosphere.core.model import Json

AMENDMENTS: Final = (ActKind.DROP, ActKind.ADOPT)
MAX_ITEMS: Final = 200
_ITEM: Final = re.compile(forms.RESOURCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """Drop these things from a baseline, or adopt them: each as `TYPE:ID@REGION`."""

    act: ActKind
    items: tuple[str, ...]
    reason: str


def amendment_request(body: dict[str, Json]) -> Amendment:
    """Parse the body of `POST …/baseline`; raises `InvalidRequest` naming what is wrong and what would be right."""
    known_keys(body, frozenset({"act", "items", "reason"}), "the request")
    act = next((act for act in AMENDMENTS if body.get("act") == act), None)
    if act is None:
        raise InvalidRequest(f"'act' is none of {[str(act) for act in AMENDMENTS]!r}")
    return Amendment(act=act, items=_items(body.get("items")), reason=operators_reason(body))


def _items(value: Json) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else []
    items = [text for text in texts if isinstance(text, str) and _ITEM.fullmatch(text)]
    if not 1 <= len(items) <= MAX_ITEMS or len(items) != len(texts):
        raise InvalidRequest(
            f"'items' is not a list of 1 to {MAX_ITEMS} things like 'AWS::S3::Bucket:NAME@us-east-1' "
            "(`global` for things without a region)"
        )
    return tuple(dict.fromkeys(items))
