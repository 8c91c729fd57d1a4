"""What is watched inside things of the baseline. A further kind is a class here, a further setting a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atmosphere.cleanup.contents.account_settings import settings
from atmosphere.cleanup.contents.bucket_settings import BUCKET_SETTINGS
from atmosphere.cleanup.contents.clusters import ClusterAccess
from atmosphere.cleanup.contents.default_network import DefaultNetwork
from atmosphere.cleanup.contents.extensions import EXTENSIONS
from atmosphere.cleanup.contents.groups import GroupRules
from atmosphere.cleanup.contents.keys import KeyAccess
from atmosphere.cleanup.contents.log_groups import LogGroupPolicy
from atmosphere.cleanup.contents.network_parts import NETWORK_PARTS
from atmosphere.cleanup.contents.networks import Attachments
from atmosphere.cleanup.contents.policies import RolePolicies
from atmosphere.cleanup.contents.providers import OidcProviders, SamlProviders
from atmosphere.cleanup.contents.resource_policies import RESOURCE_POLICIES
from atmosphere.cleanup.contents.sessions import RoleSessions
from atmosphere.cleanup.contents.toolkit import ToolkitBucket, ToolkitImages
from atmosphere.cleanup.contents.toolkit_template import ToolkitTemplate
from atmosphere.cleanup.contents.users import UserAccess
from atmosphere.cleanup.contents.zones import ZoneRecords
from atmosphere.cleanup.revoke.denial import Denials
from atmosphere.core.model import Toolkit

SERVICES: Final = {ZoneRecords.type: "route53", GroupRules.type: "ec2", Attachments.type: "ec2"}
"""The services of the resources whose inside is watched, whether or not the catalogue has their type."""

if TYPE_CHECKING:
    from atmosphere.cleanup.contents.base import Content
    from atmosphere.cleanup.model import Assignment


def contents_of(assignment: Assignment) -> tuple[Content, ...]:
    """Everything that is watched in this environment."""
    kept: tuple[Content, ...] = ()
    if assignment.registration.cdk_toolkit is Toolkit.KEEP:
        kept = (ToolkitBucket(), ToolkitImages())
    return (
        ZoneRecords(),
        GroupRules(),
        Attachments(),
        *NETWORK_PARTS,
        RolePolicies(Denials.of(assignment)),
        RoleSessions(),
        UserAccess(),
        SamlProviders(restorable=True),
        SamlProviders(restorable=False),
        OidcProviders(),
        KeyAccess(assignment.key.account),
        ClusterAccess({role.id for role in assignment.role_resources}),
        *RESOURCE_POLICIES,
        *BUCKET_SETTINGS,
        LogGroupPolicy(assignment.key.account, assignment.registration.admin_role.split(":")[1]),
        *EXTENSIONS,
        DefaultNetwork(),
        ToolkitTemplate(),
        *settings(assignment.key.account),
        *kept,
    )
