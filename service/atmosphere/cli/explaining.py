"""Refusals of an allocate request, with their likeliest cause and what to do."""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from atmosphere.client.errors import NotConnected, ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atmosphere.client.client import AtmosphereClient

_FORBIDDEN: Final = 403
_UNSATISFIABLE: Final = "unsatisfiable"
# What API Gateway answers to a signature that it does not take, whatever the service's rules are.
_OF_THE_GATEWAY: Final = {
    "security token included in the request is expired": "these AWS credentials have expired: renew them (for example "
    "with `aws sso login`), or unset old AWS_* variables",
    "security token included in the request is invalid": "these AWS credentials are not valid: check that AWS_* "
    "variables are of one session, or choose others with --profile",
    "scoped to a valid region": "it was signed for another region: give --region with the region of the service",
    "signature expired": "the clock of this machine is wrong: synchronize it",
    "signature not yet current": "the clock of this machine is wrong: synchronize it",
}


def explained(
    refusal: ServiceError,
    client: AtmosphereClient,
    *,
    pool: str,
    roles: Sequence[str],
    environ: Mapping[str, str] = os.environ,
) -> ServiceError:
    """The same refusal with its remedy, where one is known."""
    for text, remedy in _OF_THE_GATEWAY.items():
        if refusal.status == _FORBIDDEN and text in refusal.message.lower():
            return refusal.with_remedy(remedy)
    if refusal.status == _FORBIDDEN:
        return refusal.with_remedy(_not_allowed(client, pool, environ))
    if refusal.code == _UNSATISFIABLE and roles:
        return refusal.with_remedy(
            f"the likeliest cause is the role: no matching environment of pool {pool!r} has one named "
            f"{' and '.join(map(repr, roles))} (`roles` in config/environments.yaml); without --role it is 'admin'"
        )
    return refusal


def _not_allowed(client: AtmosphereClient, pool: str, environ: Mapping[str, str]) -> str:
    """By the pools that the caller may use, if it may use any."""
    try:
        usable = [each.name for each in client.pools()]
    except (ServiceError, NotConnected):  # the first refusal says more than that of a second question
        usable = []
    if usable:
        close = get_close_matches(pool, usable, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        return f"{meant}this caller may use {', '.join(sorted(usable))}; an operator opens others in config/access.yaml"
    if environ.get("ATMOSPHERE_ALLOCATION"):
        return (
            "the likeliest cause is that the AWS variables of this shell are those of allocation "
            f"{environ['ATMOSPHERE_ALLOCATION']}, which no rule allows: use another shell, or --profile"
        )
    return (
        "no rule allows these AWS credentials: check with `aws sts get-caller-identity` that they are the intended "
        "ones (--profile chooses others), then ask an operator for a rule in config/access.yaml"
    )
