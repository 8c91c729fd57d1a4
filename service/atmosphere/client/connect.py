"""Where a client's endpoint and credentials come from: the usual AWS chain, or the ready file of a local run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import botocore.session
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from atmosphere.client.client import AtmosphereClient
from atmosphere.client.errors import NotConnected
from atmosphere.client.github import TokenRequest, token_request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def from_chain(endpoint: str, *, profile: str | None = None, region: str | None = None) -> AtmosphereClient:
    """A client with the credentials that boto3 would find (environment, profile, container, instance), kept fresh."""
    try:
        found = botocore.session.Session(profile=profile).get_credentials()
    except BotoCoreError as broken:
        raise NotConnected(str(broken)) from broken
    if found is None:
        raise NotConnected(
            "there are no AWS credentials to sign with: set a profile, or AWS_ACCESS_KEY_ID and the related variables"
        )
    return AtmosphereClient(endpoint, credentials=found, region=region)


def from_github(endpoint: str, *, audience: str) -> AtmosphereClient:
    """A client with the GitHub tokens of the job that this runs in; `audience` is the service's (settings.yaml)."""
    return AtmosphereClient(endpoint, tokens=token_request(audience))


def from_ready_file(path: Path, caller: str) -> AtmosphereClient:
    """A client for the service that `atmosphere local up --ready-file` runs, as one of its example callers.

    The caller `github` is a workflow run that the first GitHub rule of the configuration lets in.
    """
    try:
        ready = json.loads(path.read_text(encoding="utf-8"))
        if caller == "github":
            return AtmosphereClient(ready["endpoint"], tokens=_local_tokens(ready["github"]))
        keys = ready["callers"][caller]
        credentials = Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken"))
        return AtmosphereClient(ready["endpoint"], credentials=credentials)
    except OSError as missing:
        raise NotConnected(
            f"{path} cannot be read ({missing.strerror}): is `atmosphere local up` running?"
        ) from missing
    except (ValueError, KeyError, TypeError) as broken:
        message = (
            f"{path} is not a ready file with a caller {caller!r} ({type(broken).__name__}): run `atmosphere local up`"
        )
        raise NotConnected(message) from broken


def _local_tokens(github: Mapping[str, str]) -> TokenRequest:
    return TokenRequest(
        url=github["tokenRequestUrl"], request_token=github["tokenRequestToken"], audience=github["audience"]
    )
