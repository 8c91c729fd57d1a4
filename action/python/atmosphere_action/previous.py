"""The AWS_* variables of the job: replaced or emptied while the allocation lasts, and put back in the post step.

The runner can set a variable, also to nothing, but never unset it. AWS tools take empty keys for none, but not an empty
region or profile: those are replaced, or left as they are.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Mapping

from atmosphere_action.errors import AccountNotAllowed

if TYPE_CHECKING:
    from atmosphere_action.grant import Environment
    from atmosphere_action.inputs import Inputs
    from atmosphere_action.runner import Runner

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# Older names that botocore reads too, the first even before AWS_SESSION_TOKEN.
STALE = ("AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def has_keys(environ: Mapping[str, str]) -> bool:
    """Whether the job's variables have credentials, which some tools prefer to a profile."""
    return bool(environ.get(KEYS[0]))


def profile_set(environ: Mapping[str, str]) -> str | None:
    """The variable that names a profile in this job, if any."""
    return next((name for name in _PROFILES if environ.get(name)), None)


def guard(inputs: Inputs, environ: Mapping[str, str]) -> None:
    """Raises `AccountNotAllowed` where some tools would work in an account that nobody can check."""
    if not inputs.allowed_accounts:
        return
    if inputs.uses_profiles and has_keys(environ) and not inputs.unset_current:
        raise AccountNotAllowed(
            "`allowed-account-ids` cannot be checked: AWS_ACCESS_KEY_ID is set in this job, some tools prefer it to "
            "the profile, and its account is unknown. Set `unset-current-credentials: true`, or remove one of the two"
        )
    named = profile_set(environ)
    if inputs.export and named:
        raise AccountNotAllowed(
            f"`allowed-account-ids` cannot be checked: {named} is set in this job, some tools prefer it to the "
            "credentials of this step, and its account is unknown. Remove it from the job"
        )


def export(environment: Environment, environ: Mapping[str, str], runner: Runner) -> None:
    """Make the environment's credentials those of all later steps; what was there is kept first."""
    credentials = environment.credentials
    parts = (credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
    values = dict(zip((*KEYS, *REGIONS), (*parts, environment.region, environment.region)))
    values.update({name: "" for name in STALE if environ.get(name)})
    _replace(values, environ, runner)


def empty(regions: set[str], environ: Mapping[str, str], runner: Runner) -> bool:
    """Empty the job's credentials, so that every tool uses the profiles, and align its region; whether it had any.

    `regions` are those of the environments: a variable can only have one.
    """
    values = {name: "" for name in (*KEYS, *STALE) if environ.get(name)}
    found = bool(values)
    if len(regions) == 1:
        region = next(iter(regions))
        values.update({name: region for name in REGIONS if environ.get(name)})
    changed = {name: value for name, value in values.items() if environ.get(name) != value}
    if changed:
        _replace(changed, environ, runner)
    return found


def _replace(values: Mapping[str, str], environ: Mapping[str, str], runner: Runner) -> None:
    for name in KEYS:
        runner.mask(environ.get(name, ""))
    runner.state("previous", json.dumps({name: environ.get(name) or None for name in values}))
    for name, value in values.items():
        runner.env(name, value)


def restore(kept: str, runner: Runner) -> None:
    """Put back what was kept. Keys that were not set become empty; a region that was not set stays as it is."""
    if not kept:
        return
    before: dict[str, Any] = json.loads(kept)
    for name, value in before.items():
        if value is not None or name not in REGIONS:
            runner.env(name, str(value or ""))
