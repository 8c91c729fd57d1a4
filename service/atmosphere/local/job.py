"""The claims that GitHub would make about a job, made up so that the configuration's first GitHub rule lets it in.

Source of the names and forms: docs.github.com, "OpenID Connect reference".
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from atmosphere.core.github import GITHUB_COM, RepositoryId
from atmosphere.core.github_rules import GitHubRule
from atmosphere.core.model import RuleName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.core.snapshot import Snapshot

_NO_RULE: Final = GitHubRule(
    name=RuleName("none"),
    issuer=GITHUB_COM,
    repository_id=RepositoryId("1"),
    repository_owner_id="1",
    repository="example-org/example-repo",
    pools=(),
)
_SHA: Final = "0123456789abcdef0123456789abcdef01234567"
_MAIN: Final = "refs/heads/main"


def first_rule(snapshot: Snapshot) -> GitHubRule:
    """The first rule for github.com; where there is none, one that stands for a repository that nobody lets in."""
    return next((rule for rule in snapshot.access.github if rule.issuer == GITHUB_COM), _NO_RULE)


def claims(rule: GitHubRule) -> Mapping[str, str]:
    """A job of a run of its own, the same for all its tokens; all but what differs from token to token."""
    owner, _, name = rule.repository.partition("/")
    ref = rule.refs[0] if rule.refs else _MAIN
    workflow = rule.workflows[0] if rule.workflows else f"{rule.repository}/.github/workflows/integration.yml@{ref}"
    context = f"environment:{rule.environment}" if rule.environment else f"ref:{ref}"
    made: dict[str, str] = {
        "sub": f"repo:{owner}@{rule.repository_owner_id}/{name}@{rule.repository_id}:{context}",
        "repository": rule.repository,
        "repository_id": rule.repository_id,
        "repository_owner": owner,
        "repository_owner_id": rule.repository_owner_id,
        "repository_visibility": "private",
        "actor": "octocat",
        "actor_id": "583231",
        "event_name": rule.events[0],
        "ref": ref,
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "ref_protected": "true",
        "base_ref": "",
        "head_ref": "",
        "sha": _SHA,
        "workflow": "integration",
        "workflow_ref": f"{rule.repository}/.github/workflows/integration.yml@{ref}",
        "workflow_sha": _SHA,
        "job_workflow_ref": workflow,
        "job_workflow_sha": _SHA,
        "runner_environment": rule.runner or "github-hosted",
        "run_id": _number(),
        "run_number": "1",
        "run_attempt": "1",
        "check_run_id": _number(),
    }
    return made | ({"environment": rule.environment} if rule.environment else {})


def _number() -> str:
    return str(random.randrange(10**10, 10**11))  # noqa: S311 - no secret
