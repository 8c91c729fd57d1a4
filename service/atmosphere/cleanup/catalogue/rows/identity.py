"""IAM: everything that hangs on an identity goes first, or IAM answers DeleteConflict. Roles are a class, see `roles`.

Source: IAM API reference, the lists of what each deletion demands. Freezing a user denies it everything, which ends its
keys, its passwords and the sessions that it began with them.
"""

from __future__ import annotations

import json
from typing import Final

from atmosphere.cleanup.catalogue.base import Errors, Scope, Stage
from atmosphere.cleanup.catalogue.calls import Call, Listing, Step
from atmosphere.cleanup.catalogue.row import Row

FROZEN: Final = "AtmosphereFrozen"
"""The inline policy that freezes a user."""
_DENY: Final = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
_ERRORS: Final = Errors(absent=("NoSuchEntity",), busy=("DeleteConflict",))
_ATTACHED: Final = {"PolicyUsageFilter": "PermissionsPolicy"}
_BOUNDARY: Final = {"PolicyUsageFilter": "PermissionsBoundary"}


def _entities(members: str, name: str, usage: dict[str, str]) -> Listing:
    return Listing("list_entities_for_policy", name, fixed=usage, members=members)


_ROLES: Final = ("PolicyRoles", "RoleName")
_USERS: Final = ("PolicyUsers", "UserName")
_GROUPS: Final = ("PolicyGroups", "GroupName")
_KEYS: Final = Listing("list_access_keys", "AccessKeyId", of="UserName")

_POLICY: Final = Row(
    name="AWS::IAM::ManagedPolicy",
    service="iam",
    scope=Scope.GLOBAL,
    stage=Stage.LAST,
    after=("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"),
    listing=Listing("list_policies", "Arn", "PolicyId", fixed={"Scope": "Local"}),
    see=Call("get_policy"),
    strip=(
        Step(call=Call("detach_role_policy", ("PolicyArn", "RoleName")), each=_entities(*_ROLES, _ATTACHED)),
        Step(call=Call("detach_user_policy", ("PolicyArn", "UserName")), each=_entities(*_USERS, _ATTACHED)),
        Step(call=Call("detach_group_policy", ("PolicyArn", "GroupName")), each=_entities(*_GROUPS, _ATTACHED)),
        Step(call=Call("delete_role_permissions_boundary", ("", "RoleName")), each=_entities(*_ROLES, _BOUNDARY)),
        Step(call=Call("delete_user_permissions_boundary", ("", "UserName")), each=_entities(*_USERS, _BOUNDARY)),
        Step(
            call=Call("delete_policy_version", ("PolicyArn", "VersionId")),
            each=Listing("list_policy_versions", "VersionId", members="Versions[?!IsDefaultVersion]"),
        ),
    ),
    remove=Call("delete_policy"),
    errors=_ERRORS,
)

_PROFILE: Final = Row(
    name="AWS::IAM::InstanceProfile",
    service="iam",
    scope=Scope.GLOBAL,
    stage=Stage.LAST,
    listing=Listing("list_instance_profiles", "InstanceProfileName", "InstanceProfileId"),
    see=Call("get_instance_profile"),
    strip=(
        Step(
            call=Call("remove_role_from_instance_profile", ("InstanceProfileName", "RoleName")),
            each=Listing("get_instance_profile", "RoleName", members="InstanceProfile.Roles"),
        ),
    ),
    remove=Call("delete_instance_profile"),
    errors=_ERRORS,
)

_USER: Final = Row(
    name="AWS::IAM::User",
    service="iam",
    scope=Scope.GLOBAL,
    stage=Stage.LAST,
    listing=Listing("list_users", "UserName", "UserId"),
    see=Call("get_user", "UserName"),
    halt=(
        Step(call=Call("update_access_key", ("UserName", "AccessKeyId"), {"Status": "Inactive"}), each=_KEYS),
        Step(call=Call("put_user_policy", fixed={"PolicyName": FROZEN, "PolicyDocument": _DENY})),
    ),
    # before its stack is deleted, too: CloudFormation trips over what it did not make itself, the freezing included
    unprotect=(
        Step(call=Call("delete_login_profile", "UserName")),
        Step(call=Call("delete_access_key", ("UserName", "AccessKeyId")), each=_KEYS),
        Step(
            call=Call("deactivate_mfa_device", ("UserName", "SerialNumber")),
            each=Listing("list_mfa_devices", "SerialNumber", of="UserName"),
        ),
        Step(
            call=Call("remove_user_from_group", ("UserName", "GroupName")),
            each=Listing("list_groups_for_user", "GroupName"),
        ),
        Step(
            call=Call("detach_user_policy", ("UserName", "PolicyArn")),
            each=Listing("list_attached_user_policies", "PolicyArn"),
        ),
        Step(call=Call("delete_user_policy", ("UserName", "PolicyName")), each=Listing("list_user_policies")),
    ),
    # few have these, and IAM says so
    rare=(
        Step(
            call=Call("delete_signing_certificate", ("UserName", "CertificateId")),
            each=Listing("list_signing_certificates", "CertificateId", of="UserName"),
        ),
        Step(
            call=Call("delete_ssh_public_key", ("UserName", "SSHPublicKeyId")),
            each=Listing("list_ssh_public_keys", "SSHPublicKeyId", of="UserName"),
        ),
        Step(
            call=Call("delete_service_specific_credential", ("UserName", "ServiceSpecificCredentialId")),
            each=Listing(
                "list_service_specific_credentials",
                "ServiceSpecificCredentialId",
                members="ServiceSpecificCredentials",
                of="UserName",
            ),
        ),
    ),
    remove=Call("delete_user"),
    errors=_ERRORS,
)

_GROUP: Final = Row(
    name="AWS::IAM::Group",
    service="iam",
    scope=Scope.GLOBAL,
    stage=Stage.LAST,
    after=("AWS::IAM::User",),
    listing=Listing("list_groups", "GroupName", "GroupId"),
    see=Call("get_group"),
    strip=(
        Step(call=Call("remove_user_from_group", ("GroupName", "UserName")), each=Listing("get_group", "UserName")),
        Step(
            call=Call("detach_group_policy", ("GroupName", "PolicyArn")),
            each=Listing("list_attached_group_policies", "PolicyArn"),
        ),
        Step(call=Call("delete_group_policy", ("GroupName", "PolicyName")), each=Listing("list_group_policies")),
    ),
    remove=Call("delete_group"),
    errors=_ERRORS,
)

ROWS: Final = (
    _POLICY,
    _PROFILE,
    _USER,
    _GROUP,
    Row(
        name="AWS::IAM::OIDCProvider",
        service="iam",
        scope=Scope.GLOBAL,
        stage=Stage.LAST,
        listing=Listing("list_open_id_connect_providers", "Arn", members="OpenIDConnectProviderList"),
        see=Call("get_open_id_connect_provider"),
        remove=Call("delete_open_id_connect_provider"),
        errors=_ERRORS,
    ),
    Row(
        name="AWS::IAM::SAMLProvider",
        service="iam",
        scope=Scope.GLOBAL,
        stage=Stage.LAST,
        # the one of Identity Center is an ordinary one with a name of its own
        listing=Listing(
            "list_saml_providers",
            "Arn",
            "CreateDate",
            late="contains(Arn, '/AWSSSO_') && (CreateDate || 'unknown')",
            members="SAMLProviderList",
        ),
        see=Call("get_saml_provider"),
        remove=Call("delete_saml_provider"),
        errors=_ERRORS,
    ),
    Row(
        name="AWS::IAM::ServerCertificate",
        service="iam",
        scope=Scope.GLOBAL,
        stage=Stage.LAST,
        listing=Listing("list_server_certificates", "ServerCertificateName", "ServerCertificateId"),
        see=Call("get_server_certificate"),
        remove=Call("delete_server_certificate"),
        errors=_ERRORS,
    ),
    Row(
        name="AWS::IAM::VirtualMFADevice",
        service="iam",
        scope=Scope.GLOBAL,
        stage=Stage.LAST,
        after=("AWS::IAM::User",),  # which let go of theirs
        # the account's root has one, too
        listing=Listing(
            "list_virtual_mfa_devices",
            "SerialNumber",
            fixed={"AssignmentStatus": "Any"},
            unless="ends_with(User.Arn || '', ':root')",
            late="ends_with(SerialNumber, '/root-account-mfa-device') && (EnableDate || 'unknown')",
        ),
        remove=Call("delete_virtual_mfa_device"),
        errors=_ERRORS,
    ),
)
