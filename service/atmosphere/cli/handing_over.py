"""What the caller of `atmosphere allocate` gets: text on stdout, and with --profile-file a file."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from atmosphere.cli import cache, profile_file, shell
from atmosphere.cli.kept import kept, read
from atmosphere.cli.output import as_facts, as_json, note, shown
from atmosphere.cli.pinning import pinned
from atmosphere.client import as_reply

if TYPE_CHECKING:
    from pathlib import Path

    from atmosphere.cli.asked import Asked
    from atmosphere.cli.connection import Connection
    from atmosphere.cli.kept import Kept
    from atmosphere.cli.profile_file import ProfileFile
    from atmosphere.client.results import Granted, Place


@dataclass(slots=True)
class HandingOver:
    """What the caller gets of one allocation."""

    connection: Connection
    asked: Asked
    allocation: str
    profiles: ProfileFile | None
    files: Kept
    grant: Granted | None = None

    @classmethod
    def prepared(cls, connection: Connection, asked: Asked) -> HandingOver:
        """Check before anything is asked for what could fail afterwards; raises `UsageError`."""
        allocation = str(asked.key or uuid4())
        files = kept(allocation)
        handing = cls(connection, asked, allocation, None, files)
        if asked.profile_file is not None:
            handing.add_profiles(asked.profile_file)
        return handing

    def add_profiles(self, path: Path) -> None:
        """From now on with a file of profiles; raises `UsageError`."""
        words = ("credentials", self.allocation, "--lease", str(self.files.place), "--environment")
        commands = {name: self.connection.words(*words, name) for name in self.asked.names}
        self.profiles = profile_file.prepared(path, commands)

    @property
    def secret(self) -> str | None:
        """The release token of an earlier attempt with the same key: only the same request is the same allocation."""
        earlier = read(self.files.lease) if self.asked.key else None
        return earlier.get("releaseToken") if earlier else None

    def keep(self, secret: str) -> None:
        """Keep what later commands need: the release token and, for a profile, who the caller is.

        Raises `ClickException` where a profile needs it; otherwise only `deallocate` loses a way.
        """
        try:
            identity = {"variables": pinned()} if self.profiles is not None else {}
            self.files.create({"releaseToken": secret, **identity})
        except click.ClickException as broken:
            if self.profiles is not None:
                raise
            note(f"{broken.format_message()}: until then `deallocate` needs the credentials that allocated")

    def text(self, grant: Granted) -> str:
        """Write the files; what goes to stdout. Raises `ClickException`."""
        if any(place.credentials is None for place in grant.environments):
            raise click.ClickException("the service returned no credentials")
        self.grant = grant
        self.record(grant)
        if self.asked.as_json:
            return as_json(as_reply.granted(grant))
        if self.asked.export:
            return "".join(f"{line}\n" for line in _export(grant))
        return as_facts(self._facts(grant))

    def record(self, grant: Granted) -> None:
        """Write what is known now: the deadline, and the profiles if any. Raises `ClickException`."""
        if self.files.place.is_dir():
            self.files.amend(expiresAt=shown(grant.expires_at))
        if self.profiles is not None:
            self._write_profiles(self.profiles, grant)

    def _write_profiles(self, profiles: ProfileFile, grant: Granted) -> None:
        try:
            cache.remember(self.files, grant, asker=f"lease {self.files.place}", now=time.time())
            profiles.write(grant)
        except OSError as broken:
            raise click.ClickException(f"{profiles.path} cannot be written ({broken.strerror})") from broken

    def _facts(self, grant: Granted) -> dict[str, str | None]:
        places = {place.name: place_text(place) for place in grant.environments}
        return {"allocation": grant.id, "until": shown(grant.expires_at), **places, **self._next(grant)}

    def _next(self, grant: Granted) -> dict[str, str]:
        end = " ".join(self.connection.short_words("deallocate", grant.id))
        if self.profiles is None:
            command = " ".join(self.connection.short_words("credentials", grant.id, "--export"))
            return {"next": f'eval "$({command})"', "at the end": end}
        lines = {
            f"test {place.name}": shell.with_profile(
                self.profiles.path, profile_file.profile_of(place.name, grant), place.region, without=shell.in_the_way()
            )
            for place in grant.environments
        }
        return {**lines, "at the end": end}

    def say_next(self) -> None:
        """What else people should know, on stderr."""
        if self.grant is None:
            return
        if self.profiles is not None and (names := shell.in_the_way()):
            place = self.grant.environment
            command = shell.with_profile(self.profiles.path, profile_file.FIRST, place.region, without=names)
            note(
                f"{', '.join(names)} in this shell win over the profile in boto3, the AWS CLI and the CDK CLI, which "
                f"would work in another account: unset them, or run `{command}`"
            )
        if self.asked.export or self.asked.as_json:
            note(f"at the end: {' '.join(self.connection.short_words('deallocate', self.grant.id))}")


def _export(grant: Granted) -> list[str]:
    place = grant.environment
    assert place.credentials is not None  # noqa: S101 checked before
    keys = cache.process_form(place.credentials)
    return shell.export_lines(grant.id, name=place.name, region=place.region, credentials=keys)


def place_text(place: Place) -> str:
    """An environment for people."""
    return f"aws://{place.account}/{place.region} ({place.pool}, {place.role})"


def written(text: str) -> None:
    """Write to stdout, through to the file or pipe behind it; raises `ClickException`."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as broken:
        with suppress(OSError, ValueError):  # what is buffered would fail again at the exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.ClickException(f"the output cannot be written ({broken.strerror})") from broken
