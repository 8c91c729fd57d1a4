"""Whether somebody asked for the live suite, and for what: read from variables, and refused with the way to ask.

Nothing here is guessed: without the number of the account nothing runs, and STS has to name the same one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT: Final = "ATMOSPHERE_LIVE"
ENDPOINT: Final = "ATMOSPHERE_LIVE_ENDPOINT"
STACK: Final = "ATMOSPHERE_LIVE_STACK"
BUDGET: Final = "ATMOSPHERE_LIVE_BUDGET"
POOL: Final = "ATMOSPHERE_LIVE_POOL"
ROLE: Final = "ATMOSPHERE_LIVE_ROLE"
STRANGER: Final = "ATMOSPHERE_LIVE_STRANGER_PROFILE"
DOMAIN: Final = "ATMOSPHERE_LIVE_DOMAIN"
AUDIENCE: Final = "ATMOSPHERE_LIVE_AUDIENCE"
LEDGER: Final = "ATMOSPHERE_LIVE_LEDGER"

VARIABLES: Final = {
    ACCOUNT: "the account that the suite may use: 12 digits, and the one that your credentials are of",
    ENDPOINT: "the endpoint of a deployed service, without a trailing slash; or the next one",
    STACK: "the name of the service's stack, whose output `Endpoint` is used; both may be set",
    BUDGET: "what a run may cost by the table of prices, in USD; the default is 1.00",
    POOL: "a pool from which the suite may allocate; without it, tests that need an environment are skipped",
    ROLE: "the role that calls the API, assumed with your credentials; without it they call themselves",
    STRANGER: "a profile of an account that the service does not list; without it, its test is skipped",
    DOMAIN: "the custom domain, such as `https://atmosphere.example.com`; without it, its test is skipped",
    AUDIENCE: "in a workflow job that may write `id-token`: the `audience`; else the test of a token is skipped",
    LEDGER: "the file that lists what the suite creates; the default is `build/live/ledger.jsonl`",
}
"""Every variable and what it means; docs/live.md has the same table."""
DEFAULT_BUDGET: Final = "1.00"
DEFAULT_LEDGER: Final = "build/live/ledger.jsonl"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SET_THEM: Final = f"set {ACCOUNT} to the account's number, {ENDPOINT} or {STACK}, and AWS credentials: docs/live.md"


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Why nothing runs, and what to set."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the suite may use; texts are empty where nothing was given."""

    account: str
    endpoint: str
    stack: str
    budget: Decimal
    ledger: Path
    pool: str
    role: str
    stranger: str
    domain: str
    audience: str


def asked(variables: Mapping[str, str]) -> Asked | NotAsked:
    """What the variables say, or why they say too little."""
    texts = {name: variables.get(name, "").strip() for name in VARIABLES}
    budget = _amount(texts[BUDGET] or DEFAULT_BUDGET)
    if not texts[ACCOUNT]:
        return NotAsked(f"{ACCOUNT} is not set, so nothing may run on an account: {_SET_THEM}")
    if not re.fullmatch(r"\d{12}", texts[ACCOUNT], re.ASCII):
        return NotAsked(f"{ACCOUNT} is not an account's number of 12 digits: {_SET_THEM}")
    if not (texts[ENDPOINT] or texts[STACK]):
        return NotAsked(f"neither {ENDPOINT} nor {STACK} is set: {_SET_THEM}")
    if budget is None:
        return NotAsked(f"{BUDGET} is not an amount in USD above 0: set it to one such as {DEFAULT_BUDGET}")
    return Asked(
        account=texts[ACCOUNT],
        endpoint=texts[ENDPOINT].rstrip("/"),
        stack=texts[STACK],
        budget=budget,
        ledger=Path(texts[LEDGER] or DEFAULT_LEDGER),
        pool=texts[POOL],
        role=texts[ROLE],
        stranger=texts[STRANGER],
        domain=texts[DOMAIN].rstrip("/"),
        audience=texts[AUDIENCE],
    )


def confirmed(wanted: Asked, session: Any) -> Asked | NotAsked:
    """The same, if STS says that the credentials are of that account and it is known where that is."""
    if not session.region_name:
        return NotAsked("no region: set AWS_REGION to the region of the service")
    try:
        account = session.client("sts").get_caller_identity()["Account"]
    except (ClientError, BotoCoreError) as error:
        return NotAsked(f"STS does not say whose credentials these are ({code_of(error)}): renew them")
    if account != wanted.account:
        return NotAsked(f"the credentials are of account {account} and {ACCOUNT} says {wanted.account}: change one")
    return wanted


def is_embedded(address: str) -> bool:
    """Whether an address is on this machine, where only the embedded AWS can be."""
    return urlsplit(address).hostname in _LOOPBACK


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None
