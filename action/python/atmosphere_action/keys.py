"""Where the keys that sign come from: the job's variables, a container, an instance, or the AWS CLI.

The source is found once, in the main step, and kept: afterwards AWS_* are the allocated environment's.
Only the keys of the job's variables are kept themselves, the other sources are asked again each time; the AWS CLI with
the profile of then, as AWS_PROFILE may have become one that renews through this very allocation.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping

from atmosphere_action import metadata
from atmosphere_action.errors import KeysTrouble, NoIdentity
from atmosphere_action.runner import plain
from atmosphere_action.sigv4 import Keys

ID, SECRET, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
_CLI_PATIENCE = 30.0  # seconds
_COMMAND = "`aws configure export-credentials` (AWS CLI 2.9 or newer)"
# What only the AWS CLI can follow; where one is set, no other source may step in with a different identity.
_CLI_FIRST = ("AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")
# Whom the AWS CLI stands for. Nothing of it is secret.
_CLI_CHOICE = (*_CLI_FIRST, "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")

_NONE = (
    "there are no AWS credentials to sign with: none in AWS_ACCESS_KEY_ID and its related variables, none from "
    "a container or an instance, none from the AWS CLI; configure credentials before this step"
)


@dataclass(frozen=True)
class Source:
    """Gives keys, fresh ones if it can. `kept` is what the post step and the profiles need, as JSON values."""

    name: str
    environ: Mapping[str, str] = field(repr=False)
    own: Keys | None = field(default=None, repr=False)

    def __call__(self) -> Keys:
        """The keys as they are now; raises `KeysTrouble`."""
        keys = self.own or _SOURCES[self.name](self.environ)
        if keys is None:
            raise KeysTrouble(f"the AWS credentials to sign with are no longer available ({self.name} returns none)")
        return keys

    def kept(self) -> dict[str, Any]:
        """What `restored` makes a source of again."""
        keys = self.own
        if self.name == "cli":
            return {"source": self.name, "variables": {k: v for k, v in self.environ.items() if k in _CLI_CHOICE}}
        if keys is None:
            return {"source": self.name}
        parts = {"id": keys.access_key_id, "secret": keys.secret_access_key, "token": keys.session_token}
        return {"source": self.name, "keys": parts}


def found(environ: Mapping[str, str]) -> Source:
    """The first source that has keys; raises `NoIdentity`, or `KeysTrouble` of a source that should have."""
    own = variables(environ)
    if own is not None:
        return Source("variables", environ, own)
    named = next((name for name in _CLI_FIRST if environ.get(name)), None)
    if named:
        if cli(environ) is None:
            raise KeysTrouble(f"{named} is set, which needs the AWS CLI (version 2), but `aws` was not found")
        return Source("cli", environ)
    for name in ("container", "instance"):
        if _SOURCES[name](environ) is not None:
            return Source(name, environ)
    try:
        if cli(environ) is not None:
            return Source("cli", environ)
    except KeysTrouble as none:
        raise NoIdentity(f"{_NONE}. The AWS CLI says: {none}") from none
    raise NoIdentity(_NONE)


def restored(kept: Mapping[str, Any], environ: Mapping[str, str]) -> Source:
    """The source that was kept; raises `KeysTrouble` where that is not one."""
    name, keys = kept.get("source"), kept.get("keys")
    if isinstance(keys, dict):
        return Source("variables", environ, Keys(str(keys.get("id")), str(keys.get("secret")), keys.get("token")))
    if name not in _SOURCES:
        raise KeysTrouble("the saved AWS credentials to sign with are no longer readable")
    chosen = kept.get("variables")
    if isinstance(chosen, dict):
        environ = {**{k: v for k, v in environ.items() if k not in _CLI_CHOICE}, **chosen}
    return Source(str(name), environ)


def variables(environ: Mapping[str, str]) -> Keys | None:
    """The keys in the job's variables."""
    if not environ.get(ID) or not environ.get(SECRET):
        return None
    return Keys(environ[ID].strip(), environ[SECRET].strip(), environ.get(TOKEN, "").strip() or None)


def cli(environ: Mapping[str, str]) -> Keys | None:
    """What the AWS CLI would sign with, left to its profiles; None without the CLI. Raises `KeysTrouble`."""
    command = shutil.which("aws", path=environ.get("PATH"))
    if command is None:
        return None
    bare = {name: value for name, value in environ.items() if name not in (ID, SECRET, TOKEN)}
    arguments = [command, "configure", "export-credentials", "--format", "process"]
    try:
        ran = subprocess.run(
            arguments, env=bare, stdin=subprocess.DEVNULL, capture_output=True, timeout=_CLI_PATIENCE, check=False
        )
        value = json.loads(ran.stdout) if ran.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, ValueError) as broken:
        raise KeysTrouble(f"{_COMMAND} failed ({type(broken).__name__})") from broken
    if ran.returncode:
        raise KeysTrouble(f"{_COMMAND} failed: {plain(ran.stderr.decode('utf-8', 'replace').strip())}")
    return metadata.read_keys(value, _COMMAND)


_SOURCES: dict[str, Callable[[Mapping[str, str]], Keys | None]] = {
    "variables": variables,
    "container": metadata.container,
    "instance": metadata.instance,
    "cli": cli,
}
