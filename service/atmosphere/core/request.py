"""What callers may ask, parsed once: after this a value is valid and nobody checks it again.

Source: the wire contract (docs/api/openapi.yaml). Unknown keys and unknown types are refused, never ignored.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from atmosphere.core import forms
from atmosphere.core.errors import InvalidRequest
from atmosphere.core.matching import Party
from atmosphere.core.model import ADMIN, AccountId, AllocationId, PoolName, Region, RoleName
from atmosphere.core.selection import Capability, Constraint, InAccounts, InRegions, RequestedEnvironment
from atmosphere.core.snapshot import canonical
from atmosphere.core.strict_json import parse_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from atmosphere.core.model import Json

MAX_ENVIRONMENTS: Final = 10
MIN_DURATION: Final = timedelta(seconds=900)  # the shortest session that STS gives
MAX_DURATION: Final = timedelta(seconds=10800)
MIN_HEARTBEAT: Final = timedelta(seconds=60)  # by default; the reconciler runs every minute
MAX_HEARTBEAT: Final = timedelta(seconds=3600)
_MAX_REQUESTER: Final = 1024  # bytes
_MAX_OUTCOME: Final = 100  # bytes
_MAX_CONSTRAINTS: Final = 20
_MAX_VALUES: Final = 100
_MAX_POLICY: Final = 2048  # characters, STS
_MAX_ASKED_FOR: Final = 600  # characters, of a row that may have 1 KB
_ASKED_FOR: Final = ("environments", "accounts", "constraints", "role")
DEFAULT_NAME: Final = "default"

_POOL: Final = re.compile(forms.POOL)
_NAME: Final = re.compile(forms.NAME)
_ACCOUNT: Final = re.compile(forms.ACCOUNT)
_REGION: Final = re.compile(forms.REGION)
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocateRequest:
    """A valid request to allocate. `asked_hash` tells equal requests from others under one Idempotency-Key.

    `asked_for` is the part that says which environments, as canonical JSON, which `asked_party` reads again.
    """

    pool: PoolName
    requester: str
    environments: tuple[RequestedEnvironment, ...]
    asked_hash: str
    asked_for: str
    distinct_accounts: bool = True
    duration: timedelta | None = None
    heartbeat: timedelta | None = None
    session_policy: str | None = None
    release_token_hash: str | None = None
    dry_run: bool = False
    constraints: tuple[Json, ...] = ()


_KEYS: Final = frozenset(
    {
        "pool",
        "requester",
        "constraints",
        "environments",
        "accounts",
        "durationSeconds",
        "heartbeatSeconds",
        "role",
        "sessionPolicy",
        "releaseTokenHash",
        "dryRun",
    }
)


def allocate_request(body: dict[str, Json], *, min_heartbeat: timedelta = MIN_HEARTBEAT) -> AllocateRequest:
    """Parse the body of `POST /allocations`; raises `InvalidRequest` naming what is wrong and what would be right."""
    known_keys(body, _KEYS, "the request")
    constraints = body.get("constraints", [])
    return AllocateRequest(
        pool=PoolName(_text(body, "pool", _POOL, "a pool's name, e.g. 'integration'")),
        requester=printable(body.get("requester"), "requester", limit=_MAX_REQUESTER),
        environments=_requested(body),
        asked_hash=sha256(canonical({k: v for k, v in body.items() if k != "dryRun"}).encode()).hexdigest(),
        asked_for=_asked_for(body),
        distinct_accounts=_distinct(body),
        duration=_seconds(body, "durationSeconds", MIN_DURATION, MAX_DURATION),
        heartbeat=_seconds(body, "heartbeatSeconds", min_heartbeat, MAX_HEARTBEAT),
        session_policy=_policy(body.get("sessionPolicy")),
        release_token_hash=_token_hash(body.get("releaseTokenHash")),
        dry_run=_flag(body.get("dryRun", False), "dryRun"),
        constraints=tuple(constraints) if isinstance(constraints, list) else (),
    )


def _asked_for(body: dict[str, Json]) -> str:
    """Bounded, because it is stored: constraints that are too long are left out, so that any environment will do."""
    text = canonical({name: body[name] for name in _ASKED_FOR if name in body})
    if len(text) <= _MAX_ASKED_FOR:
        return text
    listed = body.get("environments")
    names = [entry["name"] for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    several = {"environments": [{"name": name} for name in names], "accounts": body.get("accounts", "distinct")}
    return canonical(several if names else {})


@lru_cache(maxsize=1024)
def asked_party(asked_for: str) -> Party:
    """The environments that an `AllocateRequest.asked_for` wants; equal ones give the same object."""
    body = parse_object(asked_for.encode())
    return Party(_requested(body), _distinct(body))


def outcome_request(body: dict[str, Json]) -> str:
    """Parse the body of `DELETE /allocations/{id}`: the requester's word for how it went."""
    known_keys(body, frozenset({"outcome"}), "the request")
    return printable(body.get("outcome"), "outcome", limit=_MAX_OUTCOME)


def reason_request(body: dict[str, Json]) -> str:
    """Parse the body of an operator's act: why."""
    known_keys(body, frozenset({"reason"}), "the request")
    return operators_reason(body)


def operators_reason(body: dict[str, Json]) -> str:
    """Why an operator acts, from the body of any act."""
    return printable(body.get("reason"), "reason", limit=_MAX_REQUESTER)


def idempotency_key(header: str | None) -> AllocationId | None:
    """The `Idempotency-Key` header: the id that the allocation shall have."""
    if header is None:
        return None
    key = header.strip().lower()
    if not _UUID.fullmatch(key):
        raise InvalidRequest("Idempotency-Key is not a UUID: send one made for this request, e.g. by uuidgen")
    return AllocationId(key)


def allocation_id(text: str) -> AllocationId | None:
    """An id from a path, or None where it cannot be one: ids are lower-case UUIDs."""
    return AllocationId(text) if _UUID.fullmatch(text) else None


def printable(value: Json, name: str, *, limit: int) -> str:
    """Text for people: 1 to `limit` bytes of UTF-8 without anything that could forge a line or a direction in a log."""
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"{name!r} is missing or no text: send 1 to {limit} bytes of text")
    # Cc: control, Cf: format (bidi overrides), Cs: lone surrogates, Zl and Zp: line and paragraph separators
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _BIDI for character in value):
        raise InvalidRequest(f"{name!r} holds control characters: send one line of printable text")
    if len(value.encode()) > limit:
        raise InvalidRequest(f"{name!r} is longer than {limit} bytes: shorten it")
    return value


_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def known_keys(value: dict[str, Json], known: frozenset[str], where: str) -> None:
    """Raises `InvalidRequest` for keys that are not known: they are refused, never ignored."""
    if unknown := sorted(set(value) - known):
        raise InvalidRequest(f"{where} has keys that are not known: {unknown!r}; known are {sorted(known)!r}")


def _text(value: dict[str, Json], name: str, shape: re.Pattern[str], what: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not shape.fullmatch(text):
        raise InvalidRequest(f"{name!r} is missing or malformed: send {what}")
    return text


def _flag(value: Json, name: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequest(f"{name!r} is not true or false")
    return value


def _distinct(body: dict[str, Json]) -> bool:
    accounts = body.get("accounts", "distinct")
    if accounts not in ("distinct", "any"):
        raise InvalidRequest("'accounts' is neither 'distinct' nor 'any'")
    if "accounts" in body and "environments" not in body:
        raise InvalidRequest("'accounts' goes with 'environments' only")
    return accounts == "distinct"


def _seconds(body: dict[str, Json], name: str, least: timedelta, most: timedelta) -> timedelta | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():  # 900.0 is an integer of JSON Schema
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest(f"{name!r} is not a whole number")
    if not least.total_seconds() <= value <= most.total_seconds():
        raise InvalidRequest(f"{name!r} is not between {least.total_seconds():g} and {most.total_seconds():g}")
    return timedelta(seconds=value)


def _policy(value: Json) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = parse_object(value.encode("utf-8", "surrogatepass"))
        except InvalidRequest as broken:
            raise InvalidRequest("'sessionPolicy' is not valid JSON: send an IAM policy document") from broken
    if not isinstance(value, dict) or not _are_statements(value.get("Statement")):
        raise InvalidRequest("'sessionPolicy' is no IAM policy document: send an object with 'Version' and 'Statement'")
    text = canonical(value)
    if len(text) > _MAX_POLICY:
        raise InvalidRequest(f"'sessionPolicy' is longer than {_MAX_POLICY} characters, which STS refuses: shorten it")
    return text


def _are_statements(value: Json) -> bool:
    """One statement, or a list of at least one."""
    statements = value if isinstance(value, list) else [value]
    return bool(statements) and all(isinstance(statement, dict) for statement in statements)


def _token_hash(value: Json) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise InvalidRequest("'releaseTokenHash' is not a sha-256 in lower-case hex")
    return value


def _requested(body: dict[str, Json]) -> tuple[RequestedEnvironment, ...]:
    if "environments" not in body:
        return (_one_requested(DEFAULT_NAME, body),)
    if "constraints" in body or "role" in body:
        raise InvalidRequest(
            "'environments' does not go together with a top-level 'constraints' or 'role': move them in"
        )
    listed = body["environments"]
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_ENVIRONMENTS:
        raise InvalidRequest(f"'environments' is not a list of 1 to {MAX_ENVIRONMENTS} objects")
    requested = tuple(_named_request(entry, index) for index, entry in enumerate(listed))
    if len({wanted.name for wanted in requested}) != len(requested):
        raise InvalidRequest("two of 'environments' have the same 'name': give each its own")
    return requested


def _named_request(entry: Json, index: int) -> RequestedEnvironment:
    if not isinstance(entry, dict):
        raise InvalidRequest(f"environments[{index}] is not an object")
    known_keys(entry, frozenset({"name", "constraints", "role"}), f"environments[{index}]")
    return _one_requested(_text(entry, "name", _NAME, "a short name, e.g. 'primary'"), entry)


def _one_requested(name: str, entry: dict[str, Json]) -> RequestedEnvironment:
    role = _text(entry, "role", _NAME, "a role's name, e.g. 'admin'") if "role" in entry else ADMIN
    return RequestedEnvironment(name=name, role=RoleName(role), constraints=_constraints(entry.get("constraints", [])))


def _constraints(value: Json) -> tuple[Constraint, ...]:
    if not isinstance(value, list) or len(value) > _MAX_CONSTRAINTS:
        raise InvalidRequest(f"'constraints' is not a list of at most {_MAX_CONSTRAINTS} objects")
    return tuple(_constraint(entry, index) for index, entry in enumerate(value))


def _constraint(entry: Json, index: int) -> Constraint:
    if not isinstance(entry, dict) or set(entry) != {"type", "value"}:
        raise InvalidRequest(f"constraints[{index}] is not an object with exactly 'type' and 'value'")
    kind = entry["type"]
    parse = _KINDS.get(kind) if isinstance(kind, str) else None
    if parse is None:
        raise InvalidRequest(f"constraints[{index}] has a type that is not known; known are {sorted(_KINDS)!r}")
    return parse(entry["value"], index)


def _listed(value: Json, index: int, shape: re.Pattern[str], what: str) -> list[str]:
    texts = value if isinstance(value, list) else []
    valid = [text for text in texts if isinstance(text, str) and shape.fullmatch(text)]
    if not 1 <= len(valid) <= _MAX_VALUES or len(valid) != len(texts):
        raise InvalidRequest(f"constraints[{index}].value is not a list of 1 to {_MAX_VALUES} {what}")
    return valid


def _regions(value: Json, index: int) -> Constraint:
    return InRegions(frozenset(Region(text) for text in _listed(value, index, _REGION, "regions")))


def _accounts(value: Json, index: int) -> Constraint:
    return InAccounts(frozenset(AccountId(text) for text in _listed(value, index, _ACCOUNT, "12-digit account ids")))


def _capability(value: Json, index: int) -> Constraint:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return Capability(value)
    if isinstance(value, dict) and len(value) == 1:
        ((name, wanted),) = value.items()
        return Capability(name, wanted)
    raise InvalidRequest(f"constraints[{index}].value is neither a capability's name nor one {{name: value}}")


_KINDS: Final[dict[str, Callable[[Json, int], Constraint]]] = {
    "region": _regions,
    "account": _accounts,
    "capability": _capability,
}
