"""A name of the deployment's own for the API: certificate, regional domain over TLS 1.2 or newer, alias.

The default endpoint stays on: the published npm client signs for `execute-api` only where the host is API Gateway's
own. Everything is CloudFormation's: no custom resource looks anything up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets

if TYPE_CHECKING:
    from constructs import Construct

    from infra.options import Domain


def add_domain(scope: Construct, domain: Domain, api: apigateway.RestApi) -> apigateway.DomainName:
    """The domain, whose root is the API's stage."""
    zone = _zone(scope, domain)
    made = apigateway.DomainName(
        scope,
        "Domain",
        domain_name=domain.name,
        certificate=_certificate(scope, domain, zone),
        endpoint_type=apigateway.EndpointType.REGIONAL,
        security_policy=apigateway.SecurityPolicy.TLS_1_2,
    )
    made.add_base_path_mapping(api, stage=api.deployment_stage)
    if zone is not None:
        alias = route53.RecordTarget.from_alias(targets.ApiGatewayDomain(made))
        route53.ARecord(scope, "DomainAlias", zone=zone, record_name=f"{domain.name}.", target=alias)
    return made


def _zone(scope: Construct, domain: Domain) -> route53.IHostedZone | None:
    if not domain.hosted_zone_id:
        return None
    return route53.HostedZone.from_hosted_zone_attributes(
        scope, "DomainZone", hosted_zone_id=domain.hosted_zone_id, zone_name=domain.hosted_zone_name
    )


def _certificate(scope: Construct, domain: Domain, zone: route53.IHostedZone | None) -> acm.ICertificate:
    if domain.certificate_arn:
        return acm.Certificate.from_certificate_arn(scope, "DomainCertificate", domain.certificate_arn)
    validation = acm.CertificateValidation.from_dns(zone)
    return acm.Certificate(scope, "DomainCertificate", domain_name=domain.name, validation=validation)
