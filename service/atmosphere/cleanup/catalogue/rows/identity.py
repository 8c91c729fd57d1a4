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
    return Listing("list_entities_for_policy", members, name, of="PolicyArn", fixed=usage)


def _of_user(operation: str, members: str, name: str = "@") -> Listing:
    return Listing(operation, members, name, of="UserName")


_ROLES: Final = ("PolicyRoles", "RoleName")
_USERS: Final = ("PolicyUsers", "UserName")
_GROUPS: Final = ("PolicyGroups", "GroupName")
_KEYS: Final = _of_user("list_access_keys", "AccessKeyMetadata", "AccessKeyId")

_POLICY: Final = Row(
    name="AWS::IAM::ManagedPolicy",
    service="iam",
    scope=Scope.GLOBAL,
    stage=Stage.LAST,
    after=("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"),
    listing=Listing("list_policies", "Policies", "Arn", "PolicyId", fixed={"Scope": "Local"}),
    see=Call("get_policy", "PolicyArn"),
    strip=(
        Step(call=Call("detach_role_policy", ("PolicyArn", "RoleName")), each=_entities(*_ROLES, _ATTACHED)),
        Step(call=Call("detach_user_policy", ("PolicyArn", "UserName")), each=_entities(*_USERS, _ATTACHED)),
        Step(call=Call("detach_group_policy", ("PolicyArn", "GroupName")), each=_entities(*_GROUPS, _ATTACHED)),
        Step(call=Call("delete_role_permissions_boundary", ("", "RoleName")), each=_entities(*_ROLES, _BOUNDARY)),
        Step(call=Call("delete_user_permissions_boundary", ("", "UserName")), each=_entities(*_USERS, _BOUNDARY)),
        Step(
            call=Call("delete_policy_version", ("PolicyArn", "VersionId")),
            each=Listing("list_policy_versions", "Versions[?!IsDefaultVersion]", "VersionId", of="PolicyArn"),
        ),
    ),
    remove=Call("delete_policy", "PolicyArn"),
    errors=_ERRORS,
)

_PROFILE: Final = Row(
    name="AWS::IAM::InstanceProfile",
    service="iam",
    scope=Scope.GLOBAL,
    stage=Stage.LAST,
    listing=Listing("list_instance_profiles", "InstanceProfiles", "InstanceProfileName", "InstanceProfileId"),
    see=Call("get_instance_profile", "InstanceProfileName"),
    strip=(
        Step(
            call=Call("remove_role_from_instance_profile", ("InstanceProfileName", "RoleName")),
            each=Listing("get_instance_profile", "InstanceProfile.Roles", "RoleName", of="InstanceProfileName"),
        ),
    ),
    remove=Call("delete_instance_profile", "InstanceProfileName"),
    errors=_ERRORS,
)

_USER: Final = Row(
    name="AWS::IAM::User",
    service="iam",
    scope=Scope.GLOBAL,
    stage=Stage.LAST,
    listing=Listing("list_users", "Users", "UserName", "UserId"),
    see=Call("get_user", "UserName"),
    halt=(
        Step(call=Call("update_access_key", ("UserName", "AccessKeyId"), {"Status": "Inactive"}), each=_KEYS),
        Step(call=Call("put_user_policy", "UserName", {"PolicyName": FROZEN, "PolicyDocument": _DENY})),
    ),
    # before its stack is deleted, too: CloudFormation trips over what it did not make itself, the freezing included
    unprotect=(
        Step(call=Call("delete_login_profile", "UserName")),
        Step(call=Call("delete_access_key", ("UserName", "AccessKeyId")), each=_KEYS),
        Step(
            call=Call("deactivate_mfa_device", ("UserName", "SerialNumber")),
            each=_of_user("list_mfa_devices", "MFADevices", "SerialNumber"),
        ),
        Step(
            call=Call("remove_user_from_group", ("UserName", "GroupName")),
            each=_of_user("list_groups_for_user", "Groups", "GroupName"),
        ),
        Step(
            call=Call("detach_user_policy", ("UserName", "PolicyArn")),
            each=_of_user("list_attached_user_policies", "AttachedPolicies", "PolicyArn"),
        ),
        Step(
            call=Call("delete_user_policy", ("UserName", "PolicyName")),
            each=_of_user("list_user_policies", "PolicyNames"),
        ),
    ),
    # few have these, and IAM says so
    rare=(
        Step(
            call=Call("delete_signing_certificate", ("UserName", "CertificateId")),
            each=_of_user("list_signing_certificates", "Certificates", "CertificateId"),
        ),
        Step(
            call=Call("delete_ssh_public_key", ("UserName", "SSHPublicKeyId")),
            each=_of_user("list_ssh_public_keys", "SSHPublicKeys", "SSHPublicKeyId"),
        ),
        Step(
            call=Call("delete_service_specific_credential", ("UserName", "ServiceSpecificCredentialId")),
            each=_of_user(
                "list_service_specific_credentials", "ServiceSpecificCredentials", "ServiceSpecificCredentialId"
            ),
        ),
    ),
    remove=Call("delete_user", "UserName"),
    errors=_ERRORS,
)

_GROUP: Final = Row(
    name="AWS::IAM::Group",
    service="iam",
    scope=Scope.GLOBAL,
    stage=Stage.LAST,
    after=("AWS::IAM::User",),
    listing=Listing("list_groups", "Groups", "GroupName", "GroupId"),
    see=Call("get_group", "GroupName"),
    strip=(
        Step(
            call=Call("remove_user_from_group", ("GroupName", "UserName")),
            each=Listing("get_group", "Users", "UserName", of="GroupName"),
        ),
        Step(
            call=Call("detach_group_policy", ("GroupName", "PolicyArn")),
            each=Listing("list_attached_group_policies", "AttachedPolicies", "PolicyArn", of="GroupName"),
        ),
        Step(
            call=Call("delete_group_policy", ("GroupName", "PolicyName")),
            each=Listing("list_group_policies", "PolicyNames", of="GroupName"),
        ),
    ),
    remove=Call("delete_group", "GroupName"),
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
        listing=Listing("list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn"),
        see=Call("get_open_id_connect_provider", "OpenIDConnectProviderArn"),
        remove=Call("delete_open_id_connect_provider", "OpenIDConnectProviderArn"),
        errors=_ERRORS,
    ),
    Row(
        name="AWS::IAM::SAMLProvider",
        service="iam",
        scope=Scope.GLOBAL,
        stage=Stage.LAST,
        # Identity Center makes its own, and calls them so
        listing=Listing(
            "list_saml_providers", "SAMLProviderList", "Arn", "CreateDate", unless="contains(Arn, '/AWSSSO_')"
        ),
        see=Call("get_saml_provider", "SAMLProviderArn"),
        remove=Call("delete_saml_provider", "SAMLProviderArn"),
        errors=_ERRORS,
    ),
    Row(
        name="AWS::IAM::ServerCertificate",
        service="iam",
        scope=Scope.GLOBAL,
        stage=Stage.LAST,
        listing=Listing(
            "list_server_certificates",
            "ServerCertificateMetadataList",
            "ServerCertificateName",
            "ServerCertificateId",
        ),
        see=Call("get_server_certificate", "ServerCertificateName"),
        remove=Call("delete_server_certificate", "ServerCertificateName"),
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
            "VirtualMFADevices",
            "SerialNumber",
            fixed={"AssignmentStatus": "Any"},
            unless="ends_with(SerialNumber, '/root-account-mfa-device') || (User.Arn && ends_with(User.Arn, ':root'))",
        ),
        remove=Call("delete_virtual_mfa_device", "SerialNumber"),
        errors=_ERRORS,
    ),
)
