"""Clients of a local service as its example callers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.credentials import Credentials

from atmosphere.client.client import AtmosphereClient

if TYPE_CHECKING:
    from collections.abc import Mapping


def client_of(description: Mapping[str, Any], caller: str) -> AtmosphereClient:
    """A client as one of the callers of a description, such as the ready file is."""
    keys = description["callers"][caller]
    credentials = Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken"))
    return AtmosphereClient(description["endpoint"], credentials=credentials, region=description["region"])
