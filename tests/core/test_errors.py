"""Every refusal has a code of its own, a sentence, a status and a line in the API's description."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from atmosphere.core.errors import Code, Refused
from atmosphere.handlers.http import INTERNAL, STATUS

_API: Final = Path(__file__).parents[2] / "docs" / "api" / "openapi.yaml"
_REFUSALS: Final = Refused.__subclasses__()


def test_every_code_belongs_to_one_refusal() -> None:
    assert sorted(refusal.code for refusal in _REFUSALS) == sorted(Code)


@pytest.mark.parametrize("refusal", _REFUSALS)
def test_every_refusal_has_a_sentence_and_a_status(refusal: type[Refused]) -> None:
    assert refusal().message == refusal.default_message != ""
    assert refusal("another").message == "another"
    assert 400 <= STATUS[refusal.code] < 600
    assert refusal.__doc__


@pytest.mark.parametrize("code", [*Code, INTERNAL])
def test_every_code_stands_in_the_description_of_the_api(code: str) -> None:
    assert str(code) in _API.read_text()


def test_trying_later_is_never_the_answer_to_what_can_never_succeed() -> None:
    """P7: 423 only for what another moment can change."""
    later = {refusal.code for refusal in _REFUSALS if STATUS[refusal.code] == 423}
    assert later == {Code.POOL_BUSY, Code.QUOTA_REACHED, Code.ALL_DIRTY}
