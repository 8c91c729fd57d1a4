"""CloudFront. Whatever it has is changed and deleted under the ETag of what was seen.

Source: the CloudFront API reference; the ids are what the CloudFormation reference gives as `Ref`.
"""

from __future__ import annotations

from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Scope, Stage
from atmosphere.cleanup.catalogue.distributions import HELD, Distributions
from atmosphere.cleanup.catalogue.row import WHOLE, Call, Listing, Row, Step

_DISTRIBUTION: Final = "AWS::CloudFront::Distribution"
_TAG: Final = {"IfMatch": "ETag"}
_CHANGED: Final = ("PreconditionFailed", "InvalidIfMatchVersion")
_CUSTOM: Final = {"Type": "custom"}


def _part(
    name: str,
    operation: str,
    *,
    absent: str,
    used: str,
    id_: str = "Id",
    members: str | None = None,
    fingerprint: str | None = None,
    fixed: dict[str, str] | None = None,
    see: str = "get",
    plural: str | None = None,
    parts: str = WHOLE,
    after: tuple[str, ...] = (_DISTRIBUTION,),
) -> Row:
    """What distributions are made of: there is nothing to prepare, but it has to be out of use."""
    return Row(
        name=f"AWS::CloudFront::{name}",
        service="cloudfront",
        scope=Scope.GLOBAL,
        after=after,
        listing=Listing(f"list_{plural or operation + 's'}", id_, fingerprint, fixed, members=members),
        see=Call(f"{see}_{operation}"),
        parts=parts,
        remove=Call(f"delete_{operation}", seen=_TAG),
        errors=Errors(absent=(absent,), busy=(used, *_CHANGED)),
    )


ROWS: Final = (
    # disabled, which takes minutes to reach all of the world, and deleted then
    Distributions(
        name=_DISTRIBUTION,
        service="cloudfront",
        scope=Scope.GLOBAL,
        stage=Stage.SLOW,
        listing=Listing("list_distributions", "Id"),
        see=Call("get_distribution"),
        ending="Distribution.Status == 'InProgress' && !(Distribution.DistributionConfig.Enabled)",
        strip=(
            Step(
                call=Call(
                    "update_distribution",
                    seen={
                        "DistributionConfig": "merge(Distribution.DistributionConfig, {Enabled: `false`})",
                        **_TAG,
                    },
                ),
                when="Distribution.DistributionConfig.Enabled",
            ),
        ),
        remove=Call("delete_distribution", seen=_TAG),
        errors=Errors(absent=("NoSuchDistribution",), busy=("DistributionNotDisabled", *HELD, *_CHANGED)),
    ),
    _part(
        "OriginAccessControl",
        "origin_access_control",
        absent="NoSuchOriginAccessControl",
        used="OriginAccessControlInUse",
    ),
    _part(
        "CloudFrontOriginAccessIdentity",
        "cloud_front_origin_access_identity",
        plural="cloud_front_origin_access_identities",
        fingerprint="S3CanonicalUserId",
        absent="NoSuchCloudFrontOriginAccessIdentity",
        used="CloudFrontOriginAccessIdentityInUse",
    ),
    # every function has a development stage; the id is the ARN, the operations take the name
    _part(
        "Function",
        "function",
        members="FunctionList.Items",
        id_="FunctionMetadata.FunctionARN",
        fingerprint="FunctionMetadata.CreatedTime",
        fixed={"Stage": "DEVELOPMENT"},
        see="describe",
        parts=r".*:function/(.+)",
        absent="NoSuchFunctionExists",
        used="FunctionInUse",
    ),
    _part(
        "KeyValueStore",
        "key_value_store",
        id_="Name",
        fingerprint="Id",
        see="describe",
        absent="EntityNotFound",
        used="CannotDeleteEntityWhileInUse",
        after=("AWS::CloudFront::Function",),
    ),
    _part(
        "CachePolicy",
        "cache_policy",
        members="CachePolicyList.Items[].CachePolicy",
        plural="cache_policies",
        fixed=_CUSTOM,
        absent="NoSuchCachePolicy",
        used="CachePolicyInUse",
    ),
    _part(
        "OriginRequestPolicy",
        "origin_request_policy",
        members="OriginRequestPolicyList.Items[].OriginRequestPolicy",
        plural="origin_request_policies",
        fixed=_CUSTOM,
        absent="NoSuchOriginRequestPolicy",
        used="OriginRequestPolicyInUse",
    ),
    _part(
        "ResponseHeadersPolicy",
        "response_headers_policy",
        members="ResponseHeadersPolicyList.Items[].ResponseHeadersPolicy",
        plural="response_headers_policies",
        fixed=_CUSTOM,
        absent="NoSuchResponseHeadersPolicy",
        used="ResponseHeadersPolicyInUse",
    ),
    _part(
        "KeyGroup",
        "key_group",
        members="KeyGroupList.Items[].KeyGroup",
        absent="NoSuchResource",
        used="ResourceInUse",
    ),
    _part(
        "PublicKey",
        "public_key",
        fingerprint="CreatedTime",
        absent="NoSuchPublicKey",
        used="PublicKeyInUse",
        after=("AWS::CloudFront::KeyGroup",),
    ),
)
