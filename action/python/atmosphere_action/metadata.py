"""AWS credentials from the machine's metadata: a container's endpoint, or an instance's (IMDSv2 only).

Source: docs.aws.amazon.com, "Container credential provider" and "Use IMDSv2". Neither passes a proxy.
"""

from __future__ import annotations

import json
from typing import Any, Mapping
from urllib.parse import quote, urlsplit

from atmosphere_action import wire
from atmosphere_action.errors import KeysTrouble, Unanswered
from atmosphere_action.forms import is_loopback
from atmosphere_action.sigv4 import Keys

RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 a variable's name
_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 a variable's name
CONTAINER_BASE = "http://169.254.170.2"
INSTANCE_BASE = "http://169.254.169.254"
_HTTP_HOSTS = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
_PATIENCE = 5.0  # seconds
_NEARBY = 1.0  # seconds; on a machine that is no instance nobody answers
_OK = 200


def container(environ: Mapping[str, str], base: str = CONTAINER_BASE) -> Keys | None:
    """The keys of the container's role; None where there is no such endpoint. Raises `KeysTrouble`."""
    if environ.get(RELATIVE):
        url = base + environ[RELATIVE]
    elif environ.get(FULL):
        url = _allowed(environ[FULL])
    else:
        return None
    headers = {"Accept": "application/json", **_authorization(environ)}
    return read_keys(_get(url, headers, _PATIENCE), "the container's credentials endpoint")


def _allowed(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not is_loopback(host) and host not in _HTTP_HOSTS:
        raise KeysTrouble(
            f"{FULL} names {host} over {parts.scheme}: only https, loopback and AWS's own addresses are allowed"
        )
    return url


def _authorization(environ: Mapping[str, str]) -> dict[str, str]:
    token, path = environ.get(_TOKEN, ""), environ.get(_TOKEN_FILE)
    if path:
        try:
            with open(path, encoding="utf-8") as file:
                token = file.read().strip()
        except (OSError, UnicodeDecodeError) as broken:
            raise KeysTrouble(f"{path} ({_TOKEN_FILE}) cannot be read ({type(broken).__name__})") from broken
    if not token.isprintable():
        raise KeysTrouble(f"{_TOKEN} contains line breaks or control characters: correct it")
    return {"Authorization": token} if token else {}


def instance(environ: Mapping[str, str], base: str = INSTANCE_BASE) -> Keys | None:
    """The keys of the instance's role; None where this is no instance, or one without a role. Raises `KeysTrouble`."""
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return None
    try:
        ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        token = wire.send("PUT", f"{base}/latest/api/token", headers=ttl, patience=_NEARBY, direct=True)
    except Unanswered:  # the usual case outside EC2: not an instance
        return None
    if token.status != _OK:
        return None
    return _instance_keys(base, {"X-aws-ec2-metadata-token": token.content.decode("ascii", "replace").strip()})


def _instance_keys(base: str, headers: Mapping[str, str]) -> Keys | None:
    listing = f"{base}/latest/meta-data/iam/security-credentials/"
    roles = _send(listing, headers, _PATIENCE)
    role = roles.content.decode("utf-8", "replace").strip().splitlines()[:1]
    if roles.status != _OK or not role:
        return None  # an instance without a role
    return read_keys(_get(listing + quote(role[0], safe=""), headers, _PATIENCE), "the instance's metadata")


def _send(url: str, headers: Mapping[str, str], patience: float) -> wire.Reply:
    try:
        return wire.send("GET", url, headers=headers, patience=patience, direct=True)
    except Unanswered as lost:
        raise KeysTrouble(f"the credentials endpoint did not answer: {lost}") from lost


def _get(url: str, headers: Mapping[str, str], patience: float) -> Any:
    reply = _send(url, headers, patience)
    if reply.status != _OK:
        raise KeysTrouble(f"the credentials endpoint at {urlsplit(url).hostname} answered HTTP {reply.status}")
    try:
        return json.loads(reply.content)
    except ValueError as broken:
        raise KeysTrouble(f"the credentials endpoint at {urlsplit(url).hostname} did not answer JSON") from broken


def read_keys(value: Any, source: str) -> Keys:
    """Keys in the JSON form of AWS's credential providers; raises `KeysTrouble`."""
    fields = value if isinstance(value, dict) else {}
    parts = (fields.get("AccessKeyId"), fields.get("SecretAccessKey"), fields.get("Token", fields.get("SessionToken")))
    if not all(isinstance(part, str) and part and part.isprintable() for part in parts[:2]):
        raise KeysTrouble(f"{source} returned no AWS credentials: does it have a role?")
    token = parts[2] if isinstance(parts[2], str) and parts[2].isprintable() else None
    return Keys(access_key_id=str(parts[0]), secret_access_key=str(parts[1]), session_token=token or None)
