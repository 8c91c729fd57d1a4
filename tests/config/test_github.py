"""Rules for GitHub callers: what would let in more than was meant is refused, what may be meant is a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from atmosphere.config.github_checks import GITHUB_CHECKS
from atmosphere.config.load import check, load
from atmosphere.config.problems import Severity
from atmosphere.core.github import GITHUB_COM, GITHUB_COM_KEYS, TrustedIssuer
from atmosphere.core.github_rules import SAFE_EVENTS, GitHubRule
from tests.config.conftest import EXAMPLES, Configuration

if TYPE_CHECKING:
    from pathlib import Path

ACCESS, SETTINGS = "access.yaml", "settings.yaml"
REFS = "refs: [refs/heads/main]"
NAME = "repository: example-org/example-repo"
ID = 'repository_id: "701234567"'
OWNER = 'repository_owner_id: "91234567"'
WORKFLOW = "example-org/example-repo/.github/workflows/test.yml@refs/heads/main"
ENTERPRISE = "https://token.actions.example.ghe.com"
SECOND = f"""  - name: again
    repository: example-org/example-repo
    {ID}
    {OWNER}
    refs: [refs/heads/main]
    pools: [release, demo]
    max_active: 1

operators:"""
RENAMED = SECOND.replace("example-repo", "other-repo").replace("heads/main", "tags/v1")


def issuers(*lines: str) -> str:
    listed = "\n".join(f"  - {{issuer: {line}, jwks_url: {line}/.well-known/jwks}}" for line in lines)
    return f"issuers:\n{listed}\nsession_seconds"


def events(*names: str, more: str = "") -> str:
    return f"{REFS}\n    events: [{', '.join(names)}]{more}"


# (file, the text there, what a mistake makes of it, path, part of the message, part of the remedy)
REFUSED = {
    "no repository id": (ACCESS, ID, "", "github[0].repository_id", "repository_id is missing", "gh api repos"),
    "no owner id": (ACCESS, OWNER, "", "github[0].repository_owner_id", "is missing", "gh api repos"),
    "no repository": (ACCESS, NAME, "", "github[0].repository", "repository is missing", "OWNER/NAME"),
    "id as a number": (ACCESS, ID, ID.replace('"', ""), "github[0].repository_id", "a number", 'quotes: "701234567"'),
    "id is no number": (ACCESS, "701234567", "R_kgDO", "github[0].repository_id", "wrong form", "digits"),
    "id is empty": (ACCESS, "701234567", "", "github[0].repository_id", "wrong form", "digits"),
    "id with a zero before it": (ACCESS, "701234567", "0701234567", "github[0].repository_id", "wrong form", "digits"),
    "id in other digits": (ACCESS, "701234567", "\u0667\u0660\u0661", "github[0].repository_id", "wrong form", ""),
    "owner id is a name": (ACCESS, "91234567", "example-org", "github[0].repository_owner_id", "wrong form", "digits"),
    "any id": (ACCESS, "701234567", "*", "github[0].repository_id", "wrong form", "digits"),
    "any repository": (
        ACCESS,
        "/example-repo",
        "/*",
        "github[0].repository",
        "wildcards are not supported",
        "OWNER/NAME",
    ),
    "repository without owner": (ACCESS, "example-org/", "", "github[0].repository", "wrong form", "OWNER/NAME"),
    "any branch": (
        ACCESS,
        "heads/main",
        "heads/*",
        "github[0].refs[0]",
        "wildcards are not supported",
        "refs/heads/main",
    ),
    "some branches": (
        ACCESS,
        "heads/main",
        "heads/release-?",
        "github[0].refs[0]",
        "wildcards are not supported",
        "refs/heads/main",
    ),
    "short ref": (ACCESS, "refs/heads/main", "main", "github[0].refs[0]", "wrong form", "full refs"),
    "ref of a pull request": (ACCESS, "heads/main", "pull/1/merge", "github[0].refs[0]", "wrong form", "full refs"),
    "ref with a line break": (ACCESS, "[refs/heads/main]", '["refs/heads/main\\n"]', "github[0].refs[0]", "form", ""),
    "no refs": (ACCESS, "[refs/heads/main]", "[]", "github[0].refs", "the list is empty", "full refs"),
    "ref twice": (
        ACCESS,
        "[refs/heads/main]",
        "[refs/heads/main, refs/heads/main]",
        "github[0].refs[1]",
        "is listed twice",
        "keep one",
    ),
    "any event": (ACCESS, REFS, events('"*"'), "github[0].events[0]", "wildcards are not supported", "push"),
    "no events": (ACCESS, REFS, events(), "github[0].events", "the list is empty", "push"),
    "event twice": (ACCESS, REFS, events("push", "push"), "github[0].events[1]", "is listed twice", "keep one"),
    **{
        f"{event} without environment": (
            ACCESS,
            REFS,
            events("push", event),
            "github[0].events[1]",
            f"the event {event} can be started by outsiders",
            "set environment",
        )
        for event in ("pull_request_target", "workflow_run", "issue_comment", "issues", "discussion", "pussh")
    },
    "any workflow": (
        ACCESS,
        REFS,
        "workflows: ['example-org/example-repo/.github/workflows/*.yml@refs/heads/main']",
        "github[0].workflows[0]",
        "wildcards are not supported",
        "test.yml",
    ),
    "workflow without ref": (
        ACCESS,
        REFS,
        "workflows: [example-org/example-repo/.github/workflows/test.yml]",
        "github[0].workflows[0]",
        "wrong form",
        "@refs/heads/main",
    ),
    "workflow by file only": (ACCESS, REFS, "workflows: [test.yml]", "github[0].workflows[0]", "wrong form", "OWNER"),
    "workflow at a short ref": (
        ACCESS,
        REFS,
        "workflows: [example-org/example-repo/.github/workflows/test.yml@main]",
        "github[0].workflows[0]",
        "wrong form",
        "@refs/heads/main",
    ),
    "any environment": (
        ACCESS,
        REFS,
        "environment: '*'",
        "github[0].environment",
        "wildcards are not supported",
        "by name",
    ),
    "empty environment": (ACCESS, REFS, "environment: ''", "github[0].environment", "wrong form", "by name"),
    "any runner": (ACCESS, REFS, "runner: any", "github[0].runner", "wrong form", "github-hosted or self-hosted"),
    "no pools": (ACCESS, "[demo, release]", "[]", "github[0].pools", "the list is empty", "at least one"),
    "any pool": (ACCESS, "[demo, release]", "['*']", "github[0].pools[0]", "wrong form", "pools"),
    "unknown pool": (
        ACCESS,
        "[demo, release]",
        "[demo, nope]",
        "github[0].pools[1]",
        "nope has no environment",
        "correct",
    ),
    "quota of nothing": (ACCESS, "max_active: 4", "max_active: 0", "github[0].max_active", "too small", "no limit"),
    "by subject": (ACCESS, REFS, "sub: repo:example-org/*", "github[0].sub", "unknown key 'sub'", "the known keys are"),
    "same rule twice": (ACCESS, "operators:", SECOND, "github[1]", "the same callers the same pools", "remove"),
    "unknown issuer": (
        ACCESS,
        REFS,
        f"issuer: {ENTERPRISE}",
        "github[0].issuer",
        "is not in issuers of settings.yaml",
        GITHUB_COM,
    ),
    "part of an issuer": (
        ACCESS,
        REFS,
        "issuer: https://token.actions.githubusercontent.com/example",
        "github[0].issuer",
        "is not in issuers",
        "exactly",
    ),
    "issuer that is no longer there": (
        SETTINGS,
        "session_seconds",
        issuers(ENTERPRISE),
        "github[0].issuer",
        "is not in issuers",
        ENTERPRISE,
    ),
    **{
        f"issuer {issuer}": (SETTINGS, "session_seconds", issuers(issuer), "issuers[0].issuer", what, "https URL")
        for issuer, what in {
            "http://token.actions.example.com": "wrong form",
            "http://127.0.0.1:8080": "wrong form",
            "https://127.0.0.1": "wrong form",
            "https://localhost": "wrong form",
            "https://token.actions.example.com/": "wrong form",
            "https://user@token.actions.example.com": "wrong form",
            "https://token.actions.example.com#x": "wrong form",
            "https://token.actions.example.com?x=1": "wildcards are not supported",
            "https://*.example.com": "wildcards are not supported",
            "https://tokén.example.com": "wrong form",
            "https://Token.example.com": "wrong form",
            "token.actions.example.com": "wrong form",
            "file:///etc/passwd": "wrong form",
        }.items()
    },
    "issuer too long": (
        SETTINGS,
        "session_seconds",
        issuers(f"https://example.com/{'a' * 250}"),
        "issuers[0].issuer",
        "too many",
        "https URL",
    ),
    "issuer twice": (
        SETTINGS,
        "session_seconds",
        issuers(GITHUB_COM, GITHUB_COM),
        "issuers[1].issuer",
        "is already listed at line",
        "keep one",
    ),
    "no keys": (
        SETTINGS,
        "session_seconds",
        f"issuers: [{{issuer: {GITHUB_COM}}}]\nsession_seconds",
        "issuers[0].jwks_url",
        "jwks_url is missing",
        ".well-known/jwks",
    ),
    "no audience": (
        SETTINGS,
        "audience: https://atmosphere.example.com",
        "",
        "audience",
        "so no GitHub token can be accepted",
        "add audience",
    ),
    "audience with a slash": (
        SETTINGS,
        "example.com ",
        "example.com/ ",
        "audience",
        "ends with a slash",
        "remove the slash",
    ),
    "audience is a list": (
        SETTINGS,
        "https://atmosphere.example.com ",
        "[https://atmosphere.example.com] ",
        "audience",
        "a list is not a string",
        "https://atmosphere.example.com",
    ),
    "any audience": (
        SETTINGS,
        "https://atmosphere.example.com",
        "'*'",
        "audience",
        "wildcards are not supported",
        "this deployment",
    ),
    **{
        f"audience {audience}": (
            SETTINGS,
            "https://atmosphere.example.com",
            audience,
            "audience",
            whose,
            "only this deployment uses",
        )
        for audience, whose in {
            "sts.amazonaws.com": "AWS STS's",
            "https://sts.amazonaws.com": "AWS STS's",
            "sts.eu-west-1.amazonaws.com": "AWS STS's",
            "sts.amazonaws.com.cn": "AWS STS's",
            "https://github.com/example-org": "GitHub's default",
            "https://GitHub.com/example-org": "GitHub's default",
            "https://example.ghe.com/example-org": "GitHub's default",
            "https://token.actions.githubusercontent.com": "GitHub's default",
            "api://AzureADTokenExchange": "another service's",
            "sigstore": "another service's",
        }.items()
    },
}

WARNED = {
    "no quota": (ACCESS, "    max_active: 4\n", "", "github[0]", "has no max_active", "add max_active"),
    "nothing restricts": (ACCESS, REFS, "", "github[0]", "every branch and tag of example-org/example-repo", "refs"),
    "pull requests": (
        ACCESS,
        REFS,
        f"workflows: [{WORKFLOW}]\n    events: [push, pull_request]",
        "github[0].events[1]",
        "anyone who can push a branch",
        "reviewers",
    ),
    "merge groups on a ref": (
        ACCESS,
        REFS,
        events("merge_group"),
        "github[0].events[0]",
        "refs/heads/gh-readonly-queue",
        "without refs",
    ),
    "pull requests on a ref": (
        ACCESS,
        REFS,
        events("pull_request", more="\n    environment: tests"),
        "github[0].events[0]",
        "refs/pull/NUMBER/merge",
        "without refs",
    ),
    "two names for one id": (
        ACCESS,
        "operators:",
        RENAMED,
        "github[1].repository",
        "is called example-org/example-repo at line",
        "check both names",
    ),
    "keys from elsewhere": (
        SETTINGS,
        "session_seconds",
        f"issuers: [{{issuer: {GITHUB_COM}, jwks_url: https://keys.example.com/jwks}}]\nsession_seconds",
        "issuers[0].jwks_url",
        "come from a different host",
        "openid-configuration",
    ),
}
SPOILT = REFUSED | WARNED


def spoil(directory: Path, mistake: str) -> Configuration:
    configuration = Configuration(directory)
    configuration.replace(*SPOILT[mistake][:3])
    return configuration


@pytest.mark.parametrize("mistake", SPOILT)
def test_a_mistake_is_told_with_path_and_remedy(tmp_path: Path, mistake: str) -> None:
    _, _, _, path, what, remedy = SPOILT[mistake]

    checked = check(spoil(tmp_path, mistake).directory)

    told = {problem.path: problem for problem in checked.problems}
    assert path in told, checked.problems
    assert what in told[path].what
    assert remedy in told[path].remedy
    assert told[path].severity is (Severity.ERROR if mistake in REFUSED else Severity.WARNING)
    assert (checked.snapshot is None) == (mistake in REFUSED)


@pytest.mark.parametrize("mistake", WARNED)
def test_a_warning_comes_alone(tmp_path: Path, mistake: str) -> None:
    assert len(check(spoil(tmp_path, mistake).directory).problems) == 1


@pytest.mark.parametrize("look", GITHUB_CHECKS, ids=lambda look: look.__name__)
def test_without_a_check_some_mistake_would_pass(
    look: object, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atmosphere.config.load.GITHUB_CHECKS", [kept for kept in GITHUB_CHECKS if kept is not look])

    def passes(mistake: str) -> bool:
        configuration = spoil(tmp_path_factory.mktemp("mistake"), mistake)
        return SPOILT[mistake][3] not in {problem.path for problem in check(configuration.directory).problems}

    assert any(passes(mistake) for mistake in SPOILT)


def test_the_example_is_a_rule_with_safe_defaults() -> None:
    found = load(EXAMPLES)

    assert found.access.github == (
        GitHubRule(
            name="example-workflows",  # type: ignore[arg-type]
            issuer=GITHUB_COM,
            repository_id="701234567",  # type: ignore[arg-type]
            repository_owner_id="91234567",
            repository="example-org/example-repo",
            pools=("demo", "release"),  # type: ignore[arg-type]
            events=SAFE_EVENTS,
            refs=("refs/heads/main",),
            max_active=4,
        ),
    )
    assert found.settings.audience == "https://atmosphere.example.com"
    assert found.settings.issuers == (TrustedIssuer(issuer=GITHUB_COM, jwks_url=GITHUB_COM_KEYS),)


def test_every_condition_reaches_the_rule(configuration: Configuration) -> None:
    configuration.replace(
        ACCESS,
        REFS,
        f"""issuer: {ENTERPRISE}
    refs: [refs/heads/a@b, refs/tags/v1.0]
    events: [pull_request_target]
    workflows: ["{WORKFLOW}", "{WORKFLOW.partition("@")[0]}@{"0a" * 20}"]
    environment: Integration Tests
    runner: self-hosted""",
    )
    configuration.replace(SETTINGS, "session_seconds", issuers(GITHUB_COM, ENTERPRISE))

    found = load(configuration.directory)

    (rule,) = found.access.github
    assert rule.issuer == ENTERPRISE
    assert rule.refs == ("refs/heads/a@b", "refs/tags/v1.0")
    assert rule.events == ("pull_request_target",)
    assert rule.workflows == (WORKFLOW, f"{WORKFLOW.partition('@')[0]}@{'0a' * 20}")
    assert (rule.environment, rule.runner) == ("Integration Tests", "self-hosted")
    assert [issuer.jwks_url for issuer in found.settings.issuers] == [
        GITHUB_COM_KEYS,
        f"{ENTERPRISE}/.well-known/jwks",
    ]
    assert check(configuration.directory).problems == ()


def test_two_rules_of_one_repository_with_different_conditions_are_fine(configuration: Configuration) -> None:
    configuration.replace(ACCESS, "operators:", SECOND.replace("heads/main", "tags/v1"))

    assert check(configuration.directory).problems == ()


def test_without_github_rules_no_audience_is_needed(configuration: Configuration) -> None:
    text = configuration.text(ACCESS)
    configuration.write(ACCESS, text[: text.index("github:")] + text[text.index("operators:") :])
    configuration.replace(SETTINGS, "audience: https://atmosphere.example.com", "")

    found = load(configuration.directory)

    assert (found.access.github, found.settings.audience) == ((), "")
