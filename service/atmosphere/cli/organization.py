"""Checks whether the organization's policy is in force in the accounts of the environments."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import click

from atmosphere.cli.exits import Exit
from atmosphere.cli.output import print_json, print_table
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atmosphere.adapters.organization import Finding
    from atmosphere.core.model import Registration
    from atmosphere.core.snapshot import Snapshot


def check_accounts(
    snapshot: Snapshot, environment: tuple[str, str] | None, *, profile: str | None, as_json: bool
) -> None:
    """Probe the accounts, or only the environment's, and print the answers; the worst is the exit code."""
    found = [(each, *_probed(each, profile)) for each in _accounts(snapshot, environment)]
    if as_json:
        print_json([_plain(*each) for each in found])
    else:
        rows = [(each.key.account, *row) for each, findings, error in found for row in _rows(findings, error)]
        print_table(("account", "statement", "in force", "answer from AWS"), rows, empty="there are no environments")
    if code := max((_code(findings) for _, findings, _ in found), default=Exit.FINE):
        raise click.exceptions.Exit(code)


def _accounts(snapshot: Snapshot, environment: tuple[str, str] | None) -> list[Registration]:
    """One environment for each account."""
    wanted = [e for e in snapshot.environments if environment in (None, (e.key.account, e.key.region))]
    if environment and not wanted:
        raise click.UsageError(f"{'/'.join(environment)} is not in environments.yaml")
    return list({each.key.account: each for each in reversed(wanted)}.values())[::-1]


def _probed(registration: Registration, profile: str | None) -> tuple[Sequence[Finding], str]:
    """The findings, or none and why the admin role could not be assumed."""
    from atmosphere.adapters.organization import probe  # noqa: PLC0415 -- what loads boto3 waits until it is needed

    try:
        return probe(registration, profile=profile, unique=uuid.uuid4().hex[:12]), ""
    except Unreachable as error:
        return [], str(error)


def _rows(findings: Sequence[Finding], error: str) -> list[tuple[str, str, str]]:
    if error:
        return [("all", "unknown", error)]
    return [(each.statement, str(each.in_force), each.code) for each in findings]


def _plain(registration: Registration, findings: Sequence[Finding], error: str) -> dict[str, object]:
    statements = {each.statement: str(each.in_force) for each in findings}
    return {"account": registration.key.account, "statements": statements, "error": error or None}


def _code(findings: Sequence[Finding]) -> Exit:
    answers = {str(each.in_force) for each in findings}
    if not answers or "unknown" in answers:
        return Exit.UNKNOWN
    return Exit.PROBLEMS if "not in force" in answers else Exit.FINE
