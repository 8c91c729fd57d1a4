"""Identity providers: whom the account's roles let in. One that is changed lets in whom its changer chooses, for good.

What may be put back is: metadata, client ids, thumbprints, and private keys that are new. The provider of IAM Identity
Center is only compared: AWS renews its certificate by itself, and the old one put back would end everybody's sign-in.
Context providers are only compared, too. Source: the IAM API reference, GetSAMLProvider, UpdateSAMLProvider,
GetOpenIDConnectProvider, UpdateOpenIDConnectProviderThumbprint.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from atmosphere.cleanup.catalogue.apart import insides
from atmosphere.cleanup.catalogue.base import Scope
from atmosphere.cleanup.contents.base import Captured, as_json
from atmosphere.faults import code_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from atmosphere.cleanup.aws.accounts import Account
    from atmosphere.cleanup.catalogue.base import Check, Unread
    from atmosphere.cleanup.contents.base import Drift
    from atmosphere.core.model import Json, Region

_NONE: Final = "NoSuchEntity"
_OF_IDENTITY_CENTER: Final = ":saml-provider/AWSSSO_"
"""In the ARN of a provider that IAM Identity Center made. A test may call its own so: of the baseline it is compared
like any, and what is not of the baseline is a leftover whatever its name."""
_ALLOWED: Final = "Allowed"
"""What IAM takes if nobody chose: assertions may be encrypted."""
_FURTHER: Final = {"context": "ContextProvider", "center": "IdentityCenterInstanceArn"}


def _further(reply: Mapping[str, Any]) -> dict[str, Json]:
    return {name: as_json(reply.get(field)) for name, field in _FURTHER.items()}


class SamlProviders(Captured):
    """What a SAML provider is told by: its metadata, with a digest, as two documents begin alike."""

    name: Final = "metadata"
    type: str = "AWS::IAM::SAMLProvider"
    scope: Scope = Scope.GLOBAL
    restoring: frozenset[str] = frozenset({"iam:UpdateSAMLProvider"})

    def __init__(self, *, restorable: bool) -> None:
        self.restorable = restorable

    def covers(self, identity: str) -> bool:
        """See `Captured`: those of Identity Center are the ones that are not restored."""
        return (_OF_IDENTITY_CENTER in identity) != self.restorable

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("iam", region)
        asked = [each["Arn"] for each in client.list_saml_providers()["SAMLProviderList"]] if ids is None else ids
        return insides(filter(self.covers, asked), partial(_saml, client))

    def alike(self, before: Json, now: Json) -> bool:
        """See `Content`. Which encryption is asked for is not told of a provider for which nobody chose it."""
        return _chosen(before) == _chosen(now)

    def restores(self, drift: Drift) -> bool:
        """See `Content`. A private key that is gone is known to nobody here."""
        return self.restorable and (_document(drift.before) != _document(drift.now) or bool(_new_keys(drift)))

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        client, provider = account.client("iam", drift.item.region), drift.item.id
        metadata, mode = _document(drift.before)
        if (metadata, mode) != _document(drift.now):
            check()
            client.update_saml_provider(
                SAMLProviderArn=provider, SAMLMetadataDocument=metadata, AssertionEncryptionMode=mode
            )
        for key in _new_keys(drift):
            check()
            client.update_saml_provider(SAMLProviderArn=provider, RemovePrivateKey=key)


def _chosen(provider: Any) -> dict[str, Json]:
    return {**provider, "encryption": provider["encryption"] or _ALLOWED}


def _document(provider: Any) -> tuple[str, str]:
    """The metadata, and which encryption is asked for."""
    return provider["metadata"], provider["encryption"] or _ALLOWED


def _new_keys(drift: Drift) -> list[str]:
    before: Any = drift.before
    now: Any = drift.now
    return sorted(set(now["keys"]) - set(before["keys"]))


def _saml(client: Any, provider: str) -> Iterator[dict[str, Json]]:
    try:
        reply = client.get_saml_provider(SAMLProviderArn=provider)
    except ClientError as error:
        if code_of(error) == _NONE:
            return
        raise
    yield {
        "digest": sha256(reply["SAMLMetadataDocument"].encode()).hexdigest(),
        "metadata": reply["SAMLMetadataDocument"],
        "encryption": reply.get("AssertionEncryptionMode"),
        "keys": sorted(key["KeyId"] for key in reply.get("PrivateKeyList", ())),
        **_further(reply),
    }


class OidcProviders(Captured):
    """The client ids and thumbprints of an OIDC provider; its address is its ARN."""

    name: Final = "clients"
    type: str = "AWS::IAM::OIDCProvider"
    scope: Scope = Scope.GLOBAL
    restorable: bool = True
    restoring: frozenset[str] = frozenset(
        {
            "iam:AddClientIDToOpenIDConnectProvider",
            "iam:RemoveClientIDFromOpenIDConnectProvider",
            "iam:UpdateOpenIDConnectProviderThumbprint",
        }
    )

    def read(self, account: Account, region: Region, ids: Collection[str] | None) -> Mapping[str, Json | Unread]:
        """See `Content`."""
        client = account.client("iam", region)
        if ids is None:
            ids = [each["Arn"] for each in client.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
        return insides(ids, partial(_oidc, client))

    def restores(self, drift: Drift) -> bool:
        """See `Content`."""
        before: Any = drift.before
        now: Any = drift.now
        return any(before[part] != now[part] for part in ("clients", "thumbprints"))

    def restore(self, account: Account, drift: Drift, check: Check) -> None:
        """See `Content`."""
        client, provider = account.client("iam", drift.item.region), {"OpenIDConnectProviderArn": drift.item.id}
        before: Any = drift.before
        now: Any = drift.now
        for each in sorted(set(now["clients"]) - set(before["clients"])):
            check()
            client.remove_client_id_from_open_id_connect_provider(**provider, ClientID=each)
        for each in sorted(set(before["clients"]) - set(now["clients"])):
            check()
            client.add_client_id_to_open_id_connect_provider(**provider, ClientID=each)
        if before["thumbprints"] != now["thumbprints"]:
            check()
            client.update_open_id_connect_provider_thumbprint(**provider, ThumbprintList=before["thumbprints"])


def _oidc(client: Any, provider: str) -> Iterator[dict[str, Json]]:
    try:
        reply = client.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    except ClientError as error:
        if code_of(error) == _NONE:
            return
        raise
    yield {
        "clients": sorted(reply.get("ClientIDList", ())),
        "thumbprints": sorted(reply.get("ThumbprintList", ())),
        **_further(reply),
    }
