"""Jobs on machines of one's own, which sign with AWS keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.action.acting import step

if TYPE_CHECKING:
    from tests.journeys.action.scene import Scene

pytestmark = pytest.mark.emulator


def signer(scene: Scene) -> dict[str, str]:
    """The environment of a machine with the example runner's session."""
    keys = scene.told["callers"]["runner"]
    scene.others |= {keys["secretAccessKey"], keys["sessionToken"]}
    return {
        "AWS_ACCESS_KEY_ID": keys["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["secretAccessKey"],
        "AWS_SESSION_TOKEN": keys["sessionToken"],
    }


def test_signs_and_gives_back_with_the_keys_that_stood_there_before(scene: Scene) -> None:
    output = scene.does(scene.lease(), step("$PROBE"), environment=signer(scene))
    environment = scene.given_back(proof="signed")["environments"][0]["environment"]
    assert f"probe: {environment['account']} {environment['region']}\n" in output
    assert not scene.tokens.exchanges


def test_a_profile_renews_with_a_signature(scene: Scene) -> None:
    output = scene.does(scene.lease(aws_profile="leased"), step("$PROBE leased"), environment=signer(scene))
    environment = scene.given_back(proof="signed")["environments"][0]["environment"]
    assert f"probe: {environment['account']} {environment['region']}\n" in output
