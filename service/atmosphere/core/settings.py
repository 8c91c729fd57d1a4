"""The settings, one row each: a field of `Settings` with the form, the bounds and the purpose that it has in the file.

The shape of settings.yaml, its schema, `--setting` and the JSON of a snapshot are derived from the rows.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from atmosphere.core.github import GITHUB_COM, Issuer, TrustedIssuer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Form(StrEnum):
    """How settings.yaml writes a setting."""

    SECONDS = "seconds"
    """A duration: its name in the file ends with `_seconds`."""
    COUNT = "count"
    ROLE_NAMES = "role-names"
    ACCOUNTS = "accounts"
    RESOURCE_TYPES = "resource-types"
    AUDIENCE = "audience"
    ISSUERS = "issuers"


def _row(form: Form, description: str, *, low: int | None = None, high: int | None = None) -> dict[str, Any]:
    """What a setting has beside its default; `low` and `high` bound a number, or the length of a list."""
    return {"form": form, "description": description, "low": low, "high": high}


def _seconds(low: int, high: int, description: str) -> dict[str, Any]:
    return _row(Form.SECONDS, description, low=low, high=high)


def _count(low: int, high: int, description: str) -> dict[str, Any]:
    return _row(Form.COUNT, description, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings for operators."""

    role_names: tuple[str, ...] = field(
        metadata=_row(Form.ROLE_NAMES, "the only role names that the service may assume; 1 to 20", low=1, high=20)
    )
    blocked_accounts: tuple[str, ...] = field(
        default=(), metadata=_row(Form.ACCOUNTS, "accounts that must never be an environment: 12 digits in quotes")
    )
    audience: str = field(  # empty accepts no token
        default="",
        metadata=_row(
            Form.AUDIENCE,
            "the audience that GitHub tokens must have: a URL or name that only this deployment uses, "
            "e.g. https://atmosphere.example.com",
        ),
    )
    issuers: tuple[TrustedIssuer, ...] = field(  # none here; a file that names none means github.com's
        default=(),
        metadata=_row(
            Form.ISSUERS,
            "the accepted token issuers: a list of issuers with their jwks_url; default: github.com's",
            high=20,
        ),
    )
    session: timedelta = field(
        default=timedelta(hours=3), metadata=_seconds(900, 10800, "the maximum duration of an allocation, in seconds")
    )
    min_heartbeat: timedelta = field(
        default=timedelta(seconds=60),
        metadata=_seconds(60, 3600, "the shortest heartbeat that a request may ask for, in seconds"),
    )
    credential_lifetime: timedelta = field(  # AWS caps chained roles at 1 h
        default=timedelta(hours=1), metadata=_seconds(900, 3600, "the lifetime of one set of credentials, in seconds")
    )
    cleanup_limit: timedelta = field(
        default=timedelta(minutes=60),
        metadata=_seconds(300, 21600, "the time limit of a cleanup, after which the environment is dirty, in seconds"),
    )
    verify_gap: timedelta = field(
        default=timedelta(seconds=20),
        metadata=_seconds(20, 600, "the minimum seconds between the two passes that must find nothing"),
    )
    clock_skew: timedelta = field(
        default=timedelta(seconds=5),
        metadata=_seconds(1, 60, "seconds by which clocks may differ when credentials are revoked"),
    )
    attempt_pause: timedelta = field(
        default=timedelta(seconds=60), metadata=_seconds(10, 900, "seconds to wait before a cleanup's next attempt")
    )
    max_deletions: int = field(
        default=5000,
        metadata=_count(1, 100_000, "the maximum number of leftovers; with more, a cleanup deletes nothing"),
    )
    max_dirty_alike: int = field(
        default=3,
        metadata=_count(
            1,
            50,
            "the maximum number of a pool's environments that may become dirty within an hour because of the same "
            "thing; with more, cleanups of the pool delete nothing until an operator resumes it",
        ),
    )
    watch_free: timedelta = field(
        default=timedelta(hours=6),
        metadata=_seconds(
            0,
            604_800,
            "seconds after which a free environment is scanned for what the organization added; 0: never",
        ),
    )
    skipped_types: tuple[str, ...] = field(
        default=(),
        metadata=_row(
            Form.RESOURCE_TYPES,
            "types of resources that cleaning does not scan, e.g. AWS::Glue::Job; every report lists them",
        ),
    )
    max_deferred: int = field(
        default=20, metadata=_count(0, 1000, "the maximum number of deferred resources in an environment")
    )
    deferred_age: timedelta = field(
        default=timedelta(days=7),
        metadata=_seconds(3600, 2_592_000, "the maximum age of a deferred resource, in seconds"),
    )

    @property
    def senders(self) -> tuple[Issuer, ...]:
        """Whose webhooks are read, each with a secret of its own: github.com's first, then every accepted issuer's."""
        return tuple(dict.fromkeys((GITHUB_COM, *(entry.issuer for entry in self.issuers))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One setting: the field of `Settings`, and what settings.yaml has of it. A default is as `Settings` has it."""

    field: str
    default: Any
    form: Form
    description: str
    low: int | None
    high: int | None

    @property
    def name(self) -> str:
        """Its name in the file."""
        return f"{self.field}_seconds" if self.form is Form.SECONDS else self.field

    @property
    def required(self) -> bool:
        """Whether the file has to name it."""
        return self.default is MISSING


ROWS: Final = tuple(Row(field=entry.name, default=entry.default, **entry.metadata) for entry in fields(Settings))


def _issuer(value: Mapping[str, str]) -> TrustedIssuer:
    return TrustedIssuer(issuer=Issuer(value["issuer"]), jwks_url=value["jwks_url"])


_TO_JSON: Final[dict[Form, Callable[[Any], Any]]] = {
    Form.SECONDS: timedelta.total_seconds,
    Form.ROLE_NAMES: list,
    Form.ACCOUNTS: list,
    Form.RESOURCE_TYPES: list,
    Form.ISSUERS: lambda issuers: [{"issuer": entry.issuer, "jwks_url": entry.jwks_url} for entry in issuers],
}
_FROM_JSON: Final[dict[Form, Callable[[Any], Any]]] = {
    Form.SECONDS: lambda seconds: timedelta(seconds=seconds),
    Form.ROLE_NAMES: tuple,
    Form.ACCOUNTS: tuple,
    Form.RESOURCE_TYPES: tuple,
    Form.AUDIENCE: lambda text: text or "",
    Form.ISSUERS: lambda issuers: tuple(_issuer(value) for value in issuers),
}
"""A form that is missing here is the same on both sides."""


def settings_to_json(settings: Settings) -> dict[str, Any]:
    """The settings as JSON values, by their names in the file."""
    return {row.name: _TO_JSON.get(row.form, _same)(getattr(settings, row.field)) for row in ROWS}


def settings_from_json(values: Mapping[str, Any]) -> Settings:
    """The inverse of `settings_to_json`; it also reads what settings.yaml holds, once defaults are filled in."""
    return Settings(**{row.field: _FROM_JSON.get(row.form, _same)(values[row.name]) for row in ROWS})


def _same(value: Any) -> Any:
    return value
