"""Where a client's endpoint and credentials come from: the usual AWS chain, or the ready file of a local run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from atmosphere.client.client import AtmosphereClient
from atmosphere.client.endpoint import checked
from atmosphere.client.errors import NotConnected
from atmosphere.client.github import TokenRequest, token_request

if TYPE_CHECKING:
    from collections.abc import Mapping


def from_chain(endpoint: str, *, profile: str | None = None, region: str | None = None) -> AtmosphereClient:
    """A client with the credentials that boto3 would find (environment, profile, container, instance), kept fresh."""
    checked(endpoint)
    try:
        found = botocore.session.Session(profile=profile).get_credentials()
    except ProfileNotFound as missing:
        raise NotConnected(f"{missing}: `aws configure list-profiles` lists those that exist") from missing
    except (BotoCoreError, ClientError) as broken:
        raise NotConnected(f"the AWS credentials to sign with cannot be read: {broken}") from broken
    if found is None:
        raise NotConnected(
            "there are no AWS credentials to sign with: not in AWS_ACCESS_KEY_ID and its related variables, not in "
            f"the profile {profile or os.environ.get('AWS_PROFILE') or 'default'!r}, not from a container or an "
            "instance. Give --profile NAME, or set AWS_PROFILE; after `aws configure sso`, run `aws sso login`"
        )
    return AtmosphereClient(endpoint, credentials=found, region=region)


def from_github(endpoint: str, *, audience: str) -> AtmosphereClient:
    """A client with the GitHub tokens of the job that this runs in; `audience` is the service's (settings.yaml)."""
    return AtmosphereClient(endpoint, tokens=token_request(audience))


def from_variables(endpoint: str | None = None, environ: Mapping[str, str] = os.environ) -> AtmosphereClient:
    """A client as a test finds it in its environment: the service, and who the caller is.

    The service is `endpoint`, else ATMOSPHERE_READY_FILE (a local run), else ATMOSPHERE_ENDPOINT. With
    ATMOSPHERE_AUDIENCE the caller is the GitHub job, else who the AWS credentials are. Raises `NotConnected`.
    """
    ready, found = environ.get("ATMOSPHERE_READY_FILE"), endpoint or environ.get("ATMOSPHERE_ENDPOINT")
    if ready and not endpoint:
        return from_ready_file(Path(ready), "runner")
    if not found:
        raise NotConnected("no service is named: set ATMOSPHERE_ENDPOINT to its address, or ATMOSPHERE_READY_FILE")
    audience = environ.get("ATMOSPHERE_AUDIENCE")
    return from_github(found, audience=audience) if audience else from_chain(found)


def from_ready_file(path: Path, caller: str) -> AtmosphereClient:
    """A client for the service that `atmosphere local up --ready-file` runs, as one of its example callers.

    The caller `github` is a workflow run that the first GitHub rule of the configuration lets in.
    """
    try:
        ready = json.loads(path.read_text(encoding="utf-8"))
        if caller == "github":
            return AtmosphereClient(ready["endpoint"], tokens=_local_tokens(ready["github"]))
        keys = _caller(ready["callers"], caller, path)
        credentials = Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken"))
        return AtmosphereClient(ready["endpoint"], credentials=credentials)
    except OSError as missing:
        raise NotConnected(
            f"{path} cannot be read ({missing.strerror}): is `atmosphere local up` running?"
        ) from missing
    except NotConnected:
        raise
    except (ValueError, KeyError, TypeError) as broken:
        message = (
            f"{path} is not a ready file with a caller {caller!r} ({type(broken).__name__}): run `atmosphere local up`"
        )
        raise NotConnected(message) from broken


def _caller(callers: Mapping[str, Any], name: str, path: Path) -> Mapping[str, str]:
    if callers and name not in callers:
        raise NotConnected(f"{path} has no caller {name!r}: it has {', '.join([*callers, 'github'])}")
    keys: Mapping[str, str] = callers[name]
    return keys


def _local_tokens(github: Mapping[str, str]) -> TokenRequest:
    return TokenRequest(
        url=github["tokenRequestUrl"], request_token=github["tokenRequestToken"], audience=github["audience"]
    )
