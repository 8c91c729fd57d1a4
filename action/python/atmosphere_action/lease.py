"""The files of one allocation outside the workspace: what profiles need to renew its credentials, and their cache.

`RUNNER_TEMP/atmosphere-<id>/` has one file for each environment, the cache that they share, `exported.json` while the
credentials are also the job's variables, and `emptied.json` while the job's own are taken out of its variables. The
post step removes all of it.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
from typing import TYPE_CHECKING, Any, Mapping

from atmosphere_action import files
from atmosphere_action.errors import FileTrouble

if TYPE_CHECKING:
    from atmosphere_action.grant import Grant

_PREFIX = "atmosphere-"
_EXPORTED = "exported.json"
_EMPTIED = "emptied.json"
_CACHE = "credentials.json"
_LOCK = "lock"


def directory(environ: Mapping[str, str], allocation: str) -> str:
    """Where the files of an allocation are. Raises `FileTrouble`."""
    temporary = environ.get("RUNNER_TEMP")
    if not temporary:
        raise FileTrouble("RUNNER_TEMP is not set: run this as a step of GitHub Actions")
    return os.path.join(os.path.abspath(temporary), _PREFIX + allocation)


def lease_file(place: str, index: int) -> str:
    """The file that the `credentials` command gets for one environment (names may differ in case only)."""
    return os.path.join(place, f"lease-{index}.json")


def cache_file(lease: str) -> str:
    """Where the credentials of all environments of a lease's allocation are kept."""
    return os.path.join(os.path.dirname(lease), _CACHE)


def lock_file(lease: str) -> str:
    """What processes hold that ask for new credentials."""
    return os.path.join(os.path.dirname(lease), _LOCK)


def write(place: str, grant: Grant, common: Mapping[str, Any]) -> None:
    """A lease file for each environment, with what is `common` to them: endpoint, tree, audience, signing."""
    files.directory(place)
    for index, environment in enumerate(grant.environments):
        write_json(lease_file(place, index), {**common, "id": grant.id, "environment": environment.name})


def write_json(path: str, value: Any) -> None:
    """Replace a file by a JSON value."""
    files.replace(path, json.dumps(value).encode())


def read_json(path: str) -> dict[str, Any] | None:
    """A file's JSON object; None if it is not there. Raises `FileTrouble` where it is something else."""
    content = files.read(path)
    if not content:
        return None
    try:
        value = json.loads(content)
    except ValueError:
        value = None  # told below
    if not isinstance(value, dict):
        raise FileTrouble(f"{path} is damaged: allocate again")
    return value


def mark_exported(place: str, access_key_id: str, signing: Mapping[str, Any] | None) -> None:
    """Note that the job's variables are this allocation's, and what signed before them."""
    files.directory(place)
    write_json(os.path.join(place, _EXPORTED), {"accessKeyId": access_key_id, "signing": signing})


def exported_earlier(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """The note of an earlier step of this job whose credentials the job's variables are now, if any."""
    key = environ.get("AWS_ACCESS_KEY_ID")
    notes = _notes(environ, _EXPORTED) if key else []
    return next((note for note in notes if note.get("accessKeyId") == key), None)


def mark_emptied(place: str, signing: Mapping[str, Any] | None) -> None:
    """Note what signed with the job's variables before they were emptied."""
    files.directory(place)
    write_json(os.path.join(place, _EMPTIED), {"signing": signing})


def emptied_earlier(environ: Mapping[str, str]) -> dict[str, Any] | None:
    """The note of an earlier step that emptied the job's variables, if they still are empty."""
    if environ.get("AWS_ACCESS_KEY_ID"):
        return None
    return next((note for note in _notes(environ, _EMPTIED) if note.get("signing")), None)


def _notes(environ: Mapping[str, str], name: str) -> list[dict[str, Any]]:
    pattern = os.path.join(glob.escape(environ.get("RUNNER_TEMP", "")), f"{_PREFIX}*", name)
    return [note for note in map(read_json, sorted(glob.glob(pattern))) if note]


def remove(place: str) -> None:
    """All files of the allocation; raises `FileTrouble`."""
    if not os.path.isdir(place):
        return
    try:
        shutil.rmtree(place)
    except OSError as broken:
        raise FileTrouble(f"{place} cannot be removed ({broken.strerror}): remove it manually") from broken
