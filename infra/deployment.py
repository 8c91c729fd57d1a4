"""From `config/deployment.yaml`, as it was checked, to the construct's options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.options import Adopt, Alarms, Canary, Domain, Firewall, Options, Throttle, Throttles

if TYPE_CHECKING:
    from atmosphere.config.deployment_shapes import DeploymentFile


def options_of(file: DeploymentFile) -> Options:
    """The same, as the construct takes it; what the file leaves out has the default of both."""
    throttles = {name: Throttle(**entry) for name, entry in file.throttles.model_dump().items()}
    return Options(
        domain=Domain(**file.domain.model_dump()) if file.domain else None,
        throttles=Throttles(**throttles),
        firewall=Firewall(**file.firewall.model_dump()) if file.firewall else None,
        reserved_concurrency=dict(file.reserved_concurrency),
        alarms=Alarms(**file.alarms.model_dump()),
        canary=Canary(**file.canary.model_dump()) if file.canary else None,
        encryption_key=file.encryption_key,
        tags=dict(file.tags),
        log_days=file.log_days,
        adopt=Adopt(**file.adopt.model_dump()),
    )
