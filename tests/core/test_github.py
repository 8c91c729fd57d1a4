"""Where a run can be looked at depends on who issued its token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from atmosphere.core.github import Issuer
from tests.builders import a_run

CLOUD = "https://token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("issuer", "web"),
    [
        (CLOUD, "https://github.com"),
        (f"{CLOUD}/an-enterprise", "https://github.com"),
        ("https://token.actions.octocorp.ghe.com", "https://octocorp.ghe.com"),
        ("https://git.example.com/_services/token", "https://git.example.com"),
        (
            "https://token.actions.githubusercontent.com.example.net",
            "https://token.actions.githubusercontent.com.example.net",
        ),
    ],
)
def test_the_page_of_a_run_is_on_the_server_of_its_issuer(issuer: str, web: str) -> None:
    run = replace(a_run(), issuer=Issuer(issuer))
    assert run.url == f"{web}/{run.repository}/actions/runs/{run.run_id}/attempts/{run.run_attempt}"
