"""What a deployment may choose besides its configuration; the defaults need nothing and deploy everywhere.

The props of the construct; our own app reads them from `config/deployment.yaml`. Wrong combinations are a ValueError.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from atmosphere.contract import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

CREATE: Final = "create"
"""As `encryption_key`: the stack makes a key of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A name of your own for the API, over TLS 1.2 or newer. The default endpoint stays on.

    Without `certificate_arn` the certificate is made and validated in the hosted zone; without the zone there is no
    alias, and you point your own DNS at the output `DomainTarget`.
    """

    name: str
    certificate_arn: str = ""
    hosted_zone_id: str = ""
    hosted_zone_name: str = ""

    def __post_init__(self) -> None:
        if bool(self.hosted_zone_id) != bool(self.hosted_zone_name):
            raise ValueError("a hosted zone needs hosted_zone_id and hosted_zone_name: give both, or neither")
        if not (self.certificate_arn or self.hosted_zone_id):
            raise ValueError("a domain needs certificate_arn, or a hosted zone in which its certificate is validated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Requests per second over all callers, for each route, and how many may come at once."""

    rate: int
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttles:
    """One for each tree of routes, so that a flood on an open one leaves the others alone."""

    iam: Throttle = Throttle(rate=200, burst=400)
    github: Throttle = Throttle(rate=100, burst=200)
    webhook: Throttle = Throttle(rate=50, burst=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """A web ACL (WAF) before the API: yours by ARN, or one of the stack's with a limit for each address.

    `rate` is in requests per five minutes; many runners may share one address.
    """

    acl_arn: str = ""
    rate: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """Limits of alarms that depend on how busy a deployment is."""

    exhausted_minutes: int = 30
    cleanup_p95_minutes: int = 30
    webhook_rejections: int = 10
    """In one hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """Requests that the service sends to itself every `minutes`.

    `stranger_role` is a role of an account that may not use the service; `pool` is one to allocate from and release.
    """

    minutes: int = 15
    pool: str = ""
    stranger_role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """What an earlier deployment left, or what was restored from a backup, by name: taken in instead of made anew.

    `tables` are by name of the contract, `webhook_secrets` are ARNs by issuer. What is not named is the stack's own.
    Tables and bucket become resources of the stack, if it is deployed with `--import-existing-resources` (ADR 0034).
    """

    tables: Mapping[str, str] = field(default_factory=dict)
    bucket: str = ""
    webhook_secrets: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := sorted(self.tables.keys() - set(Table)):
            raise ValueError(f"the service has no table {unknown[0]!r}: name some of {', '.join(Table)}")
        if len(set(self.tables.values())) < len(self.tables):
            raise ValueError("two tables cannot be adopted from one: give each its own name")
        if self.bucket and Table.ENVIRONMENTS not in self.tables:
            raise ValueError(
                "without its table of environments, an adopted bucket's baselines would be captured over: name both"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All of them."""

    domain: Domain | None = None
    throttles: Throttles = Throttles()
    firewall: Firewall | None = None
    reserved_concurrency: Mapping[str, int] = field(default_factory=dict)
    """By name of a function. Empty by default, because an account may have only 10, of which none can be reserved."""
    alarms: Alarms = Alarms()
    canary: Canary | None = None
    encryption_key: str = ""
    """The ARN of a KMS key, or `CREATE`; empty: AWS's own keys."""
    tags: Mapping[str, str] = field(default_factory=dict)
    log_days: int = 90
    adopt: Adopt = Adopt()
