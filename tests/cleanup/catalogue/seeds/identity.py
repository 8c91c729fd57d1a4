"""Seeds of IAM, with everything on them that keeps IAM from deleting them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cleanup.catalogue.frame import Backend, Rule, Seed, StandIn
from tests.cleanup.catalogue.seeds.common import policy_document, trust
from tests.cleanup.fakes.world import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cleanup.catalogue.frame import Clients


@cache
def certificate() -> tuple[str, str]:
    """A certificate that signs itself, and its private key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "seeded.example.com")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signed.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def _role(clients: Clients) -> str:
    iam = clients("iam")
    iam.create_role(RoleName="seeded-role", AssumeRolePolicyDocument=trust("ec2"))
    iam.put_role_policy(RoleName="seeded-role", PolicyName="inline", PolicyDocument=policy_document())
    policy = iam.create_policy(PolicyName="seeded-role-policy", PolicyDocument=policy_document())["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="seeded-role", PolicyArn=policy)
    iam.create_instance_profile(InstanceProfileName="seeded-role-profile")
    iam.add_role_to_instance_profile(InstanceProfileName="seeded-role-profile", RoleName="seeded-role")
    return "seeded-role"


def _profile(clients: Clients) -> str:
    iam = clients("iam")
    iam.create_instance_profile(InstanceProfileName="seeded-profile")
    iam.create_role(RoleName="seeded-profile-role", AssumeRolePolicyDocument=trust("ec2"))
    iam.add_role_to_instance_profile(InstanceProfileName="seeded-profile", RoleName="seeded-profile-role")
    return "seeded-profile"


# --- policies -------------------------------------------------------------------------------------------------------


def _policy(clients: Clients) -> str:
    """Attached to one of each, the boundary of another two, with a second version."""
    iam = clients("iam")
    arn: str = iam.create_policy(PolicyName="seeded-policy", PolicyDocument=policy_document())["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy_document(), SetAsDefault=True)
    for name in ("seeded-policy-holder", "seeded-policy-bound"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda"))
        iam.create_user(UserName=name)
    iam.create_group(GroupName="seeded-policy-holder")
    iam.attach_role_policy(RoleName="seeded-policy-holder", PolicyArn=arn)
    iam.attach_user_policy(UserName="seeded-policy-holder", PolicyArn=arn)
    iam.attach_group_policy(GroupName="seeded-policy-holder", PolicyArn=arn)
    iam.put_role_permissions_boundary(RoleName="seeded-policy-bound", PermissionsBoundary=arn)
    iam.put_user_permissions_boundary(UserName="seeded-policy-bound", PermissionsBoundary=arn)
    return arn


def _is_used(clients: Clients, asked: Mapping[str, Any]) -> object:
    entities = clients("iam").list_entities_for_policy(PolicyArn=asked["PolicyArn"])
    return any(entities[kind] for kind in ("PolicyGroups", "PolicyUsers", "PolicyRoles"))


def _has_versions(clients: Clients, asked: Mapping[str, Any]) -> object:
    return len(clients("iam").list_policy_versions(PolicyArn=asked["PolicyArn"])["Versions"]) > 1


# --- users ----------------------------------------------------------------------------------------------------------


class ServiceCredentials:
    """Credentials for CodeCommit and its like, which moto does not have."""

    def __init__(self) -> None:
        self._of: dict[str, list[str]] = {}

    def create_service_specific_credential(self, *, UserName: str, ServiceName: str) -> dict[str, Any]:  # noqa: N803
        identity = f"ACCA{ServiceName.upper():A<17.17}"
        self._of.setdefault(UserName, []).append(identity)
        return {"ServiceSpecificCredential": {"UserName": UserName, "ServiceSpecificCredentialId": identity}}

    def list_service_specific_credentials(self, *, UserName: str) -> dict[str, Any]:  # noqa: N803
        ids = self._of.get(UserName, [])
        return {"ServiceSpecificCredentials": [{"ServiceSpecificCredentialId": each} for each in ids]}

    def delete_service_specific_credential(
        self,
        *,
        UserName: str,  # noqa: N803
        ServiceSpecificCredentialId: str,  # noqa: N803
    ) -> dict[str, Any]:
        try:
            self._of[UserName].remove(ServiceSpecificCredentialId)
        except (KeyError, ValueError):
            raise refuse("NoSuchEntity", "no such credential") from None
        return {}


def _user(clients: Clients) -> str:
    iam, name = clients("iam"), "seeded-user"
    iam.create_user(UserName=name)
    iam.create_access_key(UserName=name)
    iam.create_login_profile(UserName=name, Password=certificate()[1][-40:-30])
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="seeded-user")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=name, SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="234567"
    )
    iam.upload_signing_certificate(UserName=name, CertificateBody=certificate()[0])
    iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody=certificate()[0])
    iam.create_service_specific_credential(UserName=name, ServiceName="codecommit.amazonaws.com")
    iam.create_group(GroupName="seeded-user-group")
    iam.add_user_to_group(UserName=name, GroupName="seeded-user-group")
    iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy_document())
    policy = iam.create_policy(PolicyName="seeded-user-policy", PolicyDocument=policy_document())["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=policy)
    return name


def _has(operation: str, members: str, name: str = "UserName") -> Callable[[Clients, Mapping[str, Any]], object]:
    """Whether something hangs on what is to be deleted."""

    def holds(clients: Clients, asked: Mapping[str, Any]) -> object:
        iam = clients("iam")
        try:
            return getattr(iam, operation)(**{name: asked[name]})[members]
        except iam.exceptions.NoSuchEntityException:
            return False

    return holds


def _may_act(clients: Clients, user: str) -> object:
    """Whether a key of it is active, or nothing denies it everything."""
    iam = clients("iam")
    keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    policies = [
        iam.get_user_policy(UserName=user, PolicyName=name)["PolicyDocument"]["Statement"][0]
        for name in iam.list_user_policies(UserName=user)["PolicyNames"]
    ]
    denied = {"Effect": "Deny", "Action": "*", "Resource": "*"} in policies
    return not denied or any(key["Status"] == "Active" for key in keys)


_USER_HAS: Final = (
    ("get_login_profile", "LoginProfile"),
    ("list_access_keys", "AccessKeyMetadata"),
    ("list_mfa_devices", "MFADevices"),
    ("list_signing_certificates", "Certificates"),
    ("list_ssh_public_keys", "SSHPublicKeys"),
    ("list_service_specific_credentials", "ServiceSpecificCredentials"),
    ("list_groups_for_user", "Groups"),
)
_GROUP_HAS: Final = (
    ("get_group", "Users"),
    ("list_attached_group_policies", "AttachedPolicies"),
    ("list_group_policies", "PolicyNames"),
)


# --- groups, providers, certificates, devices -------------------------------------------------------------------------


def _group(clients: Clients) -> str:
    iam, name = clients("iam"), "seeded-group"
    iam.create_group(GroupName=name)
    iam.create_user(UserName="seeded-group-member")
    iam.add_user_to_group(UserName="seeded-group-member", GroupName=name)
    iam.put_group_policy(GroupName=name, PolicyName="inline", PolicyDocument=policy_document())
    policy = iam.create_policy(PolicyName="seeded-group-policy", PolicyDocument=policy_document())["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=name, PolicyArn=policy)
    return name


def _oidc(clients: Clients) -> str:
    arn: str = clients("iam").create_open_id_connect_provider(
        Url="https://seeded.example.com", ClientIDList=["seeded"], ThumbprintList=["0" * 40]
    )["OpenIDConnectProviderArn"]
    return arn


def _saml(clients: Clients) -> str:
    """One of a test's, beside one with a name as Identity Center gives its own."""
    iam = clients("iam")
    metadata = "<EntityDescriptor/>".ljust(1000)
    iam.create_saml_provider(Name="AWSSSO_0123456789abcdef_DO_NOT_DELETE", SAMLMetadataDocument=metadata)
    arn: str = iam.create_saml_provider(Name="seeded-saml", SAMLMetadataDocument=metadata)["SAMLProviderArn"]
    return arn


def _server_certificate(clients: Clients) -> str:
    body, key = certificate()
    clients("iam").upload_server_certificate(
        ServerCertificateName="seeded-certificate", CertificateBody=body, PrivateKey=key
    )
    return "seeded-certificate"


def _device(clients: Clients) -> str:
    serial: str = clients("iam").create_virtual_mfa_device(VirtualMFADeviceName="seeded-device")["VirtualMFADevice"][
        "SerialNumber"
    ]
    return serial


SEEDS: Final = (
    Seed(type="AWS::IAM::Role", make=_role),
    Seed(type="AWS::IAM::InstanceProfile", make=_profile),
    Seed(
        type="AWS::IAM::ManagedPolicy",
        make=_policy,
        rules=(Rule("DeletePolicy", "DeleteConflict", _is_used), Rule("DeletePolicy", "DeleteConflict", _has_versions)),
        on=Backend.EMULATOR,  # moto does not tell what a policy is the boundary of
    ),
    Seed(
        type="AWS::IAM::User",
        make=_user,
        running=_may_act,
        rules=tuple(Rule("DeleteUser", "DeleteConflict", _has(*each)) for each in _USER_HAS),
        stand_ins=(StandIn("iam", ServiceCredentials),),
    ),
    Seed(
        type="AWS::IAM::Group",
        make=_group,
        rules=tuple(Rule("DeleteGroup", "DeleteConflict", _has(*each, "GroupName")) for each in _GROUP_HAS),
    ),
    Seed(type="AWS::IAM::OIDCProvider", make=_oidc),
    Seed(type="AWS::IAM::SAMLProvider", make=_saml, others=1),
    Seed(type="AWS::IAM::ServerCertificate", make=_server_certificate),
    Seed(type="AWS::IAM::VirtualMFADevice", make=_device),
)
