"""What a configuration is compared with: the one in force, a git revision's, or another directory's.

Whatever keeps this from being known is an error of its own: it must never look like a configuration that is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from atmosphere.cli.deployed import configuration
from atmosphere.cli.output import shown
from atmosphere.cli.revisions import NotReadable, check_revision, is_revision
from atmosphere.client import results
from atmosphere.client.errors import UNKNOWN_ALLOCATION, NotConnected, ServiceError
from atmosphere.config.deployment_shapes import DEPLOYMENT
from atmosphere.config.load import check
from atmosphere.config.option_changes import option_steps
from atmosphere.config.plan import Plan, Standing, plan
from atmosphere.config.problems import Severity
from atmosphere.config.shapes import FILES
from atmosphere.core.access import AccessRules
from atmosphere.core.model import Status
from atmosphere.core.snapshot import Snapshot, digest, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atmosphere.cli.connection import Connection
    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.results import EnvironmentState
    from atmosphere.config.deployment_shapes import DeploymentFile
    from atmosphere.config.load import Checked, Configured

DEPLOYED: Final = "deployed"
_OPTIONS: Final = f"{DEPLOYMENT} is not compared with the deployment: a plan against a revision and `cdk diff` show it."
_MOST_HOLDERS: Final = 200  # allocations that are asked for; of further environments only the deadline is shown


class NotComparable(Exception):
    """It is not known what the configuration would replace; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A plan, and what it was made against: in words, and by digest (empty if there was no configuration).

    `not_compared` is a sentence on what the plan leaves out, or empty.
    """

    plan: Plan
    against: str
    before: str
    after: str
    not_compared: str = ""


def compare(new: Configured, directory: Path, against: str, connection: Connection) -> Compared:
    """The plan of `new`, which is the configuration in `directory`. Raises `NotComparable`, or a usage error."""
    if against == DEPLOYED:
        return _with_deployment(new.snapshot, directory, connection)
    other = Path(against)
    if any((other / file).exists() for file in FILES):
        if other.parts == (against,) and is_revision(directory, against):
            message = f"{against} is a directory and a git revision: write ./{against} or refs/heads/{against}"
            raise click.UsageError(message)
        return _made(new, _valid(check(other), against), f"the directory {against}")
    try:
        checked = check_revision(directory, against)
    except NotReadable as failed:
        raise NotComparable(f"{against} is no directory with a configuration, and {failed}") from failed
    if checked is None:
        return _from_nothing(new, against)
    return _made(new, _valid(checked, against), f"the revision {against}")


def _valid(checked: Checked, against: str) -> Configured:
    if checked.configured is None:
        problem = next(each for each in checked.problems if each.severity is Severity.ERROR)
        raise NotComparable(f"the configuration of {against} is wrong itself: {problem}")
    return checked.configured


def _made(new: Configured, old: Configured, against: str) -> Compared:
    return Compared(
        plan=_whole(old.snapshot, new, old.deployment),
        against=against,
        before=name(old.snapshot),
        after=name(new.snapshot),
    )


def _from_nothing(new: Configured, against: str) -> Compared:
    empty = Snapshot(environments=(), access=AccessRules(), settings=new.snapshot.settings)
    said = f"the revision {against}, which has no configuration there"
    return Compared(plan=_whole(empty, new, None), against=said, before="", after=name(new.snapshot))


def _whole(old: Snapshot, new: Configured, deployment: DeploymentFile | None) -> Plan:
    made = plan(old, new.snapshot)
    return replace(made, steps=(*made.steps, *option_steps(deployment, new.deployment)))


def name(snapshot: Snapshot) -> str:
    """The digest by which a deployment knows a configuration."""
    return digest(to_json(snapshot))


def _with_deployment(new: Snapshot, directory: Path, connection: Connection) -> Compared:
    try:
        client = connection.client()
        deployed = results.read(configuration, client.configuration())
        touched = {step.subject for step in plan(deployed.snapshot, new).steps}
        standings = _standings(client, touched)
    except (ServiceError, NotConnected) as failed:
        raise NotComparable(f"the deployment did not tell what is in force: {failed}") from failed
    made = plan(deployed.snapshot, new, standings)
    return Compared(
        plan=made,
        against="the deployment",
        before=deployed.digest,
        after=name(new),
        not_compared=_OPTIONS if (directory / DEPLOYMENT).exists() else "",
    )


def _standings(client: AtmosphereClient, touched: set[str]) -> Mapping[str, Standing]:
    rows = {f"aws://{row.account}/{row.region}": row for row in client.environments()}
    found = {place: row for place, row in rows.items() if place in touched}
    asked = [row.allocation for row in found.values() if row.allocation and row.status == Status.IN_USE]
    holders = {id_: _holder(client, id_) for id_ in asked[:_MOST_HOLDERS]}
    return {place: _standing(row, holders) for place, row in found.items() if row.status}


def _standing(row: EnvironmentState, holders: Mapping[str, str]) -> Standing:
    return Standing(
        status=_status(row),
        deregistering=row.registration == "deregistering",
        held_by=holders.get(row.allocation or "", ""),
        until=shown(row.deadline) or "",
    )


def _status(row: EnvironmentState) -> Status:
    return Status(row.status or "")


def _holder(client: AtmosphereClient, id_: str) -> str:
    try:
        found = client.get(id_)
    except ServiceError as refusal:
        if refusal.code == UNKNOWN_ALLOCATION:
            return ""  # it ended meanwhile
        raise
    return f"{found.requester} ({found.asked_by})" if found.asked_by else found.requester
