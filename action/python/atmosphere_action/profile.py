"""Profiles in the shared AWS config file, which renew their credentials through the lease of an allocation.

Only our own sections are added, replaced and removed; every other byte of the file stays as it is.
Format: docs.aws.amazon.com, "Configuration and credential file settings".
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, Mapping

from atmosphere_action import files
from atmosphere_action.errors import ProfileTrouble

_LOCK_PATIENCE = 5.0  # seconds
_HEADER = re.compile(rb"^[ \t]*\[[ \t]*(?P<name>[^\]\r\n]*?)[ \t]*\]", re.MULTILINE)
# In a path these would end the quotes, a value or a line for one of the tools that read the file.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\"`$%!#;]" if os.name == "nt" else r"[\x00-\x1f\x7f\"`$%!#;\\]")


@dataclass(frozen=True)
class Profile:
    """One section: its name, its region, and the command that gives its credentials."""

    name: str
    region: str
    command: str

    def section(self) -> bytes:
        """As it stands in the file."""
        header = "default" if self.name == "default" else f"profile {self.name}"
        return f"[{header}]\nregion = {self.region}\ncredential_process = {self.command}\n".encode()


def command(python: str, work: str, lease: str) -> str:
    """The `credential_process` of a lease; raises `ProfileTrouble` for paths that cannot be quoted for every tool."""
    for path in (python, work, lease):
        if _UNSAFE.search(path):
            raise ProfileTrouble(f"the path {path!r} contains characters that an AWS profile cannot contain: move it")
    return f'"{python}" -I -B -X utf8 "{work}" credentials "{lease}"'


def config_file(environ: Mapping[str, str]) -> str:
    """The shared config file as the AWS tools find it."""
    return _shared(environ, "AWS_CONFIG_FILE", "config")


def _shared(environ: Mapping[str, str], variable: str, name: str) -> str:
    named = environ.get(variable) or os.path.join("~", ".aws", name)
    return os.path.abspath(os.path.expanduser(named))


def write(profiles: list[Profile], environ: Mapping[str, str], *, overwrite: bool) -> None:
    """Put the profiles at the end of the config file; one of the same name is in the way, unless it may be replaced.

    Raises `ProfileTrouble`, `FileTrouble`.
    """
    path = config_file(environ)
    _make_parent(path)
    with files.locked(f"{path}.atmosphere-lock", _LOCK_PATIENCE):  # jobs on one machine may share the file
        content = files.read(path)
        _check(profiles, content, environ, overwrite=overwrite)
        for profile in profiles:
            content = _without(content, _sections(content, profile.name))
        files.replace(path, content + addition(content, profiles))


def _check(profiles: list[Profile], content: bytes, environ: Mapping[str, str], *, overwrite: bool) -> None:
    credentials = _shared(environ, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
    static = files.read(credentials)
    for profile in profiles:
        if _sections(content, profile.name) and not overwrite:
            cure = "choose another `aws-profile`, or set `overwrite-aws-profile: true`"
            raise ProfileTrouble(f"{config_file(environ)} already has a profile {profile.name!r}: {cure}")
        if _sections(static, profile.name, plain=True):
            cure = "AWS tools would prefer it; choose another `aws-profile`"
            raise ProfileTrouble(f"{credentials} has a profile {profile.name!r}: {cure}")


def addition(content: bytes, profiles: list[Profile]) -> bytes:
    """What is added to this content: after an unfinished line, on a new one."""
    separator = b"\n" if content and not content.endswith(b"\n") else b""
    return separator + b"".join(profile.section() for profile in profiles)


def kept(profiles: list[Profile], path: str) -> dict[str, Any]:
    """What `remove` needs, as JSON values."""
    exists = os.path.exists(path)
    names = [[profile.name, profile.region, profile.command] for profile in profiles]
    unfinished = exists and addition(files.read(path), []) == b"\n"
    return {"file": path, "profiles": names, "created": not exists, "unfinished": unfinished}


def remove(note: Mapping[str, Any]) -> None:
    """Take our sections out of the file again, and the file if we made it. Raises `FileTrouble`."""
    path = str(note["file"])
    profiles = [Profile(*map(str, entry)) for entry in note["profiles"]]
    if not os.path.exists(path):
        return
    with files.locked(f"{path}.atmosphere-lock", _LOCK_PATIENCE):
        content = files.read(path)
        rest = _cut(content, profiles, unfinished=bool(note.get("unfinished")))
        if not rest and note.get("created"):
            os.unlink(path)
        elif rest != content:
            files.replace(path, rest)


def _cut(content: bytes, profiles: list[Profile], *, unfinished: bool) -> bytes:
    """Exactly what was added where it still stands; otherwise those sections of the names that run our command."""
    whole = (b"\n" if unfinished else b"") + b"".join(profile.section() for profile in profiles)
    start = content.find(whole)
    if start >= 0 and _starts_section(content[start + len(whole) :]):
        return content[:start] + content[start + len(whole) :]
    for profile in profiles:
        ours = [(a, b) for a, b in _sections(content, profile.name) if profile.command.encode() in content[a:b]]
        content = _without(content, ours)
    return content


def _starts_section(rest: bytes) -> bool:
    """Whether nothing stands here that belongs to the section before."""
    return not rest.strip() or _HEADER.match(rest.lstrip()) is not None


def _sections(content: bytes, name: str, *, plain: bool = False) -> list[tuple[int, int]]:
    """Where the sections of a profile are; `plain` is the form of the credentials file."""
    headers = list(_HEADER.finditer(content))
    ends = [header.start() for header in headers[1:]] + [len(content)]
    return [
        (header.start(), end) for header, end in zip(headers, ends) if _profile(header["name"], plain=plain) == name
    ]


def _profile(header: bytes, *, plain: bool) -> str | None:
    words = header.decode("utf-8", "replace").split(None, 1)
    if plain or words == ["default"]:
        return " ".join(words)
    if len(words) == 2 and words[0] == "profile":  # noqa: PLR2004 `profile NAME`
        return words[1].strip("\"' \t")
    return None


def _without(content: bytes, parts: list[tuple[int, int]]) -> bytes:
    for start, end in reversed(parts):
        content = content[:start] + content[end:]
    return content


def _make_parent(path: str) -> None:
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        try:
            os.makedirs(parent, files.PRIVATE_DIRECTORY, exist_ok=True)
        except OSError as broken:
            raise ProfileTrouble(f"{parent} cannot be created ({broken.strerror}): set AWS_CONFIG_FILE") from broken
