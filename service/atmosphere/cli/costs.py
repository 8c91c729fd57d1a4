"""`atmosphere costs`: what AWS charged for the environments, split among the tests that had them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from atmosphere.cli.connection import Connection, connected
from atmosphere.cli.exits import Exit
from atmosphere.cli.options import json_option
from atmosphere.cli.output import note, print_json, print_table
from atmosphere.core.costs import IDLE, SHARED, Held, Past, Span, in_cents, split, uses
from atmosphere.core.model import AccountId, EnvironmentKey, PoolName, Region
from atmosphere.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from atmosphere.client.client import AtmosphereClient
    from atmosphere.client.results import EnvironmentState, HistoryLine
    from atmosphere.core.costs import DayCost, Share, Use

_EPILOG: Final = (
    "Exit codes: 0 success, 1 refused or failed, 2 wrong usage, 3 Cost Explorer did not answer or may not be asked."
)
_DAYS: Final = 7
_EARLIER: Final = timedelta(days=7)
"""How long before the first day an allocation may have begun that left an environment dirty into it."""
_ALLOCATION: Final = "allocation"
_WHILE_DIRTY: Final = frozenset({"clean", "reinstate", "discard"})
_FREED: Final = frozenset({"free", "held"})
_CHARGE: Final = "AWS charges 0.01 USD for each request to Cost Explorer (at least one, one more for each further page)"
_TOTAL: Final = "total"
_OURS: Final = frozenset({IDLE, SHARED, _TOTAL})
_BY: Final[dict[str, Callable[[Use], str]]] = {
    "requester": lambda use: repr(use.requester) if use.requester in _OURS else use.requester,  # it is the test's text
    "pool": lambda use: use.pool,
}
_DAY: Final = click.DateTime(("%Y-%m-%d",))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the service tells: every environment, and who had it when."""

    keys: tuple[EnvironmentKey, ...]
    uses: tuple[Use, ...]

    @property
    def accounts(self) -> list[AccountId]:
        """Sorted."""
        return sorted({key.account for key in self.keys})


@click.command(epilog=_EPILOG)
@click.option("--by", type=click.Choice(list(_BY)), default="requester", show_default=True, help="What to total by.")
@click.option("--since", type=_DAY, help="The first day (UTC) [default: seven days before --until].")
@click.option("--until", type=_DAY, help="The first day that is not included [default: today].")
@click.option("--billing-profile", help="The AWS profile that may ask Cost Explorer [default: that of --profile].")
@click.option("--pay", is_flag=True, help="Do not ask: AWS charges 0.01 USD for each request to Cost Explorer.")
@json_option
@connected(caller="operator")
def costs(
    connection: Connection,
    *,
    by: str,
    since: datetime | None,
    until: datetime | None,
    billing_profile: str | None,
    pay: bool,
    as_json: bool,
) -> None:
    """Show what AWS charged for the environments, split among the tests that had them.

    A day's cost of an environment is split by the time for which each test held it; cleaning counts to the test that it
    cleans up after. AWS reports a cost up to 24 hours later and refines it for days.
    """
    now = datetime.now(UTC)
    span = _span(since, until, now.date())
    _agreed(pay=pay)
    known = _known(connection.client(), span, now)
    charged, requests = _charged(known, span, billing_profile or connection.profile)
    shares = split(charged, known.uses, keys=known.keys, span=span, by=_BY[by])
    provisional = span.provisional_from(now.date())
    if as_json:
        print_json(_plain(shares, by, span, provisional, requests))
    else:
        _show(shares, by, provisional, requests)


def _span(since: datetime | None, until: datetime | None, today: date) -> Span:
    last = until.date() if until else today
    first = since.date() if since else last - timedelta(days=_DAYS)
    if not first < last <= today + timedelta(days=1):
        raise click.UsageError(
            f"{first} to {last} is no span: --since must be before --until, and --until tomorrow at the latest"
        )
    return Span(since=first, until=last)


def _agreed(*, pay: bool) -> None:
    """Go on only with --pay, or when a person says so."""
    if pay:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{_CHARGE}: add --pay")
    click.confirm(f"{_CHARGE}. Ask it?", abort=True, err=True)


def _known(client: AtmosphereClient, span: Span, now: datetime) -> _Known:
    states = client.environments()
    limits = _limits(client.configuration()["configuration"])
    found: list[Use] = []
    for state in states:
        lines = client.history(
            environment=f"{state.account}/{state.region}", since=span.begin - _EARLIER, until=min(span.end, now)
        )
        found += uses(_past(state, list(lines), limits), now=now)
    return _Known(keys=tuple(_key(state) for state in states), uses=tuple(found))


def _key(state: EnvironmentState) -> EnvironmentKey:
    return EnvironmentKey(AccountId(state.account), Region(state.region))


def _limits(configuration: Mapping[str, Any]) -> Callable[[EnvironmentKey], timedelta]:
    """How long a cleaning may take, by environment."""
    default = configuration["settings"]["cleanup_limit_seconds"]
    own = {
        (entry["account"], entry["region"]): entry.get("cleanup_limit_seconds", default)
        for entry in configuration["environments"]
    }
    return lambda key: timedelta(seconds=own.get((key.account, key.region), default))


def _past(state: EnvironmentState, lines: Sequence[HistoryLine], limit: Callable[[EnvironmentKey], timedelta]) -> Past:
    return Past(
        key=_key(state),
        held=[
            Held(requester=line.requester, pool=PoolName(line.pool), started=line.at, ended=line.ended_at)
            for line in lines
            if line.kind == _ALLOCATION
        ],
        decided=[line.at for line in lines if line.kind in _WHILE_DIRTY],
        free_since=state.since if state.status in _FREED else None,
        limit=limit(_key(state)),
    )


def _charged(known: _Known, span: Span, profile: str | None) -> tuple[Sequence[DayCost], int]:
    """The costs, and how many requests AWS charges for."""
    if not known.keys:
        return [], 0
    from atmosphere.adapters.cost_explorer import of_profile  # noqa: PLC0415 -- what loads boto3 waits until it is needed

    explorer = of_profile(profile)
    try:
        return explorer.daily(known.accounts, since=span.since, until=span.until), explorer.requests
    except Unreachable as down:
        click.echo(f"{down}: the profile needs ce:GetCostAndUsage in the organization's management account", err=True)
        raise click.exceptions.Exit(Exit.UNKNOWN) from down


def _show(shares: Mapping[str, Share], by: str, provisional: date | None, requests: int) -> None:
    cents = in_cents({label: share.cost for label, share in shares.items()})
    rows = [
        (
            label,
            _dollars(cents[label]),
            str(share.allocations or ""),
            f"{float(share.seconds) / 3600:.1f}" if share.seconds else "",
        )
        for label, share in shares.items()
    ]
    total = [(_TOTAL, _dollars(sum(cents.values())), "", "")] if rows else []
    print_table((by, "USD", "allocations", "hours"), [*rows, *total], empty="AWS reports no costs")
    for label, meaning in (
        (IDLE, "days on which no test held the environment"),
        (SHARED, "outside of the regions of an account's environments"),
    ):
        if label in shares:
            note(f"{label}: {meaning}")
    if provisional:
        note(f"provisional from {provisional} on: AWS reports a cost up to 24 hours later and refines it for days")
    note(f"Cost Explorer was asked {requests} times")


def _dollars(cents: int) -> str:
    sign, amount = "-" if cents < 0 else "", abs(cents)
    return f"{sign}{amount // 100}.{amount % 100:02}"


def _plain(shares: Mapping[str, Share], by: str, span: Span, provisional: date | None, requests: int) -> dict[str, Any]:
    cents = in_cents({label: share.cost for label, share in shares.items()})
    return {
        "since": span.since.isoformat(),
        "until": span.until.isoformat(),
        "provisionalFrom": provisional.isoformat() if provisional else None,
        "currency": "USD",
        "total": _dollars(sum(cents.values())),
        "requests": requests,
        "costs": [
            {
                by: label,
                "cost": _dollars(cents[label]),
                "allocations": share.allocations,
                "heldSeconds": round(share.seconds),
            }
            for label, share in shares.items()
        ],
    }
