"""What becomes of a type of resource: whether a row finds it, or what else deletes it, or nothing does.

Source: the registry of CloudFormation, November 2026 (types without a delete handler, which Cloud Control cannot
delete); the SAM specification (what its types become); the end-of-support notices of the services that have ended.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.catalogue import CATALOGUE
from atmosphere.cleanup.catalogue.parts import PARTS, is_tangible
from atmosphere.cleanup.kinds import SAME

if TYPE_CHECKING:
    from collections.abc import Mapping


class Coverage(StrEnum):
    """What deletes things of a type."""

    ROW = "row"
    """They are listed and deleted, whoever made them."""
    OWNER = "owner"
    """They go with what they are a part of."""
    STACK = "stack"
    """They are nothing without their stack."""
    ENDED = "ended"
    """AWS has ended the service: there can be none."""
    BY_ID = "id"
    """Those of a stack are deleted by their ids, through Cloud Control; nothing finds others."""
    NOTHING = "nothing"
    """Nothing finds them, and Cloud Control cannot delete them."""

    @property
    def is_missed(self) -> bool:
        """Whether something of it may be left behind unseen."""
        return self in (Coverage.BY_ID, Coverage.NOTHING)


_SAM: Final[Mapping[str, str]] = {
    "Api": "ApiGateway::RestApi",
    "Application": "CloudFormation::Stack",
    "Connector": "IAM::ManagedPolicy",
    "Function": "Lambda::Function",
    "GraphQLApi": "AppSync::GraphQLApi",
    "HttpApi": "ApiGatewayV2::Api",
    "LayerVersion": "Lambda::LayerVersion",
    "SimpleTable": "DynamoDB::Table",
    "StateMachine": "StepFunctions::StateMachine",
}
"""What a type of `AWS::Serverless` becomes before CloudFormation makes it."""
_ENDED: Final = ("AppMesh", "Inspector", "Pinpoint", "QLDB")
"""Services that AWS has ended: nobody can reach what they had, so that nobody lists it."""
_UNDELETABLE: Final = re.compile(
    r"AWS::(Greengrass|IoTThingsGraph|KinesisAnalytics|PinpointEmail|WAF|WAFRegional)::\w+"
    r"|AWS::CloudFormation::Macro|AWS::CloudFront::StreamingDistribution|AWS::CloudWatch::AnomalyDetector"
    r"|AWS::CodeStar::GitHubRepository|AWS::ElastiCache::SecurityGroup(Ingress)?|AWS::Glue::DevEndpoint"
    r"|AWS::LakeFormation::(DataLakeSettings|Permissions|Resource)|AWS::ManagedBlockchain::(Member|Node)"
    r"|AWS::MediaLive::Channel|AWS::MediaStore::Container|AWS::RDS::DBSecurityGroup(Ingress)?"
    r"|AWS::Redshift::ClusterSecurityGroup(Ingress)?|AWS::SageMaker::ExperimentTrialComponent|Alexa::ASK::Skill"
)
_ROWS: Final = frozenset(entry.name for entry in CATALOGUE)


def coverage_of(type_: str) -> Coverage:
    """What becomes of things of this type of CloudFormation's or SAM's, by what is known without asking AWS."""
    sam = type_.removeprefix("AWS::Serverless::")
    name = f"AWS::{_SAM[sam]}" if sam in _SAM else SAME.get(type_, type_)
    if name in _ROWS:
        return Coverage.ROW
    if name in PARTS:
        return Coverage.OWNER
    if not is_tangible(name):
        return Coverage.STACK
    if name.split("::")[1] in _ENDED:
        return Coverage.ENDED
    return Coverage.NOTHING if _UNDELETABLE.fullmatch(name) else Coverage.BY_ID
