"""The stack `atmosphere`: the service and the outputs that tools read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, CfnParameter, Stack

from atmosphere.contract import issuer_digest
from infra.options import Options
from infra.service import AtmosphereService

if TYPE_CHECKING:
    from constructs import Construct

    from atmosphere.core.snapshot import Snapshot
    from infra.names import ServiceName
    from infra.target import Target

_DEFAULT: Final = Options()


class AtmosphereStack(Stack):
    """One deployment of the service, in whatever account and region it is deployed to."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        snapshot: Snapshot,
        target: Target,
        service_name: ServiceName,
        options: Options = _DEFAULT,
    ) -> None:
        super().__init__(scope, construct_id, description="Atmosphere: clean AWS environments for integration tests")
        issuer = _loopback_issuer(self).value_as_string
        service = AtmosphereService(
            self,
            "Service",
            config=snapshot,
            target=target,
            service_name=service_name,
            loopback_issuer=issuer,
            options=options,
        )
        for name, value in _outputs(service).items():
            CfnOutput(self, name, value=value)
        for place, (sender, arn) in enumerate(service.webhook_secrets.items()):
            name = f"WebhookSecretArn{issuer_digest(sender) if place else ''}"
            CfnOutput(self, name, value=arn, description=f"The secret of the webhook of {sender}")


def _loopback_issuer(scope: Construct) -> CfnParameter:
    """Both targets have it, so that they differ in nothing; only `atmosphere local` ever fills it in."""
    return CfnParameter(
        scope,
        "LoopbackIssuer",
        description="Leave it empty: the address of a stand-in for GitHub's token issuer, on a run on one machine",
        default="",
        allowed_pattern=r"^$|^http://127\.0\.0\.1:\d{1,5}$",
    )


def _outputs(service: AtmosphereService) -> dict[str, str]:
    return {
        "Endpoint": service.api.endpoint,
        "ApiId": service.api.rest_api_id,
        "StateMachineArn": service.machine.state_machine_arn,
        "BucketName": service.bucket.bucket_name,
        "AlarmTopicArn": service.topic.topic_arn,
        **_domain_outputs(service),
        **{f"Function{name.title()}": made.function_name for name, made in service.functions.items()},
        **{f"Table{table.title().replace('_', '')}": made.table_name for table, made in service.tables.items()},
    }


def _domain_outputs(service: AtmosphereService) -> dict[str, str]:
    """The base for clients that may use the domain, and what a DNS record of your own has to point at."""
    if service.domain is None:
        return {}
    return {
        "DomainEndpoint": f"https://{service.domain.domain_name}",
        "DomainTarget": service.domain.domain_name_alias_domain_name,
    }
