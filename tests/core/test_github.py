"""A run: where it can be looked at, and how it is written down and read again."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

import pytest

from atmosphere.core.github import Issuer, RunIdentity, VerifiedClaims, run_from_texts, run_of, run_to_texts
from tests.builders import NOW, a_run

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


@pytest.mark.parametrize("run", [a_run(), a_run(check_run_id=None, event="", ref="", workflow="", actor="")])
def test_a_run_survives_its_way_through_texts(run: RunIdentity) -> None:
    texts = run_to_texts(run)
    assert all(isinstance(text, str) for text in texts.values())
    assert run_from_texts(texts) == run


def test_a_row_written_with_null_for_a_missing_job_is_read() -> None:
    run = a_run(check_run_id=None)
    assert run_from_texts(asdict(run)) == run


@pytest.mark.parametrize("name", [field.name for field in fields(RunIdentity)])
def test_a_run_is_not_read_from_texts_that_lack_a_field(name: str) -> None:
    texts = run_to_texts(a_run())
    del texts[name]
    with pytest.raises(KeyError):
        run_from_texts(texts)


def test_the_run_of_a_token_says_what_the_token_says() -> None:
    run = a_run()
    claims = VerifiedClaims(
        repository_owner_id="1", jti="once", expires=NOW, environment="prod", runner="self-hosted", **asdict(run)
    )
    assert run_of(claims) == run
    assert run_of(replace(claims, check_run_id="")).check_run_id is None
