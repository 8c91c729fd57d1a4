"""Every option at once, for lint and tests: what only some deployments have is checked, too."""

from __future__ import annotations

from typing import Final

from infra.options import CREATE, Canary, Domain, Firewall, Options

EVERYTHING: Final = Options(
    domain=Domain(name="atmosphere.example.com", hosted_zone_id="Z0123456789", hosted_zone_name="example.com"),
    firewall=Firewall(),
    reserved_concurrency={"webhook": 10},
    canary=Canary(pool="demo", stranger_role="arn:aws:iam::888888888888:role/Stranger"),
    encryption_key=CREATE,
    tags={"team": "example"},
    log_days=400,
)
