"""Seeds of CloudFront."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tests.cleanup.catalogue.frame import Backend, Rule, Seed, StandIn
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cleanup.catalogue.frame import Clients


def _distribution(clients: Clients) -> str:
    origin = {"Id": "origin", "DomainName": "seeded.example.com", "CustomOriginConfig": _ORIGIN}
    config = {
        "CallerReference": "seeded",
        "Comment": "seeded",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "origin",
            "ViewerProtocolPolicy": "allow-all",
            "MinTTL": 0,
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        },
    }
    made = clients("cloudfront").create_distribution(DistributionConfig=config)
    identity: str = made["Distribution"]["Id"]
    return identity


_ORIGIN: Final = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}


def _is_enabled(clients: Clients, asked: Mapping[str, str]) -> object:
    try:
        seen = clients("cloudfront").get_distribution(Id=asked["Id"])
    except ClientError:
        return False
    return seen["Distribution"]["DistributionConfig"]["Enabled"]


def _access_control(clients: Clients) -> str:
    made = clients("cloudfront").create_origin_access_control(
        OriginAccessControlConfig={
            "Name": "seeded-control",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )
    identity: str = made["OriginAccessControl"]["Id"]
    return identity


class AccessIdentities:
    """Origin access identities, which no backend has."""

    def __init__(self) -> None:
        self._there: dict[str, dict[str, str]] = {}

    def create_cloud_front_origin_access_identity(self, **_: Any) -> dict[str, Any]:
        identity = {"Id": f"E0SEEDED{len(self._there)}", "S3CanonicalUserId": "seeded", "Comment": "seeded"}
        self._there[identity["Id"]] = identity
        return {"CloudFrontOriginAccessIdentity": identity}

    def list_cloud_front_origin_access_identities(self, **_: Any) -> dict[str, Any]:
        return {"CloudFrontOriginAccessIdentityList": {"Items": [*self._there.values()], "IsTruncated": False}}

    def get_cloud_front_origin_access_identity(self, *, Id: str) -> dict[str, Any]:  # noqa: N803
        if Id not in self._there:
            raise refuse("NoSuchCloudFrontOriginAccessIdentity", "no such identity")
        return {"CloudFrontOriginAccessIdentity": self._there[Id], "ETag": f"tag-of-{Id}"}

    def delete_cloud_front_origin_access_identity(self, *, Id: str, IfMatch: str) -> dict[str, Any]:  # noqa: N803
        if IfMatch != self.get_cloud_front_origin_access_identity(Id=Id)["ETag"]:
            raise refuse("PreconditionFailed", "it has changed")
        del self._there[Id]
        return {}


def _access_identity(clients: Clients) -> str:
    made = clients("cloudfront").create_cloud_front_origin_access_identity(
        CloudFrontOriginAccessIdentityConfig={"CallerReference": "seeded", "Comment": "seeded"}
    )
    identity: str = made["CloudFrontOriginAccessIdentity"]["Id"]
    return identity


def _function(clients: Clients) -> str:
    made = clients("cloudfront").create_function(
        Name="seeded-function",
        FunctionConfig={"Comment": "seeded", "Runtime": "cloudfront-js-2.0"},
        FunctionCode=b"function handler(event) { return event.request; }",
    )
    arn: str = made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
    return arn


def _store(clients: Clients) -> str:
    clients("cloudfront").create_key_value_store(Name="seeded-store")
    return "seeded-store"


def _cache_policy(clients: Clients) -> str:
    made = clients("cloudfront").create_cache_policy(CachePolicyConfig={"Name": "seeded-cache", "MinTTL": 0})
    identity: str = made["CachePolicy"]["Id"]
    return identity


def _origin_policy(clients: Clients) -> str:
    config = {
        "Name": "seeded-origin",
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
    }
    made = clients("cloudfront").create_origin_request_policy(OriginRequestPolicyConfig=config)
    identity: str = made["OriginRequestPolicy"]["Id"]
    return identity


def _headers_policy(clients: Clients) -> str:
    config = {"Name": "seeded-headers", "ServerTimingHeadersConfig": {"Enabled": True, "SamplingRate": 1}}
    made = clients("cloudfront").create_response_headers_policy(ResponseHeadersPolicyConfig=config)
    identity: str = made["ResponseHeadersPolicy"]["Id"]
    return identity


def _make_key(clients: Clients, name: str) -> str:
    config = {"CallerReference": name, "Name": name, "EncodedKey": "seeded"}
    made: dict[str, Any] = clients("cloudfront").create_public_key(PublicKeyConfig=config)
    identity: str = made["PublicKey"]["Id"]
    return identity


def _public_key(clients: Clients) -> str:
    return _make_key(clients, "seeded-key")


def _key_group(clients: Clients) -> str:
    config = {"Name": "seeded-keys", "Items": [_make_key(clients, "seeded-key-of-group")]}
    identity: str = clients("cloudfront").create_key_group(KeyGroupConfig=config)["KeyGroup"]["Id"]
    return identity


SEEDS: Final = (
    Seed(
        type="AWS::CloudFront::Distribution",
        make=_distribution,
        rules=(Rule("DeleteDistribution", "DistributionNotDisabled", _is_enabled),),
    ),
    Seed(type="AWS::CloudFront::OriginAccessControl", make=_access_control),
    Seed(type="AWS::CloudFront::Function", make=_function),
    Seed(type="AWS::CloudFront::KeyValueStore", make=_store),
    Seed(type="AWS::CloudFront::PublicKey", make=_public_key, on=Backend.EMULATOR),
    # moto has none of these, or cannot delete them
    Seed(
        type="AWS::CloudFront::CloudFrontOriginAccessIdentity",
        make=_access_identity,
        stand_ins=(StandIn("cloudfront", AccessIdentities),),
    ),
    Seed(type="AWS::CloudFront::CachePolicy", make=_cache_policy, on=Backend.EMULATOR),
    Seed(type="AWS::CloudFront::OriginRequestPolicy", make=_origin_policy, on=Backend.EMULATOR),
    Seed(type="AWS::CloudFront::ResponseHeadersPolicy", make=_headers_policy, on=Backend.EMULATOR),
    Seed(type="AWS::CloudFront::KeyGroup", make=_key_group, on=Backend.EMULATOR),
)
