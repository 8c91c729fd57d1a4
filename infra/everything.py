"""Every option at once, for lint and tests: what only some deployments have is checked, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from atmosphere.contract import Table
from infra.options import CREATE, Adopt, Canary, Domain, Firewall, Options

_SECRETS: Final = "arn:aws:secretsmanager:us-east-1:111111111111:secret"
EVERYTHING: Final = Options(
    domain=Domain(name="atmosphere.example.com", hosted_zone_id="Z0123456789", hosted_zone_name="example.com"),
    firewall=Firewall(),
    reserved_concurrency={"webhook": 10},
    canary=Canary(pool="demo", stranger_role="arn:aws:iam::888888888888:role/Stranger"),
    encryption_key=CREATE,
    tags={"team": "example"},
    log_days=400,
)

ADOPTED: Final = replace(
    EVERYTHING,
    adopt=Adopt(
        tables={table: f"kept-{table}" for table in Table},
        bucket="kept-bucket",
        webhook_secrets={
            "https://token.actions.githubusercontent.com": f"{_SECRETS}:kept-AbCdEf",
        },
    ),
)
"""The same on what an earlier deployment left."""
