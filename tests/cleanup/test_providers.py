"""Who may come in by an identity provider, and for how long: what a test changes of it is put back, or told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from moto import mock_aws

from atmosphere.cleanup.baseline.drift import read_contents
from atmosphere.cleanup.model import GLOBAL, Resource
from tests.cleanup.faults import Reply
from tests.cleanup.test_contents import OWNER, TRUST, Room

if TYPE_CHECKING:
    from collections.abc import Iterator

OIDC: Final = "AWS::IAM::OIDCProvider"
SAML: Final = "AWS::IAM::SAMLProvider"
KEPT, NEW = "K" * 22, "N" * 22
THUMB, OTHER = "a" * 40, "b" * 40


@pytest.fixture(autouse=True)
def _moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield


def metadata(who: str) -> str:
    """As long as IAM wants it."""
    return f"<EntityDescriptor>{who * 500}</EntityDescriptor>"


def oidc(room: Room) -> dict[str, str]:
    iam = room.root("iam")
    made = iam.create_open_id_connect_provider(
        Url="https://tokens.example.org", ClientIDList=["ours"], ThumbprintList=[THUMB]
    )
    return {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}


def saml(room: Room, name: str) -> str:
    made: str = room.root("iam").create_saml_provider(Name=name, SAMLMetadataDocument=metadata("own"))[
        "SAMLProviderArn"
    ]
    return made


class Providers(Room):
    """One provider of each kind, with what moto does not know: clients that change, and private keys."""

    clients: tuple[str, ...] = ("ours",)
    keys: tuple[str, ...] = (KEPT,)
    document: str = metadata("own")

    def _break(self, **event: Any) -> Any:
        name, asked = event["model"].name, event["params"].get("body", {})
        answer = getattr(self, f"_{name}", None)
        return (Reply(200), answer(asked)) if answer else super()._break(**event)

    def _GetSAMLProvider(self, _: dict[str, str]) -> dict[str, Any]:  # noqa: N802  as AWS calls it
        return {"SAMLMetadataDocument": self.document, "PrivateKeyList": [{"KeyId": key} for key in self.keys]}

    def _UpdateSAMLProvider(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        self.keys = tuple(key for key in self.keys if key != asked.get("RemovePrivateKey"))
        self.document = asked.get("SAMLMetadataDocument", self.document)
        return {}

    def _GetOpenIDConnectProvider(self, _: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        return {"ClientIDList": list(self.clients), "ThumbprintList": [THUMB]}

    def _AddClientIDToOpenIDConnectProvider(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        self.clients = (*self.clients, asked["ClientID"])
        return {}

    def _RemoveClientIDFromOpenIDConnectProvider(self, asked: dict[str, str]) -> dict[str, Any]:  # noqa: N802
        self.clients = tuple(each for each in self.clients if each != asked["ClientID"])
        return {}


def test_a_client_that_a_kept_oidc_provider_lets_in_is_taken_away_again() -> None:
    room = Providers()
    provider = oidc(room)
    room.capture()
    room.clients = ("theirs",)
    told = room.changed()[f"{OIDC}:{provider['OpenIDConnectProviderArn']}@global"]
    assert '+ clients "theirs"' in told
    assert '- clients "ours"' in told
    room.put_back()
    assert room.clients == ("ours",)


def test_the_thumbprints_of_a_kept_oidc_provider_are_put_back() -> None:
    room = Room()
    provider = oidc(room)
    room.capture()
    iam = room.root("iam")
    iam.update_open_id_connect_provider_thumbprint(**provider, ThumbprintList=[OTHER])
    assert OTHER in next(iter(room.changed().values()))
    room.put_back()
    assert iam.get_open_id_connect_provider(**provider)["ThumbprintList"] == [THUMB]


def test_the_metadata_of_a_kept_saml_provider_is_put_back_and_new_keys_go() -> None:
    room = Providers()
    provider = saml(room, "company")
    room.capture()
    room.document, room.keys = metadata("their own"), (KEPT, NEW)
    told = room.changed()[f"{SAML}:{provider}@global"]
    assert "digest" in told
    assert NEW in told
    room.put_back()
    assert room.document == metadata("own")
    assert list(room.keys) == [KEPT]


def test_the_provider_of_identity_center_is_captured_and_compared_and_never_written() -> None:
    room = Room()
    provider = saml(room, "AWSSSO_1234_DO_NOT_DELETE")
    room.capture()
    assert room.changed() == {}
    room.root("iam").update_saml_provider(SAMLProviderArn=provider, SAMLMetadataDocument=metadata("their own"))
    assert f"{SAML}:{provider}@global" in room.changed()
    assert room.restorer.compare(fresh=True).restorable == []


# --- how long sessions last -------------------------------------------------------------------------------------------


def a_role(room: Room, name: str = "Operators", path: str = "/") -> None:
    room.root("iam").create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST))


def test_how_long_sessions_of_a_kept_role_last_is_put_back() -> None:
    room = Room()
    a_role(room)
    room.capture()
    iam = room.root("iam")
    iam.update_role(RoleName="Operators", MaxSessionDuration=43200)
    assert "43200" in room.changed()["Atmosphere::IAM::RoleSessions:Operators@global"]
    room.put_back()
    assert iam.get_role(RoleName="Operators")["Role"]["MaxSessionDuration"] == 3600


class SigningIn(Room):
    """A role with a longest sign-in session, which moto does not know."""

    signs_in: int | None = None

    def _break(self, **event: Any) -> Any:
        name, asked = event["model"].name, event["params"].get("body", {})
        if name == "ListRoles":
            further = {"MaxSigninSessionDuration": self.signs_in} if self.signs_in else {}
            return Reply(200), {
                "Roles": [{"RoleName": "Operators", "Path": "/", "MaxSessionDuration": 3600, **further}]
            }
        if name == "UpdateRole":
            self.signs_in = int(asked["MaxSigninSessionDuration"]) if "MaxSigninSessionDuration" in asked else None
            return Reply(200), {}
        return super()._break(**event)


@pytest.mark.parametrize("before", [None, 3600])
def test_how_long_who_signs_in_stays_is_put_back(before: int | None) -> None:
    room = SigningIn()
    a_role(room)
    room.signs_in = before
    room.capture()
    room.signs_in = 7776000
    assert "7776000" in room.changed()["Atmosphere::IAM::RoleSessions:Operators@global"]
    room.put_back()
    assert room.signs_in == before


def test_roles_that_aws_manages_are_not_compared() -> None:
    room = Room()
    a_role(room, "AWSServiceRoleForX", "/aws-service-role/x.amazonaws.com/")
    assert not [item for item in room.capture().contents if item.id == "AWSServiceRoleForX"]


def test_sessions_of_an_adopted_role_are_read_with_it() -> None:
    room = Room()
    a_role(room)
    role = Resource("AWS::IAM::Role", "Operators", GLOBAL)
    read = read_contents(room.context, only={role}).contents
    assert {item.type for item in read} == {"AWS::IAM::Role", "Atmosphere::IAM::RoleSessions"}
    assert read[role] != {}
    assert OWNER not in {item.id for item in read}


def test_in_an_account_of_several_environments_the_admin_roles_sessions_are_compared() -> None:
    room = Room(alone=False)
    a_role(room, "Admin")
    a_role(room)
    kept = [item.id for item in room.capture().contents if item.type == "Atmosphere::IAM::RoleSessions"]
    assert kept == ["Admin"]


# --- what services manage ---------------------------------------------------------------------------------------------


class Visible(Room):
    """The account-wide visibility of what services manage."""

    visibility: str = "visible"

    def _break(self, **event: Any) -> Any:
        name = event["model"].name
        if name == "ModifyManagedResourceVisibility":
            self.visibility = "hidden" if "hidden" in str(event["params"]["body"]) else "visible"
        if name in ("GetManagedResourceVisibility", "ModifyManagedResourceVisibility"):
            return Reply(200), {"Visibility": {"DefaultVisibility": self.visibility}}
        return super()._break(**event)


def test_hiding_what_services_manage_is_undone() -> None:
    room = Visible()
    room.capture()
    room.visibility = "hidden"
    assert "hidden" in room.changed()["Atmosphere::Account::Setting:ec2/managed-resource-visibility@us-east-1"]
    room.put_back()


class Publishing(Room):
    """Whether the account publishes extensions."""

    publisher: str | None = None

    def _break(self, **event: Any) -> Any:
        if event["model"].name == "DescribePublisher":
            if self.publisher is None:
                return Reply(), {"Error": {"Code": "CFNRegistryException", "Message": "not registered"}}
            return Reply(200), {"PublisherId": self.publisher}
        return super()._break(**event)


def test_an_account_that_became_a_publisher_is_told_and_cannot_be_put_back() -> None:
    room = Publishing()
    room.capture()
    room.publisher = "p"
    assert "cloudformation/publisher" in next(iter(room.changed()))
    assert room.restorer.compare(fresh=True).restorable == []
