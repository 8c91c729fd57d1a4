"""API Gateway, of both versions, and AppSync. What is part of an API goes along with it.

Custom domain names are the same ones in both versions; the first lists all of them. Source: the API
reference of each service; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Stage
from atmosphere.cleanup.catalogue.row import Call, Listing, Row, Step

# a bad request is one for an API, a plan or a link that something refers to
_REST: Final = Errors(absent=("NotFoundException",), busy=("BadRequestException", "ConflictException"))
_APPSYNC: Final = Errors(absent=("NotFoundException",), busy=("ConcurrentModificationException",))
_DOMAIN: Final = "AWS::ApiGateway::DomainName"
_ALL_STAGES: Final = "apiStages[].{op: 'remove', path: '/apiStages', value: join(':', [apiId, stage])}"
_ID_OF_ARN: Final = r".*:apis/(.+)"

_GATEWAY: Final = (
    Row(
        name=_DOMAIN,
        service="apigateway",
        listing=Listing("get_domain_names", "domainName", unless="domainNameId"),
        see=Call("get_domain_name"),
        rare=(
            Step(
                call=Call("delete_base_path_mapping", ("domainName", "basePath")),
                each=Listing("get_base_path_mappings", "basePath"),
            ),
        ),
        remove=Call("delete_domain_name"),
        errors=_REST,
    ),
    # those of private APIs, which a name alone does not tell apart
    Row(
        name="AWS::ApiGateway::DomainNameV2",
        service="apigateway",
        listing=Listing("get_domain_names", "domainNameArn", unless="!domainNameId"),
        see=Call("get_domain_name", ("domainName", "domainNameId")),
        parts=r".*:/domainnames/([^+]+)\+(.+)",
        remove=Call("delete_domain_name", ("domainName", "domainNameId")),
        errors=_REST,
    ),
    Row(
        name="AWS::ApiGateway::UsagePlan",
        service="apigateway",
        listing=Listing("get_usage_plans", "id"),
        see=Call("get_usage_plan"),
        strip=(Step(call=Call("update_usage_plan", seen={"patchOperations": _ALL_STAGES}), when="apiStages"),),
        remove=Call("delete_usage_plan"),
        errors=_REST,
    ),
    Row(
        name="AWS::ApiGateway::ApiKey",
        service="apigateway",
        listing=Listing("get_api_keys", "id", "createdDate"),
        see=Call("get_api_key"),
        remove=Call("delete_api_key"),
        errors=_REST,
    ),
    Row(
        name="AWS::ApiGateway::RestApi",
        service="apigateway",
        after=(_DOMAIN, "AWS::ApiGateway::UsagePlan"),
        listing=Listing("get_rest_apis", "id", "createdDate"),
        see=Call("get_rest_api"),
        ending="apiStatus == 'DELETING'",
        remove=Call("delete_rest_api"),
        errors=_REST,
    ),
    Row(
        name="AWS::ApiGateway::VpcLink",
        service="apigateway",
        after=("AWS::ApiGateway::RestApi",),
        listing=Listing("get_vpc_links", "id"),
        see=Call("get_vpc_link"),
        ending="status == 'DELETING'",
        remove=Call("delete_vpc_link"),
        errors=_REST,
    ),
    Row(
        name="AWS::ApiGatewayV2::Api",
        service="apigatewayv2",
        after=(_DOMAIN,),
        listing=Listing("get_apis", "ApiId", "CreatedDate", late="ApiGatewayManaged && (CreatedDate || 'unknown')"),
        see=Call("get_api"),
        remove=Call("delete_api"),
        errors=_REST,
    ),
    Row(
        name="AWS::ApiGatewayV2::VpcLink",
        service="apigatewayv2",
        stage=Stage.SLOW,  # its interfaces stay in their subnets for minutes
        listing=Listing("get_vpc_links", "VpcLinkId", "CreatedDate", members="Items"),
        see=Call("get_vpc_link"),
        ending="VpcLinkStatus == 'DELETING'",
        remove=Call("delete_vpc_link"),
        errors=_REST,
    ),
)

_APPSYNC_APIS: Final = (
    Row(
        name="AWS::AppSync::GraphQLApi",
        service="appsync",
        listing=Listing("list_graphql_apis", "arn"),  # its id is made once
        see=Call("get_graphql_api"),
        parts=_ID_OF_ARN,
        remove=Call("delete_graphql_api"),
        errors=_APPSYNC,
    ),
    Row(
        name="AWS::AppSync::Api",
        service="appsync",
        listing=Listing("list_apis", "apiArn", "created"),
        see=Call("get_api"),
        parts=_ID_OF_ARN,
        remove=Call("delete_api"),
        errors=_APPSYNC,
    ),
)

ROWS: Final = (*_GATEWAY, *_APPSYNC_APIS)
