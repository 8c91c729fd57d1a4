"""The embedded AWS lists every type of the catalogue but those that the local service skips."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.model import Verdict
from atmosphere.cleanup.state.baseline import baseline_name
from atmosphere.local.lacking import LACKING, with_skipped
from tests.cleanup.scene import KEY

if TYPE_CHECKING:
    from tests.cleanup.conftest import Ground


@pytest.mark.emulator
def test_every_other_type_is_captured_in_an_account_with_one_environment(ground: Ground) -> None:
    result = ground.capture(sweep_globals=True, settings={"skipped_types": LACKING})
    assert result.verdict is Verdict.CLEAN, (result.reason, ground.report(result)["explanation"])
    types = json.loads(ground.store.texts[baseline_name(KEY)])["types"]
    assert set(types) == {entry.name for entry in CATALOGUE} - set(LACKING)


def test_a_local_run_skips_them_besides_what_it_is_told_to_skip() -> None:
    settings = with_skipped({"session_seconds": "30", "skipped_types": "AWS::SNS::Topic"})
    assert settings["session_seconds"] == "30"
    assert set(settings["skipped_types"].split(",")) == {"AWS::SNS::Topic", *LACKING}


def test_what_is_skipped_is_of_the_catalogue() -> None:
    assert set(LACKING) <= {entry.name for entry in CATALOGUE}
