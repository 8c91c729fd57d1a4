"""A reply of the API as tests read it, whoever asked: in process, on one machine, or on AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Reply:
    """Header names in lower case where they went over a wire. It may hold keys, so `repr` hides the text."""

    status: int
    headers: Mapping[str, str]
    text: str = field(repr=False)

    @property
    def body(self) -> Any:
        """As JSON; raises `ValueError` where it is none."""
        return json.loads(self.text)

    @property
    def answer(self) -> tuple[int, str | None]:
        """Status and stable code; None where the reply has none."""
        body = self.body
        return self.status, body.get("code") if isinstance(body, dict) else None
