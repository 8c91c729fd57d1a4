"""Seeds of API Gateway and AppSync."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tests.cleanup.catalogue.frame import Backend, Rule, Seed, StandIn
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


PRIVATE_DOMAIN = "arn:aws:apigateway:us-east-1:222222222222:/domainnames/private.example.com+abc"


def _deployed(clients: Clients, name: str) -> str:
    """A REST API with a stage named live."""
    client = clients("apigateway")
    api: str = client.create_rest_api(name=name)["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    client.create_deployment(restApiId=api, stageName="live")
    return api


def _rest_api(clients: Clients) -> str:
    return _deployed(clients, "seeded-api")


def _api_key(clients: Clients) -> str:
    key: str = clients("apigateway").create_api_key(name="seeded-key", enabled=True)["id"]
    return key


def _usage_plan(clients: Clients) -> str:
    stage = {"apiId": _deployed(clients, "seeded-api-of-plan"), "stage": "live"}
    plan: str = clients("apigateway").create_usage_plan(name="seeded-plan", apiStages=[stage])["id"]
    return plan


def _has_stages(clients: Clients, asked: Mapping[str, str]) -> object:
    try:
        return clients("apigateway").get_usage_plan(usagePlanId=asked["usagePlanId"]).get("apiStages")
    except ClientError:
        return False


def _domain(clients: Clients) -> str:
    client = clients("apigateway")
    certificate = clients("acm").request_certificate(DomainName="seeded-api.example.com")["CertificateArn"]
    client.create_domain_name(domainName="seeded-api.example.com", regionalCertificateArn=certificate)
    for path in ("(none)", "v1"):
        client.create_base_path_mapping(
            domainName="seeded-api.example.com", restApiId=_deployed(clients, "seeded-api-of-domain"), basePath=path
        )
    return "seeded-api.example.com"


def _has_paths(clients: Clients, asked: Mapping[str, str]) -> object:
    try:
        return clients("apigateway").get_base_path_mappings(domainName=asked["domainName"])["items"]
    except ClientError:
        return False


class PrivateDomains:
    """A domain name of private APIs beside a public one, until it is deleted. No backend has them."""

    def __init__(self) -> None:
        self._there = False

    def create_domain_name(self, *, domainName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._there = True
        return {"domainName": domainName, "domainNameId": "abc"}

    def get_domain_names(self, **_: Any) -> dict[str, Any]:
        private = [{"domainName": "private.example.com", "domainNameId": "abc", "domainNameArn": PRIVATE_DOMAIN}]
        return {"items": [{"domainName": "public.example.com"}, *private] if self._there else []}

    def get_domain_name(self, *, domainName: str, domainNameId: str) -> dict[str, Any]:  # noqa: N803
        if not self._there:
            raise refuse("NotFoundException", "there is no such domain name")
        return {"domainName": domainName, "domainNameId": domainNameId}

    def delete_domain_name(self, *, domainName: str, domainNameId: str) -> dict[str, Any]:  # noqa: N803
        assert (domainName, domainNameId) == ("private.example.com", "abc")
        self._there = False
        return {}


def _private_domain(clients: Clients) -> str:
    clients("apigateway").create_domain_name(
        domainName="private.example.com", endpointConfiguration={"types": ["PRIVATE"]}
    )
    return PRIVATE_DOMAIN


class Links:
    """VPC links, of which AWS goes on telling for a while that they are being deleted. No backend has them."""

    def __init__(self) -> None:
        self._there: dict[str, str] = {}

    def make(self) -> str:
        identity = f"link{len(self._there)}"
        self._there[identity] = "AVAILABLE"
        return identity

    def look(self, identity: str) -> str:
        if identity not in self._there:
            raise refuse("NotFoundException", "no such link")
        status = self._there[identity]
        if status == "DELETING":
            del self._there[identity]
        return status

    def remove(self, identity: str) -> dict[str, Any]:
        if self._there.get(identity) == "DELETING":
            raise refuse("BadRequestException", "it is being deleted")
        self.look(identity)
        self._there[identity] = "DELETING"
        return {}

    def ids(self) -> list[str]:
        return [*self._there]


class RestLinks(Links):
    """Those of the first version."""

    def create_vpc_link(self, **_: Any) -> dict[str, Any]:
        return {"id": self.make()}

    def get_vpc_links(self, **_: Any) -> dict[str, Any]:
        return {"items": [{"id": each} for each in self.ids()]}

    def get_vpc_link(self, *, vpcLinkId: str) -> dict[str, Any]:  # noqa: N803
        return {"id": vpcLinkId, "status": self.look(vpcLinkId)}

    def delete_vpc_link(self, *, vpcLinkId: str) -> dict[str, Any]:  # noqa: N803
        return self.remove(vpcLinkId)


class HttpLinks(Links):
    """Those of the second version. Two pages, as botocore knows no pages of theirs."""

    def create_vpc_link(self, **_: Any) -> dict[str, Any]:
        return {"VpcLinkId": self.make()}

    def get_vpc_links(self, *, NextToken: str = "") -> dict[str, Any]:  # noqa: N803
        items = [{"VpcLinkId": each, "CreatedDate": datetime(2026, 11, 22, tzinfo=UTC)} for each in self.ids()]
        return {"Items": items} if NextToken else {"Items": [], "NextToken": "second"}

    def get_vpc_link(self, *, VpcLinkId: str) -> dict[str, Any]:  # noqa: N803
        return {"VpcLinkId": VpcLinkId, "VpcLinkStatus": self.look(VpcLinkId)}

    def delete_vpc_link(self, *, VpcLinkId: str) -> dict[str, Any]:  # noqa: N803
        return self.remove(VpcLinkId)


def _vpc_link(clients: Clients) -> str:
    balancer = "arn:aws:elasticloadbalancing:us-east-1:222222222222:loadbalancer/net/seeded/0123456789abcdef"
    link: str = clients("apigateway").create_vpc_link(name="seeded-link", targetArns=[balancer])["id"]
    return link


def _http_vpc_link(clients: Clients) -> str:
    made = clients("apigatewayv2").create_vpc_link(Name="seeded-link", SubnetIds=["subnet-0123456789abcdef0"])
    link: str = made["VpcLinkId"]
    return link


def _http_api(clients: Clients) -> str:
    api: str = clients("apigatewayv2").create_api(Name="seeded-http-api", ProtocolType="HTTP")["ApiId"]
    return api


def _graphql_api(clients: Clients) -> str:
    made = clients("appsync").create_graphql_api(name="seeded-graphql", authenticationType="API_KEY")
    arn: str = made["graphqlApi"]["arn"]
    return arn


def _event_api(clients: Clients) -> str:
    by_key = [{"authType": "API_KEY"}]
    made = clients("appsync").create_api(
        name="seeded-events",
        eventConfig={
            "authProviders": by_key,
            "connectionAuthModes": by_key,
            "defaultPublishAuthModes": by_key,
            "defaultSubscribeAuthModes": by_key,
        },
    )
    arn: str = made["api"]["apiArn"]
    return arn


# moto's needs a package that nothing else here needs
SEEDS: Final = (
    Seed(type="AWS::ApiGateway::RestApi", make=_rest_api, on=Backend.EMULATOR),
    Seed(type="AWS::ApiGateway::ApiKey", make=_api_key, on=Backend.EMULATOR),
    Seed(
        type="AWS::ApiGateway::UsagePlan",
        make=_usage_plan,
        rules=(Rule("DeleteUsagePlan", "BadRequestException", _has_stages),),
        on=Backend.EMULATOR,
    ),
    Seed(
        type="AWS::ApiGateway::DomainName",
        make=_domain,
        rules=(Rule("DeleteDomainName", "BadRequestException", _has_paths),),
        on=Backend.EMULATOR,
    ),
    Seed(
        type="AWS::ApiGateway::DomainNameV2",
        make=_private_domain,
        stand_ins=(StandIn("apigateway", PrivateDomains),),
    ),
    Seed(type="AWS::ApiGateway::VpcLink", make=_vpc_link, stand_ins=(StandIn("apigateway", RestLinks),)),
    Seed(type="AWS::ApiGatewayV2::Api", make=_http_api, on=Backend.EMULATOR),
    Seed(type="AWS::ApiGatewayV2::VpcLink", make=_http_vpc_link, stand_ins=(StandIn("apigatewayv2", HttpLinks),)),
    Seed(type="AWS::AppSync::GraphQLApi", make=_graphql_api, on=Backend.EMULATOR),
    Seed(type="AWS::AppSync::Api", make=_event_api, on=Backend.EMULATOR),
)
