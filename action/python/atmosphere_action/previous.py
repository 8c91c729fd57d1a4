"""The AWS_* variables that stood before the main step: kept, replaced, and put back in the post step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Mapping

if TYPE_CHECKING:
    from atmosphere_action.grant import Environment
    from atmosphere_action.runner import Runner

_SECRET = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")


def export(environment: Environment, environ: Mapping[str, str], runner: Runner) -> None:
    """Make the environment's credentials those of all later steps; what was there is kept first."""
    for name in _SECRET:
        runner.mask(environ.get(name, ""))
    before = {name: environ.get(name) or None for name in (*_SECRET, *_REGION)}
    runner.state("previous", json.dumps(before))
    credentials = environment.credentials
    parts = (credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
    for name, value in zip((*_SECRET, *_REGION), (*parts, environment.region, environment.region)):
        runner.env(name, value)


def restore(kept: str, runner: Runner) -> None:
    """Put back what was kept. What was not set becomes empty: the runner cannot unset a variable."""
    if not kept:
        return
    before: dict[str, Any] = json.loads(kept)
    for name in (*_SECRET, *_REGION):
        runner.env(name, str(before.get(name) or ""))
