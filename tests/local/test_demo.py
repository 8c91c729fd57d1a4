"""The demo checks what it claims, and fails when a claim does not hold (the story itself is `make demo`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from atmosphere.cli import local as commands
from atmosphere.client.errors import ServiceError
from atmosphere.local import claims
from atmosphere.local.claims import DemoFailed, check, refusal_of, until

if TYPE_CHECKING:
    from atmosphere.local.progress import Progress


def test_a_claim_that_does_not_hold_ends_the_demo_with_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def story(_: Progress) -> None:
        check(holds=False, otherwise="two tests hold one environment")

    monkeypatch.setattr(commands, "tell", story)
    ended = CliRunner().invoke(commands.local, ["demo"])
    assert ended.exit_code == 1
    assert "two tests hold one environment" in ended.output


def test_what_is_granted_though_it_should_be_refused_is_a_failure() -> None:
    with pytest.raises(DemoFailed):
        refusal_of(lambda: "credentials")


def test_a_refusal_is_shown_as_it_is() -> None:
    def ask() -> None:
        raise ServiceError(403, "forbidden", "no")

    assert refusal_of(ask).status == 403


def test_waiting_in_vain_is_a_failure_that_names_what_was_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "PATIENCE", 0.0)
    with pytest.raises(DemoFailed, match="the old keys are refused"):
        until(lambda: None, "the old keys are refused")
